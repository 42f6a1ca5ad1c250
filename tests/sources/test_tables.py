"""Tables and models in files: what is read, and what is refused and how."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linreg_fast.cli.model_file import Model
from linreg_fast.sources.table import column_names, read_table


def write(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2.5\n-3e2,4\n",
        "a,b\r\n1,2.5\r\n-3e2,4",
        "a;b\n1;2.5\n-3e2;4\n",
        "a\tb\n1\t2.5\n-3e2\t4\n",
        '\ufeff"a" , "b"\n1,2.5\n\n-3e2, 4\n\n'.replace('"a" , "b"', '"a","b"'),
        '"a",b\n"1",2.5\n-300,"4"\n',
    ],
)
def test_csv(tmp_path, text):
    table = read_table(write(tmp_path, text), ["b", "a"])
    assert table.names == ["b", "a"]
    assert table.values.tolist() == [[2.5, 1.0], [4.0, -300.0]]


def test_csv_keeps_every_bit(tmp_path, rng):
    values = rng.normal(size=(25_000, 2)) * 10.0 ** rng.integers(-300, 300, (25_000, 2))
    lines = ["x,text,y", *(f"{a!r},hello,{b!r}" for a, b in values.tolist())]
    path = write(tmp_path, "\n".join(lines))
    assert column_names(path) == ["x", "text", "y"]
    assert read_table(path, ["x", "y"]).values.tobytes() == values.tobytes()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty: its first line must name the columns"),
        ("\n\n", "is empty"),
        ("1,2\n3,4\n", "the first line must name the columns"),
        ("a,b\n", "has no rows below its header"),
        ("a,b\n1\n", "line 2: 1 cells, the header names 2"),
        ("a,b\n1,2\n1,2,3\n", "line 3: 3 cells, the header names 2"),
        ("a,b\n1,2\n\n1,\n", "line 4: column 'b' has a missing value"),
        ("a,b\n1,2\n1,x\n", "line 3: column 'b' holds text"),
        ('a,b\n1,2\n1,"12,00.5"\n', "thousands without a comma"),
        ("a;b\n1;2,5\n3;4.5\n5;6.5\n", "decimals with a point"),
        ("a,b\n1,2024_01\n", "column 'b' holds text"),
        ("a,b\n1,2\n1,nan\n", r"line 3: column 'b' has a missing value \(1 in all\)"),
        ("a,b\n1,2\n-inf,1\n", "line 3: column 'a' holds -inf"),
        ("a,a\n1,2\n", "more than one column is named 'a'"),
        ("c,d\n1,2\n", "has no column 'a': it has c, d"),
        (b"a,b\n1,\x002\n", "holds a NUL character"),
        ('a,b\n1,"2\n', "unexpected end of data"),
        ('a,b\n1,"2"x\n', "line 2"),
    ],
)
def test_bad_csv(tmp_path, text, says):
    with pytest.raises(ValueError, match=says):
        read_table(write(tmp_path, text), ["a", "b"])


def test_headers_that_are_read(tmp_path):
    table = write(tmp_path, "\n \nLength, mm;Width, mm;y\n1;2;3\n")
    assert read_table(table, ["Width, mm", "y"]).values.tolist() == [[2, 3]]


@pytest.mark.parametrize("name", ["t.parquet", "t.feather"])
def test_arrow_files(tmp_path, name):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    save = parquet.write_table if name.endswith("parquet") else feather.write_feather

    def table(**columns):
        save(pyarrow.table(columns), tmp_path / name)
        return tmp_path / name

    path = table(a=[1, 2], text=["x", "y"], b=[True, False], c=[0.5, 0.25])
    assert column_names(path) == ["a", "text", "b", "c"]
    assert read_table(path, ["c", "a", "b"]).values.tolist() == [[0.5, 1, 1], [0.25, 2, 0]]
    with pytest.raises(ValueError, match="column 'text' holds text, not numbers"):
        read_table(path, ["a", "text"])
    with pytest.raises(ValueError, match="has no column 'z'"):
        read_table(path, ["z"])
    with pytest.raises(ValueError, match=r"row 2: column 'a' has a missing value \(1 in all\)"):
        read_table(table(a=[1, None]), ["a"])
    with pytest.raises(ValueError, match="row 1: column 'a' has a missing"):
        read_table(table(a=[float("nan"), 1.0]), ["a"])
    path.write_bytes(b"PAR1 this is no such file PAR1")
    with pytest.raises(ValueError, match="cannot be read as Parquet or Feather"):
        read_table(path, ["a"])


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"pip install 'linreg_fast\[arrow\]'"):
        column_names(write(tmp_path, "", "t.parquet"))


def model(**changes):
    parts = {"features": ["a", "b"], "target": "y", "coef": np.array([1 / 3, -2e-300])}
    return Model(**(parts | {"intercept": 1e300 / 7, "details": {"r2": 0.5}} | changes))


def test_models_keep_every_bit(tmp_path):
    path = tmp_path / "m.json"
    model().save(path)
    back = Model.load(path)
    assert (back.features, back.target, back.details) == (["a", "b"], "y", {"r2": 0.5})
    assert back.coef.tobytes() == model().coef.tobytes()
    assert back.intercept == model().intercept


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "m.json"
    model().save(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        model(intercept=float("nan")).save(path)
    with pytest.raises(TypeError):
        model(details={"r2": object()}).save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["m.json"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": "linreg_fast.moments"}, "not a linreg_fast.model file"),
        ({"version": 99}, "written by a newer linreg_fast"),
        ({"features": []}, "list of different features"),
        ({"features": ["a", "a"]}, "list of different features"),
        ({"features": ["a", 1]}, "list of different features"),
        ({"target": None}, "needs a target"),
        ({"coef": [1.0]}, "'coef' must be a list of 2 finite numbers"),
        ({"coef": [1.0, "2"]}, "'coef' must be"),
        ({"intercept": [1.0]}, "'intercept' must be"),
    ],
)
def test_bad_models(tmp_path, change, says):
    path = tmp_path / "m.json"
    model().save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=says) as caught:
        Model.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.filterwarnings("ignore")  # of odd forms
@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_mutated_files_are_read_or_refused(data, tmp_path_factory):
    """Bytes changed, cut out or put in: a ValueError or a right reading, nothing else."""
    folder = tmp_path_factory.mktemp("mutated")
    model().save(folder / "m.json")
    (folder / "t.csv").write_text("a,b\n1,2.5\n-3e2,4\n")
    name, read = data.draw(
        st.sampled_from([("m.json", Model.load), ("t.csv", lambda p: read_table(p, ["a", "b"]))])
    )
    raw = bytearray((folder / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    (folder / name).write_bytes(raw)
    with contextlib.suppress(ValueError):
        result = read(folder / name)
        assert np.isfinite(result.values if name == "t.csv" else result.coef).all()
