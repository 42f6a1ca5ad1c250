"""The four pictures of a fit, and coefficients with intervals: they show the model's numbers."""

import numpy as np
import pytest

from linreg_fast import (
    CoefficientsDisplay,
    LeverageDisplay,
    LinearRegression,
    QuantilesDisplay,
    ResidualsDisplay,
    ScaleLocationDisplay,
)

matplotlib = pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")
matplotlib.use("Agg")


@pytest.fixture
def fitted(rng):
    X = rng.normal(size=(50, 3))
    y = X @ [1.0, -2.0, 0.0] + rng.normal(size=50)
    yield LinearRegression().fit(X, y), X, y
    matplotlib.pyplot.close("all")


def test_four_pictures_of_rows(fitted):
    model, X, y = fitted
    influence, predicted = model.influence(X, y), model.predict(X)
    for display, x, values in (
        (ResidualsDisplay, predicted, influence.residuals),
        (ScaleLocationDisplay, predicted, np.sqrt(abs(influence.rstandard))),
        (LeverageDisplay, influence.leverage, influence.rstandard),
    ):
        found = display.from_estimator(model, X, y)
        np.testing.assert_allclose(found.x, x, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(found.y, values, rtol=1e-10, atol=1e-12)
        worst = str(int(np.argmax(found.sizes)))
        assert worst in [text.get_text() for text in found.ax_.texts]
    found = QuantilesDisplay.from_estimator(model, X, y)
    order = np.argsort(found.x)
    assert (np.diff(found.y[order]) >= 0).all()
    np.testing.assert_allclose(found.x.mean(), 0, atol=1e-12)


def test_contours_have_one_cooks_distance(fitted):
    model, X, y = fitted
    X = X.copy()
    X[0] = 8.0  # far out, so that contours come into the picture
    y = y + 5 * (np.arange(50) == 0)
    found = LeverageDisplay.from_estimator(model.fit(X, y), X, y)
    lines = [line for line in found.ax_.get_lines() if line.get_color() == "tab:red"]
    h, r = lines[0].get_data()
    seen = np.isfinite(r)
    assert seen.any()
    cooks = r[seen] ** 2 * h[seen] / ((1 - h[seen]) * model.inference().rank)
    np.testing.assert_allclose(cooks, 0.5, rtol=1e-12)


def test_coefficients_with_intervals(fitted):
    model, _, _ = fitted
    found = CoefficientsDisplay.from_estimator(model, level=0.9)
    np.testing.assert_array_equal(found.coef, model.inference().coef[1:])
    np.testing.assert_array_equal(found.low, model.inference().confidence_interval(0.9)[1:, 0])
    assert [text.get_text() for text in found.ax_.get_yticklabels()] == ["x0", "x1", "x2"]
    assert len(CoefficientsDisplay.from_estimator(model, intercept=True).names) == 4


def test_rows_left_out_are_not_counted(fitted):
    _, X, y = fitted
    pd = pytest.importorskip("pandas")
    pytest.importorskip("formulaic", reason="formulas need the extra 'formula'")
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(y=y)
    frame.loc[[0, 1, 30], "a"] = np.nan
    frame.loc[40, "y"] += 50
    model = LinearRegression.from_formula("y ~ a + b", frame, missing="drop")
    for display in (ResidualsDisplay, QuantilesDisplay, ScaleLocationDisplay, LeverageDisplay):
        found = display.from_estimator(model, frame, frame.y)
        assert len(found.x) == 47
        assert "40" in [text.get_text() for text in found.ax_.texts]
    found = ResidualsDisplay.from_estimator(model, frame)
    np.testing.assert_allclose(found.x, model.predict(frame)[found.rows], rtol=1e-9, atol=1e-12)
