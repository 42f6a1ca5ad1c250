"""Pictures of a model, after scikit-learn's convention: from_estimator draws, plot draws again.

Each display keeps its numbers, and after drawing `ax_` and `figure_`. They need matplotlib.
"""

__all__ = ["FitDisplay", "LossDisplay", "PathDisplay", "PredictionDisplay", "pyplot"]
