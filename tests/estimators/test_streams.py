"""`partial_fit` of a descent: near what `fit` finds, however a stream is cut, or it says so."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning

from linreg_fast import GradientDescentRegressor, LinearRegression, gradient, moments


def diabetes(rng):
    return load_diabetes(return_X_y=True)


def flowers(rng):
    X = load_iris(return_X_y=True)[0]
    return X[:, :3], X[:, 3]


def powers(rng):
    x = rng.uniform(size=200)
    return np.column_stack([x**k for k in range(1, 7)]), np.sin(6 * x) + 0.1 * rng.normal(size=200)


def heavy_tails(rng):
    X = rng.lognormal(0, 1.5, (300, 5))
    return X, X @ rng.normal(size=5) + 3 * rng.normal(size=300)


def rare_groups(rng):
    X = (rng.random((300, 8)) < 0.05).astype(float)
    return X, X @ (3 * rng.normal(size=8)) + rng.normal(size=300)


def trend(rng):
    X = np.arange(150.0)[:, None] + rng.normal(size=(150, 2))
    return X, 0.3 * X[:, 0] + 5 * rng.normal(size=150)


DATA = [diabetes, flowers, powers, heavy_tails, rare_groups, trend]
ORDERS = ["as they come", "by the target", "by a column", "shuffled"]


def pieces(n, sizes):
    """Slices of n rows, of these sizes in turn."""
    start, turn = 0, 0
    while start < n:
        yield slice(start, start + sizes[turn % len(sizes)])
        start, turn = start + sizes[turn % len(sizes)], turn + 1


def pass_over(model, X, y, sizes, weights=None):
    """The model after one pass, and whether its last call has told of something."""
    for rows in pieces(len(y), sizes):
        heavy = None if weights is None else weights[rows]
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model.partial_fit(X[rows], y[rows], heavy)
    return model, [str(warning.message) for warning in told]


@settings(max_examples=12, deadline=None)
@given(
    data=st.sampled_from(DATA),
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.sampled_from([1, 2, 7, 10, 50, 400]), min_size=1, max_size=3),
    order=st.sampled_from(ORDERS),
    offset=st.sampled_from([0.0, -30.0, 1e5]),
    weighted=st.booleans(),
    standardize=st.booleans(),
    rate=st.sampled_from(["auto", "auto", 0.01, 0.5]),
)
def test_near_after_two_passes_or_told(
    data, seed, sizes, order, offset, weighted, standardize, rate
):
    rng = np.random.default_rng(seed)
    X, y = data(rng)
    X = X + offset * X.std(axis=0)
    place = {"as they come": np.arange(len(y)), "by the target": np.argsort(y)}
    place |= {"by a column": np.argsort(X[:, 0]), "shuffled": rng.permutation(len(y))}
    X, y = X[place[order]], y[place[order]]
    weights = rng.choice([0.2, 1.0, 5.0], len(y)) if weighted else None
    model = GradientDescentRegressor(
        method="sgd", learning_rate=rate, standardize=standardize, random_state=0
    )
    for _ in range(2):
        _, told = pass_over(model, X, y, sizes, weights)
    best = LinearRegression().fit(X, y, weights).score(X, y, weights)
    with np.errstate(over="ignore", invalid="ignore"):  # of steps that were told to be too large
        short = best - model.score(X, y, weights)
    if rate == "auto":
        assert not told
        # The loss that is descended is of both passes, which is that of one.
        assert model.loss_curve_[-1] >= model.lowest_loss_ * (1 - 1e-9)
    assert short <= 0.05 + 1e-6 or told


def test_weights_count_row_by_row(rng):
    """One row a call: its weight has nothing to be compared with but the rows so far."""
    x = np.repeat([0.0, 1.0], 100)[:, None]
    y = np.tile([0.0, 1.0], 100)
    weights = np.tile([3.0, 1.0], 100)
    model = GradientDescentRegressor(
        method="sgd", learning_rate=0.002, standardize=False, random_state=0
    )
    order = rng.permutation(200)
    for _ in range(12):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            for i in order:
                model.partial_fit(x[[i]], y[[i]], weights[[i]])
    np.testing.assert_allclose(model.predict([[0.0], [1.0]]), 0.25, atol=0.06)


@pytest.mark.parametrize("size", [1, 4])
def test_a_number_for_the_rate_takes_the_steps_of_the_textbooks(rng, size):
    X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    model = GradientDescentRegressor(
        method="sgd", learning_rate=0.03, standardize=False, shuffle=False
    )
    coef, intercept = np.zeros(3), 0.0
    for rows in pieces(40, [size]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.partial_fit(X[rows], y[rows])
        _, by_coef, by_intercept = gradient(X[rows], y[rows], coef, intercept)
        coef, intercept = coef - 0.03 * by_coef, intercept - 0.03 * by_intercept
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-10)
    np.testing.assert_allclose(model.intercept_, intercept, rtol=1e-10)


@pytest.mark.parametrize("standardize", [True, False])
def test_the_largest_stable_rate_is_that_of_all_rows(rng, standardize):
    """As `fit` on all the rows finds it for batches of that size."""
    X, y = rng.normal(2, 1, (200, 4)) * [1, 10, 0.1, 3], rng.normal(size=200)
    weights = rng.uniform(0.5, 2, 200)
    options = {"method": "sgd", "standardize": standardize, "random_state": 0}
    for size in (1, 5):
        model, _ = pass_over(
            GradientDescentRegressor(**options, batch_size=size), X, y, [size], weights
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            whole = GradientDescentRegressor(**options, batch_size=size, max_iter=1).fit(
                X, y, weights
            )
        # `fit` takes the heaviest weight and the widest row apart.
        assert model.max_stable_learning_rate_ >= 0.999 * whole.max_stable_learning_rate_
        assert model.max_stable_learning_rate_ <= 2.5 * whole.max_stable_learning_rate_
        unweighted, _ = pass_over(
            GradientDescentRegressor(**options, batch_size=size), X, y, [size]
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            whole.fit(X, y)
        assert unweighted.max_stable_learning_rate_ == pytest.approx(
            whole.max_stable_learning_rate_, rel=1e-9
        )


def test_steps_that_overflow_are_undone_and_told(rng):
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    model = GradientDescentRegressor(method="sgd", learning_rate=1e300, random_state=0)
    with pytest.warns(ConvergenceWarning) as told:
        model.partial_fit(X, y)
    assert "above the largest stable" in str(told[0].message)
    assert "were undone" in str(told[-1].message)
    assert np.isfinite(model.coef_).all()


def test_distances_are_those_to_the_solution(rng):
    X, y = rng.normal(3, 2, (90, 4)), rng.normal(size=90)
    model, _ = pass_over(GradientDescentRegressor(method="sgd", batch_size=30), X, y, [45])
    exact = LinearRegression().fit(X, y)
    spread = X.std(axis=0)
    off = np.linalg.norm((model.coef_ - exact.coef_) * spread)
    off = max(
        off / np.linalg.norm(exact.coef_ * spread), abs(model.intercept_ / exact.intercept_ - 1)
    )
    assert model.distance_ == pytest.approx(off, rel=1e-6, abs=1e-12)
    assert model.converged_ == (off <= 1e-10)
    fitted = GradientDescentRegressor().fit(X, y)
    assert model.condition_number_ == pytest.approx(fitted.condition_number_)
    assert model.lowest_loss_ == pytest.approx(fitted.lowest_loss_)


def test_goes_on_after_fit_and_after_pickles(rng):
    X, y = rng.normal(3, 2, (400, 4)), rng.normal(size=400) + 5
    model = GradientDescentRegressor(method="sgd", max_iter=30, random_state=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X[:200], y[:200])
    copy = pickle.loads(pickle.dumps(model))
    for each in (model, copy):
        pass_over(each, X[200:], y[200:], [20])
        each.partial_fit(X[:1], y[:1])
    np.testing.assert_array_equal(model.coef_, copy.coef_)
    assert model.moments_.n_samples == 401
    assert model.score(X, y) >= LinearRegression().fit(X, y).score(X, y) - 1e-3


def test_a_column_of_targets_is_one_target(rng):
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    for model in (GradientDescentRegressor(method="sgd", random_state=0), LinearRegression()):
        a = model.partial_fit(X, y).partial_fit(X, y[:, None])
        assert a.coef_.shape == (2,)
        with pytest.raises(ValueError, match="y has 2 targets, and in the first call it had 1"):
            a.partial_fit(X, np.column_stack([y, y]))


def test_forgetting_rows(rng):
    X, y = rng.normal(size=(500, 60)), rng.normal(size=500)
    for model in (
        GradientDescentRegressor(max_iter=3, tol=0),
        GradientDescentRegressor(method="sgd", random_state=0),
        LinearRegression(),
    ):
        stream = getattr(model, "method", "") == "sgd"
        model = model.partial_fit(X, y) if stream else model.fit(X, y)
        names = ["condition_number_", "coef_", "intercept_"]
        names += ["singular_"] if isinstance(model, LinearRegression) else ["distance_", "n_iter_"]
        before = [np.copy(getattr(pickle.loads(pickle.dumps(model)), name)) for name in names]
        size = len(pickle.dumps(model))
        small = pickle.loads(pickle.dumps(model.forget_rows()))
        assert len(pickle.dumps(small)) < 13 * 8 * 60 + 3000 < size / 2
        for name, value in zip(names, before, strict=True):
            np.testing.assert_array_equal(getattr(small, name), value)
        np.testing.assert_array_equal(small.predict(X), model.predict(X))
        if stream or isinstance(model, LinearRegression):
            with pytest.raises(ValueError, match="partial_fit from the start"):
                small.partial_fit(X, y)
        else:
            with pytest.raises(ValueError, match="forget_rows"):
                small.predicted_iterations(1e-3)
            again = small.set_params(warm_start=True, max_iter=1000, tol=1e-10).fit(X, y)
            assert again.converged_


def test_a_descent_pickles_no_more_than_its_moments(rng):
    X, y = rng.normal(size=(400, 100)), rng.normal(size=400)
    model = GradientDescentRegressor().fit(X, y)
    steps = model.predicted_iterations(1e-6)
    bytes_of = len(pickle.dumps(model))
    assert bytes_of < 1.2 * len(pickle.dumps(moments(X, y))) + 16 * 100 * 8 + 40 * model.n_iter_
    assert pickle.loads(pickle.dumps(model)).predicted_iterations(1e-6) == steps
