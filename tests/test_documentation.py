"""The examples in docstrings and in the README run, and the README names every file."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import linreg_fast

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(linreg_fast.__path__, "linreg_fast.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_readme_examples():
    found = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert found.attempted > 0
    assert found.failed == 0


def test_readme_names_every_file():
    text = (ROOT / "README.md").read_text()
    for path in (ROOT / "linreg_fast").rglob("*.py"):
        assert path.name in text, path
