"""The runs of the four teaching texts: what each printed, what is true, and why they differ."""

from typing import NamedTuple

import numpy as np

from linreg_fast.estimators.gradient_descent.estimator import GradientDescentRegressor
from linreg_fast.estimators.linear_regression import LinearRegression
from linreg_fast.functional.sums import mse
from linreg_fast.wording import equation, interpretation

LABELS = {
    "slope": "slope",
    "intercept": "intercept",
    "r2": "R2",
    "mse": "MSE",
    "test_mse": "MSE on the test rows",
    "test_r2": "R2 on the test rows",
    "largest_stable_rate": "largest stable learning rate",
    "prediction_0": "prediction at the first dose",
    "prediction_1": "prediction at the second dose",
    "prediction_2": "prediction at the third dose",
}
SKLEARN_AGREES = 1e-9


class Demo(NamedTuple):
    """A finished run."""

    model: LinearRegression
    mse: float
    descent: GradientDescentRegressor | None
    found: dict[str, float]
    wrong: list[str]  # what is not as expected; empty when all is well
    sklearn_difference: tuple[float, float]  # of the coefficients and the intercept, relative


def run(data):
    """Fit the data by least squares and by the text's own descent, and check every number."""
    from sklearn.linear_model import LinearRegression as Reference

    model = LinearRegression().fit(data.X, data.y)
    found = _facts(model, data)
    descent = None
    if data.learning_rate is not None:
        descent = GradientDescentRegressor(
            learning_rate=data.learning_rate,
            max_iter=data.steps,
            tol=0,
            standardize=False,
            space="gram",
        ).fit(data.X, data.y)
        found |= {f"gd_{key}": value for key, value in _facts(descent, data).items()}
        found["largest_stable_rate"] = descent.max_stable_learning_rate_
    elif data.X_test is not None:
        found |= {f"prediction_{i}": v for i, v in enumerate(model.predict(data.X_test))}
    reference = Reference().fit(data.X, data.y)
    difference = (
        float(np.abs(model.coef_ - reference.coef_).max() / np.abs(reference.coef_).max()),
        float(abs(model.intercept_ - reference.intercept_) / abs(reference.intercept_)),
    )
    wrong = unexpected(found, data.expected)
    wrong += [f"scikit-learn differs by {d:.1e}" for d in difference if not d <= SKLEARN_AGREES]
    return Demo(model, found["mse"], descent, found, wrong, difference)


def unexpected(found, expected):
    """The numbers that are not what they should be, to the last digit given, in words."""
    return [
        f"{key}: expected {number}, found {found[key]:.10g}"
        for key, number in expected.items()
        if not abs(found[key] - number) <= half_a_digit(number)
    ]


def half_a_digit(number):
    """Half a unit in the last digit that a number is written with."""
    mantissa, _, exponent = repr(float(number)).partition("e")
    return 0.5000001 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def _facts(model, data):
    facts = {
        "intercept": float(model.intercept_),
        "r2": model.score(data.X, data.y),
        "mse": mse(data.X, data.y, model.coef_, model.intercept_),
    }
    if data.X.shape[1] == 1:
        facts["slope"] = float(model.coef_[0])
    if data.y_test is not None:
        facts["test_r2"] = model.score(data.X_test, data.y_test)
        facts["test_mse"] = mse(data.X_test, data.y_test, model.coef_, model.intercept_)
    return facts


def describe(data, demo):
    """The run in words, as lines of text."""
    model = demo.model
    yield data.title
    yield ""
    yield "least squares: " + equation(
        model.coef_, model.intercept_, data.feature_names, data.target_name
    )
    condition = model.condition_number_
    yield f"  R2 {demo.found['r2']:.4f}, MSE {demo.mse:.6f}, condition {condition:.3g}"
    if len(data.feature_names) == 1:
        yield "  " + interpretation(model.coef_[0], data.target_name, *data.units)
    for i, row in enumerate(data.X_test if data.learning_rate is None else []):
        yield f"  at {row[0]:g}: {demo.found[f'prediction_{i}']:.2f}"
    coef, intercept = demo.sklearn_difference
    yield f"  scikit-learn: coefficients {coef:.1e} apart, intercept {intercept:.1e} (relative)"
    if demo.descent is not None:
        yield ""
        yield (
            f"the text's own descent: {data.steps} steps of {data.learning_rate:g} on raw columns "
            f"(largest stable step {demo.descent.max_stable_learning_rate_:.4g})"
        )
    if data.printed:
        yield ""
        yield from _comparison(data, demo)
    yield ""
    yield from _wrapped(data.why)
    for line in demo.wrong:
        yield f"NOT AS EXPECTED: {line}"


def _comparison(data, demo):
    heading = f"{'':24}{'text prints':>14}{'its descent gives':>20}{'least squares':>16}"
    yield heading
    keys = dict.fromkeys(key.removeprefix("gd_") for key in data.printed)
    for key in keys:
        printed = data.printed.get(f"gd_{key}", data.printed.get(key))
        descent = demo.found.get(f"gd_{key}")
        yield (
            f"  {LABELS[key]:22}{printed:>14g}"
            + (f"{descent:>20.6f}" if descent is not None else f"{'':20}")
            + f"{demo.found[key]:>16.6f}"
        )


def _wrapped(text):
    import textwrap

    return textwrap.wrap(text, 96)
