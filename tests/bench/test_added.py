"""Rows from outside: wrong ones are told in a sentence, the others go on."""

import dataclasses
import json
import sys
import types

import numpy as np
import pytest

from linreg_fast import bench
from linreg_fast.bench import added, apart, cases, children, report, sweep, trial, watch
from linreg_fast.bench.record import all_wrong
from linreg_fast.bench.session import Plan, Session
from linreg_fast.kernels.rungs import vectorized

SOLVERS = '''
"""Some ways to fit."""
import itertools, os, sys
import numpy as np

def good(X, y):
    "lstsq with a column of ones"
    return np.linalg.lstsq(np.column_stack([np.ones(len(X)), X]), y, rcond=None)[0]

def two(X, y):
    found = good(X, y)
    return found[1:], found[0]

def wrong(X, y):
    return good(X, y) * 1.00001

def hangs(X, y, times=[]):
    times.append(1)
    if len(times) > 9:
        sum(itertools.count())  # in C, with the interpreter's lock
    return good(X, y)

def tires(X, y, times=[]):
    times.append(1)
    if len(times) > 9:
        sys.exit(7)
    return good(X, y)

def writes(X, y):
    found = good(X, y)
    base = X
    while base.base is not None:
        base = base.base
    base.setflags(write=True)
    base.reshape(-1)[0] += 1e-3
    return found

def leaves(X, y, times=[]):
    times.append(1)
    if len(times) > 40:
        os._exit(0)
    return good(X, y)

class Model:
    "an estimator"
    def fit(self, X, y):
        return self

def three(X, y, more): ...
_hidden = good
'''


def least_squares(X, y):
    return np.linalg.lstsq(np.column_stack([np.ones(len(X)), X]), y, rcond=None)[0]


def remembering():
    memory = {}

    def solve(X, y):
        key = id(X), id(y)
        if key not in memory:
            memory[key] = least_squares(X, y)
        return memory[key]

    return solve


def writing(X, y):
    y -= y.mean()
    return least_squares(X, y)


def licensed(X, y):
    raise RuntimeError("no licence")


FAULTS = {
    "remembers": (remembering(), "does it remember answers?"),
    "writes": (writing, "read-only"),
    "raises": (licensed, "RuntimeError: no licence"),
    "short": (lambda X, y: least_squares(X, y)[1:], "returned 3 numbers; wanted"),
    "a function": (lambda X, y: least_squares, "returned function; wanted"),
    "wrong": (lambda X, y: least_squares(X, y) * 1.00001, "WRONG: differs by 1e-05"),
    "not finite": (lambda X, y: least_squares(X, y) * np.nan, "WRONG"),
    "pair": (lambda X, y: (least_squares(X, y)[1:], np.zeros(2)), "returned shapes (3,) and (2,)"),
}


def test_faults_are_told_and_the_others_go_on(rng):
    X = rng.normal(3, 1, (200, 3))
    y = X @ rng.normal(size=3) + rng.normal(size=200)
    rows = ["qr", ("good", least_squares), *((name, way) for name, (way, _) in FAULTS.items())]
    found = bench.compare(X, y, rows, seconds=0.01)
    assert sorted(found.wrong) == sorted(FAULTS)
    for name, (_, told) in FAULTS.items():
        assert told in found[name]["note"], (name, found[name]["note"])
        assert found[name]["median"] is None
    for name in ("qr", "good"):
        assert found[name]["median"] > 0
        assert found[name]["correct"]
    assert "does it remember" in repr(found)
    assert "no licence" in found._repr_html_()
    np.testing.assert_array_equal(X @ [1, 2, 3], X @ [1, 2, 3])


def test_a_file_gives_its_functions(tmp_path):
    path = tmp_path / "solvers.py"
    path.write_text(SOLVERS)
    rows = added.load(str(path))["fit"]
    assert [row.name for row in rows] == [
        *("good", "two", "wrong", "hangs", "tires", "writes", "leaves", "Model"),
    ]
    assert rows[0].why == "lstsq with a column of ones"
    X, y = cases.generate(50, 3)
    coef, intercept = rows[1].solve(X, y)
    assert coef.shape == (3,)
    assert intercept.shape == (1,)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("good", ""),
        ("wrong", "WRONG: differs by 1e-05"),
        ("tires", "SystemExit in a later call: 7"),
        ("writes", "wrote to X"),
    ],
)
def test_a_trial_tells_what_is_wrong(tmp_path, name, told):
    path = tmp_path / "solvers.py"
    path.write_text(SOLVERS)
    (row,) = (row for row in added.load(str(path))["fit"] if row.name == name)
    X, y = cases.generate(100, 3)
    before = X.copy()
    found = trial.tried("fit", row, X, y, row.reference(X, y))
    assert told in found
    assert bool(told) == bool(found)
    np.testing.assert_array_equal(X, before)


@pytest.mark.slow  # a process, and one more for each row that does not come back
def test_a_row_that_does_not_come_back_is_told_and_the_others_go_on(tmp_path):
    path = tmp_path / "solvers.py"
    path.write_text(SOLVERS)
    X, y = cases.generate(100, 3)
    plan = Plan(("fit",), 0.01, ("qr",), (str(path),))
    foreign = [row.name for row in added.load(str(path))["fit"]]
    said = []
    asked = plan, ["table", "given", "fit"], (X, y), foreign, said.append
    (table,) = apart.results(*asked, patience=5.0)
    rows = {row["name"]: row for row in table["rows"]}
    for name, told in (
        ("hangs", "no answer within 5 s in a later call"),
        ("leaves", "exit code 0 before it was timed"),
    ):
        assert told in rows[name]["note"]
        assert rows[name]["correct"] is False
    for name in ("qr", "good", "two"):
        assert rows[name]["median"] > 0
    assert any("rounds of all rows" in text for text in said)
    assert children.ended(-11) == "its process was ended by SIGSEGV"


@pytest.mark.needs_jit
def test_rows_from_outside_stand_in_the_tables_of_people(tmp_path):
    path = tmp_path / "solvers.py"
    path.write_text(SOLVERS[: SOLVERS.index("def wrong")])
    plan = Plan(("dummies",), 0.0, ("LinearRegression",), (str(path),), size=(90, 14))
    with_dummies, dependent = Session(plan, watch=watch.Watch()).results(["people", "dummies"], ())
    rows = {row["name"]: row for row in with_dummies["rows"]}
    assert set(rows) == {"LinearRegression", "good", "two"}
    assert all(row["correct"] for row in rows.values())
    # lstsq finds another one of many solutions.
    notes = [row["note"] for row in dependent["rows"] if row["kind"] == "added"]
    assert all("not compared" in note for note in notes)


def test_an_expression_gives_an_estimator(rng):
    rows = added.load("sklearn.linear_model:Ridge(alpha=1e-12)")["fit"]
    assert [row.name for row in rows] == ["Ridge(alpha=1e-12)"]
    table = report.one_table("x", "fit", [rows[0]._replace(source="")], *cases.generate(60, 2), 0.0)
    assert table["rows"][0]["correct"]


def test_a_module_of_the_contract_is_a_rung(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        '"""My rung."""\nfrom linreg_fast.kernels.rungs import vectorized\n'
        "def mse(*args):\n    return vectorized.mse(*args)\n"
    )
    found = added.load(str(path))
    assert list(found) == ["mse"]
    (row,) = found["mse"]
    assert (row.name, row.why) == ("mine", "My rung")
    X, y = cases.generate(40, 3)
    coef, intercept = np.linspace(1.0, 2.0, 3), 0.5
    assert row.solve(X, y)[0][0] == vectorized.mse(X, y, coef, intercept)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def f(:\n", "line 1"),
        ("x = 1\nx = 1 / 0\n", "line 2: ZeroDivisionError"),
        ("import sys\nsys.exit(4)\n", "SystemExit: 4"),
        ("x = 1\n", "no public function"),
    ],
)
def test_a_file_that_gives_nothing_says_why(tmp_path, text, told):
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(ValueError, match=told):
        added.load(str(path))


def test_other_things_that_cannot_be_added(tmp_path):
    for spec, told in (
        ("nowhere.py", "no such file"),
        ("no_such_module_at_all:x", "ModuleNotFoundError"),
        ("math:nothing", "NameError"),
        ("math:pi", "neither a function nor an estimator"),
    ):
        with pytest.raises(ValueError, match=told):
            added.load(spec)
    rows = [added.fit_row("twice", least_squares)] * 2
    with pytest.raises(ValueError, match="'twice'"):
        added.checked_names(rows)
    with pytest.raises(ValueError, match="there is no row 'qrr'"):
        bench.compare(np.eye(3), np.ones(3), ["qrr"])
    with pytest.raises(ValueError, match="two rows are called"):
        bench.compare(np.eye(3), np.ones(3), [least_squares, least_squares])


@pytest.mark.slow  # a process
def test_a_file_that_ends_the_process_is_told(tmp_path):
    path = tmp_path / "solvers.py"
    path.write_text("import os\nos._exit(4)\n")
    with pytest.raises(ValueError, match="exit code 4"):
        apart.listed(str(path))


def test_what_a_process_gives(tmp_path):
    path = tmp_path / "solvers.py"
    (tmp_path / "task.json").write_text(json.dumps({"list": str(path)}))
    path.write_text(SOLVERS)
    apart.main([tmp_path])
    assert json.loads((tmp_path / "0.json").read_text())["fit"][0] == "good"
    path.write_text("def f(:\n")
    apart.main([tmp_path])
    assert "does not import" in json.loads((tmp_path / "0.json").read_text())
    # A wish that cannot be met is the caller's error.
    plan = dataclasses.asdict(Plan(("dummies",), 0.0, size=(20, 5)))
    asked = {"plan": plan, "task": ["people", "dummies"], "faulty": {}, "skip": 0}
    (tmp_path / "task.json").write_text(json.dumps(asked))
    apart.main([tmp_path])
    wished, text = json.loads((tmp_path / "error").read_text())
    assert wished
    assert "need 14 columns" in text


ORPHAN = """
import sys
from linreg_fast.bench import children
children.LOOKS = 0.05
children.end_with_parent()
sys.stderr.write("ready")
sys.stderr.close()
while True: pass
"""
PARENT = """
import subprocess, sys
with subprocess.Popen([sys.executable, "-c", sys.argv[1]], stderr=subprocess.PIPE) as child:
    child.stderr.read(5)
    import os
    os._exit(3)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="children do not learn there that it ended")
def test_a_process_that_hangs_ends_with_its_parent():
    # Nobody is left who holds the output open.
    assert children.run(["-c", PARENT, ORPHAN], patience=60).returncode == 3


def test_digits_are_of_rows_that_come_back(rng):
    right = added.fit_row("good", least_squares)
    seen = []

    class Told(watch.Watch):
        def at(self, name, when=""):
            seen.append((name, when))

    found = sweep.condition((1e1, 1e3), rows_of=[right], watch=Told())
    assert min(found["rows"]["good"]) > 10
    assert seen[0] == ("good", " at condition number 1e+01")
    record = {"tables": [], "digits": {**found, "faulty": {"late": "no answer"}}}
    assert all_wrong(record) == ["late"]


def test_classes_and_instances_are_estimators():
    class Least:
        def fit(self, X, y):
            found = least_squares(X, y)
            self.coef_, self.intercept_ = found[1:], found[0]
            return self

        def get_params(self, deep=True):
            return {}

    X, y = cases.generate(30, 2)
    for thing in (Least, Least()):
        coef, _ = added.fit_row("least", thing).solve(X, y)
        np.testing.assert_allclose(coef, least_squares(X, y)[1:])
    with pytest.raises(ValueError, match="neither"):
        added.way_of(types.SimpleNamespace(), "nothing")
