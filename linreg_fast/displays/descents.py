"""Pictures of a descent: its loss, and its way."""

import numpy as np

from linreg_fast.displays.drawing import Display, last_step, legend, plain

SMALLEST = 1e-17  # of the first loss: below, rounding is drawn
LARGEST = 1e200  # above, a log axis has no room for its margins and ticks


class LossDisplay(Display):
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
        """Draw a fitted `GradientDescentRegressor`, or a pipeline that ends with one.

        against : {"steps", "seconds"}
        """
        from sklearn.utils.validation import check_is_fitted

        model = last_step(model)
        check_is_fitted(model)
        if not hasattr(model, "loss_curve_"):
            raise ValueError(f"{type(model).__name__} has no loss curve: it does not descend")
        if against not in ("steps", "seconds"):
            raise ValueError(f"against must be 'steps' or 'seconds', got {against!r}")
        expected = None
        if model.method not in ("cg", "sgd"):
            steps = np.unique(np.geomspace(1, max(model.n_iter_, 1), 60).astype(np.int64))
            steps = np.concatenate([[0], steps])
            expected = steps, model.predicted_losses(steps)
        display = cls(
            loss_curve=model.loss_curve_,
            minimum=model.lowest_loss_,
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
        legend(ax)
        return self


class PathDisplay(Display):
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

        model = last_step(model)
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
        coef, intercept = model._solution()
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
        ax.set_xlabel(plain(self.names[0]))
        ax.set_ylabel(plain(self.names[1]))
        legend(ax)
        return self
