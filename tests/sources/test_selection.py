"""Which columns and rows of a table a fit uses, and what is said of the others."""

import warnings

import numpy as np
import pytest

from linreg_fast.sources.selection import Selection
from linreg_fast.sources.table import open_table


def chosen(tmp_path, text, *arguments, **options):
    """(Rows, what was said) of a table with the target y."""
    path = tmp_path / "t.csv"
    path.write_text(text)
    with warnings.catch_warnings(record=True) as caught, open_table(path) as source:
        warnings.simplefilter("always")
        rows = Selection(source, *(arguments or ("y",)), **options).read()
    return rows, [str(one.message).removeprefix(f"{path}: ") for one in caught]


def lines(columns, rng, n=12):
    """CSV of n rows: a column is a name and a function of (row, generator)."""
    rows = [",".join(str(cell(k, rng)) for cell in columns.values()) for k in range(n)]
    return "\n".join([",".join(columns), *rows])


def number(k, rng):
    return repr(float(rng.normal()))


def test_the_matrix_is_in_column_major_order(tmp_path, rng):
    text = lines(dict.fromkeys(("w", "a", "b", "y"), number), rng).replace("-", "")
    rows, said = chosen(tmp_path, text, "y", weights="w")
    assert said == []
    assert rows.names == ["a", "b"]
    assert rows.X.flags.f_contiguous
    assert rows.y.flags.c_contiguous
    assert rows.weights.flags.c_contiguous
    assert rows.X.base is rows.y.base is rows.weights.base is not None  # one matrix, no copy
    given = np.genfromtxt(text.splitlines(), delimiter=",", skip_header=1)
    np.testing.assert_array_equal(np.c_[rows.weights, rows.X, rows.y], given)


@pytest.mark.parametrize(
    ("name", "cell", "says"),
    [
        ("city", lambda k, r: ["Oslo", "Rome"][k % 2], "column of text is left out: city"),
        ('"city, town"', lambda k, r: "abc"[k % 3], 'left out: "city, town"'),
        ("day", lambda k, r: f"2024-01-{k + 1:02}", "column of dates is left out: day"),
        ("", lambda k, r: k, "what has no name is left out (column 1)"),
        ("Unnamed: 0", lambda k, r: k, "no name is left out (column 1 'Unnamed: 0')"),
        ("Unnamed: 0.1", lambda k, r: 3 * k, "no name is left out (column 1 'Unnamed: 0.1')"),
        ("rownames", lambda k, r: k + 1, "nothing but the number of the row is left out: rownames"),
        ("index", lambda k, r: k, "nothing but the number of the row is left out: index"),
        ("ID", lambda k, r: k + 1, "nothing but the number of the row is left out: ID"),
        ("nothing", lambda k, r: "NA", "column without a value is left out: nothing"),
        ("a", number, "columns whose name another one has are left out: a,a"),
        ("odd", lambda k, r: "inf" if k == 3 else k * k, "left out: odd (inf in line 5)"),
        ("gaps", lambda k, r: "?" if k > 2 else k * k, "so many gaps that too few rows"),
    ],
)
def test_what_is_left_out_is_named(tmp_path, rng, name, cell, says):
    text = lines({name: cell}, rng).splitlines()
    others = lines(dict.fromkeys(("a", "b", "c", "y"), number), rng).splitlines()
    rows, said = chosen(tmp_path, "\n".join(f"{a},{b}" for a, b in zip(text, others, strict=True)))
    assert rows.names == (["b", "c"] if name == "a" else ["a", "b", "c"])
    assert len(rows.y) == rows.read == 12
    (message,) = said
    assert says in message


def test_a_count_that_may_be_a_feature_is_used_and_told(tmp_path, rng):
    for name, first in (("week", 1), ("t", 0)):
        columns = {name: lambda k, r, first=first: first + k, "a": number, "y": number}
        rows, said = chosen(tmp_path, lines(columns, rng))
        assert rows.names == [name, "a"]
        assert f"column {name} counts the rows from {first} and is used" in said[0]
    columns = {"year": lambda k, r: 1990 + k, "y": number}
    assert chosen(tmp_path, lines(columns, rng))[1] == []
    rows, said = chosen(tmp_path, lines({"id": lambda k, r: k, "y": number}, rng))
    assert rows.names == ["id"]  # there is no other
    assert "counts the rows" in said[0]
    asked, said = chosen(tmp_path, lines({"id": lambda k, r: k, "y": number}, rng), features="id")
    assert (asked.names, said) == (["id"], [])


def test_text_far_below_leaves_a_column_out_or_stops(tmp_path, rng):
    columns = {"a": number, "b": lambda k, r: "low" if k == 777 else k * k, "y": number}
    text = lines(columns, rng, 900)
    rows, said = chosen(tmp_path, text)
    assert rows.names == ["a"]
    assert said == ["column with text among the numbers is left out: b ('low' in line 779)"]
    with pytest.raises(ValueError, match=r"line 779: column 'b' holds text \('low'\)"):
        chosen(tmp_path, text, features="a,b")
    with pytest.raises(ValueError, match=r"line 779: column 'b' holds text"):
        chosen(tmp_path, text, "b")


def test_rows_with_gaps(tmp_path):
    text = "a,b,note,y\n1,2,,3\n2,,x,4\n4,1,y,\n5,5,,6\n7,2,,9\n8,2,,7\n"
    rows, said = chosen(tmp_path, text, exclude="note")
    assert (rows.read, rows.y.tolist()) == (6, [3, 6, 9, 7])
    assert said[-1].startswith("2 of 6 rows are left out for missing values, in y (1), b (1)")
    with pytest.raises(ValueError, match="line 4: column 'y' has a missing value"):
        chosen(tmp_path, text, features="a", missing="raise")
    rows, said = chosen(tmp_path, text.replace(",\n", ",8\n"), features="a", missing="raise")
    assert (rows.y.tolist(), said) == ([3, 4, 8, 6, 9, 7], [])


def test_groups_become_zeros_and_ones(tmp_path):
    text = "a,city,day,y\n1,Rome,10,3\n2,Oslo,9,4\n4,Rome,9,8\n5,,9,6\n7,Bonn,10,9\n"
    rows, said = chosen(tmp_path, text, categorical=["city", "day"])
    assert rows.categories == {"city": ["Bonn", "Oslo", "Rome"], "day": ["9", "10"]}
    assert rows.names == ["a", "city=Oslo", "city=Rome", "day=10"]
    assert rows.X.tolist() == [[1, 0, 1, 1], [2, 1, 0, 0], [4, 0, 1, 0], [7, 0, 0, 1]]
    assert "1 of 5 rows is left out for missing values, in city (1)" in said[0]
    rows, _ = chosen(tmp_path, text, features="a", categorical="city")
    assert rows.names == ["a", "city=Oslo", "city=Rome"]
    rows, said = chosen(tmp_path, "a,g,y\n1,x,2\n2,x,5\n", categorical="g")
    assert rows.names == ["a"]
    assert "one group only" in "".join(said)


def test_names_with_commas(tmp_path):
    text = '"x, mm",z,y\n1,2,3\n5,1,4\n2,2,6\n'
    for given in ("x, mm", '"x, mm"', "x\\, mm", ["x, mm"], ['"x, mm"']):
        assert chosen(tmp_path, text, features=given)[0].names == ["x, mm"]
    for given in ('"x, mm",z', ['"x, mm"', "z"], "x\\, mm, z"):
        assert chosen(tmp_path, text, features=given)[0].names == ["x, mm", "z"]


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("a,b,y\nx,y,z\nu,v,w\n", {}, "column 'y' holds text"),
        ("a,b,y\nx,y,1\nu,v,2\n", {}, "none of the others holds numbers"),
        ("a,y\n1,\n2,?\n", {}, "every row has a missing value"),
        ("a,y\n1,2\n", {"exclude": "y"}, "among exclude too"),
        ("a,y\n1,2\n", {"exclude": "a"}, "no columns to explain"),
        ("a,y\n1,2\n", {"exclude": "b"}, "no column 'b'"),
        ("a,y\n1,2\n", {"categorical": "y"}, "is the target, the weights or excluded too"),
        ("a,y\n1,2\n", {"weights": "y"}, "is a feature or the target too"),
        ("g,g=v,y\nu,1,2\nv,2,3\n", {"categorical": "g"}, "have one name"),
    ],
)
def test_selections_that_cannot_be(tmp_path, text, options, says):
    with pytest.raises(ValueError, match=says):
        chosen(tmp_path, text, **options)
