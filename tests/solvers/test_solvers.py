"""Every solver of the table against scikit-learn and LAPACK; the rule that chooses among them."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
from oracles.reference import exact_fit
from sklearn.linear_model import LinearRegression as Reference

from linreg_fast import LinearRegression
from linreg_fast.data.gate import frozen
from linreg_fast.data.problem import Problem
from linreg_fast.kernels import RUNGS
from linreg_fast.solvers import SOLVERS, auto


def draw(rng, n=200, p=5, t=2):
    X = rng.normal(size=(n, p)) @ rng.uniform(-1, 1, (p, p)) + rng.normal(0, 3, p)
    while np.linalg.cond(X - X.mean(axis=0)) > 50:
        X = rng.normal(size=(n, p)) @ rng.uniform(-1, 1, (p, p)) + rng.normal(0, 3, p)
    return X, X @ rng.normal(size=(p, t)) + rng.normal(0, 0.1, (n, t))


def problem_of(X, Y, weights=None, **options):
    return Problem(frozen(X), frozen(Y), weights, **options)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", [(20, 1, 1), (200, 5, 2), (9000, 12, 1)])
@pytest.mark.parametrize("name", SOLVERS)
def test_agrees_with_sklearn(rng, name, shape, fit_intercept, weighted):
    solver = SOLVERS[name]
    X, Y = draw(rng, *shape)
    weights = rng.integers(0, 4, len(X)).astype(float) if weighted else None
    reference = Reference(fit_intercept=fit_intercept, positive=solver.positive).fit(X, Y, weights)
    options = {"fit_intercept": fit_intercept, "positive": solver.positive}
    rows = problem_of(X, Y, weights, **options)
    for problem in (rows, Problem(None, None, moments=rows.moments, **options)):
        solution = solver.solve(problem)
        size = np.abs(reference.coef_).max()
        np.testing.assert_allclose(
            solution.coef, reference.coef_.T, rtol=solver.rtol, atol=10 * solver.rtol * size
        )
        np.testing.assert_allclose(
            solution.intercept,
            reference.intercept_,
            rtol=solver.rtol,
            atol=100 * solver.rtol * size,
        )
        assert solution.rank == shape[1]
        centred = X - (np.average(X, axis=0, weights=weights) if fit_intercept else 0)
        centred = centred * np.sqrt(1 if weights is None else weights)[..., None]
        condition = np.linalg.cond(centred / np.linalg.norm(centred, axis=0))
        assert condition / 9 <= solution.condition_number <= 9 * condition  # 1-norm estimates


@pytest.mark.parametrize("name", SOLVERS)
def test_a_constant_column_gets_zero(rng, name):
    X, Y = draw(rng)
    X[:, 2] = rng.normal()
    solver = SOLVERS[name]
    solution = solver.solve(problem_of(X, Y, positive=solver.positive))
    assert not solution.coef[2].any()
    assert solution.rank == 4


@pytest.mark.parametrize("n", [3, 60])
@pytest.mark.parametrize("name", [name for name, solver in SOLVERS.items() if solver.minimum_norm])
def test_dependent_columns_get_the_minimum_norm(rng, name, n):
    X, Y = draw(rng, n=60)
    X[:, 3] = X[:, 0] - 2 * X[:, 1]
    X, Y = X[:n], Y[:n]
    solution = SOLVERS[name].solve(problem_of(X, Y))
    centred = X - X.mean(axis=0)
    expected, _, rank, _ = scipy.linalg.lstsq(centred, Y - Y.mean(axis=0), cond=1e-12)
    np.testing.assert_allclose(solution.coef, expected, rtol=1e-9, atol=1e-10)
    assert solution.rank == rank
    assert solution.condition_number == np.inf


@pytest.mark.parametrize("name", ["cholesky", "qr"])
def test_solvers_that_need_full_rank_say_so(rng, name):
    X, Y = draw(rng)
    X[:, 3] = X[:, 0] - 2 * X[:, 1]
    with pytest.raises(np.linalg.LinAlgError, match="solver='svd'"):
        SOLVERS[name].solve(problem_of(X, Y))


def test_auto_takes_the_fastest_that_keeps_the_digits(rng):
    X, Y = draw(rng)
    assert auto.solve(problem_of(X, Y)).solver == "cholesky"
    assert auto.solve(problem_of(X, Y, positive=True)).solver == "nnls"
    assert auto.solve(problem_of(X[:4], Y[:4])).solver == "cholesky"
    assert auto.solve(problem_of(X[[0, 1, 2, 0]], Y[:4])).solver == "svd"
    near = X.copy()
    near[:, 3] = X[:, 0] + 1e-6 * rng.normal(size=len(X))
    problem = problem_of(near, Y)
    solution = auto.solve(problem)
    assert solution.solver == "cholesky"
    assert problem.doubled
    assert 1e4 < solution.condition_number < 1e8
    solution = auto.solve(problem_of(near, Y, rung=RUNGS["jit"]))
    assert solution.solver == "qr"
    assert "too few digits" in solution.reason
    near[:, 3] = X[:, 0]
    solution = auto.solve(problem_of(near, Y))
    assert (solution.solver, solution.rank) == ("svd", 4)
    for solution in (auto.solve(problem_of(near, Y)), auto.solve(problem_of(X, Y))):
        assert solution.reason


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-150, 1e-90, 1e90, 1e150, 1e200, 1e300])
@pytest.mark.parametrize("which", ["column", "target"])
def test_the_scale_of_a_column_changes_nothing(rng, scale, which):
    X, Y = draw(rng)
    expected = auto.solve(problem_of(X, Y)).coef
    if which == "column":
        X[:, 1] *= scale
        expected[1] /= scale
    else:
        Y[:, 0] *= scale
        expected[:, 0] *= scale
    solution = auto.solve(problem_of(X, Y))
    assert solution.rank == 5
    np.testing.assert_allclose(solution.coef, expected, rtol=1e-9)


@pytest.mark.parametrize("offset", [1e5, 1e9])
def test_an_offset_changes_only_the_intercept(rng, offset):
    X, Y = draw(rng)
    X = np.round(X * 2**12) / 2**12  # so that adding the offset loses nothing
    plain, moved = (auto.solve(problem_of(A, Y)) for A in (X, X + offset))
    np.testing.assert_allclose(moved.coef, plain.coef, rtol=1e-6 if offset > 1e6 else 1e-9)


def test_the_triangle_has_the_same_cross_products(rng):
    for n in (4, 300, 9000):
        X, Y = draw(rng, n=max(n, 60))
        problem = problem_of(X[:n], Y[:n], rng.uniform(0.5, 1, n))
        R, exponents = problem.triangle
        assert R.shape == (min(n, 7), 7)
        R = np.ldexp(R, exponents)
        expected = problem.moments.comoment
        np.testing.assert_allclose(
            R.T @ R, expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max()
        )


def test_wide_data_makes_no_square_matrix(rng):
    import tracemalloc

    X, Y = rng.normal(size=(10, 20_000)), rng.normal(size=(10, 1))
    problem = problem_of(X, Y)
    tracemalloc.start()
    solution = auto.solve(problem)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * X.nbytes  # p x p would be 2000 times X
    np.testing.assert_allclose(X @ solution.coef + solution.intercept, Y, atol=1e-9)


@pytest.mark.parametrize("close", [1e-9, 1e-11, 1e-13])
@pytest.mark.parametrize("twice", [False, True])
def test_nearly_dependent_columns_by_svd(rng, close, twice):
    """Corrections went astray where the condition number of the columns is 1e11 and more."""
    x = rng.normal(size=(12, 1))
    X = x + close * rng.normal(size=(12, 3))
    X[:, 2] = rng.normal(size=12)
    if twice:
        X = np.column_stack([X, X[:, 2]])
    y = X @ np.array([1.0, 2.0, 3.0, 0.0])[: X.shape[1]]
    with pytest.warns(scipy.linalg.LinAlgWarning, match="nearly depend"):
        model = LinearRegression(solver="svd", fit_intercept=False).fit(X, y)
    assert model.rank_ == 3
    expected = [1.0, 2.0, 1.5, 1.5] if twice else [1.0, 2.0, 3.0]
    # What the rounding of y alone moves them by.
    np.testing.assert_allclose(model.coef_, expected, atol=20 * 2.0**-52 / close)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-14 * np.abs(y).max() + 1e-15)


def test_nnls_that_goes_round_in_circles_says_so(monkeypatch, rng):
    def never(*_):
        raise RuntimeError("Maximum number of iterations reached.")

    monkeypatch.setattr(scipy.optimize, "nnls", never)
    with pytest.raises(np.linalg.LinAlgError, match="not negative goes round in circles"):
        SOLVERS["nnls"].solve(problem_of(*draw(rng), positive=True))


@pytest.mark.parametrize("digits", [13, 40])
def test_small_contributions_are_corrected_too(rng, digits):
    """What an iterate leaves of the targets is the rounding of the largest column alone."""
    for _ in range(20):
        units = 2.0 ** np.array([digits, 0])
        X = rng.normal(size=(9, 2)) * units
        y = X @ np.array([3.0, 2.0])
        model = LinearRegression(solver="svd").fit(X, y)
        truth = exact_fit(X, y)[1:]
        for found, right in zip(model.coef_, truth, strict=True):
            assert abs(Fraction(float(found)) - right) <= abs(right) * Fraction(1e-13)
