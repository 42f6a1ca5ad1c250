"""`LinearRegression(alpha=...)`: ridge, in every way that rows come."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse
from oracles.reference import exact_fit, parameters, relative_error
from sklearn.linear_model import LinearRegression as Reference
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import InvalidParameterError

from linreg_fast import SOLVERS, FitDisplay, LinearRegression, moments, ridge_path


def draw(rng, n, p, t=None, weighted=False):
    X = rng.normal(2, 1, (n, p))
    shape = (n,) if t is None else (n, t)
    y = X @ rng.normal(size=(p, *shape[1:])) + 3 + rng.normal(0, 0.5, shape)
    return X, y, rng.integers(0, 3, n).astype(float) if weighted else None


def assert_same(model, other, rtol=1e-10):
    scale = np.abs(other.coef_).max()
    assert np.shape(model.coef_) == np.shape(other.coef_)
    np.testing.assert_allclose(model.coef_, other.coef_, rtol=rtol, atol=rtol * scale)
    np.testing.assert_allclose(
        model.intercept_, other.intercept_, rtol=rtol, atol=10 * rtol * scale
    )


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("n", "p", "t"),
    [(50, 3, None), (4000, 40, 3), (20, 30, 2), (90, 4, 100), (60, 600, None), (60, 510, 700)],
)
def test_equals_sklearn(rng, n, p, t, weighted, fit_intercept):
    X, y, w = draw(rng, n, p, t, weighted)
    alpha = float(10 ** rng.uniform(-2, 3))
    model = LinearRegression(alpha=alpha, fit_intercept=fit_intercept).fit(X, y, w)
    assert_same(model, Ridge(alpha=alpha, fit_intercept=fit_intercept, solver="svd").fit(X, y, w))
    assert f"alpha={alpha:g}" in model.solver_reason_
    assert model.rank_ == p
    # What is known of the columns themselves has no penalty in it.
    plain = LinearRegression(fit_intercept=fit_intercept).fit(X, y, w)
    assert model.singular_.shape == plain.singular_.shape
    some = min(n // 2, p, plain.rank_)
    np.testing.assert_allclose(model.singular_[:some], plain.singular_[:some], rtol=1e-10)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("power", [-12, -4, 0, 4])
@pytest.mark.filterwarnings("ignore:columns 0, 1, 2 of X nearly depend")  # an offset, uncentred
@pytest.mark.parametrize("ugly", ["", "offset", "tiny", "huge", "mixed", "duplicate", "constant"])
def test_all_digits(rng, ugly, power, fit_intercept):
    X, y, w = draw(rng, 25, 3, weighted=True)
    X = np.round(X, 6)
    X += 1e8 * (ugly == "offset")
    X *= {"tiny": 1e-100, "huge": 1e100}.get(ugly, 1.0)
    X *= np.array([1e-100, 1.0, 1e100]) if ugly == "mixed" else 1.0
    X[:, 1] = X[:, 0] if ugly == "duplicate" else X[:, 1]
    X[:, 2] = 5.0 if ugly == "constant" else X[:, 2]
    unit = float(np.abs(X).max()) if ugly in ("tiny", "huge") else 1.0
    alpha = float(10.0**power * unit**2)
    if ugly == "duplicate":
        alpha = max(alpha, 1e-4)  # with less, the rounding of the columns decides
    truth = exact_fit(X, y, w, fit_intercept, alpha)
    model = LinearRegression(alpha=alpha, fit_intercept=fit_intercept)
    for fitted in (
        model.fit(X, y, w),
        LinearRegression(alpha=alpha, fit_intercept=fit_intercept).partial_fit(X, y, w),
        LinearRegression(alpha=alpha, fit_intercept=fit_intercept).fit_moments(moments(X, y, w)),
    ):
        found = parameters(fitted)
        for value, true in zip(found[fit_intercept:], truth[fit_intercept:], strict=True):
            size = 0 if ugly == "mixed" else max(map(abs, truth[fit_intercept:]))
            assert abs(float(value) - float(true)) <= 1e-12 * float(max(abs(true), size))
        if fit_intercept:
            parts = abs(float(truth[0])) + np.abs(y).max()
            assert abs(found[0] - float(truth[0])) <= 1e-12 * parts


@pytest.mark.parametrize("name", [name for name in SOLVERS if name != "nnls"])
def test_every_solver(rng, name):
    X, y, w = draw(rng, 80, 4, 2, weighted=True)
    model = LinearRegression(alpha=7.0, solver=name).fit(X, y, w)
    rtol = 1e-9 if name == "gradient_descent" else 1e-11
    assert_same(model, Ridge(alpha=7.0, solver="svd").fit(X, y, w), rtol)
    assert model.solver_ == name


@pytest.mark.parametrize("p", [30, 2100])
def test_sparse_rows(rng, p):
    S = scipy.sparse.random(300, p, 0.05, format="csr", rng=rng)
    y, w = rng.normal(size=300), rng.integers(0, 3, 300).astype(float)
    expected = Ridge(alpha=0.3, solver="svd").fit(S.toarray(), y, w)
    assert_same(LinearRegression(alpha=0.3).fit(S, y, w), expected)


@pytest.mark.parametrize("t", [None, 2])
def test_positive(rng, t):
    X, y, w = draw(rng, 80, 4, t, weighted=True)
    for alpha in (0.1, 100.0):
        model = LinearRegression(alpha=alpha, positive=True).fit(X, y, w)
        for k, (coef, intercept) in enumerate(
            zip(np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_), strict=True)
        ):
            assert (coef >= 0).all()
            # The conditions of Karush, Kuhn and Tucker.
            target = y if t is None else y[:, k]
            rest = target - X @ coef - intercept
            slope = (X * w[:, None]).T @ rest - alpha * coef
            size = (np.abs(X) * w[:, None]).T @ np.abs(target)
            assert abs(w @ rest) <= 1e-11 * (w @ np.abs(target))
            assert (slope <= 1e-11 * size).all()
            assert (np.abs(slope[coef > 0]) <= 1e-11 * size[coef > 0]).all()


def test_streams_and_forgetting(rng):
    X, y, _ = draw(rng, 60, 3)
    model = LinearRegression(alpha=2.0, decay=0.9)
    for rows in np.array_split(np.arange(60), 7):
        model.partial_fit(X[rows], y[rows])
    weights = 0.9 ** np.arange(59, -1, -1)
    assert_same(model, Ridge(alpha=2.0, solver="svd").fit(X, y, weights))
    free = LinearRegression().fit_moments(model.moments_)  # which holds no penalty
    assert_same(free, Reference().fit(X, y, weights))
    model.alpha = 0.0
    assert_same(model.fit_moments(model.moments_), free)
    assert "alpha" not in model.solver_reason_


def test_the_same_as_a_path(rng):
    X, y, w = draw(rng, 200, 5, weighted=True)
    alphas = [0.0, 0.5, 300.0]
    path = ridge_path(X, y, alphas, sample_weight=w)
    for alpha, coef in zip(alphas, path.coef, strict=True):
        fitted = LinearRegression(alpha=alpha, precision="double-double").fit(X, y, w)
        np.testing.assert_allclose(fitted.coef_, coef, rtol=1e-13)


@pytest.mark.parametrize("positive", [False, True])
def test_to_sklearn(rng, positive):
    X, y, _ = draw(rng, 40, 3)
    model = LinearRegression(alpha=3.0, positive=positive).fit(X, y)
    theirs = model.to_sklearn()
    assert type(theirs) is Ridge
    assert (theirs.alpha, theirs.positive) == (3.0, positive)
    np.testing.assert_allclose(theirs.predict(X), model.predict(X), rtol=1e-12)
    assert set(vars(theirs.fit(X, y))) <= set(vars(model.to_sklearn())) | {"feature_names_in_"}


def test_no_standard_errors(rng):
    pytest.importorskip("matplotlib")
    X, y, _ = draw(rng, 40, 1)
    model = LinearRegression(alpha=3.0).fit(X, y)
    with pytest.raises(ValueError, match="alpha=3: penalised coefficients are biased"):
        model.inference()
    with pytest.raises(ValueError, match="alpha=3"):
        model.inference(X, y, cov="HC3")
    with pytest.raises(ValueError, match="alpha=3"):
        model.scores()
    assert FitDisplay.from_estimator(model, X, y).confidence is None
    model.set_params(alpha=0.0).fit(X, y).inference()


@pytest.mark.parametrize("alpha", [-1.0, np.nan, np.inf, "1", None])
def test_refuses(rng, alpha):
    X, y, _ = draw(rng, 40, 3)
    with pytest.raises(InvalidParameterError, match="'alpha' parameter"):
        LinearRegression(alpha=alpha).fit(X, y)
    model = LinearRegression(alpha=1.0)
    for bad in (np.nan, np.inf):
        X[3, 1] = bad
        with pytest.raises(ValueError, match="row 3, column 1"):
            model.fit(X, y)
    assert not hasattr(model, "coef_")


def test_in_a_search_and_in_a_pickle(rng):
    X, y, _ = draw(rng, 60, 3)
    search = GridSearchCV(LinearRegression(), {"alpha": [0.0, 1, np.float64(50.0)]}).fit(X, y)
    theirs = GridSearchCV(Ridge(), {"alpha": [1e-12, 1, 50.0]}).fit(X, y)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], rtol=1e-9
    )
    model = pickle.loads(pickle.dumps(LinearRegression(alpha=5.0).fit(X, y).forget_rows()))
    assert model.condition_number_ < LinearRegression().fit(X, y).condition_number_


def test_nearly_dependent_columns_are_determined(rng):
    X, y, _ = draw(rng, 50, 3)
    X[:, 2] = X[:, 0] + 1e-9 * X[:, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the penalty keeps the digits
        model = LinearRegression(alpha=1e-3).fit(X, y)
    assert relative_error(parameters(model), exact_fit(X, y, alpha=1e-3)) < 1e-13
