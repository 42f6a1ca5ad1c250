"""`GradientDescentRegressor`: iterates, convergence that is true, divergence that is told."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from linreg_fast import GradientDescentRegressor, LinearRegression, datasets, gradient


def draw(rng, n=150, p=4, t=None):
    X = rng.normal(2, 1, (n, p)) * 10.0 ** rng.uniform(-2, 2, p)
    shape = (n,) if t is None else (n, t)
    return X, X @ rng.normal(size=(p, *shape[1:])) + 3 + rng.normal(0, 0.5, shape)


def plain_descent(X, y, rate, steps):
    """The loop of the texts, with our functional gradient."""
    coef, intercept, losses = np.zeros(X.shape[1]), 0.0, []
    for _ in range(steps):
        loss, by_coef, by_intercept = gradient(X, y, coef, intercept)
        losses.append(loss)
        coef = coef - rate * by_coef
        intercept = intercept - rate * by_intercept
    return coef, intercept, np.array(losses)


@pytest.mark.parametrize("space", ["gram", "data"])
def test_the_steps_are_those_of_the_texts(rng, space):
    X, y = rng.normal(2, 1, (60, 3)), rng.normal(size=60)
    model = GradientDescentRegressor(
        learning_rate=0.03, max_iter=40, tol=0, standardize=False, space=space
    ).fit(X, y)
    coef, intercept, losses = plain_descent(X, y, 0.03, 40)
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-11)
    np.testing.assert_allclose(model.intercept_, intercept, rtol=1e-10)
    np.testing.assert_allclose(model.loss_curve_[:-1], losses, rtol=1e-10)
    assert (model.n_iter_, len(model.loss_curve_), model.converged_) == (40, 41, False)


@pytest.mark.parametrize("t", [None, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("space", ["gram", "data"])
def test_converges_to_least_squares_in_any_units(rng, space, fit_intercept, t):
    X, y = draw(rng, t=t)
    weights = rng.integers(0, 3, len(X)).astype(float)
    model = GradientDescentRegressor(space=space, fit_intercept=fit_intercept).fit(X, y, weights)
    exact = LinearRegression(fit_intercept=fit_intercept).fit(X, y, weights)
    assert model.converged_
    assert model.distance_ <= 1e-8
    assert model.coef_.shape == exact.coef_.shape
    found, expected = model.coef_ * X.std(axis=0), exact.coef_ * X.std(axis=0)
    assert np.linalg.norm(found - expected) <= 1e-6 * np.linalg.norm(expected)
    np.testing.assert_allclose(model.predict(X), exact.predict(X), rtol=1e-5, atol=1e-4)
    assert np.all(np.diff(model.loss_curve_) <= 1e-12 * model.loss_curve_[0])


def test_the_bound_on_the_distance_holds(rng):
    X, y = draw(rng)
    exact = LinearRegression().fit(X, y)
    spread = X.std(axis=0)
    for steps in (1, 3, 10):
        model = GradientDescentRegressor(max_iter=steps, tol=0).fit(X, y)
        distance = np.linalg.norm((model.coef_ - exact.coef_) * spread)
        assert distance <= model.distance_ * np.linalg.norm(model.coef_ * spread) * (1 + 1e-9)


@pytest.mark.parametrize("space", ["gram", "data"])
@pytest.mark.parametrize("standardize", [True, False])
def test_the_stable_limit_is_sharp(rng, standardize, space):
    X, y = rng.normal(2, 1, (80, 3)), rng.normal(size=80)
    options = {"standardize": standardize, "space": space, "max_iter": 4000}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        limit = GradientDescentRegressor(**options).fit(X, y).max_stable_learning_rate_
    below = GradientDescentRegressor(learning_rate=0.99 * limit, **options).fit(X, y)
    assert below.converged_
    above = GradientDescentRegressor(learning_rate=1.05 * limit, **options)
    with pytest.warns(ConvergenceWarning, match="is above the largest stable step") as caught:
        above.fit(X, y)
    assert "overflowed" in str(caught[0].message)
    assert above.n_iter_ < 4000
    assert np.isfinite(above.coef_).all()
    assert np.isfinite(above.loss_curve_).all()


def test_not_converged_is_told(rng):
    X, y = draw(rng)
    with pytest.warns(
        ConvergenceWarning, match=r"not converged after 2 steps, within .*larger max_iter"
    ):
        model = GradientDescentRegressor(max_iter=2).fit(X, y)
    assert not model.converged_


def test_starts_where_it_is_told(rng):
    X, y = draw(rng)
    exact = LinearRegression().fit(X, y)
    start = exact.coef_, exact.intercept_
    model = GradientDescentRegressor(init=start).fit(X, y)
    assert model.n_iter_ == 0
    np.testing.assert_allclose(model.coef_, exact.coef_, rtol=1e-12)
    model = GradientDescentRegressor(init=(np.ones(4), 2.0), max_iter=1, tol=0).fit(X, y)
    np.testing.assert_allclose(
        model.loss_curve_[0], np.mean((X @ np.ones(4) + 2 - y) ** 2), rtol=1e-9
    )


def test_an_offset_of_1e6_and_dependent_columns(rng):
    X, y = draw(rng)
    X[:, 0] = 1e6 + rng.normal(size=len(X))
    X[:, 3] = X[:, 1]
    model, exact = GradientDescentRegressor().fit(X, y), LinearRegression().fit(X, y)
    assert model.converged_
    np.testing.assert_allclose(model.predict(X), exact.predict(X), rtol=1e-4, atol=1e-3)


def test_a_target_that_does_not_vary(rng):
    model = GradientDescentRegressor().fit(rng.normal(size=(20, 2)), np.full(20, 7.0))
    assert model.converged_
    np.testing.assert_allclose(model.coef_, 0, atol=1e-12)
    np.testing.assert_allclose(model.intercept_, 7)


def test_verbose_prints_the_loss(rng, capsys):
    X, y = draw(rng)
    GradientDescentRegressor(verbose=10, max_iter=25, tol=0, learning_rate=0.01).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["0", "10", "20"]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        (
            {"learning_rate": 0},
            "'learning_rate' parameter .* must be a str among .'auto'. or a float",
        ),
        ({"learning_rate": -0.1}, "'learning_rate' parameter"),
        ({"learning_rate": np.nan}, "'learning_rate' parameter"),
        ({"learning_rate": "fast"}, "'learning_rate' parameter"),
        ({"max_iter": 0}, "'max_iter' parameter"),
        ({"max_iter": 1.5}, "'max_iter' parameter"),
        ({"tol": -1}, "'tol' parameter"),
        ({"tol": 1.0}, "'tol' parameter"),
        ({"space": "both"}, "'space' parameter .* must be a str among"),
        ({"verbose": -1}, "'verbose' parameter"),
        ({"standardize": "no"}, "'standardize' parameter"),
        ({"init": 3}, "init must be None or a pair"),
        ({"init": (np.ones(3), 0.0)}, "init must be .coef of 4 features"),
        ({"init": (np.ones(4), np.nan)}, "init's intercept contains NaN"),
        ({"init": (np.ones(4), 1.0), "fit_intercept": False}, "fit_intercept is False"),
    ],
)
def test_bad_parameters(rng, parameters, says):
    X, y = draw(rng)
    model = GradientDescentRegressor(**parameters)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=says):
        model.fit(X, y)
    assert list(vars(model)) == list(before)


def test_the_numbers_of_the_first_text():
    """Costs that it prints every 100 steps; the true ones, not its own."""
    data = datasets.load("age")
    model = GradientDescentRegressor(
        learning_rate=1e-4, max_iter=1000, tol=0, standardize=False
    ).fit(data.X, data.y)
    found = model.loss_curve_[[100, 200, 300, 1000]].round(4).tolist()
    assert found == [67.9121, 67.8400, 67.7682, 67.2750]


@pytest.mark.parametrize(
    ("name", "rate", "smallest", "largest"),
    [("age", 0.01, 0.2373, 4962.8), ("age", 0.001, 0.2373, 4962.8), ("line", 5e-4, None, 6427.9)],
)
def test_the_steps_that_the_texts_name_overflow(name, rate, smallest, largest):
    """The first text's default step and its docstring's; the third's with its own factor 2."""
    data = datasets.load(name)
    model = GradientDescentRegressor(learning_rate=rate, max_iter=1000, standardize=False)
    with pytest.warns(ConvergenceWarning, match="the loss overflowed"):
        model.fit(data.X, data.y)
    assert model.n_iter_ < 900
    assert 2 / model.max_stable_learning_rate_ == pytest.approx(largest, rel=1e-4)
    if smallest is not None:
        A = np.column_stack([data.X, np.ones(len(data.X))])
        spectrum = np.linalg.eigvalsh(2 * A.T @ A / len(A))
        assert spectrum[0] == pytest.approx(smallest, rel=1e-3)
        assert spectrum[1] / spectrum[0] == pytest.approx(20_913, rel=1e-4)


def test_the_losses_of_the_second_text():
    """Half the mean squared error at the start, before step 10 000 and before the last."""
    data = datasets.load("diabetes")
    model = GradientDescentRegressor(
        learning_rate=0.005, max_iter=200_000, tol=0, standardize=False
    ).fit(data.X, data.y)
    half = model.loss_curve_ / 2
    assert round(half[0], 2) == 15011.45
    assert round(half[9999], 2) == 1930.52
    assert round(half[199_999], 4) == 1392.5375
    assert round(model.coef_[data.feature_names.index("s1")], 1) == -74.6
