"""Pictures of a model, after scikit-learn's convention: from_estimator draws, plot draws again.

Each display keeps its numbers, and after drawing `ax_` and `figure_`. They need matplotlib.
"""

import numpy as np

from linreg_fast.inference import intervals

SMALLEST = 1e-17  # of the first loss: below, rounding is drawn
LARGEST = 1e200  # above, a log axis has no room for its margins and ticks


def pyplot():
    """matplotlib.pyplot, or an error that names the extra."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'linreg_fast[plot]'") from None
    return plt


class _Display:
    def _axes(self, ax):
        ax = pyplot().subplots(figsize=(5, 4), layout="constrained")[1] if ax is None else ax
        self.ax_, self.figure_ = ax, ax.figure
        return ax


def _legend(ax):
    ax.legend(fontsize="small", frameon=False)
    ax.spines[["top", "right"]].set_visible(False)


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


class FitDisplay(_Display):
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
    def from_estimator(cls, model, X, y, *, level=0.95, feature=None, target=None, ax=None):
        """Draw a fitted model of one feature over the rows X (n, 1), y (n,) it was fitted to.

        The bands are Student-t's, for independent errors of one variance; a model without an
        intercept, or of too few rows, is drawn without.
        """
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
        if model.fit_intercept and len(X) > 2 and low < high:
            mse = float(np.mean((coef * X[:, 0] + intercept - y) ** 2))
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
        ax.scatter(self.x, self.y, s=14, color="tab:blue", alpha=0.7, linewidth=0, label="data")
        ax.plot(self.grid, self.line, color="tab:red", linewidth=1.5, label="fit")
        ax.set_xlabel(self.feature)
        ax.set_ylabel(self.target)
        _legend(ax)
        return self


class PredictionDisplay(_Display):
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
        """Draw a fitted model on rows X (n, p), y (n,): best on such as it has not seen."""
        target = target or str(getattr(y, "name", None) or "y")
        _, actual = _fitted_to(model, X, y)
        predicted = np.asarray(model.predict(X)).reshape(-1)
        return cls(actual=actual, predicted=predicted, target=target).plot(ax)

    def plot(self, ax=None):
        """Draw on `ax`, or on a new figure."""
        ax = self._axes(ax)
        both = np.concatenate([self.actual, self.predicted])
        ends = [both.min(), both.max()]
        ax.plot(ends, ends, color="0.6", linewidth=1, label="predicted = actual")
        ax.scatter(
            self.actual,
            self.predicted,
            s=14,
            color="tab:blue",
            alpha=0.7,
            linewidth=0,
            label="rows",
        )
        ax.set_xlabel(f"actual {self.target}")
        ax.set_ylabel(f"predicted {self.target}")
        _legend(ax)
        return self


class LossDisplay(_Display):
    """How far above the least-squares loss a descent is, against steps or seconds.

    Parameters
    ----------
    loss_curve : ndarray of shape (k,)
        At the start, and after each step.
    minimum : float
        The loss of the least-squares solution.
    seconds : ndarray of shape (k,), optional
        When each was reached.
    expected : (steps, losses), optional
        What the spectrum predicts.
    unit : str
        What a step is called.
    """

    def __init__(self, *, loss_curve, minimum, seconds=None, expected=None, unit="step"):
        self.loss_curve, self.minimum, self.seconds = loss_curve, minimum, seconds
        self.expected, self.unit = expected, unit

    @classmethod
    def from_estimator(cls, model, *, against="steps", ax=None):
        """Draw a fitted `GradientDescentRegressor`.

        against : {"steps", "seconds"}
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(model)
        descent = getattr(model, "_descent", None)
        if descent is None:
            raise ValueError(f"{type(model).__name__} has no loss curve: it does not descend")
        if against not in ("steps", "seconds"):
            raise ValueError(f"against must be 'steps' or 'seconds', got {against!r}")
        expected = None
        if model.method not in ("cg", "sgd"):
            steps = np.unique(np.geomspace(1, max(model.n_iter_, 1), 60).astype(np.int64))
            steps = np.concatenate([[0], steps])
            expected = steps, descent.expected_losses(steps)
        display = cls(
            loss_curve=model.loss_curve_,
            minimum=float((descent.quadratic.minimum * descent.quadratic.unit**2).mean()),
            seconds=model.seconds_curve_,
            expected=expected,
            unit="pass" if model.method == "sgd" else "step",
        )
        return display.plot(ax, against=against)

    def plot(self, ax=None, *, against="steps"):
        """Draw on `ax`, or on a new figure."""
        ax = self._axes(ax)
        floor = SMALLEST * max(float(self.loss_curve[0]), self.minimum)

        def above(losses):
            return np.clip(losses - self.minimum, floor, LARGEST)

        by_time = against == "seconds"
        steps = np.arange(len(self.loss_curve))
        ax.plot(
            self.seconds if by_time else steps,
            above(self.loss_curve),
            color="tab:blue",
            linewidth=2,
            label="descent",
        )
        if self.expected is not None and not by_time:
            steps, losses = self.expected
            ax.plot(
                steps, above(losses), ":", color="black", linewidth=1.5, label="by the spectrum"
            )
        ax.set_yscale("log")
        if not by_time and len(self.loss_curve) > 200:
            ax.set_xscale("symlog", linthresh=1)
            ax.set_xlim(left=0)
        elif not by_time:
            ax.xaxis.get_major_locator().set_params(integer=True)
        if by_time:
            from matplotlib.ticker import EngFormatter

            ax.xaxis.set_major_formatter(EngFormatter(unit="s"))
        ax.set_xlabel("time" if by_time else self.unit)
        ax.set_ylabel("loss above least squares")
        ax.grid(True, which="major", alpha=0.3)
        _legend(ax)
        return self


class PathDisplay(_Display):
    """The way of a descent over the contours of the loss, for two parameters.

    Parameters
    ----------
    path : ndarray of shape (k, 2)
    solution : ndarray of shape (2,)
        The least-squares solution.
    hessian : ndarray of shape (2, 2)
        Second derivatives of the loss by the two.
    names : (str, str)
    """

    def __init__(self, *, path, solution, hessian, names):
        self.path, self.solution, self.hessian, self.names = path, solution, hessian, names

    @classmethod
    def from_estimator(cls, model, *, ax=None):
        """Draw a `GradientDescentRegressor` that was fitted with record_path=True.

        Of one feature: its coefficient and the intercept. Of two: their coefficients.
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(model)
        if not hasattr(model, "coef_path_"):
            raise ValueError("the path was not kept: fit with record_path=True")
        path = np.asarray(model.coef_path_)
        if path.ndim != 2 or path.shape[1] > 2 or (path.shape[1] == 1 and not model.fit_intercept):
            raise ValueError(
                "a path is drawn of two parameters: one feature and an intercept, or two features"
            )
        moments, p = model.moments_, path.shape[1]
        mean = moments.mean[:p]
        hessian = 2 * moments.comoment[:p, :p] / moments.weight_sum
        coef, intercept = model._descent.quadratic.out_of(model._descent.star)
        names = [str(name) for name in getattr(model, "feature_names_in_", ["x1", "x2"][:p])]
        solution = coef[0]
        if p == 1:
            path = np.column_stack([path, model.intercept_path_])
            solution = np.array([coef[0, 0], intercept[0]])
            cross = 2 * mean[0]
            hessian = np.array([[hessian[0, 0] + 2 * mean[0] ** 2, cross], [cross, 2.0]])
            names = ["slope", "intercept"]
        elif not model.fit_intercept:
            hessian = hessian + 2 * np.outer(mean, mean)
        return cls(path=path, solution=solution, hessian=hessian, names=names).plot(ax)

    def plot(self, ax=None):
        """Draw on `ax`, or on a new figure."""
        ax = self._axes(ax)
        points = np.vstack([self.path, self.solution])
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        reach = 0.65 * (points.max(axis=0) - points.min(axis=0))
        reach[reach == 0] = 1.0
        a, b = (np.linspace(m - r, m + r, 300) for m, r in zip(middle, reach, strict=True))
        e = np.stack(np.meshgrid(a - self.solution[0], b - self.solution[1]), axis=-1)
        loss = 0.5 * np.einsum("...i,ij,...j->...", e, self.hessian, e)
        first = self.path[0] - self.solution
        top = max(0.5 * first @ self.hessian @ first, loss.max() * 1e-6, 1e-300)
        ax.contour(a, b, loss, levels=top * 2.0 ** np.arange(-9, 4), colors="0.75", linewidths=0.8)
        ax.plot(*self.path.T, ".-", color="tab:blue", markersize=4, linewidth=1, label="descent")
        ax.plot(*self.path[0], "o", color="tab:blue", markersize=6, label="start")
        ax.plot(*self.solution, "*", color="tab:red", markersize=12, label="least squares")
        ax.set_xlim(a[0], a[-1])
        ax.set_ylim(b[0], b[-1])
        ax.set_xlabel(self.names[0])
        ax.set_ylabel(self.names[1])
        _legend(ax)
        return self
