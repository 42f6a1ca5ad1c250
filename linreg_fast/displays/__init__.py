"""Pictures of a model, after scikit-learn's convention: from_estimator draws, plot draws again.

Each display keeps its numbers, and after drawing `ax_` and `figure_`. They need matplotlib.
"""

from linreg_fast.displays.descents import LossDisplay, PathDisplay
from linreg_fast.displays.drawing import pyplot
from linreg_fast.displays.fits import FitDisplay, PredictionDisplay

__all__ = ["FitDisplay", "LossDisplay", "PathDisplay", "PredictionDisplay", "pyplot"]
