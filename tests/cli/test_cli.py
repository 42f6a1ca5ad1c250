"""The command line as a user calls it: what it prints, writes and returns."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from command_line import run

import linreg_fast
from linreg_fast import RUNGS, SOLVERS
from linreg_fast.bench.cases import PROBLEMS
from linreg_fast.cli.main import COMMANDS
from linreg_fast.cli.model_file import Model
from linreg_fast.datasets import DATASETS
from linreg_fast.solvers.gradient_descent.rules import METHODS


def test_fit_of_numbers_whose_squares_overflow(capsys, tmp_path, rng):
    rows = rng.normal(size=(12, 3))
    rows[0, 2], rows[8, 1] = 1e250, -1e211
    table, out = tmp_path / "large.csv", tmp_path / "model.json"
    np.savetxt(table, rows, delimiter=",", header="a,b,y", comments="")
    code, text, error = run(capsys, "fit", table, "--target", "y", "--out", out)
    assert code == 0
    assert "overflow" not in error
    assert "R2" not in text
    assert "MSE        inf" in text
    assert json.loads(out.read_text())["details"]["r2"] is None


def test_fit_predict_score(capsys, houses, tmp_path):
    out = tmp_path / "model.json"
    options = ("--features", "area,rooms", "--weights", "sold", "--out", out)
    code, text, _ = run(capsys, "fit", houses, "--target", "price", *options)
    assert code == 0
    for part in (
        "price = 2.",
        "area",
        "intercept",
        "R2         0.9",
        "rank       2 of 2",
        "cholesky:",
    ):
        assert part in text
    rows = np.genfromtxt(houses, delimiter=",", skip_header=1)
    A = np.column_stack([rows[:, :2], np.ones(60)]) * np.sqrt(rows[:, 3:])
    expected = np.linalg.lstsq(A, rows[:, 2] * np.sqrt(rows[:, 3]), rcond=None)[0]
    model = Model.load(out)
    np.testing.assert_allclose([*model.coef, model.intercept], expected, rtol=1e-10)

    code, text, _ = run(capsys, "predict", out, houses)
    assert code == 0
    lines = text.splitlines()
    assert lines[0] == "price"
    np.testing.assert_allclose(
        [float(x) for x in lines[1:]], rows[:, :2] @ expected[:2] + expected[2]
    )
    code, text, _ = run(capsys, "predict", out, houses, "--out", tmp_path / "p.csv")
    assert (code, text) == (0, f"60 predictions written to {tmp_path / 'p.csv'}\n")
    assert (tmp_path / "p.csv").read_text().splitlines() == lines

    code, text, _ = run(capsys, "score", out, houses)
    assert code == 0
    assert "R2    0.9" in text

    huge = tmp_path / "huge.csv"
    huge.write_text(houses.read_text().splitlines()[0] + "\n1,2,1e200,1\n2,1,3,1\n")
    code, text, errors = run(capsys, "score", out, huge)
    assert (code, text) == (2, "")
    assert "overflow" in errors


def test_fit_uses_all_other_columns_and_any_solver(capsys, houses):
    for solver in ("auto", *SOLVERS):
        code, text, _ = run(capsys, "fit", houses, "--target", "price", "--solver", solver)
        assert code == 0
        assert "rank       3 of 3" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fit", "nothing.csv", "--target", "y"], "nothing.csv: No such file"),
        (["fit", "HOUSES", "--target", "z"], "no column 'z'"),
        (["fit", "HOUSES", "--target", "price", "--features", "area,size"], "no column 'size'"),
        (["fit", "HOUSES", "--target", "price", "--features", "price"], "among --features too"),
        (["fit", "HOUSES", "--target", "price", "--features", ","], "no columns to explain"),
        (["fit", "HOUSES", "--target", "price", "--features", "area,area"], "twice"),
        (["fit", "HOUSES", "--target", "price", "--weights", "w"], "no column 'w'"),
        (["fit", "HOUSES", "--target", "price", "--solver", "x"], "unknown solver 'x'"),
        (["fit", "HOUSES", "--target", "price", "--out", "no/such/m.json"], "no folder"),
        (["fit", "."], "--target"),
        (["fit", ".", "--target", "y"], "holds no table"),
        (["fit", "HOUSES", "--target", "price", "--weights", ""], "names no column"),
        (["fit", "HOUSES", "--target", "price", "--out", "new/"], "cannot write"),
        (["fit", "HOUSES", "--target", "price", "--out", "a.png", "--plot", "a.png"], "same file"),
        (["fit", "HOUSES", "--target", "price", "--plot", "a.pgf"], "its ending names the kind"),
        (["bench", "--data", "HOUSES", "--target", "price", "--json", "HOUSES"], "is read here"),
        (["bench", "--json", ""], "is empty"),
        (["demo", "age", "--plot", ""], "is empty"),
        (["demo", "age", "--plot", "a.doc"], "its ending names the kind"),
        (["demo", "age", "--plot", "a.png", "--no-plot"], "contradict each other"),
        (["predict", "HOUSES", "HOUSES"], "not a linreg_fast.model file"),
        (["score", "HOUSES", "HOUSES"], "comes before DATA"),
        (["score", "nothing.json", "HOUSES"], "nothing.json"),
        (["bench", "--problem", "speed"], "unknown problem 'speed'"),
        (["bench", "--problem", ","], "names none"),
        (["bench", "--data", "HOUSES"], "go together"),
        (["bench", "--n", "5"], "go together"),
        (["bench", "--features", "area"], "of --data"),
        (["bench", "--n", "0", "--p", "1"], "--n"),
        (["bench", "--n", "x", "--p", "1"], "--n"),
        (["bench", "--n", "9", "--p", "2", "--json", "no/such.json"], "no folder"),
        (["demo", "iris"], "invalid choice"),
        (["demo", "age", "--plot", "no/such.png"], "no folder"),
        (["nothing"], "invalid choice"),
        ([], "COMMAND"),
    ],
)
def test_bad_usage_ends_with_2_and_one_message(capsys, houses, arguments, says):
    code, text, error = run(capsys, *(houses if a == "HOUSES" else a for a in arguments))
    assert code == 2
    assert says in error
    assert text == ""
    assert "Traceback" not in error


def test_a_model_that_does_not_fit_the_data(capsys, houses, tmp_path):
    Model(["area", "age"], "price", np.ones(2), 0.0, {}).save(tmp_path / "m.json")
    code, _, error = run(capsys, "predict", tmp_path / "m.json", houses)
    assert code == 2
    assert "has no column 'age': it has area, rooms, price, sold" in error


def test_a_score_with_weights(capsys, houses, tmp_path):
    model = tmp_path / "m.json"
    weighted = ("--target", "price", "--features", "area", "--weights", "sold")
    _, fitted, _ = run(capsys, "fit", houses, *weighted, "--out", model)
    _, scored, _ = run(capsys, "score", model, houses, "--weights", "sold")
    assert fitted.split("R2")[1].split()[0] == scored.split("R2")[1].split()[0]
    assert run(capsys, "score", model, houses)[1] != scored
    code, _, error = run(capsys, "score", model, houses, "--weights", "prise")
    assert code == 2
    assert "no column 'prise'" in error


@pytest.mark.parametrize("name", DATASETS)
def test_demo(capsys, tmp_path, name):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "picture.png"
    code, text, _ = run(capsys, "demo", name, "--plot", picture)
    assert code == 0
    assert "least squares:" in text
    assert "scikit-learn:" in text
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 10_000


def test_where_output_may_go(capsys, houses, tmp_path):
    model = tmp_path / "m.json"
    assert run(capsys, "fit", houses, "--target", "price", "--out", model)[0] == 0
    code, text, error = run(capsys, "predict", model, houses, "--out", "")
    assert (code, text) == (2, "")
    assert "the name of the file to write is empty" in error
    if os.path.exists("/dev/null"):  # written to directly
        assert run(capsys, "predict", model, houses, "--out", "/dev/null")[0] == 0
        assert not os.path.isfile("/dev/null")


def test_coefficients_that_no_float_can_hold(capsys, tmp_path):
    table = tmp_path / "tiny.csv"
    rows = "\n".join(f"{i}e-320,{i}e5" for i in range(1, 9))
    table.write_text(f"a,y\n{rows}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        found = [run(capsys, command, table, "--target", "y") for command in ("fit", "descend")]
    for code, _, error in found:
        assert code == 2
        assert "the coefficients of a are too large for a float: use other units" in error
        assert "ldexp" not in error


@pytest.mark.parametrize("features", ["area", "area,rooms"])
def test_pictures_of_a_table(capsys, houses, tmp_path, features):
    pytest.importorskip("matplotlib")
    for command in ("fit", "descend"):
        picture = tmp_path / f"{command}.png"
        arguments = (houses, "--target", "price", "--features", features, "--plot", picture)
        code, text, _ = run(capsys, command, *arguments)
        assert code == 0
        assert f"picture written to {picture}" in text
        assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.filterwarnings("default")  # as on the command line: printed
def test_descend(capsys, houses):
    found = {}
    for method in ("gd", "momentum", "nesterov", "cg", "sgd"):
        code, text, error = run(capsys, "descend", houses, "--target", "price", "--method", method)
        assert code == 0, error
        found[method] = text.splitlines()[0]
        told = dict(line.split(None, 1) for line in text.splitlines()[2:] if line[:2] != "to")
        assert told["converged"] == ("no" if "not converged" in error else "yes")
    _, fitted, _ = run(capsys, "fit", houses, "--target", "price")
    del found["sgd"]
    assert set(found.values()) == {fitted.splitlines()[0]}
    arguments = ("--target", "price", "--raw", "--learning-rate", "1")
    code, text, error = run(capsys, "descend", houses, *arguments)
    assert code == 1  # a script can tell
    assert "the descent diverged: its loss rose" in error
    assert "above the largest stable step" in error
    assert "never, by the spectrum" in text
    for wrong, says in (
        (("--method", "newton"), "invalid choice"),
        (("--plot", "loss.doc"), "its ending names the kind"),
        (("--learning-rate", "fast"), "--learning-rate must be 'auto' or a number"),
        (("--max-iter", "0"), "'max_iter' parameter"),
        (("--tol", "-1"), "'tol' parameter"),
    ):  # all of it before a table is looked for
        code, text, error = run(capsys, "descend", "nowhere.csv", "--target", "price", *wrong)
        assert (code, text) == (2, "")
        assert says in error


def test_demo_without_matplotlib(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.chdir(tmp_path)
    code, text, _ = run(capsys, "demo", "age")
    assert code == 0
    assert "no picture: pictures need matplotlib: pip install 'linreg_fast[plot]'" in text
    assert run(capsys, "demo", "age", "--plot", "p.png")[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_a_demo_that_is_wrong_ends_with_1(capsys, monkeypatch):
    data = DATASETS["drug"]()
    spoiled = data._replace(expected=data.expected | {"slope": 1.3001})
    monkeypatch.setitem(DATASETS, "drug", lambda: spoiled)
    code, text, _ = run(capsys, "demo", "drug", "--no-plot")
    assert code == 1
    assert "NOT AS EXPECTED: slope: expected 1.3001" in text


def test_bench_prints_every_rung_and_solver(capsys, tmp_path):
    pytest.importorskip("rich")
    out = tmp_path / "bench.json"
    few = ("--quick", "--n", 3000, "--p", 3, "--seconds", 0.02)
    code, text, error = run(capsys, "bench", *few, "--json", out)
    assert code == 0, text + error
    for name in (*RUNGS, *SOLVERS, "LinearRegression", "scikit-learn"):
        assert name in text
    assert "WRONG" not in text
    tables = json.loads(out.read_text())["tables"]
    assert [table["problem"] for table in tables] == list(PROBLEMS)
    for table in tables:
        for row in table["rows"]:
            assert row["correct"]
            assert 0 < row["minimum"] <= row["median"]
            assert row["bytes"] >= table["bytes"]
            assert row["temporaries"] >= 0


def test_bench_on_a_file(capsys, houses):
    pytest.importorskip("rich")
    options = ("--target", "price", "--problem", "fit", "--quick", "--rows", "nnls,qr")
    code, text, _ = run(capsys, "bench", "--data", houses, *options)
    assert code == 0
    assert "60 x 3" in text


def test_info(capsys):
    code, text, _ = run(capsys, "info")
    assert code == 0
    for word in ("linreg_fast", "numba", "threads", "layer", "cache folder"):
        assert word in text


@pytest.mark.parametrize(
    ("command", "table"),
    [("fit", SOLVERS), ("descend", METHODS), ("bench", PROBLEMS), ("demo", DATASETS)],
)
def test_help_lists_what_stands_in_the_tables(capsys, command, table):
    code, text, _ = run(capsys, command, "--help")
    assert code == 0
    assert ", ".join(table) in " ".join(text.split())


def test_warmup(capsys):
    code, text, _ = run(capsys, "warmup")
    assert code == 0
    assert "functions compiled" in text
    code, _, error = run(capsys, "warmup", "--also", "nothing")
    assert code == 2
    assert "also must name some of frames" in error


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(capsys, command):
    code, text, _ = run(capsys, command, "--help")
    assert code == 0
    assert f"linreg-fast {command}" in text.partition("examples:")[2]


def test_the_readme_names_every_command_and_their_table_every_file():
    package = Path(linreg_fast.__file__).parent
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"linreg-fast {name}" in readme
        assert (package / "cli" / f"{name}.py").exists()


def test_as_a_module_and_into_a_closed_pipe(houses, tmp_path):
    Model(["area"], "price", np.ones(1), 0.0, {}).save(tmp_path / "m.json")
    command = f"{sys.executable} -m linreg_fast predict {tmp_path / 'm.json'} {houses} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("price\n", "")


@pytest.mark.slow
def test_a_reader_of_bench_who_has_had_enough():
    pytest.importorskip("rich")
    command = [sys.executable, "-m", "linreg_fast", "bench", "--quick", "--problem", "mse"]
    few = ["--n", "200", "--p", "2", "--rows", "jit,tiled"]
    with subprocess.Popen(
        [*command, *few], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as bench:
        assert b"linreg_fast" in bench.stdout.readline()
        bench.stdout.close()
        assert bench.wait() == 0


@pytest.mark.filterwarnings("default")  # as on the command line: printed
def test_a_model_is_written_whoever_reads_the_report(rng, tmp_path):
    table, model = tmp_path / "wide.csv", tmp_path / "m.json"
    names = ",".join(f"a column with a long name, number {j}".replace(",", "") for j in range(400))
    rows = [",".join(f"{x:.3f}" for x in row) for row in rng.normal(size=(405, 401))]
    table.write_text("\n".join([f"{names},y", *rows]))
    command = [sys.executable, "-m", "linreg_fast", "fit", str(table), "--target", "y"]
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")
    files = ["--out", str(model), "--plot", str(tmp_path / "p.png")]
    with subprocess.Popen(
        [*command, *files], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as fit:
        fit.stdout.close()
        assert b"Traceback" not in fit.stderr.read()
        assert fit.wait() == 0
    assert len(Model.load(model).features) == 400
    assert (tmp_path / "p.png").stat().st_size > 10_000


def test_a_full_disk_and_letters_of_any_alphabet(tmp_path):
    table, model = tmp_path / "t.csv", tmp_path / "m.json"
    table.write_text("面積,y\n1,2\n2,4\n3,7\n", encoding="utf-8")
    command = [sys.executable, "-m", "linreg_fast", "fit", table, "--target", "y", "--out", model]
    ascii_only = os.environ | {"PYTHONIOENCODING": "ascii"}
    full = os.path.exists("/dev/full")
    with open("/dev/full" if full else os.devnull, "w") as screen:
        done = subprocess.run(
            command, env=ascii_only, stdout=screen, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == (2 if full else 0)
    assert ("No space left" in done.stderr) == full  # and not a letter that ASCII lacks
    assert "Exception ignored" not in done.stderr
    assert Model.load(model).features == ["面積"]


@pytest.mark.filterwarnings("default")
def test_columns_that_nearly_depend_are_named(capsys, tmp_path):
    rows = [f"{i / 7!r},{i / 7 + 1e-9 * (i * i % 5)!r},{3 * i + i * i % 11}" for i in range(20)]
    (tmp_path / "t.csv").write_text("\n".join(["alpha,beta,y", *rows]))
    code, _, error = run(capsys, "fit", tmp_path / "t.csv", "--target", "y")
    assert code == 0
    assert "columns alpha, beta of X nearly depend on each other" in error


@pytest.mark.filterwarnings("default")
def test_row_numbers_that_a_data_frame_wrote(capsys, tmp_path):
    pa = pytest.importorskip("pyarrow", reason="Parquet needs the extra 'arrow'")
    from pyarrow import parquet

    big = [2**53 + 1, 2**60, 5]  # no floats: rounded, as from a CSV
    table = pa.table({"a": big, "y": [1.0, 2, 9], "__index_level_0__": [0, 1, 3]})
    parquet.write_table(table, tmp_path / "t.parquet")
    code, text, error = run(capsys, "fit", tmp_path / "t.parquet", "--target", "y")
    assert code == 0, error
    assert "what has no name is left out (column 3 '__index_level_0__')" in error
    assert "__index" not in text


@pytest.mark.filterwarnings("default")  # as on the command line: printed
def test_a_column_without_a_name_is_left_out(capsys, tmp_path):
    table, model = tmp_path / "rows.csv", tmp_path / "m.json"
    table.write_text(",x,y,\n0,1,2,\n1,3,3,\n2,2,9,\n3,5,4,\n")
    code, _, error = run(capsys, "fit", table, "--target", "y", "--out", model)
    assert code == 0
    assert "what has no name is left out (column 1, 4)" in error
    assert Model.load(model).features == ["x"]
    assert run(capsys, "score", model, table)[0] == 0


def test_an_error_of_our_own_is_no_traceback(capsys, houses, monkeypatch):
    monkeypatch.setitem(sys.modules["linreg_fast.cli.fit"].__dict__, "read_rows", lambda *a: 1 / 0)
    code, _, error = run(capsys, "fit", houses, "--target", "price")
    assert code == 2
    assert "internal error: ZeroDivisionError" in error
