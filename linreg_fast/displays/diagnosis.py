"""Pictures of how well a line fits: R's four, and the coefficients with their intervals."""

import numpy as np
from scipy import special

from linreg_fast.displays.drawing import Display, legend, plain, scatter

NAMED = 3  # rows that a picture names: those furthest out
COOKS = (0.5, 1.0)  # distances whose contours are drawn, as in R


def _names(ax, x, y, sizes, rows):
    """Numbers, out of rows (n,), of those with the largest sizes."""
    finite = np.flatnonzero(np.isfinite(sizes) & np.isfinite(x) & np.isfinite(y))
    for row in finite[np.argsort(sizes[finite])[-NAMED:]].tolist():
        ax.annotate(
            str(row if rows is None else rows[row]),
            (x[row], y[row]),
            xytext=(3, 3),
            textcoords="offset points",
            fontsize="x-small",
        )


def _influence(model, X, y, sample_weight):
    return model.influence(X, y, sample_weight)


class _OfRows(Display):
    """x against y of each row, the furthest named."""

    x_label = y_label = ""

    def __init__(self, *, x, y, sizes, rows=None):
        self.x, self.y, self.sizes, self.rows = x, y, sizes, rows

    @classmethod
    def from_estimator(cls, model, X, y=None, sample_weight=None, *, ax=None):
        """Draw a fitted `LinearRegression` on the rows X (n, p), y (n,) that it was fitted to.

        Those that the fit left out for missing values are left out; the numbers of rows are their
        places in X. Of a model fitted by a formula X is the frame, and y may be left out.
        """
        influence = _influence(model, X, y, sample_weight)
        return cls.from_influence(influence, influence.fitted).plot(ax)

    @classmethod
    def from_influence(cls, influence, fitted):
        """The display, not drawn, of an `Influence` and fitted values (n,)."""
        raise NotImplementedError

    def _before(self, ax):
        """What lies under the points."""
        ax.axhline(0, color="0.6", linewidth=1)

    def plot(self, ax=None):
        """Draw on `ax`, or on a new figure."""
        ax = self._axes(ax)
        self._before(ax)
        scatter(ax, self.x, self.y, "rows")
        _names(ax, self.x, self.y, self.sizes, self.rows)
        ax.set_xlabel(self.x_label)
        ax.set_ylabel(self.y_label)
        legend(ax)
        return self


class ResidualsDisplay(_OfRows):
    """Residuals against fitted values: a curve or a funnel says that the model misses something.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Fitted values and residuals.
    sizes : ndarray of shape (n,)
        The rows with the largest are named.
    rows : ndarray of shape (n,), optional
        What they are named by; their places by default.
    """

    x_label, y_label = "fitted", "residual"

    @classmethod
    def from_influence(cls, influence, fitted):
        return cls(
            x=fitted, y=influence.residuals, sizes=abs(influence.residuals), rows=influence.index
        )


class QuantilesDisplay(_OfRows):
    """Standardised residuals against normal quantiles: on the diagonal for normal errors.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Quantiles of the normal distribution, and standardised residuals, of each row.
    sizes : ndarray of shape (n,)
        The rows with the largest are named.

    Source of the quantiles, (i - 3/8) / (n + 1/4): Blom 1958.
    """

    x_label, y_label = "normal quantile", "standardised residual"

    @classmethod
    def from_influence(cls, influence, fitted):
        values = influence.rstandard
        rank = np.empty(len(values))
        finite = np.flatnonzero(np.isfinite(values))
        rank[:] = np.nan
        rank[finite[np.argsort(values[finite], kind="stable")]] = np.arange(1, len(finite) + 1)
        quantiles = special.ndtri((rank - 0.375) / (len(finite) + 0.25))
        return cls(x=quantiles, y=values, sizes=abs(values), rows=influence.index)

    def _before(self, ax):
        ends = np.array([np.nanmin(self.x), np.nanmax(self.x)])
        ax.plot(ends, ends, color="0.6", linewidth=1, label="normal errors")


class ScaleLocationDisplay(_OfRows):
    """Roots of the sizes of standardised residuals against fitted values: level for one variance.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Fitted values and sqrt(abs(standardised residual)).
    sizes : ndarray of shape (n,)
        The rows with the largest are named.
    rows : ndarray of shape (n,), optional
        What they are named by; their places by default.
    """

    x_label, y_label = "fitted", "sqrt |standardised residual|"

    @classmethod
    def from_influence(cls, influence, fitted):
        roots = np.sqrt(abs(influence.rstandard))
        return cls(x=fitted, y=roots, sizes=roots, rows=influence.index)

    def _before(self, ax):
        ax.axhline(0.822, color="0.6", linewidth=1, label="expected of normal errors")


class LeverageDisplay(_OfRows):
    """Standardised residuals against leverage, with contours of Cook's distance.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Leverages and standardised residuals.
    sizes : ndarray of shape (n,)
        Cook's distances: the rows with the largest are named.
    rank : int
        How many numbers were fitted.
    rows : ndarray of shape (n,), optional
        What rows are named by; their places by default.
    """

    x_label, y_label = "leverage", "standardised residual"

    def __init__(self, *, x, y, sizes, rank, rows=None):
        super().__init__(x=x, y=y, sizes=sizes, rows=rows)
        self.rank = rank

    @classmethod
    def from_influence(cls, influence, fitted):
        x, y, cooks = influence.leverage, influence.rstandard, influence.cooks
        return cls(x=x, y=y, sizes=cooks, rank=influence.rank, rows=influence.index)

    def _before(self, ax):
        super()._before(ax)
        largest = np.nanmax(np.where(self.x < 1 - 1e-9, self.x, 0))
        h = np.linspace(largest / 100 + 1e-9, min(1.1 * largest + 1e-6, 0.999), 200)
        most = 1.3 * np.nanmax(abs(self.y))
        for distance, style in zip(COOKS, ("--", "-"), strict=True):
            edge = np.sqrt(distance * self.rank * (1 - h) / h)
            edge[edge > most] = np.nan  # would take the room of the points
            for sign in (1, -1):
                label = f"Cook's distance {distance:g}" if sign > 0 else None
                ax.plot(h, sign * edge, style, color="tab:red", linewidth=1, label=label)


class CoefficientsDisplay(Display):
    """Coefficients with their confidence intervals, one below the other.

    Parameters
    ----------
    names : list of str
    coef, low, high : ndarray of shape (m,)
    level : float
    """

    def __init__(self, *, names, coef, low, high, level):
        self.names, self.coef, self.low, self.high = names, coef, low, high
        self.level = level

    @classmethod
    def from_inference(cls, inference, *, level=0.95, intercept=False, ax=None):
        """Draw an `Inference`, without its intercept unless that is asked for."""
        interval = inference.confidence_interval(level)
        first = int(inference.names[0] == "intercept" and not intercept and inference.basis.centred)
        names = list(inference.names[first:])
        low, high = interval[first:].T
        return cls(names=names, coef=inference.coef[first:], low=low, high=high, level=level).plot(
            ax
        )

    @classmethod
    def from_estimator(cls, model, *, level=0.95, intercept=False, ax=None):
        """Draw the classical intervals of a fitted `LinearRegression`."""
        return cls.from_inference(model.inference(), level=level, intercept=intercept, ax=ax)

    def plot(self, ax=None):
        """Draw on `ax`, or on a new figure."""
        ax = self._axes(ax)
        places = np.arange(len(self.names))
        ax.axvline(0, color="0.6", linewidth=1)
        ax.hlines(places, self.low, self.high, color="tab:blue", linewidth=1.5)
        ax.scatter(
            self.coef, places, s=22, color="tab:blue", label=f"{100 * self.level:g}% interval"
        )
        ax.set_yticks(places, [plain(name) for name in self.names])
        ax.invert_yaxis()
        ax.set_xlabel("coefficient")
        legend(ax)
        return self


FOUR = (
    ("residuals against fitted", ResidualsDisplay),
    ("normal quantiles", QuantilesDisplay),
    ("scale-location", ScaleLocationDisplay),
    ("leverage", LeverageDisplay),
)


def draw_four(axes, influence, fitted):
    """R's four pictures on four axes."""
    for ax, (title, display) in zip(np.ravel(axes), FOUR, strict=True):
        display.from_influence(influence, fitted).plot(ax)
        ax.set_title(title, fontsize="medium")
