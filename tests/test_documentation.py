"""The examples in docstrings and in the README run, and the README names every file."""

import doctest
import importlib
import pkgutil
import re
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


def test_readme_names_every_folder_of_the_house():
    text = (ROOT / "README.md").read_text()
    for path in (ROOT / "linreg_fast").rglob("__init__.py"):
        assert f"{path.parent.name}/" in text, path


def test_the_page_on_dispatch_says_what_the_tables_say():
    tables = importlib.import_module("tables")
    assert tables.written(tables.PAGE.read_text()) == tables.PAGE.read_text()


def test_files_that_the_pages_name_are_there():
    for page in (ROOT / "docs").glob("*.md"):
        for name in re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", page.read_text()):
            assert any((ROOT / base / name).exists() for base in (".", "linreg_fast")) or any(
                (ROOT / "linreg_fast" / "kernels").rglob(name)
            ), (page.name, name)
