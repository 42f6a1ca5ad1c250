"""bench, explain and info --limits on the command line: what they write, and what they refuse."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from command_line import run

from linreg_fast.bench import record

pytest.importorskip("rich")
SMALL = ("--n", "300", "--p", "3", "--seconds", "0.01")
MINE = """
import sys
import numpy as np

def mine(X, y):
    return np.linalg.lstsq(np.column_stack([np.ones(len(X)), X]), y, rcond=None)[0]

def wrong(X, y):
    return mine(X, y) * 1.001

def leaves(X, y):
    sys.exit(7)
"""


@pytest.mark.slow
def test_all_files_of_one_run_come_from_one_record(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    files = {kind: tmp_path / f"out.{kind}" for kind in ("json", "html", "svg")}
    few = (*SMALL, "--rows", "jit,tiled", "--problem", "mse")
    options = ("--json", files["json"], "--html", files["html"], "--plot", files["svg"])
    code, text, error = run(capsys, "bench", *few, *options)
    assert code == 0, text + error
    saved = record.loads(files["json"].read_text())
    assert saved["version"] == record.VERSION
    assert files["html"].read_text().startswith("<!doctype html>")
    assert "<svg" in files["svg"].read_text()
    code, text, _ = run(capsys, "bench", *few, "--against", files["json"])
    assert code == 0
    assert "undecided" in text
    other = (*SMALL, "--rows", "qr", "--problem", "fit")
    code, _, error = run(capsys, "bench", *other, "--against", files["json"])
    assert code == 2
    assert "none of these tables" in error


@pytest.mark.slow
def test_ones_own_rows_and_exit_code_1(capsys, tmp_path):
    path = tmp_path / "own.py"
    path.write_text(MINE)
    rows = ("--rows", "qr,LinearRegression", "--add", path)
    code, text, error = run(capsys, "bench", *SMALL, "--problem", "fit", *rows)
    assert code == 1
    assert "3 wrong" not in error
    assert "2 wrong: wrong, leaves" in error
    assert "SystemExit: 7" in text
    assert "WRONG: differs by 1e-03" in text
    lines = [line for line in text.splitlines() if line.startswith(("mine", "qr"))]
    assert len(lines) == 2
    assert all(" us" in line or " ms" in line for line in lines)


@pytest.mark.slow
def test_several_processes(capsys, tmp_path):
    out = tmp_path / "runs.json"
    options = (*SMALL, "--problem", "mse", "--runs", 2, "--rows", "jit,tiled", "--json", out)
    code, text, error = run(capsys, "bench", *options)
    assert code == 0, text + error
    (table,) = record.loads(out.read_text())["tables"]
    assert all(len(row["runs"]) == 2 for row in table["rows"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--add", "nowhere.py"), "there is no such file"),
        (("--add", "math:pi", "--problem", "mse"), "neither a function nor an estimator"),
        (("--rows", "warp"), "there is no row 'warp'"),
        (("--rows", ","), "names none"),
        (("--seconds", "0"), "not a number above 0"),
        (("--seconds", "nan"), "not a number above 0"),
        (("--runs", "0"), "not a number above 0"),
        (("--sweep", "size"), "invalid choice"),
        (("--json", "a.json", "--html", "a.json"), "name one file twice"),
        (("--html", "no/such/a.html"), "no folder"),
        (("--against", "no.json"), "No such file"),
        (("--plot", "a.nothing"), "its ending names the kind"),
        (("--n", "2000000000", "--p", "1000"), "GB are free"),
    ],
)
def test_bad_input_is_told_before_the_work(capsys, tmp_path, monkeypatch, options, told):
    if "--plot" in options:
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    code, text, error = run(capsys, "bench", *options)
    assert code == 2
    assert told in error
    assert "time" not in text.split()
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_is_not_written(capsys, tmp_path):
    saved = tmp_path / "saved.json"
    saved.write_text("{}")
    code, _, error = run(capsys, "bench", "--against", saved, "--json", saved)
    assert code == 2
    assert "is read here" in error
    assert saved.read_text() == "{}"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name == "nt", reason="no such signal")
def test_what_is_done_is_written_when_interrupted(tmp_path):
    out = tmp_path / "out.json"
    options = ["--n", "3000", "--p", "3", "--seconds", "1", "--problem", "mse,fit"]
    options += ["--rows", "jit,compensated,nnls,qr,svd,lsqr,gradient_descent"]
    command = [sys.executable, "-m", "linreg_fast", "bench", *options, "--json", str(out)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as bench:
        for line in bench.stdout:
            if "compensated" in line:  # the first table's last row
                break
        time.sleep(0.5)
        bench.send_signal(signal.SIGINT)
        bench.stdout.read()
        assert bench.wait() == 130
    assert [table["problem"] for table in json.loads(out.read_text())["tables"]] == ["mse"]


@pytest.mark.needs_jit
def test_explain(capsys, tmp_path):
    out = tmp_path / "out.json"
    options = ("--n", 300, "--p", 3, "--no-remarks", "--json", out)
    code, text, error = run(capsys, "explain", "gradient", "tiled", *options)
    assert code == 0, error
    assert "steps/by_rows.py" in text
    assert "flops for each" in text
    assert json.loads(out.read_text())["hot"]["facts"]["instructions"] > 0
    code, _, error = run(capsys, "explain", "gradient", "warp")
    assert code == 2
    assert "unknown rung 'warp'" in error


def test_info_with_limits(capsys):
    code, text, _ = run(capsys, "info", "--limits")
    assert code == 0
    assert "first cache" in text or "NUMBA_DISABLE_JIT" in text
