"""How far a result is from what is right (`expected`), and how far it may be."""

import numpy as np

from linreg_fast.bench.expected import EPSILON

WIDEST_TOLERANCE = 1e-4  # a coefficient that is wrong by 0.1% is refused however bad the condition
SINGLE_RTOL = 1e-4  # of fits in single precision, or whose coefficients are rounded to it
WIDEST_OF_PREDICTIONS = 1e-4  # of the spread of the targets


def disagreement(result, expected):
    """The largest relative difference from what is expected; inf where a number is not finite."""
    largest = 0.0
    for ours, theirs, size in zip(result, expected.values, expected.sizes, strict=True):
        ours = np.asarray(ours, np.float64)
        if ours.shape != theirs.shape or not np.isfinite([ours, theirs]).all():
            return np.inf
        error = np.abs(ours - theirs)
        relative = np.divide(error, size, out=np.where(error > 0, np.inf, 0.0), where=size > 0)
        largest = max(largest, float(relative.max()))
    return largest


def _tolerance(row, X, result):
    """The row's own; more where it computes, or only answers, in single precision."""
    single = X.dtype == np.float32
    if single and (row.kind != "ours" or np.asarray(result[0]).dtype == np.float32):
        return max(row.rtol, SINGLE_RTOL)
    return row.rtol


def compared(problem, row, X, y, result, expected=None):
    """(difference, allowed): of a row's result, relative. Or why there is nothing to compare.

    Allowed is the row's own; of a fit more, where the data determine fewer digits (condition >
    100). Where they determine hardly any of the coefficients, the predictions are compared.
    expected: the row's reference of X and y, where it is known.
    """
    expected = row.reference(X, y) if expected is None else expected
    rtol = _tolerance(row, X, result)
    if problem != "fit":
        return disagreement(result, expected), rtol
    if not expected.full and not row.minimum_norm:
        return "the columns depend on each other, and its solution is another one"
    if expected.doubtful:
        return "whether the columns depend on each other is a matter of rounding"
    wide = rtol * (expected.condition / 100) ** 2
    if wide <= WIDEST_TOLERANCE:
        return disagreement(result, expected), max(rtol, wide)
    return _predictions_compared(X, y, result, expected.values)


def _predictions_compared(X, y, result, values):
    """Likewise, relative to the spread of the targets."""
    (coef, intercept), (right, right_intercept) = result, values
    if not np.isfinite([*coef, *intercept]).all():
        return np.inf, WIDEST_OF_PREDICTIONS
    spread = np.ptp(y) or np.abs(y).max() or 1.0
    # About the first row, since an offset's terms are larger than what is left of them; there only
    # if the intercept has digits enough.
    about, change = X - X[0], coef - right
    steps = about @ change
    if 64 * EPSILON * (np.abs(about) @ np.abs(right)).max() > WIDEST_OF_PREDICTIONS * spread:
        return "coefficients and predictions are what rounding leaves of far larger numbers"
    found = np.abs(steps).max() / spread
    largest = np.abs(X[0]) @ np.abs(right) + np.abs(right_intercept).max() + np.abs(y).max()
    if 64 * EPSILON * largest <= WIDEST_OF_PREDICTIONS * spread:
        there = X[0] @ change + (intercept - right_intercept)
        found = max(found, np.abs(steps + there).max() / spread)
    return float(found), WIDEST_OF_PREDICTIONS
