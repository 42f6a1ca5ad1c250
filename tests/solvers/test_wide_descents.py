"""Descents of fewer rows than columns: the cost follows what is asked, and the numbers are true."""

import pickle
import tracemalloc
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from linreg_fast import GradientDescentRegressor, LinearRegression, gradient


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(7)
    X = rng.normal(1, 1, (40, 600)) * rng.uniform(0.5, 2, 600)
    X[:, 5] = 3.0
    return X, X[:, :3] @ [1.0, 2.0, 3.0] + rng.normal(size=40)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("options", [{}, {"space": "data"}, {"method": "cg"}, {"method": "sgd"}])
def test_arrives_at_the_shortest_solution(wide, options, fit_intercept, standardize, weighted):
    X, y = wide
    weights = np.where(np.arange(40) % 7, 1.0, 0.0) if weighted else None
    model = GradientDescentRegressor(
        fit_intercept=fit_intercept, standardize=standardize, tol=1e-8, random_state=0, **options
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y, weights)
    live = slice(None) if weights is None else weights > 0
    centre = X[live].mean(axis=0) if standardize and fit_intercept else np.zeros(600)
    scale = np.ones(600)
    if standardize:
        scale = np.sqrt(((X[live] - centre) ** 2).mean(axis=0))
        scale[scale == 0] = 1.0
    A = (X[live] - centre) / scale
    if fit_intercept:
        A = np.column_stack([A, np.ones(len(A))])
    expected = np.linalg.lstsq(A, y[live], rcond=1e-12)[0][:600] / scale
    error = np.linalg.norm((model.coef_ - expected) * scale) / np.linalg.norm(expected * scale)
    assert error <= model.distance_ + 1e-7
    assert model.converged_ or "method" in options
    loss = np.mean((model.predict(X[live]) - y[live]) ** 2)
    np.testing.assert_allclose(model.loss_curve_[-1], loss, rtol=1e-5, atol=1e-15)
    assert not hasattr(model, "moments_")
    assert model.condition_number_ == np.inf


@pytest.mark.parametrize("space", ["gram", "data"])
def test_the_steps_are_those_of_the_texts(wide, space):
    X, y = wide
    model = GradientDescentRegressor(
        standardize=False, learning_rate=1e-4, max_iter=7, tol=0, space=space, record_path=True
    ).fit(X, y)
    coef, intercept = np.zeros(600), 0.0
    for step in range(8):
        loss, by_coef, by_intercept = gradient(X, y, coef, intercept)
        np.testing.assert_allclose(model.coef_path_[step], coef, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(model.loss_curve_[step], loss, rtol=1e-10)
        coef, intercept = coef - 1e-4 * by_coef, intercept - 1e-4 * by_intercept
    assert 2 / model.max_stable_learning_rate_ == pytest.approx(
        2 * np.linalg.norm(np.column_stack([X, np.ones(40)]), 2) ** 2 / 40, rel=1e-9
    )


def test_no_matrix_of_columns_by_columns(rng):
    X, y = rng.normal(size=(20, 3000)), rng.normal(size=20)
    GradientDescentRegressor(max_iter=1, tol=0).fit(X, y)  # compiled
    for options in ({}, {"space": "data"}, {"method": "sgd", "random_state": 0}):
        tracemalloc.start()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            GradientDescentRegressor(max_iter=5, **options).fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20 * X.nbytes < 8 * 3000**2 / 2


def test_rows_twice_and_more_rows_of_sgd(rng):
    """Rows that depend on each other, and a spectrum of which two eigenvalues are found."""
    X = rng.normal(size=(50, 700))
    y = rng.normal(size=50)
    model = GradientDescentRegressor(method="sgd", max_iter=2, random_state=0)
    with pytest.warns(ConvergenceWarning, match="within .* of the least-squares solution"):
        model.fit(X, y)
    whole = GradientDescentRegressor(max_iter=1, tol=0).fit(X, y)
    assert model.hessian_condition_number_ == pytest.approx(
        whole.hessian_condition_number_, rel=1e-4
    )
    twice = np.vstack([X, X[:10]]), np.concatenate([y, y[:10] + 1.0])
    with pytest.warns(ConvergenceWarning):
        model.fit(*twice)
    assert model.lowest_loss_ == pytest.approx(10 * 2 * 0.25 / 60, rel=1e-6)
    gd = GradientDescentRegressor(tol=1e-9).fit(*twice)
    assert gd.converged_
    assert gd.loss_curve_[-1] == pytest.approx(model.lowest_loss_, rel=1e-6)


def test_half_way_and_on_and_pickles(wide):
    X, y = wide
    once = GradientDescentRegressor(max_iter=9, tol=0).fit(X, y)
    twice = GradientDescentRegressor(max_iter=4, tol=0, warm_start=True).fit(X, y)
    twice = pickle.loads(pickle.dumps(twice)).set_params(max_iter=5).fit(X, y)
    np.testing.assert_array_equal(once.coef_, twice.coef_)
    assert once.predicted_iterations(1e-6) == twice.predicted_iterations(1e-6)
    stored = pickle.dumps(once)
    assert len(stored) < 20 * 8 * 600
    with pytest.raises(ValueError, match="fewer rows"):
        pickle.loads(stored).predicted_iterations(1e-6)


def test_the_solver_of_linear_regression(wide):
    X, y = wide
    found = LinearRegression(solver="gradient_descent").fit(X, y)
    np.testing.assert_allclose(found.predict(X), y, atol=1e-6)
    assert found.rank_ == 39
