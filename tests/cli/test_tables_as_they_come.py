"""The command line on tables as people have them: what it leaves out, says, writes and returns."""

import contextlib
import csv
import io
import json
import os
import sys

import numpy as np
import pytest
from command_line import run

from linreg_fast.cli.model_file import Model

pytestmark = pytest.mark.filterwarnings("default")  # as on the command line: printed

FLATS = """id,city,area,rooms,price
u1,Oslo,50,2,300
u2,Rome,70,3,420
u3,Oslo,65,?,390
u4,Rome,40,1,260
u5,Bonn,90,4,500
u6,Bonn,55,2,310
u7,Bonn,81,2,470
"""


@pytest.fixture
def flats(tmp_path):
    path = tmp_path / "flats.csv"
    path.write_text(FLATS)
    return path


def as_arrays(text, columns):
    rows = [row for row in csv.DictReader(io.StringIO(text)) if "?" not in row.values()]
    return np.array([[float(row[column]) for column in columns] for row in rows])


def test_defaults_fit_and_say_what_they_left_out(capsys, flats, tmp_path):
    out = tmp_path / "m.json"
    code, text, error = run(capsys, "fit", flats, "--target", "price", "--out", out)
    assert code == 0
    assert "columns of text are left out: id,city" in error
    assert "1 of 7 rows is left out for missing values, in rooms (1)" in error
    assert "rows       6 (1 left out for missing values)" in text
    model, given = Model.load(out), as_arrays(FLATS, ["area", "rooms", "price"])
    A = np.column_stack([given[:, :2], np.ones(len(given))])
    expected = np.linalg.lstsq(A, given[:, 2], rcond=None)[0]
    np.testing.assert_allclose([*model.coef, model.intercept], expected, rtol=1e-9)
    assert run(capsys, "fit", flats, "--target", "price", "--missing", "raise")[0] == 2

    code, text, error = run(capsys, "predict", out, flats)
    assert code == 0
    assert "missing values in 1 of 7 rows" in error
    assert text.splitlines()[3] == ""  # a line for each
    full = [float(line) for line in text.splitlines()[1:] if line]
    np.testing.assert_allclose(full, A @ expected, rtol=1e-9)
    code, text, _ = run(capsys, "predict", out, flats, "--keep", "id,price", "--out", "-")
    assert code == 0
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["id", "price", "predicted price"]
    assert rows[3] == ["u3", "390", ""]
    assert [row[0] for row in rows[1:]] == [f"u{k}" for k in range(1, 8)]
    code, text, error = run(capsys, "score", out, flats)
    assert code == 0
    assert "rows  6 (1 left out for missing values)" in text
    for command in ("predict", "score"):
        code, text, error = run(capsys, command, out, flats, "--missing", "raise")
        assert (code, text) == (2, "")
        assert "line 4: column 'rooms' has a missing value" in error


def test_groups_travel_with_the_model(capsys, flats, tmp_path):
    out = tmp_path / "m.json"
    options = ("--target", "price", "--features", "area", "--categorical", "city", "--out", out)
    code, text, _ = run(capsys, "fit", flats, *options)
    assert code == 0
    assert "groups     of city: against Bonn" in text
    given = as_arrays(FLATS.replace("?", "0"), ["area", "price"])
    city = np.array([line.split(",")[1] for line in FLATS.split()[1:]])
    A = np.column_stack([given[:, 0], city == "Oslo", city == "Rome", np.ones(7)])
    expected = np.linalg.lstsq(A, given[:, 1], rcond=None)[0]
    model = Model.load(out)
    assert model.features == ["area", "city=Oslo", "city=Rome"]
    np.testing.assert_allclose([*model.coef, model.intercept], expected, rtol=1e-9)
    code, text, error = run(capsys, "predict", out, flats)
    assert (code, error) == (0, "")
    np.testing.assert_allclose([float(x) for x in text.split()[1:]], A @ expected, rtol=1e-9)
    flats.write_text(FLATS.replace("u2,Rome", "u2,Paris"))
    code, text, error = run(capsys, "predict", out, flats)
    assert (code, text) == (2, "")
    assert "row 2: column 'city' holds 'Paris', a group that the model has not seen" in error
    code, text, error = run(capsys, "predict", out, flats, "--unseen", "nan")
    assert code == 0
    assert [not line for line in text.splitlines()[1:]] == [False, True, *[False] * 5]
    assert (
        "1 row with groups that the model has not seen, whose line is empty: 'Paris' (1)" in error
    )
    content = json.loads(out.read_text())
    for wrong in ({"city": ["Bonn"]}, {"city": ["Bonn", "Kiel"]}, {"city": [1, 2]}, ["city"]):
        out.write_text(json.dumps(content | {"categories": wrong}))
        with pytest.raises(ValueError, match="'categories' must name"):
            Model.load(out)


def test_a_line_through_the_origin(capsys, tmp_path, rng):
    a = rng.uniform(1, 5, 9)
    y = 3 * a + rng.normal(size=9)
    table, out = tmp_path / "t.csv", tmp_path / "m.json"
    table.write_text(
        "a,y\n" + "\n".join(f"{p!r},{q!r}" for p, q in zip(a.tolist(), y.tolist(), strict=True))
    )
    code, text, _ = run(capsys, "fit", table, "--target", "y", "--no-intercept", "--out", out)
    assert code == 0
    assert "intercept" not in text
    assert Model.load(out).intercept == 0
    np.testing.assert_allclose(Model.load(out).coef, [a @ y / (a @ a)], rtol=1e-12)
    code, text, _ = run(capsys, "descend", table, "--target", "y", "--no-intercept")
    assert code == 0
    assert text.splitlines()[0] == f"y = {a @ y / (a @ a):.6g} a"


def test_standard_input_and_output(capsys, flats, monkeypatch):
    def piped(*arguments):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FLATS.encode())))
        return run(capsys, *arguments)

    fit = ("fit", "-", "--target", "price", "--features", "area", "--out", "-")
    code, text, error = piped(*fit)
    assert code == 0, error
    assert json.loads(text)["features"] == ["area"]
    assert "R2" in error
    flats.with_suffix(".json").write_text(text)
    code, text, _ = piped("predict", flats.with_suffix(".json"), "-")
    assert code == 0
    assert len(text.splitlines()) == 8
    assert not os.path.exists("-")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,y\n1,5\n2,5\n", "is 5 in all 2 rows: there is nothing to explain"),
        ("a,y\nx,z\nu,v\n", "column 'y' holds text ('z')"),
        ("a,y\n1,\n2,\n", "every row has a missing value, most in y"),
    ],
)
def test_tables_of_nothing_end_with_a_sentence(capsys, tmp_path, text, says):
    (tmp_path / "t.csv").write_text(text)
    code, out, error = run(capsys, "fit", tmp_path / "t.csv", "--target", "y")
    assert (code, out) == (2, "")
    assert says in error.splitlines()[-1]


def test_columns_that_depend_exactly_are_named(capsys, tmp_path, rng):
    obs, x, z = np.arange(12), rng.normal(size=12), rng.normal(size=12)
    table = np.column_stack([obs, x, obs + 1947, z, 2 * z - x, np.full(12, 3), rng.normal(size=12)])
    header = "t,x,year,z,mix,one,y"
    np.savetxt(tmp_path / "t.csv", table, delimiter=",", header=header, comments="", fmt="%.17g")
    for options in ((), ("--no-intercept",)):
        code, _, error = run(capsys, "fit", tmp_path / "t.csv", "--target", "y", *options)
        assert code == 0
        assert "columns t, year" + ", one" * bool(options) + "; and x, z, mix depend" in error
        assert ("their coefficients are 0: one" in error) == (not options)
    few = "a,b,c,y\n1,2,9,4\n3,3,7,1\n"
    (tmp_path / "t.csv").write_text(few)
    _, _, error = run(capsys, "fit", tmp_path / "t.csv", "--target", "y")
    assert "3 columns depend on each other, being more than 2 rows can tell apart" in error


def test_a_feature_called_intercept_and_wide_letters(capsys, tmp_path):
    (tmp_path / "t.csv").write_text("intercept,面積,y\n1,2,3\n3,3,5\n5,2,4\n4,1,1\n", "utf-8")
    code, text, _ = run(capsys, "fit", tmp_path / "t.csv", "--target", "y")
    assert code == 0
    lines = text.splitlines()[2:5]
    assert [line.split()[0] for line in lines] == ["intercept", "面積", "(intercept)"]
    starts = [line.index(line.split()[1]) + line.count("面") + line.count("積") for line in lines]
    negative = [line.split()[1].startswith("-") for line in lines]
    assert len({start + minus for start, minus in zip(starts, negative, strict=True)}) == 1


def test_a_picture_is_drawn_whoever_reads_the_messages(capsys, flats, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")
    with contextlib.ExitStack() as stack:
        for name in ("stdout", "stderr"):
            reader, writer = os.pipe()
            os.close(reader)
            monkeypatch.setattr(sys, name, stack.enter_context(open(writer, "w")))
        code, *_ = run(capsys, "fit", flats, "--target", "price", "--plot", tmp_path / "p.png")
        assert code == 0
        for stream in (sys.stdout, sys.stderr):  # both were written to, in vain
            assert os.path.samestat(os.fstat(stream.fileno()), os.stat(os.devnull))
        monkeypatch.undo()
    assert (tmp_path / "p.png").stat().st_size > 10_000


def test_bench_compares_on_the_same_rows(capsys, flats):
    pytest.importorskip("rich")
    options = ("--target", "price", "--problem", "mse", "--quick", "--rows", "jit,tiled")
    code, text, error = run(capsys, "bench", "--data", flats, *options)
    assert code == 0
    assert "6 x 2" in text
    assert "columns of text are left out: id,city" in error
