"""Numbers with marks between thousands, percent, currency; true and false: never a guess."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linreg_fast.sources.doors import command_line
from linreg_fast.sources.signs import Signs, find_signs
from linreg_fast.sources.table import ENGINES, open_table, read_table

engines = pytest.mark.parametrize("engine", ENGINES[1:])
NBSP = "\u00a0"


@pytest.fixture(autouse=True)
def _pyarrow(request):
    if "engine" in request.fixturenames and request.getfixturevalue("engine") == "arrow":
        pytest.importorskip("pyarrow", reason="the extra 'arrow'")


def read(tmp_path, cells, engine="auto", delimiter=";", **options):
    """(numbers of column a, what was said): b holds 1, 2, 3, ..."""
    text = f"a{delimiter}b\n" + "".join(f"{c}{delimiter}{k}\n" for k, c in enumerate(cells, 1))
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = read_table(tmp_path / "t.csv", ["a"], missing="keep", engine=engine, **options)
    words = [str(w.message).removeprefix(f"{tmp_path / 't.csv'}: ") for w in said]
    return found.values[:, 0].tolist(), words


@engines
@pytest.mark.parametrize(
    ("cells", "numbers", "says"),
    [
        (["1,234.5", "7.5", "-12,345,678.25"], [1234.5, 7.5, -12345678.25], "thousands"),
        (["1.234,5", "7,5", "-12.345.678,25"], [1234.5, 7.5, -12345678.25], "thousands"),
        (["1'234.5", "7.5", "12'345"], [1234.5, 7.5, 12345], "thousands"),
        ([f"1{NBSP}234,5", "7,5", "12\u202f345"], [1234.5, 7.5, 12345], "thousands"),
        (["950", "1,234", "12,345"], [950, 1234, 12345], "thousands"),
        (["12%", "7.5 %", "NA"], [12, 7.5, np.nan], "12% is read as 12"),
        (["12,5 %", "7,25 %", "1 %"], [12.5, 7.25, 1], "12% is read as 12"),
        (["$1,234", "-$7.5", "($12)"], [1234, -7.5, -12], "currency"),
        (["1.234,50 €", "-7,50 €", "\u2014"], [1234.5, -7.5, np.nan], "currency"),
        (["USD 3", "USD 4.5", "USD -1"], [3, 4.5, -1], "currency"),
        (["\u22121.5", "2", "3"], [-1.5, 2, 3], ""),
        (["True", "FALSE", ""], [1, 0, np.nan], "true and false are read as 1 and 0"),
    ],
)
def test_columns_that_agree_are_numbers(tmp_path, cells, numbers, says, engine):
    found, said = read(tmp_path, cells, engine)
    np.testing.assert_array_equal(found, numbers)
    assert says in " ".join(said)


@pytest.mark.parametrize(
    "cells",
    [
        ["12%", "0.12", "7%"],  # of a hundred, or of one
        ["$3", "€4", "$5"],
        ["$3", "4", "$5"],
        ["1,23", "1.5", "12,345"],
        ["01,234.5", "1.5", "2.5"],
        ["(3)", "(4)", "5"],  # standard errors, or less than nothing
        ["1.2.3", "1.2.4", "1.3.0"],
        ["1-2", "3-4", "5-6"],
        ["true", "1", "false"],
        ["yes", "no", "yes"],
        ["A12", "A13", "A14"],
        ["12 kg", "13 kg", "14 kg"],
    ],
)
def test_columns_that_do_not_agree_stay_text(tmp_path, cells):
    with pytest.raises(ValueError, match="column 'a' holds text"):
        read(tmp_path, cells)


def test_a_comma_that_may_be_either_is_asked_about(tmp_path):
    cells = ["1,234", "2,345", "12,456"]
    for ambiguous in (cells, ["1.234 $", "12.345 $"]):
        (tmp_path / "t.csv").write_text("a;b\n" + "".join(f"{c};1\n" for c in ambiguous))
        asked = pytest.warns(match="--decimal")
        with command_line(), asked, open_table(tmp_path / "t.csv") as source:
            assert [column.kind for column in source.columns] == ["text", "number"]
    assert read(tmp_path, cells, decimal=".")[0] == [1234, 2345, 12456]
    assert read(tmp_path, cells, decimal=",")[0] == [1.234, 2.345, 12.456]
    assert read(tmp_path, ["0,234", *cells])[0] == [0.234, 1.234, 2.345, 12.456]


def test_later_cells_that_are_written_in_another_way_are_text(tmp_path):
    with pytest.raises(ValueError, match=r"line 902: column 'a' holds text \('0.12'\)"):
        read(tmp_path, ["12%"] * 900 + ["0.12"])


def test_text_is_kept_as_it_stands(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n$1.5;1\n$2.5;2\n")
    with pytest.warns(match="currency"), open_table(tmp_path / "t.csv") as source:
        (batch,) = source.batches([0, 1], [0])
    assert batch.texts == {0: ["$1.5", "$2.5"]}
    assert batch.numbers[0].tolist() == [1.5, 2.5]


@given(
    numbers=st.lists(st.floats(-1e12, 1e12).map(lambda x: round(x, 2)), min_size=1, max_size=20),
    marks=st.sampled_from([(",", "."), (".", ","), (" ", "."), ("'", ","), ("", ".")]),
    symbol=st.sampled_from(["", "%", "$", "kr", "US$"]),
)
def test_what_is_written_is_read_to_the_last_bit(numbers, marks, symbol):
    thousands, decimal = marks
    written = []
    for number in numbers:
        whole, _, rest = f"{number:,.2f}".partition(".")
        written.append(whole.replace(",", thousands) + decimal + rest + symbol)
    found, fault = Signs(thousands, symbol, decimal).numbers(written)
    assert fault is None
    assert found.tolist() == [float(f"{number:.2f}") for number in numbers]
    kinds = ["text"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signs = find_signs(["a"], [written], kinds, decimal, "t.csv")
    if signs:
        assert signs[0].numbers(written)[0].tolist() == found.tolist()
