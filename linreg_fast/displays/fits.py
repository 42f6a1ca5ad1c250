"""Pictures of a fit: its line over the data, and what it predicts against what is."""

import numpy as np

from linreg_fast.displays.drawing import Display, legend, plain, refuse_pipelines, scatter
from linreg_fast.inference.intervals import intervals


def _fitted_to(model, X, y):
    """X (n, p) and y (n,) as arrays, for a model of one target."""
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(model)
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float).reshape(-1)
    X = X[:, None] if X.ndim == 1 else X
    if np.ndim(model.coef_) > 1 and len(model.coef_) > 1:
        raise ValueError("a picture is of one target, and this model has several")
    if X.shape[1] != model.n_features_in_ or len(X) != len(y):
        raise ValueError(
            f"X has shape {X.shape} and y {y.shape}: the model needs {model.n_features_in_} "
            "features and a target for each row"
        )
    return X, y


def _has_bands(model):
    """Whether it is the least-squares line of ordinary numbers, and rows enough to tell."""
    moments = getattr(model, "moments_", None)  # not of numbers whose squares overflow
    least = getattr(model, "converged_", True) and not getattr(model, "positive", False)
    least = least and not getattr(model, "_alpha", 0)
    if moments is None or not least or not model.fit_intercept or moments.n_samples < 3:
        return False
    return 0 < moments.comoment[0, 0] < np.inf


class FitDisplay(Display):
    """The line of one feature, with the data, and where the line and a new point may lie.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        The data.
    grid, line : ndarray of shape (m,)
        The line, from left to right.
    confidence, prediction : ndarray of shape (m,)
        Half-widths of the two bands: of the line, and of a new point.
    level : float
        What share of the time they hold it.
    feature, target : str
        Names for the axes.
    """

    def __init__(self, *, x, y, grid, line, confidence, prediction, level, feature="x", target="y"):
        self.x, self.y, self.grid, self.line = x, y, grid, line
        self.confidence, self.prediction, self.level = confidence, prediction, level
        self.feature, self.target = feature, target

    @classmethod
    def from_estimator(
        cls, model, X, y, sample_weight=None, *, level=0.95, feature=None, target=None, ax=None
    ):
        """Draw a fitted model of one feature over the rows X (n, 1), y (n,) it was fitted to, with
        the sample_weight (n,) of its fit, if any.

        The bands are Student-t's, for independent errors of one variance, or of one in inverse
        proportion to the weights of the fit. A model without an intercept or of too few rows, one
        that has not converged, is penalised, or whose coefficient had to be positive, has none.
        """
        refuse_pipelines(model, "FitDisplay")
        target = target or str(getattr(y, "name", None) or "y")
        X, y = _fitted_to(model, X, y)
        if X.shape[1] != 1:
            raise ValueError(
                f"a line needs one feature, and this model has {X.shape[1]}: use PredictionDisplay"
            )
        if not 0 < level < 1:
            raise ValueError(f"level must be between 0 and 1, got {level!r}")
        low, high = X.min(), X.max()
        margin = 0.04 * (high - low) or 1.0
        grid = np.linspace(low - margin, high + margin, 200)
        coef, intercept = float(np.ravel(model.coef_)[0]), float(np.ravel(model.intercept_)[0])
        line = coef * grid + intercept
        confidence = prediction = None
        if _has_bands(model):
            squares = (coef * X[:, 0] + intercept - y) ** 2
            mse = float(np.average(squares, weights=sample_weight))
            confidence, prediction = intervals(model.moments_, mse, grid[:, None], level)
        names = getattr(model, "feature_names_in_", None)
        feature = feature or ("x" if names is None else str(names[0]))
        display = cls(
            x=X[:, 0],
            y=y,
            grid=grid,
            line=line,
            confidence=confidence,
            prediction=prediction,
            level=level,
            feature=feature,
            target=target,
        )
        return display.plot(ax)

    def plot(self, ax=None):
        """Draw on `ax`, or on a new figure."""
        ax, percent = self._axes(ax), f"{100 * self.level:g}%"
        for width, alpha, label in (
            (self.prediction, 0.15, f"{percent} prediction: a new point"),
            (self.confidence, 0.4, f"{percent} confidence: the line"),
        ):
            if width is not None:
                low, high = self.line - width, self.line + width
                ax.fill_between(
                    self.grid, low, high, color="tab:orange", alpha=alpha, linewidth=0, label=label
                )
        scatter(ax, self.x, self.y, "data")
        ax.plot(self.grid, self.line, color="tab:red", linewidth=1.5, label="fit")
        ax.set_xlabel(plain(self.feature))
        ax.set_ylabel(plain(self.target))
        legend(ax)
        return self


class PredictionDisplay(Display):
    """Predicted against actual: points on the diagonal are right.

    Parameters
    ----------
    actual, predicted : ndarray of shape (n,)
    target : str
    """

    def __init__(self, *, actual, predicted, target="y"):
        self.actual, self.predicted, self.target = actual, predicted, target

    @classmethod
    def from_estimator(cls, model, X, y, *, target=None, ax=None):
        """Draw a fitted model on rows X (n, p), y (n,): best on such as it has not seen.

        Any regressor of one target, a pipeline for one.
        """
        target = target or str(getattr(y, "name", None) or "y")
        if hasattr(model, "coef_"):
            _, actual = _fitted_to(model, X, y)
        else:
            actual = np.asarray(y, dtype=float).reshape(-1)
        predicted = np.asarray(model.predict(X)).reshape(-1)
        if predicted.shape != actual.shape:
            raise ValueError(
                f"predictions of shape {predicted.shape} and targets of {actual.shape}: "
                "a picture is of one target"
            )
        return cls(actual=actual, predicted=predicted, target=target).plot(ax)

    def plot(self, ax=None):
        """Draw on `ax`, or on a new figure."""
        ax = self._axes(ax)
        both = np.concatenate([self.actual, self.predicted])
        ends = [both.min(), both.max()]
        ax.plot(ends, ends, color="0.6", linewidth=1, label="predicted = actual")
        scatter(ax, self.actual, self.predicted, "rows")
        ax.set_xlabel(f"actual {plain(self.target)}")
        ax.set_ylabel(f"predicted {plain(self.target)}")
        legend(ax)
        return self
