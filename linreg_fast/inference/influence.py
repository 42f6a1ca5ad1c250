"""What each row does to the fit. One read of the rows; nothing is fitted again."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.data.lazy import computed_once
from linreg_fast.inference import checks
from linreg_fast.inference.choices import InferenceWarning, check_repeated
from linreg_fast.inference.formats import pandas
from linreg_fast.inference.pieces import pieces
from linreg_fast.kernels.second_pass import rows as kernel
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


class Head(NamedTuple):
    """What of a fit the numbers of a row need, besides the row."""

    basis: Any
    names: tuple
    n: int
    sigma: float
    target: int
    repeated: bool  # weights are frequencies

    @classmethod
    def of(cls, fitted, basis, target, meaning="analytic"):
        repeated = meaning == "frequency"
        n = round(basis.weight_sum) if repeated else basis.n_samples
        df = n - basis.rank
        sigma = np.sqrt(basis.rss / df) if df > 0 else np.nan
        lead = ("intercept",) if basis.centred else ()
        return cls(basis, (*lead, *fitted.names), n, sigma, target, repeated)

    def of_rows(self, rows, index=None):
        """The `Influence` of some rows (X, Y, weights) of the fit: its `press` is theirs alone."""
        repeated = check_repeated("frequency" if self.repeated else "analytic", rows[2])
        found = np.empty((4, len(rows[1])))
        _fill(found, rows, self.basis, self.target, self.n - self.basis.rank)
        return self.with_numbers(found, rows, index, repeated)

    def with_numbers(self, found, rows, index, repeated):
        basis, names, sigma = self.basis, self.names, self.sigma
        return Influence(basis, names, found, sigma, rows, self.target, index, repeated)


def influence(fitted, target, rows, kept=None, meaning="analytic"):
    """The `Influence` of the rows (X, Y, weights) of a fit; kept: which of those given they are.

    meaning: of the weights, "analytic" or "frequency".
    """
    repeated = check_repeated(meaning, rows[2])
    basis = fitted.basis(target, rows)
    checks.check_counts(basis, rows)
    df = (round(basis.weight_sum) if repeated else basis.n_samples) - basis.rank
    found = np.empty((4, rows[0].shape[0]))
    _fill(found, rows, basis, target, df)
    checks.check_residuals(basis, found[1], rows[2], rows, fitted.names, found[0])
    index = None if kept is None else np.flatnonzero(kept)
    return _made(fitted, basis, found, rows, target, index, repeated)


def of_source(fitted, target, each, meaning="analytic"):
    """The `Influence` of rows that are read in batches, in one reading.

    each(use): calls use(X, Y, weights, places) of one batch after the other, each time it is
    called.
    """
    check_repeated(meaning, None)
    basis = fitted.basis(target)
    n, at, weighted = basis.n_samples, 0, False
    found, columns, index = np.empty((4, n)), np.empty((2, n)), np.empty(n, dtype=np.int64)
    df = (round(basis.weight_sum) if meaning == "frequency" else n) - basis.rank

    def use(X, Y, weights, places):
        nonlocal at, weighted
        check_repeated(meaning, weights)
        part = slice(at, at + len(places))
        at, weighted = at + len(places), weights is not None
        if at > n:
            return
        _fill(found[:, part], (X, Y, weights), basis, target, df)
        columns[0, part], index[part] = Y[:, target], places
        if weighted:
            columns[1, part] = weights

    each(use)
    checks.check_number(basis, at)
    weights = columns[1] if weighted else None
    rows = (lambda use: each(_with_starts(use))), columns[0][:, None], weights
    repeated = weighted and meaning == "frequency"
    checks.check_residuals(basis, found[1], weights, None, fitted.names, found[0])
    return _made(fitted, basis, found, rows, 0, index, repeated)


def _with_starts(use):
    above = 0

    def with_start(X, Y, weights, _):
        nonlocal above
        for start, rows, *_ in pieces(X, Y, weights):
            use(above + start, rows)
        above += len(Y)

    return with_start


def _fill(found, rows, basis, target, df):
    """Into found (4, n), of rows (X, Y, weights)."""
    numbers = basis.most_leverage, basis.rss, df, basis.rank  # of sums that have the digits
    for start, *piece, own in pieces(*rows):
        out = found[:, start : start + len(piece[0])]
        room = out if out.flags.c_contiguous else np.empty(out.shape)
        kernel.influence(*piece, target, own, basis.fit, numbers, room)
        if room is not out:
            out[:] = room


def _made(fitted, basis, found, rows, target, index, repeated):
    head = Head.of(fitted, basis, target, "frequency" if repeated else "analytic")
    with np.errstate(divide="ignore", invalid="ignore"):
        most = found[0] / rows[2] if repeated else found[0]
        alone = most > basis.most_leverage if np.nanmax(most) > basis.most_leverage else np.zeros(1)
    df = head.n - basis.rank
    if alone.any() or df <= 0:
        row = int(np.argmax(alone))
        warnings.warn(
            f"row {row if index is None else index[row]} ({alone.sum()} in all) has leverage 1: "
            "without it its fitted value is not determined, and what needs that is nan"
            if df > 0
            else f"{basis.n_samples} rows for {basis.rank} parameters leave no degrees of freedom",
            InferenceWarning,
            stacklevel=5,
        )
    return head.with_numbers(found, rows, index, repeated)
