"""Fitted values at new rows, with confidence and prediction intervals."""

from dataclasses import dataclass, fields

import numpy as np

from linreg_fast.inference import tails


@dataclass(frozen=True)
class Predictions:
    """Arrays (m,), in units of the target.

    mean: fitted values. se: their standard errors. mean_low, mean_high: where the true mean lies,
    with probability `level`. low, high: where a new observation lies.
    """

    mean: np.ndarray
    se: np.ndarray
    mean_low: np.ndarray
    mean_high: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float

    @classmethod
    def of(cls, mean, se, spread, df, level):
        """spread: standard deviation of a new observation around its mean."""
        t = tails.t_quantile(level, df)
        wide = t * np.hypot(spread, se)
        return cls(mean, se, mean - t * se, mean + t * se, mean - wide, mean + wide, level)

    def to_frame(self):
        """A pandas DataFrame with a row a prediction."""
        from linreg_fast.inference.formats import pandas

        names = [field.name for field in fields(self)[:-1]]
        return pandas().DataFrame({name: getattr(self, name) for name in names})
