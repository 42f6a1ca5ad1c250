"""Not more rows than columns: the shortest coefficients that fit every row."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
from reference import relative_error

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
