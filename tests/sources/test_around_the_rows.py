"""What stands above and below the rows of people's tables, and names that are numbers."""

import warnings

import numpy as np
import pytest

from linreg_fast.sources.table import ENGINES, open_table, read_table

engines = pytest.mark.parametrize("engine", ENGINES[1:])
ROWS = [[1.5, 2.0], [2.5, 4.0], [-3.0, 7.0]]
BODY = "1.5,x,2\n2.5,y,4\n-3,z,7\n"
TABLE = "a,note,b\n" + BODY


@pytest.fixture(autouse=True)
def _pyarrow(request):
    if "engine" in request.fixturenames and request.getfixturevalue("engine") == "arrow":
        pytest.importorskip("pyarrow", reason="the extra 'arrow'")


def read(tmp_path, text, names=("a", "b"), **options):
    (tmp_path / "t.csv").write_text(text, encoding="utf-8", newline="")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        values = read_table(tmp_path / "t.csv", list(names), **options).values.tolist()
    return values, " ".join(str(w.message) for w in said)


@engines
@pytest.mark.parametrize(
    ("below", "says"),
    [
        ("Total,,13\n", "'Total'"),
        ("\nGrand total:,,13\n", "'Grand total:'"),
        ("Source: office of statistics\n", "'Source: office"),
        ('\n"Source: office, 2020",,\n* preliminary\n', "'Source: office, 2020'"),
        ("Summe,,13\n\nNote: rounded\n\n", "'Summe'"),
        ("# 3 rows\n", "'# 3 rows'"),
        ("\x1a", ""),
        ("\n\n,,\n", ""),
    ],
)
def test_what_stands_below_is_no_row(tmp_path, below, says, engine):
    values, said = read(tmp_path, TABLE + below, engine=engine)
    assert values == ROWS
    assert says in said


@engines
def test_a_total_in_a_column_of_names_is_no_row(tmp_path, engine):
    text = "town,a,b\n" + "".join(f"t{k},{k}.5,{k * k}\n" for k in range(900)) + "Total,9,9\n"
    values, said = read(tmp_path, text, engine=engine)
    assert values == [[k + 0.5, k * k] for k in range(900)]
    assert "'Total'" in said


def test_rows_that_look_a_little_like_footers_are_rows(tmp_path):
    for below in ("5,,6\n", ",,6\n", "NA,,\n", "5,Total,6\n"):
        values, _ = read(tmp_path, TABLE + below, missing="keep")
        assert values[:3] == ROWS
        assert len(values) == 4
    values, _ = read(tmp_path, "n,a,b\nx,1,2\ny,3,4\nz,,\n", missing="keep")
    assert len(values) == 3  # a name without values: a row of gaps


@engines
@pytest.mark.parametrize("last", ["Source: me", "Source: me\n", "\nNote\nSource: me\n\n"])
def test_footers_of_files_of_several_blocks(tmp_path, rng, monkeypatch, last, engine):
    for name in ("BLOCK", "READ"):
        monkeypatch.setattr(f"linreg_fast.sources.csv_files.{name}", 1 << 14)
    rows = rng.integers(0, 10**9, (2_000, 2)).astype(float)  # as long as two reads and a half
    text = "a,b\n" + "".join(f"{a:.0f},{b:.0f}\n" for a, b in rows)
    values, said = read(tmp_path, text + "Total,1\n" + last, engine=engine)
    assert values == rows.tolist()
    assert said.count("passed over, from 'Total' on") == 1


def test_a_quote_that_never_ends_in_the_last_rows(tmp_path):
    with pytest.raises(ValueError, match=r"line 32: column 'a' holds text"):
        read(tmp_path, "a,b\n" + "1,2\n" * 30 + '"3,4\n')


def test_notes_are_not_told_from_quoted_breaks(tmp_path):
    cell = "\n".join(["Notes", '""here""', "and", "there"] * 5)
    text = "a,b,note\n" + f'1,2,"{cell}"\n' * 3 + "Source: me\n"
    assert read(tmp_path, text)[0] == [[1, 2]] * 3
    text = '"a","b"\n' + '"1,""2"""\n' * 30  # each row in quotes: its cells are missing
    assert len(read(tmp_path, text, ["b"], missing="keep")[0]) == 30


@engines
@pytest.mark.parametrize(
    "above",
    [
        "% made by a program\n%% twice\n",
        "// made by a program\n",
        "Table 3. Results\n(all in mm)\n\n",
        "Table 3,,\n,,\n",
        "Table 3, Results\n",
    ],
)
def test_what_stands_above_is_passed_over(tmp_path, above, engine):
    assert read(tmp_path, above + TABLE, engine=engine)[0] == ROWS


@pytest.mark.parametrize("units", ["(m),,kg\n", "float,str,float\n", "m,-,kg\n"])
def test_units(tmp_path, units):
    values, said = read(tmp_path, "a,note,b\n" + units + BODY)
    assert values == ROWS
    assert "passed over as units" in said


def test_comments_between_the_names_and_the_rows(tmp_path):
    assert read(tmp_path, "a,note,b\n# three rows\n" + BODY)[0] == ROWS


def test_first_rows_of_gaps_are_no_units(tmp_path):
    values, _ = read(tmp_path, "a,note,b\nNA,w,?\n" + BODY, missing="keep")
    assert len(values) == 4


@pytest.mark.parametrize(
    "names",
    [["0", "1", "2"], ["1", "2", "3"], ["2019", "2020", "1990"], [str(k / 4) for k in range(9)]],
)
def test_numbers_that_are_names(tmp_path, names, rng):
    rows = rng.normal(size=(5, len(names)))
    text = ",".join(names) + "\n" + "".join(",".join(map(repr, r)) + "\n" for r in rows.tolist())
    assert read(tmp_path, text, names)[0] == rows.tolist()


def test_numbers_that_are_no_names(tmp_path, rng):
    for first in ("1.5,2,7\n", "3,2,1,5,6,7,9,8\n"):
        with pytest.raises(ValueError, match="must name the columns"):
            read(tmp_path, first * 4)


@pytest.mark.parametrize("mark", "^~:")
def test_rare_delimiters(tmp_path, mark):
    assert read(tmp_path, TABLE.replace(",", mark))[0] == ROWS


@engines
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_is_a_row_where_gaps_are_kept(tmp_path, newline, engine):
    text = newline.join(["a,b", "1,2", "", "3,4", ",", '"",', "5,6", "", ""])
    values, _ = read(tmp_path, text, missing="keep", engine=engine)
    gap = [np.nan, np.nan]
    np.testing.assert_array_equal(values, [[1, 2], gap, [3, 4], gap, gap, [5, 6]])
    assert read(tmp_path, text, engine=engine)[0] == [[1, 2], [3, 4], [5, 6]]
    values, _ = read(tmp_path, newline.join(["a", "1", "", "3"]), ["a"], missing="keep")
    np.testing.assert_array_equal(values, [[1], [np.nan], [3]])


def test_a_column_may_be_wanted_as_numbers_and_as_text(tmp_path):
    from linreg_fast.sources.collect import Collector

    (tmp_path / "t.csv").write_text(TABLE)
    with open_table(tmp_path / "t.csv") as source:
        columns = Collector(source, [0, 2], texts=[0]).read()
    assert columns.cells(0) == ["1.5", "2.5", "-3"]
    assert columns.matrix([0, 2]).tolist() == ROWS
