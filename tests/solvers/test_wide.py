"""Not more rows than columns: the shortest coefficients that fit every row."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
from oracles.reference import relative_error
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import PolynomialFeatures

from linreg_fast import LinearRegression
from linreg_fast.data.problem import Problem
from linreg_fast.solvers import SOLVERS, auto, wide


def exact_shortest(X, y, fit_intercept=True):
    """The shortest coefficients through these very floats, in rational arithmetic."""
    rows = [[*map(Fraction, row), Fraction(target)] for row, target in zip(X, y, strict=True)]
    if fit_intercept:
        first, *others = rows
        rows = [[a - b for a, b in zip(row, first, strict=True)] for row in others]
    n, p = len(rows), len(rows[0]) - 1
    system = [
        [*(sum(a * b for a, b in zip(r[:p], s[:p], strict=True)) for s in rows), r[p]] for r in rows
    ]
    for k in range(n):
        for i in range(n):
            if i != k:
                factor = system[i][k] / system[k][k]
                system[i] = [a - factor * b for a, b in zip(system[i], system[k], strict=True)]
    z = [system[k][n] / system[k][k] for k in range(n)]
    return [sum(z[i] * rows[i][j] for i in range(n)) for j in range(p)]


def draw(rng, n, p, condition, offset=0.0):
    U = np.linalg.qr(rng.normal(size=(n, n)))[0]
    V = np.linalg.qr(rng.normal(size=(p, n)))[0]
    X = (U * np.geomspace(1, 1 / condition, n)) @ V.T * np.sqrt(n) + offset
    return X, rng.normal(size=n)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("offset", [0.0, 3.0, 1e4, 1e8])
@pytest.mark.parametrize("condition", [1.0, 10.0, 100.0, 1e5])
def test_all_digits(rng, condition, offset, fit_intercept):
    n = int(rng.integers(2, 7))
    X, y = draw(rng, n, n + int(rng.integers(1, 9)), condition, offset)
    model = LinearRegression(fit_intercept=fit_intercept).fit(X, y)
    truth = exact_shortest(X.tolist(), y.tolist(), fit_intercept)
    # Of the rows as they are: an offset makes those without an intercept nearly dependent.
    rows = X - X[0] - (X - X[0]).mean(axis=0) if fit_intercept else X
    values = np.linalg.svd(rows, compute_uv=False)[: n - fit_intercept]
    assert relative_error(model.coef_, truth) < 1e-15 * max(values[0] / values[-1], 3)
    assert model.rank_ == n - fit_intercept


def units(rng, p, digits):
    """A power of two for each of p columns, drawn from so many binary digits up or down."""
    return rng.integers(-digits, digits + 1, p)


@pytest.mark.parametrize("solver", ["auto", "svd"])
@pytest.mark.parametrize("digits", [10, 30, 60, 200, 450])
@pytest.mark.parametrize(("fit_intercept", "more"), [(True, 2), (False, 2), (True, 100)])
def test_all_digits_in_any_units(rng, fit_intercept, more, digits, solver):
    """Of the coefficients as they stand, and of what each column contributes."""
    n = int(rng.integers(2, 7))
    p = n + more + int(rng.integers(6))
    X, y, exponents = rng.normal(size=(n, p)) + 1, rng.normal(size=n), units(rng, p, digits)
    X = np.ldexp(X, exponents)
    model = LinearRegression(solver=solver, fit_intercept=fit_intercept).fit(X, y)
    truth = exact_shortest(X.tolist(), y.tolist(), fit_intercept)
    assert relative_error(model.coef_, truth) < 1e-11
    scales = [Fraction(2) ** int(e) for e in exponents]
    found = [Fraction(float(c)) * scale for c, scale in zip(model.coef_, scales, strict=True)]
    expected = [c * scale for c, scale in zip(truth, scales, strict=True)]
    error = sum((a - b) ** 2 for a, b in zip(found, expected, strict=True))
    assert error < Fraction(1e-11) ** 2 * sum(b * b for b in expected)


@pytest.mark.parametrize("solver", ["auto", "svd"])
@pytest.mark.parametrize("digits", [0, 20, 60, 300])
def test_a_column_and_its_multiple_share_in_any_units(rng, digits, solver):
    """b x + c 2^k x, of all with this b + c 2^k, is shortest where c is 2^k b."""
    x, other, k = rng.normal(size=60), rng.normal(size=60), int(units(rng, 1, digits)[0])
    X = np.column_stack([x, np.ldexp(x, k), other])
    model = LinearRegression(solver=solver).fit(X, 3 * x - other + 2)
    assert model.rank_ == 2
    multiple = 2.0**k
    share = 3 / (1 + multiple**2) if k < 0 else 3 * multiple**-2 / (1 + multiple**-2)
    expected = np.array([share, share * multiple, -1])
    np.testing.assert_allclose(model.coef_, expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(model.coef_[1] * multiple, 3 - share, rtol=0, atol=1e-13)


@pytest.mark.parametrize("digits", [100, 400])
def test_lsqr_says_where_units_keep_it_from_the_solution(rng, digits):
    X, y = rng.normal(size=(8, 20)), rng.normal(size=8)
    right = LinearRegression(solver="lsqr").fit(X, y)
    np.testing.assert_allclose(right.coef_, LinearRegression().fit(X, y).coef_, atol=1e-12)
    X[:, 3] = np.ldexp(X[:, 3], digits)
    with pytest.warns(ConvergenceWarning, match="LSQR stopped before the solution.*'svd'"):
        LinearRegression(solver="lsqr").fit(X, y)


@pytest.mark.parametrize("p", [40, 600])
@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_the_rows_way_agrees_with_singular_values(rng, p, targets, dtype):
    """Any order, strides, weights (which change nothing), sparse rows, constant columns."""
    n = 20
    X = (rng.normal(size=(2 * n, p)) * 100).astype(dtype)
    X[:, 3] = 7
    Y = rng.normal(size=(2 * n, targets))
    tolerance = {"rtol": 1e-4, "atol": 1e-7} if dtype == np.float32 else {"rtol": 1e-9}
    expected = LinearRegression(solver="svd").fit(X[::2].astype(float), Y[::2])
    weights = rng.uniform(1, 9, 2 * n)
    weights[1::2] = 0
    for rows, targets_, w in (
        (X[::2], Y[::2], None),
        (np.asfortranarray(X[::2]), Y[::2], None),
        (X, Y, weights),
        (scipy.sparse.csr_array(X[::2]), Y[::2], None),
    ):
        model = LinearRegression().fit(rows, targets_, w)
        assert model.solver_ == "cholesky"
        assert "not more rows" in model.solver_reason_ or w is not None
        np.testing.assert_allclose(model.coef_, expected.coef_, **tolerance)
        np.testing.assert_allclose(model.intercept_, expected.intercept_, rtol=1e-3, atol=1e-6)
        assert not model.coef_[:, 3].any()
        assert model.rank_ == expected.rank_ == n - 1
        values = LinearRegression(solver="svd").fit(rows, targets_, w).singular_[:n]
        np.testing.assert_allclose(model.singular_[:n], values, atol=1e-7 * values[0])
        assert model.singular_[n - 1] == 0
        assert model.condition_number_ == np.inf


def test_what_it_leaves_to_others(rng):
    X, y = rng.normal(size=(6, 9)), rng.normal(size=(6, 1))
    repeated, near = X.copy(), X.copy()
    repeated[1] = X[0]
    near[1] = X[0] * (1 + 1e-7)
    for rows, targets, options in (
        (repeated, y, {}),
        (near, y, {}),
        (X * 1e150, y, {}),
        (X, y * 1e-200, {}),
        (X, y, {"tol": 0.5}),
        (X[:1], y[:1], {}),
        (X[:, :6], y, {"fit_intercept": False}),
    ):
        problem = Problem(rows, targets, **options)
        assert wide.solve(problem) is None
        found, expected = auto.solve(problem), SOLVERS["svd"].solve(problem)
        scale = np.abs(expected.coef).max()
        np.testing.assert_allclose(found.coef, expected.coef, atol=1e-7 * scale)


def test_weights_and_targets_of_any_size(rng):
    """Found by a breaker: products of the two that overflow, or vanish beside others."""
    for p in (9, 600):
        X, y = rng.normal(size=(6, p)), rng.normal(size=6)
        plain = LinearRegression().fit(X, y)
        for size, weight in ((1e80, 1e130), (1e-80, 1e-130), (1e-99, 3e-100), (1.0, 1e300)):
            model = LinearRegression().fit(X * size, y, np.full(6, weight))
            np.testing.assert_allclose(model.coef_ * size, plain.coef_, rtol=1e-12, atol=1e-14)
            assert model.intercept_ == pytest.approx(plain.intercept_, rel=1e-9, abs=1e-12)
            assert model.rank_ == 5
            ratio = model.singular_[:5] / plain.singular_[:5] / size
            np.testing.assert_allclose(ratio, np.sqrt(weight), rtol=1e-6)
        Y = np.column_stack([y, y * 2.0**-660, 0 * y])
        for size in (1.0, 2.0**198, 2.0**328):
            model = LinearRegression().fit(X * size, Y)
            np.testing.assert_allclose(model.coef_[0] * size, plain.coef_, rtol=1e-12, atol=1e-14)
            found = np.ldexp(model.coef_[1], 660) * size
            np.testing.assert_allclose(found, plain.coef_, rtol=1e-9, atol=1e-12)
            assert not model.coef_[2].any()


def test_a_constant_column_beside_dependent_ones_of_large_units(rng):
    a = rng.normal(size=50)
    for size in (1.0, 1e20, 1e50):
        X = np.column_stack([np.ones(50), a * size, 2 * a * size])
        coef = LinearRegression().fit(X, 5 * a).coef_ * size
        np.testing.assert_allclose(coef, [0, 1, 2], rtol=1e-12)


@pytest.mark.parametrize("solver", ["auto", "svd"])
@pytest.mark.parametrize("n", [20, 200])
def test_powers_of_a_flag_and_of_small_measurements_are_fitted(rng, n, solver):
    """The rounding of a null direction, in units that are far smaller, is another direction."""
    flags = rng.integers(0, 2, n), rng.integers(0, 2, n) * 1e-6
    X = PolynomialFeatures(4, include_bias=False).fit_transform(
        np.column_stack([*flags, rng.normal(size=n) * 1e-6])
    )
    y = rng.normal(size=n)
    alike = X / np.maximum(np.abs(X).max(axis=0), 1e-300)
    best = LinearRegression(solver=solver).fit(alike, y)
    found = LinearRegression(solver=solver).fit(X, y)
    assert found.rank_ == best.rank_
    np.testing.assert_allclose(found.predict(X), best.predict(alike), atol=1e-9)


def test_equal_and_zero_columns_in_units_far_apart_are_fitted(rng):
    X = rng.integers(-3, 4, (12, 8)).astype(float)
    X[:, 0], X[:, 5] = X[:, 6], 0.0
    y = rng.normal(size=12)
    for digits in (0, 24, 60, 200):
        exponents = rng.choice([-digits, digits], 8)
        for fit_intercept in (True, False):
            best = LinearRegression(fit_intercept=fit_intercept).fit(X, y).predict(X)
            for solver in ("auto", "svd"):
                model = LinearRegression(solver=solver, fit_intercept=fit_intercept)
                found = model.fit(np.ldexp(X, exponents), y).predict(np.ldexp(X, exponents))
                np.testing.assert_allclose(found, best, atol=1e-10)


def test_lsqr_goes_no_step_into_rounding(rng):
    """Rows that differ along one line only: a second step would be along noise."""
    for _ in range(50):
        X, y = rng.normal(size=(2, 6)), rng.normal(size=2)
        way = X[1] - X[0]
        expected = way * (y[1] - y[0]) / (way @ way)
        for rows, targets in ((X, y), (X[[0, 0, 1]], [y[0] - 1, y[0] + 1, y[1]])):
            found = LinearRegression(solver="lsqr").fit(rows, targets).coef_
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * np.abs(expected).max())


def test_lsqr_of_zeros(rng):
    for X, weights in ((np.zeros((4, 2500)), None), (np.eye(4, 2500), [0, 0, 0, 0.5])):
        model = LinearRegression().fit(scipy.sparse.csr_array(X), np.arange(4.0), weights)
        assert model.solver_ == "lsqr"
        assert not model.coef_.any()
        assert model.intercept_ == (1.5 if weights is None else 3.0)


def test_a_target_that_nothing_explains_spoils_no_other(rng):
    """More than 100 columns in units far apart, half of them multiples of others."""
    x = rng.normal(size=(220, 55))
    Z = np.hstack([x, 2 * x[:, :27], np.round(8 * rng.normal(size=(220, 27)))])
    y = Z @ rng.normal(size=109) + rng.normal(size=220)
    best = LinearRegression().fit(Z, y).predict(Z)
    Y = np.column_stack([y, y - best])
    for digits in (8, 30, 60, 200):
        X = np.ldexp(Z, units(rng, 109, digits))
        for solver in ("auto", "svd"):
            found = LinearRegression(solver=solver).fit(X, Y).predict(X)
            np.testing.assert_allclose(found[:, 0], best, rtol=0, atol=1e-8 * np.abs(y).max())
            assert np.abs(found[:, 1]).max() < 1e-8 * np.abs(y).max()


def test_nearly_equal_columns_beside_equal_ones_count(rng):
    Z = rng.integers(-15, 16, (25, 5)).astype(float)
    Z[:, 4] = Z[:, 0] + 2.0**-44 * rng.integers(-2, 3, 25)
    y = (Z[:, 4] - Z[:, 0]) * 2.0**44 + Z[:, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)  # digits are lost, and it says so
        for X in (Z, np.column_stack([Z, 3 * Z[:, 0]])):
            model = LinearRegression(fit_intercept=False).fit(X, y)
            assert model.rank_ == 5
            assert model.score(X, y) > 0.99


def test_lsqr_of_a_constant_target(rng):
    X = np.hstack([np.eye(20)[rng.integers(20, size=160)] for _ in range(2)])
    weights = rng.uniform(0.5, 2, 160)
    model = LinearRegression(solver="lsqr").fit(X, np.full(160, rng.normal()), weights)
    assert not model.coef_.any()


@pytest.mark.parametrize("digits", [20, 40, 60])
def test_as_many_rows_as_columns_in_any_units(rng, digits):
    """Three directions, corrected until columns that contribute little are right too."""
    for _ in range(20):
        X, y = rng.normal(size=(4, 4)), rng.normal(size=4)
        X *= 2.0 ** rng.integers(-digits, digits + 1, 4)
        truth = exact_shortest(X.tolist(), y.tolist(), True)
        assert relative_error(LinearRegression().fit(X, y).coef_, truth) < 1e-11
