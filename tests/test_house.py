"""The rules of the house that a linter does not know (see CONTRIBUTING.md)."""

import ast
from pathlib import Path

import pytest

import linreg_fast

HOUSE = Path(linreg_fast.__file__).parent
LONGEST_FILE = 250  # lines, but for public docstrings
MOST_PARAMETERS = 8


def modules(folder=HOUSE):
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py")}


def docstring_of(node):
    """The node of a docstring, or None."""
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return first if isinstance(first.value.value, str) else None
    return None


def public_docstring_lines(tree):
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    found = 0
    for node in ast.walk(tree):
        if isinstance(node, kinds) and not getattr(node, "name", "").startswith("_"):
            text = docstring_of(node)
            found += text.end_lineno - text.lineno + 1 if text else 0
    return found


def test_no_file_is_long():
    long = {}
    for path, tree in modules().items():
        lines = len(path.read_text(encoding="utf-8").splitlines()) - public_docstring_lines(tree)
        if lines > LONGEST_FILE:
            long[str(path.relative_to(HOUSE))] = lines
    assert not long


def test_kernels_of_many_parameters_say_what_they_are():
    """A comment stands first in the function: what the parameters are, or why there are so many."""
    silent = []
    for path, tree in modules(HOUSE / "kernels").items():
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            if len(node.args.args) + len(node.args.kwonlyargs) <= MOST_PARAMETERS:
                continue
            text = docstring_of(node)
            before = text.end_lineno if text else node.body[0].lineno - 2
            if not lines[before].strip().startswith("#"):
                silent.append(f"{path.relative_to(HOUSE)}: {node.name}")
    assert not silent


@pytest.mark.parametrize("room", sorted(p.name for p in HOUSE.iterdir() if p.is_dir()))
def test_every_folder_says_what_it_is(room):
    if list((HOUSE / room).glob("*.py")):
        tree = ast.parse((HOUSE / room / "__init__.py").read_text(encoding="utf-8"))
        assert ast.get_docstring(tree)
