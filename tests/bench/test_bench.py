"""The bench refuses what is wrong, and shows what the tables hold without being told."""

import sys
import types

import numpy as np
import pytest

from linreg_fast import wording
from linreg_fast.bench import affordable, agreement, cases, expected, measure, report
from linreg_fast.kernels import KERNELS, RUNGS, Rung
from linreg_fast.solvers import SOLVERS, Solver


def measured(problem, n=400, p=4):
    X, y = cases.generate(n, p, seed=1)
    (table,) = report.run([("test", X, y)], [problem], budget=0.0)
    return {row["name"]: row for row in table["rows"]}


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("place", range(4))
def test_a_coefficient_wrong_by_a_thousandth_is_refused(monkeypatch, name, place):
    import importlib

    module = importlib.import_module(f"linreg_fast.solvers.{name}")
    honest = module.solve

    def dishonest(problem, **options):
        solution = honest(problem, **options)
        solution.coef[place] *= 1.001
        return solution

    if name == "nnls":  # of its coefficients some are zero: those cannot be wrong by a factor
        X, y = cases.generate(400, 4, seed=1)
        if expected.expected_fit(X, y, positive=True).values[0][place] == 0:
            return
    monkeypatch.setattr(module, "solve", dishonest)
    rows = measured("fit")
    wrong = {key for key, row in rows.items() if row["correct"] is False}
    assert wrong == ({f"cholesky on {rung}" for rung in RUNGS} if name == "cholesky" else {name})
    for key in wrong:
        assert rows[key]["median"] is None
        assert rows[key]["disagreement"] > 1e-4


def test_a_wrong_short_way_is_refused(monkeypatch):
    from linreg_fast.kernels.moments import one_call

    honest = one_call.moments_of

    def dishonest(X, Y):
        weight, mean, comoment, noise = honest(X, Y)
        comoment[0, :-1, -1] *= 1.001
        return weight, mean, comoment, noise

    monkeypatch.setattr(one_call, "moments_of", dishonest)
    rows = measured("fit")
    assert {key for key, row in rows.items() if row["correct"] is False} == {"LinearRegression"}


@pytest.mark.parametrize("problem", KERNELS)
@pytest.mark.parametrize("rung", RUNGS)
def test_a_wrong_kernel_is_refused(monkeypatch, rung, problem):
    kernels = RUNGS[rung].kernels
    honest = getattr(kernels, problem)

    def dishonest(*args):
        result = honest(*args)
        if problem == "mse":
            return result * 1.001
        changed = list(result)
        changed[-1] = changed[-1] * 1.001
        return tuple(changed)

    monkeypatch.setattr(kernels, problem, dishonest)
    rows = measured(problem)
    assert [key for key, row in rows.items() if row["correct"] is False] == [rung]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value):
    right = expected.Expected((np.ones(2),), (np.ones(2),))
    assert agreement.disagreement((np.array([1.0, value]),), right) == np.inf
    assert agreement.disagreement((np.ones(3),), right) == np.inf
    assert agreement.disagreement((np.ones(2),), right) == 0


def test_a_new_solver_and_a_new_rung_need_one_line(monkeypatch):
    new = types.ModuleType("linreg_fast.solvers.new")
    new.solve = SOLVERS["qr"].solve
    monkeypatch.setitem(sys.modules, new.__name__, new)
    monkeypatch.setitem(SOLVERS, "new", Solver("new", "a test", "none", 1e-9))
    assert measured("fit")["new"]["correct"]
    monkeypatch.setitem(sys.modules, "linreg_fast.kernels.rungs.new", RUNGS["jit"].kernels)
    monkeypatch.setitem(RUNGS, "new", Rung("new", "a test", (1, 1, 1)))
    assert measured("moments")["new"]["correct"]
    assert measured("fit")["cholesky on new"]["correct"]


def test_a_slow_row_runs_on_fewer_rows(monkeypatch):
    monkeypatch.setattr(affordable, "SLOWEST_CALL", 1e-3)
    rows = [row for row in cases.rows("moments") if row.name in ("loops", "vectorized")]
    data = [("test", *cases.generate(20_000, 4))]
    (table,) = report.run(data, ["moments"], budget=0.0, choose=lambda problem: rows)
    loops = table["rows"][0]
    assert loops["scaled"]
    assert loops["n_rows"] < 20_000
    assert loops["correct"]


def test_a_hopeless_row_is_not_run(monkeypatch):
    monkeypatch.setattr(affordable, "SLOWEST_CALL", 0.05)
    monkeypatch.setattr(affordable, "HOPELESS", 0.02)  # it takes about 0.1
    (row,) = (row for row in cases.rows("fit") if row.name == "cholesky on loops")
    found = measure.prepare("fit", row, *cases.generate(400, 100, seed=1), expected.Remembered())
    assert found.correct is None
    assert "too slow for this many columns" in found.note


def test_a_solver_that_cannot_is_no_failure():
    X, y = cases.generate(300, 4)
    X[:, 3] = X[:, 0]
    (table,) = report.run([("test", X, y)], ["fit"], budget=0.0)
    rows = {row["name"]: row for row in table["rows"]}
    for name in ("cholesky on jit", "qr"):
        assert rows[name]["correct"] is None
        assert rows[name]["note"].startswith("not for this data: the columns of X depend")
    assert rows["svd"]["correct"]
    assert rows["LinearRegression"]["correct"]


def hard_problems(rng):
    """Where scikit-learn loses all digits of some coefficients, and the right answer is known."""
    mixed = rng.normal(size=(30, 4)) * [1, 1, 1, 0]
    mixed[:, 3] = 10.0 ** rng.uniform(-12, 12, 30)
    far = 1e15 + np.arange(12.0)[:, None]
    years = np.arange(2000.0, 2030)[:, None] ** np.arange(1, 7)
    powers = np.linspace(-8.7, -3.1, 40)[:, None] ** np.arange(1, 11)
    for X in (mixed, far, years, powers):
        y = rng.normal(size=len(X)) + (X - X.mean(axis=0)) @ (1 / X.std(axis=0))
        yield np.ascontiguousarray(X), y


@pytest.mark.filterwarnings("ignore")  # of lost digits, and of descents that do not arrive
def test_no_right_answer_is_called_wrong(rng):
    for X, y in hard_problems(rng):
        tables = report.run([("hard", X, y)], ["moments", "fit"], budget=0.0)
        for row in (row for table in tables for row in table["rows"]):
            right = row["correct"] is not False or row["name"] == "scikit-learn"
            assert right, (X.shape, row["name"], row["disagreement"], row["tolerance"])


def test_single_precision_and_cancelled_terms_are_right(rng):
    X = rng.normal(size=(100, 2)).astype(np.float32)
    coef, intercept = expected.coefficients(2)
    near = X @ coef + intercept  # nothing is left of a residual but its rounding
    for y in (rng.normal(size=100).astype(np.float32), near):
        tables = report.run([("single", X, y)], budget=0.0)
        rows = [row for table in tables for row in table["rows"]]
        assert [row["name"] for row in rows if not row["correct"]] == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("close", [1e-13, 1e-14])
def test_a_rank_that_rounding_decides_is_nobodys_fault(rng, close):
    x = rng.normal(size=(200, 3))
    X = np.column_stack([x, x[:, 0] + close * rng.normal(size=200)])
    (table,) = report.run([("near", X, rng.normal(size=200))], ["fit"], budget=0.0)
    assert not [row["name"] for row in table["rows"] if row["correct"] is False]
    notes = {row["name"]: row["note"] for row in table["rows"]}
    assert "matter of rounding" in notes["LinearRegression"]


@pytest.mark.filterwarnings("ignore")
def test_predictions_that_are_wrong_by_a_thousandth_are_refused(monkeypatch, rng):
    honest = cases._estimator
    monkeypatch.setattr(cases, "_estimator", lambda X, y: [part * 1.001 for part in honest(X, y)])
    verdicts = []
    for X, y in hard_problems(rng):
        (table,) = report.run([("hard", X, y)], ["fit"], budget=0.0)
        (row,) = (row for row in table["rows"] if row["name"] == "LinearRegression")
        verdicts.append(row["correct"])
    assert verdicts in ([False] * 4, [False, False, None, False])  # rounding may do it to powers


def test_temporaries_are_seen():
    X, y = cases.generate(50_000, 10)
    rows = {row.name: row for row in cases.rows("gradient")}
    rows["jit"].solve(X, y)  # compiled
    assert affordable.held(rows["vectorized"], X, y) > 50_000 * 8
    assert affordable.held(rows["jit"], X, y) < 10_000
    assert measured("gradient")["vectorized"]["temporaries"] > 0


def test_numbers_as_people_read_them():
    assert wording.seconds(0.0123) == "12.3 ms"
    assert wording.seconds(2.5) == "2.50 s"
    assert wording.seconds(3e-7) == "0.30 us"
    assert wording.amount(88_000_000) == "88.0 M"
    assert wording.amount(12) == "12 "
    assert wording.ratio(None, 1.0) == "-"
    assert [wording.ratio(x, 1.0) for x in (1.234, 12.34, 123.4)] == ["1.23", "12.3", "123"]
