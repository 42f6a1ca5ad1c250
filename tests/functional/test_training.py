"""The functions of the texts: the same numbers as their loops."""

import warnings

import numpy as np
import pytest

from linreg_fast import (
    LinearRegression,
    datasets,
    gradient,
    initial_parameters,
    mse,
    predict,
    r2,
    train,
)


@pytest.mark.parametrize(("loss", "factor"), [("mse", 2.0), ("half_mse", 1.0)])
@pytest.mark.parametrize("space", ["data", "gram"])
def test_the_loop_of_the_texts(rng, loss, factor, space):
    X, y = rng.normal(1, 1, (40, 3)), rng.normal(size=40)
    weights = rng.uniform(0, 2, 40)
    coef, intercept = initial_parameters(3, "random", random_state=7)
    start, losses = (coef.copy(), intercept), []
    for _ in range(50):
        r = X @ coef + intercept - y
        losses.append(factor / 2 * np.average(r**2, weights=weights))
        by_coef = factor * X.T @ (weights * r) / weights.sum()
        by_intercept = factor * (weights @ r) / weights.sum()
        coef, intercept = coef - 0.05 * by_coef, intercept - 0.05 * by_intercept
    found = train(X, y, *start, weights, learning_rate=0.05, steps=50, loss=loss, space=space)
    np.testing.assert_allclose(found.coef, coef, rtol=1e-10)
    np.testing.assert_allclose(found.intercept, intercept, rtol=1e-9)
    np.testing.assert_allclose(found.loss_curve[:-1], losses, rtol=1e-10)
    _, by_coef, by_intercept = gradient(X, y, found.coef, found.intercept, weights)
    np.testing.assert_allclose(found.gradient_coef, by_coef * factor / 2, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(
        found.gradient_intercept, by_intercept * factor / 2, rtol=1e-8, atol=1e-12
    )


def test_the_first_text():
    data = datasets.load("age")
    found = train(data.X, data.y, *initial_parameters(1), learning_rate=1e-4, steps=1000)
    assert (round(found.coef[0], 4), round(found.intercept, 4)) == (0.6793, 0.2792)


def test_the_third_text_overflows_with_the_factor_it_drops():
    data = datasets.load("line")
    with pytest.warns(RuntimeWarning, match="above the largest stable step for this data"):
        found = train(data.X, data.y, learning_rate=5e-4, steps=1000)
    # The loss, a square, overflows half way to where the parameters would, at step 883.
    assert 430 < len(found.loss_curve) < 450
    assert np.isfinite(found.coef).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = train(data.X, data.y, learning_rate=5e-4, steps=100_000, loss="half_mse")
    assert (round(found.coef[0], 9), round(found.intercept, 9)) == (3.480335975, 9.565100700)


def test_prediction_and_r2(rng):
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    model = LinearRegression().fit(X, y)
    np.testing.assert_allclose(predict(X, model.coef_, model.intercept_), model.predict(X))
    weights = rng.uniform(0, 1, 30)
    assert r2(X, y, model.coef_, model.intercept_, weights) == pytest.approx(
        model.score(X, y, weights)
    )
    assert mse(X, y, model.coef_, model.intercept_) > 0
    with pytest.raises(ValueError, match="does not vary"):
        r2(X, np.ones(30), model.coef_)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"learning_rate": 0, "steps": 1}, "learning_rate must be a number above 0"),
        ({"learning_rate": -1.0, "steps": 1}, "learning_rate must be a number above 0"),
        ({"learning_rate": np.nan, "steps": 1}, "learning_rate must be a number above 0"),
        ({"learning_rate": "auto", "steps": 1}, "learning_rate must be a number above 0"),
        ({"learning_rate": 0.1, "steps": 0}, "steps must be a whole number"),
        ({"learning_rate": 0.1, "steps": 2.5}, "steps must be a whole number"),
        ({"learning_rate": 0.1, "steps": 1, "loss": "mae"}, "loss must be 'mse' or 'half_mse'"),
        ({"learning_rate": 0.1, "steps": 1, "space": "moon"}, "space must be"),
        ({"learning_rate": 0.1, "steps": 1, "coef": [1.0]}, "coef"),
        ({"learning_rate": 0.1, "steps": 1, "coef": [1.0, np.nan]}, "NaN"),
    ],
)
def test_bad_options(rng, options, says):
    with pytest.raises(ValueError, match=says):
        train(rng.normal(size=(10, 2)), rng.normal(size=10), **options)
    for wrong in (0, 1.5, True):
        with pytest.raises(ValueError, match="n_features must be"):
            initial_parameters(wrong)
    with pytest.raises(ValueError, match="init must be"):
        initial_parameters(2, "ones")
