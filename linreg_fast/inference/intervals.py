"""Confidence and prediction intervals from moments, in the coordinates of `Basis`."""

from typing import NamedTuple

import numpy as np

from linreg_fast.inference.basis import Basis
from linreg_fast.inference.predictions import Predictions


class Intervals(NamedTuple):
    """Half-widths around the fitted value at each point, in units of y."""

    confidence: np.ndarray  # (m,): where the true mean lies
    prediction: np.ndarray  # (m,): where a new observation lies


def intervals(moments, mse, X, level=0.95):
    """Student-t intervals of a least-squares fit with an intercept, one target, full rank.

    moments: of the data fitted. mse: its mean squared residual, weighted as they are. X (m, p):
    where. Assumes independent errors, of one variance, or of one in inverse proportion to the
    weights; then a new observation is one of mean weight, and only ratios of weights matter. The
    same numbers as `Inference.predict` has, whose parts these are.
    Source: Draper and Smith, Applied Regression Analysis, section 3.1 (one feature) and 8.1, 9.2.
    """
    n, p = moments.n_samples, moments.n_features
    freedom = n - p - 1
    if freedom < 1:
        raise ValueError(f"{n} rows leave no degrees of freedom for {p + 1} numbers")
    coordinates = Basis.of(moments, True).coordinates(np.asarray(X, dtype=float))
    variance = mse * moments.weight_sum / freedom  # of a row of weight 1
    se = np.sqrt(variance * (coordinates * coordinates).sum(axis=1))
    spread = np.sqrt(variance * n / moments.weight_sum)
    found = Predictions.of(np.zeros(len(se)), se, spread, freedom, level)
    return Intervals(found.mean_high, found.high)
