"""What each row does to the fit. One read of the rows; nothing is fitted again."""

import numpy as np

from linreg_fast.data.lazy import computed_once
from linreg_fast.inference.formats import pandas
from linreg_fast.kernels.tuning import SECOND_PASS_PIECE


class Influence:
    """Numbers for each row of the fit, (n_samples,) unless it says otherwise.

    Attributes
    ----------
    leverage : how far a row is from the others, 0 to 1; they add up to the rank.
    residuals : targets less fitted values, in units of the target.
    rstandard, rstudent : residuals by their standard deviation, with the sigma of the fit, and with
        that of the fit without the row (t on df_resid - 1).
    cooks : Cook's distance.
    dffits : change of the fitted value without the row, by its standard deviation.
    covratio : determinant of the covariance without the row, by that with it.
    dfbeta, dfbetas : (n_samples, n_parameters) changes of the coefficients without the row, in
        their units, and by their standard deviations. Computed when asked for.
    press : float, the sum of squared residuals of rows as the fit without them predicts them.
    fitted : fitted values, in units of the target.
    index : places of these rows among those given; all of them, but where missing values have left
        some out.
    rank, df_resid, sigma, names : of the fit.

    Where weights are frequencies, of one of the w equal rows that a row stands for; nan for those
    of weight 0.

    Where a row has leverage 1, what needs the fit without it is nan.
    """

    labels = None  # of the rows in a frame of the user's

    def __init__(self, basis, names, found, sigma, rows, target, index, repeated=False):
        self.leverage, self.residuals, self.rstudent, self.cooks = found
        self.n_samples = round(basis.weight_sum) if repeated else basis.n_samples
        self.rank, self.df_resid = basis.rank, self.n_samples - basis.rank
        self.sigma, self.names = sigma, names
        if index is not None:
            self.index = index
        self._basis, self._rows, self._target = basis, rows, target
        self._counts = rows[2] if repeated else None
        if repeated:
            self._of_one_row()

    @computed_once
    def index(self):
        return np.arange(len(self.leverage))

    def _of_one_row(self):
        """Numbers of one of w equal rows, from those of all of them at once."""
        with np.errstate(divide="ignore", invalid="ignore"):
            self.leverage = np.where(self._counts > 0, self.leverage / self._counts, np.nan)
            squares = self._scaled / self._left
            self.cooks = squares**2 * self.leverage / (self.rank * self.sigma**2)
            self.rstudent = self._scaled / (self._sigma_without * np.sqrt(self._left))

    def __repr__(self):
        worst = int(np.nanargmax(self.cooks)) if np.isfinite(self.cooks).any() else None
        largest = (
            ""
            if worst is None
            else f", largest Cook's distance {self.cooks[worst]:.4g} at row {self.index[worst]}"
        )
        return f"Influence({len(self.leverage)} rows, PRESS {self.press:.6g}{largest})"

    def __getstate__(self):
        kept = {
            "_scaled": self._scaled,
            "dfbeta": self.dfbeta,
            "fitted": self.fitted,
        }  # what the rows are needed for
        return {**vars(self), **kept, "_rows": None}

    @computed_once
    def fitted(self):
        return self._rows[1][:, self._target] - self.residuals

    @computed_once
    def _left(self):
        """1 - h, nan where that is rounding."""
        left = 1 - self.leverage
        left[self.leverage > self._basis.most_leverage] = np.nan
        return left

    @computed_once
    def _scaled(self):
        """Residuals of weight 1."""
        weights = None if self._counts is not None else self._rows[2]
        return self.residuals if weights is None else np.sqrt(weights) * self.residuals

    @computed_once
    def rstandard(self):
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._scaled / (self.sigma * np.sqrt(self._left))

    @computed_once
    def _sigma_without(self):
        with np.errstate(divide="ignore", invalid="ignore"):
            rss = self.sigma**2 * self.df_resid
            squares = rss - self._scaled**2 / self._left
            return np.sqrt(np.maximum(squares, 0) / (self.df_resid - 1))

    @computed_once
    def dffits(self):
        return self.rstudent * np.sqrt(self.leverage / self._left)

    @computed_once
    def covratio(self):
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self._sigma_without / self.sigma) ** (2 * self.rank) / self._left

    @computed_once
    def press(self):
        squares = (self._scaled / self._left) ** 2
        if self._counts is not None:
            squares = np.where(self._counts > 0, squares * self._counts, 0.0)
        return float(squares.sum())

    @computed_once
    def dfbeta(self):
        weights = self._rows[2]
        out = np.empty((len(self.residuals), len(self.names)))
        factor = self.residuals / self._left
        if weights is not None and self._counts is None:
            factor = factor * weights

        def fill(start, rows):
            part = slice(start, start + len(rows))
            np.matmul(self._basis.coordinates(rows), self._basis.root.T, out=out[part])
            out[part] *= factor[part, None]

        self._each_rows(fill)
        out[:, ~self._basis.estimable(np.eye(len(self.names)))] = np.nan
        return out

    def _each_rows(self, use):
        """use(place of the first, rows (m, p)) of all rows, some at a time."""
        X = self._rows[0]
        if callable(X):  # of a source: it is read again
            X(use)
            return
        step = max(SECOND_PASS_PIECE // max(X.shape[1], 1), 1)
        for start in range(0, X.shape[0], step):
            rows = X[start : start + step]
            use(start, rows.toarray() if hasattr(rows, "toarray") else rows)

    @computed_once
    def dfbetas(self):
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.sqrt((self._basis.root**2).sum(axis=1))
            return self.dfbeta / spread / self._sigma_without[:, None]

    def flagged(self):
        """Rows that textbooks call unusual, with what is: {row: [what, ...]}.

        Leverage above 2 k / n (Hoaglin and Welsch 1978), |rstudent| above 3, Cook's distance above
        4 / n, |dffits| above 2 sqrt(k / n) (Belsley, Kuh and Welsch 1980).
        """
        n, k = self.n_samples, self.rank
        limits = {
            "leverage": (self.leverage, 2 * k / n),
            "rstudent": (abs(self.rstudent), 3.0),
            "cooks": (self.cooks, 4 / n),
            "dffits": (abs(self.dffits), 2 * np.sqrt(k / n)),
        }
        found = {}
        for name, (values, limit) in limits.items():
            with np.errstate(invalid="ignore"):
                rows = np.flatnonzero(values > limit)
            for row in self.index[rows].tolist():
                found.setdefault(row, []).append(name)
        return dict(sorted(found.items()))

    def to_frame(self, dfbetas=False):
        """A pandas DataFrame with a row a row; with columns dfbetas of each parameter if asked.

        Its index is that of the frame of the fit, where it was one of pandas; else `index`.
        """
        names = ["leverage", "residuals", "rstandard", "rstudent", "cooks", "dffits", "covratio"]
        index = self.index if self.labels is None else self.labels
        frame = pandas().DataFrame({name: getattr(self, name) for name in names}, index=index)
        if dfbetas:
            for j, name in enumerate(self.names):
                frame[f"dfbetas_{name}"] = self.dfbetas[:, j]
        return frame
