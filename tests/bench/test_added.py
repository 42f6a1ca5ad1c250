"""Rows from outside: wrong ones are told in a sentence, the others go on."""

import json
import types

import numpy as np
import pytest

from linreg_fast import bench
from linreg_fast.bench import added, cases, report, trial
from linreg_fast.kernels.rungs import vectorized

SOLVERS = '''
"""Some ways to fit."""
import ctypes, sys, time
import numpy as np

def good(X, y):
    "lstsq with a column of ones"
    return np.linalg.lstsq(np.column_stack([np.ones(len(X)), X]), y, rcond=None)[0]

def two(X, y):
    found = good(X, y)
    return found[1:], found[0]

def wrong(X, y):
    return good(X, y) * 1.00001

def hangs(X, y):
    time.sleep(1000)

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

def leaves(X, y):
    sys.exit(3)

def crashes(X, y):
    ctypes.string_at(0)

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
        *("good", "two", "wrong", "hangs", "tires", "writes", "leaves", "crashes", "Model"),
    ]
    assert rows[0].why == "lstsq with a column of ones"
    X, y = cases.generate(50, 3)
    coef, intercept = rows[1].solve(X, y)
    assert coef.shape == (3,)
    assert intercept.shape == (1,)


@pytest.mark.slow  # each is a process
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("good", ""),
        ("wrong", "WRONG: differs by 1e-05"),
        ("hangs", "no answer within"),
        ("leaves", "exit code 3"),
        ("crashes", "SIGSEGV"),
        ("tires", "exit code 7"),
        ("writes", "wrote to X"),
    ],
)
def test_what_would_take_the_bench_with_it_is_tried_elsewhere(tmp_path, name, told):
    path = tmp_path / "solvers.py"
    path.write_text(SOLVERS)
    (row,) = (row for row in added.load(str(path))["fit"] if row.name == name)
    X, y = cases.generate(100, 3)
    found = trial.tried("fit", row, X, y, patience=3 if name == "hangs" else 60)
    assert told in found
    assert bool(told) == bool(found)


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


def test_the_list_of_names_comes_from_another_process(tmp_path):
    path = tmp_path / "solvers.py"
    path.write_text(SOLVERS)
    out = tmp_path / "answer.json"
    trial.main(["list", str(path), str(out)])
    assert json.loads(out.read_text())["found"]["fit"][0] == "good"
    path.write_text("def f(:\n")
    trial.main(["list", str(path), str(out)])
    assert "does not import" in json.loads(out.read_text())["error"]


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
