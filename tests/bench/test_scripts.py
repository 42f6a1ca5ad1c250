"""The scripts of benchmarks/: sections with the form that wrote them, a work for every constant."""

import importlib

import pytest

PAGE = """before
<!-- numbers: written by benchmarks/digits.py -->
old
<!-- end of numbers -->
after
"""


@pytest.fixture
def readme(tmp_path, monkeypatch):
    """The module with a page of its own."""
    module = importlib.import_module("readme")
    page = tmp_path / "README.md"
    page.write_text(PAGE)
    monkeypatch.setattr(module, "README", page)
    monkeypatch.setattr(module, "pages", lambda: [page])
    return module


def test_a_section_is_written_with_its_form(readme):
    assert [why for *_, why in readme.stale()] == ["the script kept no form then"]
    readme.write_section("numbers", "new", readme.README)
    text = readme.README.read_text()
    assert text.startswith("before\n<!-- numbers: written by benchmarks/digits.py, form ")
    assert "\nnew\n<!-- end of numbers -->\nafter\n" in text
    assert list(readme.stale()) == []
    readme.write_section("numbers", "newer", readme.README)
    assert "new\n" not in readme.README.read_text()


def test_figures_of_another_form_are_told(readme, monkeypatch):
    readme.write_section("numbers", "new", readme.README)
    monkeypatch.setattr(readme, "form_of", lambda script: "another")
    assert [why for *_, why in readme.stale()] == ["the script has another form now"]
    assert readme.main(["--check"]) == 1


def test_a_comment_is_no_other_form(readme, tmp_path, monkeypatch):
    monkeypatch.setattr(readme, "HERE", tmp_path)
    forms = []
    for text in ('"""One."""\nx = 1\n', '"""Two."""\nx = 1  # a comment\n', "x = 2\n"):
        (tmp_path / "script.py").write_text(text)
        forms.append(readme.form_of("script.py"))
    assert forms[0] == forms[1] != forms[2]


def test_a_section_that_is_not_there(readme):
    with pytest.raises(ValueError, match="no section"):
        readme.write_section("nothing", "new", readme.README)


def test_the_ladders_page_was_written_by_its_script_and_has_every_rung():
    readme, ladder = map(importlib.import_module, ("readme", "ladder"))
    assert [row for row in readme.stale() if row[0] == "ladder.md"] == []
    text = ladder.PAGE.read_text()
    for name in ladder.SOURCES:
        # What is shown is what the rung's file says today.
        assert ladder.excerpt(name) in text, name


def test_every_constant_has_a_work_that_it_decides():
    tune = importlib.import_module("tune")
    missing = [name for name in tune.constants() if tune.work_of(name) is None]
    assert missing == []


def test_one_constant_is_changed_and_what_follows_from_it_too():
    import sys

    tune = importlib.import_module("tune")
    module = "linreg_fast.kernels.tuning"
    before = sys.modules[module]
    try:
        tune.patch(module, "DOUBLED_ROWS", 128)
        changed = sys.modules[module]
        assert changed.COLUMNWISE_AHEAD == 2 * 128
        tune.patch(module, "TILE_PANELS", 2)  # one of a pair
        assert sys.modules[module].TILE_PANELS == 2
        assert sys.modules[module].TILE_ROWS == before.TILE_ROWS
    finally:
        sys.modules[module] = before
