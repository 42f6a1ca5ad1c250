"""LSQR: where it stops, and the shortest coefficients of dependent sparse columns."""

import numpy as np
import pytest
from scipy import sparse
from sklearn import linear_model
from sklearn.exceptions import ConvergenceWarning

from linreg_fast import LinearRegression


def _sparse(rng, n=4000, p=2100, entries=40_000):
    rows, columns = rng.integers(0, n, entries), rng.integers(0, p, entries)
    X = sparse.csr_array((rng.normal(size=entries), (rows, columns)), shape=(n, p))
    return X, X @ rng.normal(size=p) + rng.normal(size=n)


def _dummies(rng, n=3000, levels=(40, 60), shift=0.0):
    codes = [rng.integers(0, count, n) for count in levels]
    blocks = [
        sparse.csr_array((np.ones(n), (np.arange(n), code)), shape=(n, count))
        for code, count in zip(codes, levels, strict=True)
    ]
    X = sparse.csr_array(sparse.hstack(blocks))
    return X, X @ rng.normal(size=X.shape[1]) + rng.normal(size=n) + shift


def _error(model, exact):
    return np.linalg.norm(model.coef_ - exact.coef_) / np.linalg.norm(exact.coef_)


@pytest.mark.parametrize("intercept", [True, False])
def test_stops_at_tol(rng, intercept):
    X, y = _sparse(rng)
    options = {"fit_intercept": intercept}
    exact = LinearRegression(**options).fit(X, y)
    assert exact.solver_ == "lsqr"
    errors = [_error(LinearRegression(tol=tol, **options).fit(X, y), exact) for tol in (1e-3, 1e-9)]
    assert errors[0] > 1e-8  # so it did stop
    assert errors[1] < 1e-6
    assert errors[1] < errors[0]


def test_is_no_less_exact_than_scikit_learn_at_its_tol(rng):
    X, y = _sparse(rng)
    exact, theirs = LinearRegression().fit(X, y), linear_model.LinearRegression().fit(X, y)
    assert _error(LinearRegression(tol=1e-6).fit(X, y), exact) < 10 * _error(theirs, exact) + 1e-5


def test_matches_dense_least_squares(rng):
    X, y = _sparse(rng, 300, 40, 2000)
    X = sparse.csr_array(sparse.hstack([X, np.zeros((300, 1)), np.full((300, 1), 3.0)]))
    X = sparse.csr_array(sparse.hstack([X, rng.normal(size=(300, 1)) + 1e6]))  # no zeros, far off
    weights = rng.uniform(0.5, 2, 300)
    for given in (None, weights):
        model = LinearRegression(solver="lsqr").fit(X, y, given)
        dense = LinearRegression().fit(X.toarray(), y, given)
        # The offset of 1e6 leaves ten digits of the column about its mean as it is stored.
        assert np.allclose(model.coef_, dense.coef_, rtol=1e-9, atol=1e-10)
        assert model.coef_[40] == model.coef_[41] == 0.0


def test_a_tol_that_it_cannot_honour(rng):
    X, y = _sparse(rng)
    with pytest.raises(ValueError, match=r"tol=1.5 would stop LSQR"):
        LinearRegression(tol=1.5).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=r"tol=1e-20 asks LSQR for more digits"):
        model = LinearRegression(tol=1e-20).fit(X, y)
    assert _error(model, LinearRegression().fit(X, y)) < 1e-12


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_dependent_dummies_have_the_shortest_coefficients(rng, intercept, weighted):
    X, y = _dummies(rng, shift=5.0)
    weights = rng.uniform(0.5, 2, len(y)) if weighted else None
    model = LinearRegression(fit_intercept=intercept).fit(X, y, weights)
    dense = X.toarray()
    root = np.sqrt(np.ones(len(y)) if weights is None else weights)
    A, b = dense, y
    if intercept:
        A, b = dense - np.average(dense, 0, weights), y - np.average(y, weights=weights)
    expected, _, rank, _ = np.linalg.lstsq(A * root[:, None], b * root, rcond=1e-10)
    assert model.solver_ == "lsqr"
    assert model.rank_ == rank == 98 + (not intercept)
    assert np.linalg.norm(model.coef_ - expected) <= 1e-13 * np.linalg.norm(expected)
    by_svd = LinearRegression(fit_intercept=intercept, solver="svd").fit(X, y, weights)
    assert np.linalg.norm(model.coef_ - by_svd.coef_) <= 2e-14 * np.linalg.norm(by_svd.coef_)
    assert np.isinf(model.condition_number_)
    assert (model.singular_ > 0).sum() == rank


def test_columns_that_nearly_depend_are_left_to_singular_values(rng):
    X, y = _dummies(rng)
    nearly = X[:, [0]] + 1e-6 * sparse.csr_array(rng.normal(size=(len(y), 1)))
    X = sparse.csr_array(sparse.hstack([X, nearly]))
    assert LinearRegression().fit(X, y).solver_ == "svd"
