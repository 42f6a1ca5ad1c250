"""Many targets: as if each were fitted alone, in memory that does not square their number."""

import tracemalloc

import numpy as np
import pytest
from oracles.reference import exact_fit
from scipy import sparse

from linreg_fast import LinearRegression
from linreg_fast.kernels.tuning import MANY_TARGETS, SOLVED_COLUMNS, TARGET_ROWS

T = 2 * MANY_TARGETS + 3


def drawn(rng, n=300, p=5, t=T):
    X = rng.normal(3, 1, (n, p))
    Y = X @ rng.normal(size=(p, t)) + rng.normal(size=(n, t))
    Y[:, 1] = 7.0  # does not vary
    Y[:, 2] = 1e3 * rng.normal(size=n)  # hardly explained
    Y[:, 3] += 1e6
    return X, Y


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_each_target_as_if_alone(rng, weighted, intercept, order):
    X, Y = drawn(rng)
    weights = rng.integers(0, 3, len(X)).astype(float) if weighted else None
    X = np.asarray(X, order=order)
    model = LinearRegression(fit_intercept=intercept).fit(X, Y, weights)
    assert model.way_ == "many_targets"
    assert model.coef_.shape == (T, 5)
    for k in (0, 1, 2, 3, MANY_TARGETS, T - 1):
        alone = LinearRegression(fit_intercept=intercept, precision="double-double")
        alone.fit(X, Y[:, k].copy(), weights)  # strided, it has code of its own
        size = np.abs(alone.coef_).max() + 1e-12 * np.abs(Y[:, k]).max()
        np.testing.assert_allclose(model.coef_[k], alone.coef_, atol=1e-13 * size)
        if intercept:
            largest = np.abs(Y[:, k]).max() + 10 * size
            assert abs(model.intercept_[k] - alone.intercept_) <= 1e-13 * largest
    if intercept and not weighted:
        alone = LinearRegression().fit(X, Y[:, 0].copy())
        np.testing.assert_allclose(model.singular_, alone.singular_)


@pytest.mark.parametrize("order", ["C", "F"])
def test_each_digit_is_that_of_rational_arithmetic_with_any_threads(rng, order):
    X, Y = drawn(rng, n=3 * TARGET_ROWS + 5, t=256 + 11)
    X[:, 1] = 1e-3 * X[:, 0] + 1e-7 * X[:, 1]  # condition number 1e4
    Y[:, 4] *= 1e200  # beyond what sums of products hold: alone
    Y = np.asarray(Y, order=order)
    model = LinearRegression().fit(X, Y)
    assert "many targets" in model.solver_reason_
    for k in (0, 2, 4, 256, len(Y[0]) - 1):
        exact = np.array([float(value) for value in exact_fit(X, Y[:, k])])
        np.testing.assert_allclose([model.intercept_[k], *model.coef_[k]], exact, rtol=2e-15)
    alone = LinearRegression(n_jobs=1).fit(X, Y)
    np.testing.assert_array_equal(alone.coef_, model.coef_)


def test_of_many_columns_far_from_zero(rng):
    """Their intercept's part is far larger than what is left of it."""
    n, p, t = SOLVED_COLUMNS + 20, SOLVED_COLUMNS + 8, 2 * SOLVED_COLUMNS
    X = rng.normal(size=(n, p)) + 1000
    Y = X @ rng.normal(size=(p, t)) + rng.normal(size=(n, t))
    model = LinearRegression().fit(X, Y)
    assert model.solver_reason_.startswith("many targets")
    for k in (0, t - 1):
        alone = LinearRegression(precision="double-double").fit(X, Y[:, k].copy())
        size = np.linalg.norm(alone.coef_)
        np.testing.assert_allclose(model.coef_[k], alone.coef_, rtol=0, atol=1e-14 * size)
        assert model.intercept_[k] == pytest.approx(alone.intercept_, rel=1e-12)


def test_what_sums_of_all_targets_cannot_do_is_solved_chunk_by_chunk(rng):
    X, Y = drawn(rng)
    dependent = np.hstack([X, X[:, :1] + X[:, 1:2]])
    few_rows = X[:4], Y[:4]
    for A, B in ((dependent, Y), few_rows, (X + 1e9, Y), (X * 1e-160, Y)):
        model = LinearRegression().fit(A, B)
        assert model.coef_.shape == (T, A.shape[1])
        for k in (0, T - 1):
            alone = LinearRegression().fit(A, B[:, k].copy())
            assert model.rank_ == alone.rank_
            np.testing.assert_allclose(model.coef_[k], alone.coef_, rtol=1e-9)


def test_sparse_and_positive(rng):
    X, Y = drawn(rng)
    X[rng.random(X.shape) < 0.7] = 0.0
    model = LinearRegression().fit(sparse.csr_array(X), Y)
    np.testing.assert_allclose(model.coef_, LinearRegression().fit(X, Y).coef_, rtol=1e-9)
    positive = LinearRegression(positive=True).fit(X, Y)
    assert (positive.coef_ >= 0).all()
    alone = LinearRegression(positive=True).fit(X, Y[:, -1])
    np.testing.assert_allclose(positive.coef_[-1], alone.coef_, rtol=1e-9, atol=1e-12)


def test_memory_does_not_square_the_number_of_targets(rng):
    X, Y = drawn(rng, n=60, p=3, t=5000)
    LinearRegression().fit(X, Y)
    tracemalloc.start()
    LinearRegression().fit(X, Y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * Y.nbytes  # with products of targets: 400 MB


def test_numbers_that_are_not_finite_are_named(rng):
    X, Y = drawn(rng)
    Y[17, 80] = np.nan
    with pytest.raises(ValueError, match="y contains NaN at row 17, column 80"):
        LinearRegression().fit(X, Y)
    weights = np.ones(len(X))
    weights[17] = 0.0
    with pytest.raises(ValueError, match="y contains NaN at row 17, column 80"):
        LinearRegression().fit(X, Y, weights)


def test_scores_and_predictions(rng):
    X, Y = drawn(rng)
    model = LinearRegression().fit(X, Y)
    np.testing.assert_allclose(model.predict(X), X @ model.coef_.T + model.intercept_, rtol=1e-12)
    assert model.score(X, Y) <= 1.0
    with pytest.raises(ValueError, match="no moments of these 5 columns"):
        model.partial_fit(X, Y)
