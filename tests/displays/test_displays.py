"""Pictures: what they show is what the model has, and what cannot be drawn is told."""

import sys

import numpy as np
import pytest
import scipy.stats
from sklearn.exceptions import ConvergenceWarning

from linreg_fast import (
    FitDisplay,
    GradientDescentRegressor,
    LinearRegression,
    LossDisplay,
    PathDisplay,
    PredictionDisplay,
)

matplotlib = pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed():
    yield
    matplotlib.pyplot.close("all")


def line(rng, n=60):
    X = rng.uniform(0, 10, (n, 1))
    return X, 2 * X[:, 0] + 1 + rng.normal(0, 1, n)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_bands_of_a_weighted_fit(rng, scale):
    X, y = line(rng)
    weights = scale * rng.uniform(0.1, 3, len(X)) * rng.integers(0, 2, len(X))
    model = LinearRegression().fit(X, y, weights)
    found = FitDisplay.from_estimator(model, X, y, weights)
    # By hand: the covariance of weighted least squares, of rows that count.
    A = np.column_stack([np.ones(len(X)), X[:, 0]])
    inverse = np.linalg.inv((A.T * weights) @ A)
    freedom = np.count_nonzero(weights) - 2
    variance = weights @ (model.predict(X) - y) ** 2 / freedom
    grid = np.column_stack([np.ones(200), found.grid])
    leverage = np.einsum("ij,jk,ik->i", grid, inverse, grid)
    t = scipy.stats.t.ppf(0.975, freedom)
    np.testing.assert_allclose(found.confidence, t * np.sqrt(variance * leverage), rtol=1e-8)
    usual = np.mean(weights[weights > 0])
    expected = t * np.sqrt(variance * (1 / usual + leverage))
    np.testing.assert_allclose(found.prediction, expected, rtol=1e-8)


def test_what_has_no_bands(rng):
    X, y = line(rng)
    with pytest.warns(ConvergenceWarning):
        stopped = GradientDescentRegressor(max_iter=1, standardize=False).fit(X, y)
    for model in (stopped, LinearRegression(positive=True).fit(X, y)):
        assert FitDisplay.from_estimator(model, X, y).confidence is None
    for scale in (1e-200, 1e200):  # squares under- and overflow
        model = LinearRegression().fit(X * scale, y)
        assert FitDisplay.from_estimator(model, X * scale, y).confidence is None


def test_dollars_in_names_and_very_many_rows(rng):
    X, y = line(rng, 50_000)
    model = LinearRegression().fit(X, y)
    ax = FitDisplay.from_estimator(model, X, y, feature="rent ($) per a_$x_{", target="$").ax_
    ax.figure.canvas.draw()  # what is no formula would be an error
    assert ax.get_xlabel() == r"rent (\$) per a_\$x_{"
    (points,) = (c for c in ax.collections if c.get_label().startswith("data"))
    assert points.get_label() == "data: 20,000 of 50,000"
    assert len(points.get_offsets()) == 20_000


def test_the_line_and_its_bands(rng):
    X, y = line(rng)
    model = LinearRegression().fit(X, y)
    display = FitDisplay.from_estimator(model, X, y, feature="dose", target="effect")
    np.testing.assert_allclose(display.line, model.predict(display.grid[:, None]), rtol=1e-12)
    assert display.ax_.get_xlabel() == "dose"
    assert display.ax_.get_ylabel() == "effect"
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert "95% confidence: the line" in labels
    statsmodels = pytest.importorskip("statsmodels.api", reason="the oracle of the bands")
    fitted = statsmodels.OLS(y, np.column_stack([np.ones(len(X)), X])).fit()
    grid = np.column_stack([np.ones(200), display.grid])
    frame = fitted.get_prediction(grid).summary_frame(alpha=0.05)
    np.testing.assert_allclose(
        display.line - display.confidence, frame["mean_ci_lower"], rtol=1e-7, atol=1e-7
    )
    np.testing.assert_allclose(
        display.line + display.prediction, frame["obs_ci_upper"], rtol=1e-7, atol=1e-7
    )


def test_a_new_point_is_in_its_band_as_often_as_it_says(rng):
    inside = []
    for _ in range(80):
        X, y = line(rng, 25)
        model = LinearRegression().fit(X[:-5], y[:-5])
        display = FitDisplay.from_estimator(model, X[:-5], y[:-5], level=0.8)
        width = np.interp(X[-5:, 0], display.grid, display.prediction)
        inside += list(abs(y[-5:] - model.predict(X[-5:])) <= width)
        matplotlib.pyplot.close("all")
    assert 0.7 < np.mean(inside) < 0.9


def test_predicted_against_actual(rng):
    X, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    model = LinearRegression().fit(X, y)
    display = PredictionDisplay.from_estimator(model, X, y)
    np.testing.assert_array_equal(display.predicted, model.predict(X))
    figure, ax = matplotlib.pyplot.subplots()
    assert display.plot(ax).ax_ is ax
    assert display.figure_ is figure


@pytest.mark.parametrize("against", ["steps", "seconds"])
@pytest.mark.parametrize("method", ["gd", "momentum", "nesterov", "cg", "sgd"])
def test_the_loss(rng, method, against):
    X, y = rng.normal(size=(80, 4)) + 2, rng.normal(size=80)
    model = GradientDescentRegressor(method=method, max_iter=12, tol=0, random_state=0).fit(X, y)
    display = LossDisplay.from_estimator(model, against=against)
    minimum = np.mean((LinearRegression().fit(X, y).predict(X) - y) ** 2)
    assert display.minimum == pytest.approx(minimum)
    if method in ("cg", "sgd"):
        assert display.expected is None
    else:
        steps, losses = display.expected
        np.testing.assert_allclose(losses, model.loss_curve_[steps], rtol=1e-9)


@pytest.mark.parametrize("shape", ["slope and intercept", "two slopes", "no intercept"])
def test_the_path(rng, shape):
    X = rng.normal(1, 1, (50, 1 if shape == "slope and intercept" else 2))
    y = X.sum(axis=1) + rng.normal(size=50)
    model = GradientDescentRegressor(
        record_path=True, standardize=False, fit_intercept=shape != "no intercept"
    ).fit(X, y)
    display = PathDisplay.from_estimator(model)
    assert display.path.shape == (model.n_iter_ + 1, 2)
    np.testing.assert_allclose(display.path[-1], display.solution, rtol=1e-6, atol=1e-8)
    if shape != "two slopes":  # the loss is a function of the two alone
        e = display.path[0] - display.solution
        minimum = LossDisplay.from_estimator(model).minimum
        assert minimum + 0.5 * e @ display.hessian @ e == pytest.approx(model.loss_curve_[0])


def test_what_cannot_be_drawn(rng):
    X, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    model = LinearRegression().fit(X, y)
    with pytest.raises(ValueError, match="use PredictionDisplay"):
        FitDisplay.from_estimator(model, X, y)
    with pytest.raises(ValueError, match="has no loss curve"):
        LossDisplay.from_estimator(model)
    descent = GradientDescentRegressor().fit(X, y)
    with pytest.raises(ValueError, match="record_path=True"):
        PathDisplay.from_estimator(descent)
    with pytest.raises(ValueError, match="against must be"):
        LossDisplay.from_estimator(descent, against="miles")
    with pytest.raises(ValueError, match="two parameters"):
        PathDisplay.from_estimator(GradientDescentRegressor(record_path=True).fit(X, y))
    with pytest.raises(ValueError, match="the model needs 3 features"):
        PredictionDisplay.from_estimator(model, X[:, :2], y)
    with pytest.raises(ValueError, match="level must be between"):
        FitDisplay.from_estimator(LinearRegression().fit(X[:, :1], y), X[:, :1], y, level=95)


def test_a_loss_that_overflowed(rng, tmp_path):
    X, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    with pytest.warns(ConvergenceWarning):
        model = GradientDescentRegressor(learning_rate=3.0).fit(X, y)
    display = LossDisplay.from_estimator(model)
    display.figure_.savefig(tmp_path / "loss.png")  # a warning is an error here
    assert display.ax_.get_ylim()[1] > 1e180


def test_names_from_a_frame(rng):
    pandas = pytest.importorskip("pandas", reason="frames need pandas")
    frame = pandas.DataFrame({"dose": rng.normal(size=20)})
    y = pandas.Series(rng.normal(size=20), name="effect")
    display = FitDisplay.from_estimator(LinearRegression().fit(frame, y), frame, y)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("dose", "effect")


def test_without_matplotlib(rng, monkeypatch):
    X, y = line(rng)
    model = LinearRegression().fit(X, y)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'linreg_fast\[plot\]'"):
        FitDisplay.from_estimator(model, X, y)


def test_a_pipeline_is_drawn_or_told_what_to_do(rng):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X = rng.normal(size=(30, 1))
    y = 2 * X[:, 0] + rng.normal(size=30)
    line = make_pipeline(StandardScaler(), LinearRegression()).fit(X, y)
    with pytest.raises(TypeError, match=r"pipeline\[-1\] \(a LinearRegression\), with .*transform"):
        FitDisplay.from_estimator(line, X, y)
    np.testing.assert_allclose(
        PredictionDisplay.from_estimator(line, X, y).predicted, line.predict(X)
    )
    descent = GradientDescentRegressor(record_path=True)
    steps = make_pipeline(StandardScaler(), descent).fit(X, y)
    shown = LossDisplay.from_estimator(steps)
    np.testing.assert_array_equal(shown.loss_curve, steps[-1].loss_curve_)
    PathDisplay.from_estimator(steps)
