"""Pictures of a model, after scikit-learn's convention: from_estimator draws, plot draws again.

Each display keeps its numbers, and after drawing `ax_` and `figure_`. They need matplotlib.
"""

from linreg_fast.displays.descents import LossDisplay, PathDisplay
from linreg_fast.displays.diagnosis import (
    CoefficientsDisplay,
    LeverageDisplay,
    QuantilesDisplay,
    ResidualsDisplay,
    ScaleLocationDisplay,
)
from linreg_fast.displays.drawing import pyplot
from linreg_fast.displays.fits import FitDisplay, PredictionDisplay

__all__ = [
    "CoefficientsDisplay",
    "FitDisplay",
    "LeverageDisplay",
    "LossDisplay",
    "PathDisplay",
    "PredictionDisplay",
    "QuantilesDisplay",
    "ResidualsDisplay",
    "ScaleLocationDisplay",
    "pyplot",
]
