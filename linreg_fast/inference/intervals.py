"""Floor 2: how sure a fitted line is. Confidence and prediction intervals from moments."""

from typing import NamedTuple

import numpy as np
import scipy.special


class Intervals(NamedTuple):
    """Half-widths around the fitted value at each point, in units of y."""

    confidence: np.ndarray  # (m,): where the true mean lies
    prediction: np.ndarray  # (m,): where a new observation lies


def intervals(moments, mse, X, level=0.95):
    """Student-t intervals of a least-squares fit with an intercept, one target, full rank.

    moments: of the data fitted. mse: its mean squared residual, weighted as they are. X (m, p):
    where. Assumes independent errors, of one variance, or of one in inverse proportion to the
    weights; then a new observation is one of mean weight, and only ratios of weights matter.
    Source: Draper and Smith, Applied Regression Analysis, section 3.1 (one feature) and 8.1, 9.2.
    """
    p = moments.n_features
    freedom = moments.n_samples - p - 1
    if freedom < 1:
        raise ValueError(
            f"{moments.n_samples} rows leave no degrees of freedom for {p + 1} numbers"
        )
    variance = mse * moments.n_samples / freedom
    comoment = moments.comoment[:p, :p] * (moments.n_samples / moments.weight_sum)
    factor = scipy.linalg.cholesky(comoment, lower=True)
    steps = scipy.linalg.solve_triangular(factor, (X - moments.mean[:p]).T, lower=True)
    leverage = 1 / moments.n_samples + (steps * steps).sum(axis=0)
    t = scipy.special.stdtrit(freedom, (1 + level) / 2)
    return Intervals(t * np.sqrt(variance * leverage), t * np.sqrt(variance * (1 + leverage)))
