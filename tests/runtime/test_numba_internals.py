"""Private names of Numba: all there, all in one room."""

import ast
import builtins
import re

import numba
import pytest
from numba.core.registry import cpu_target
from processes import PACKAGE

from linreg_fast.runtime import numba_internals

ROOM = PACKAGE / "runtime" / "numba_internals.py"
# What Numba's and llvmlite's own pages on extending them import.
DOCUMENTED = re.compile(
    r"(numba(\.(config|extending|core(\.(types|cgutils))?))?|llvmlite(\.(ir|binding))?)$"
)


def called(owner):
    """A name for it that is the same in every process."""
    return owner if isinstance(owner, str) else getattr(owner, "__name__", type(owner).__name__)


NAMES = [
    pytest.param(owner, name, id=f"{called(owner)}.{name}")
    for owner, names in numba_internals.ATTRIBUTES.items()
    for name in names
]


@pytest.fixture(scope="module")
def made():
    """One object of each kind that has names which its class has not."""
    dispatcher = numba.njit(lambda number: number + 1)
    dispatcher(1)
    codegen = cpu_target.target_context.codegen()
    library = dispatcher.overloads[dispatcher.signatures[0]].library
    return {"dispatcher": dispatcher, "codegen": codegen, "library": library}


@pytest.mark.needs_jit
@pytest.mark.parametrize(("owner", "name"), NAMES)
def test_numba_still_has(owner, name, made):
    assert hasattr(made.get(owner, owner) if isinstance(owner, str) else owner, name)


def trees():
    for path in sorted(PACKAGE.rglob("*.py")):
        if path != ROOM:
            yield path.relative_to(PACKAGE), ast.parse(path.read_text())


def test_nobody_else_imports_what_numba_does_not_document():
    seen = 0
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                modules = [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = [node.module]
                if node.module in ("numba", "numba.core", "llvmlite"):  # may be names of modules
                    modules += [f"{node.module}.{name.name}" for name in node.names]
                    modules = [m for m in modules if not hasattr(numba, m.rpartition(".")[2])]
            else:
                continue
            for module in modules:
                if module.partition(".")[0] in ("numba", "llvmlite"):
                    seen += 1
                    assert DOCUMENTED.match(module), f"{path}:{node.lineno}: {module}"
    assert seen > 10


def test_private_attributes_of_numbas_objects_are_listed():
    """In `runtime`, where they are used: whatever is private and not our own is in the list."""
    listed = {name for names in numba_internals.ATTRIBUTES.values() for name in names}
    pythons = {"_active", "_is_owned", "_DummyThread"}  # of threading: see `launch`
    parts = [tree for path, tree in trees() if path.parts[0] == "runtime"]
    nodes = [node for tree in parts for node in ast.walk(tree)]
    ours = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }
    ours |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    used = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and re.match("_[a-z]", node.attr, re.IGNORECASE)
    }
    assert used - ours - listed - pythons - set(dir(builtins)) <= {"_real_set_num_threads"}
    assert {"_ensure_finalized", "_cache", "_library_class"} <= used
