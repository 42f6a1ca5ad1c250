"""The `Influence` of rows: in memory, in batches, or of some of them alone."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.inference import checks
from linreg_fast.inference.choices import InferenceWarning, check_repeated
from linreg_fast.inference.influence_result import Influence
from linreg_fast.inference.pieces import pieces
from linreg_fast.kernels.second_pass import rows as kernel


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
        sigma = np.sqrt(basis.rss / (n - basis.rank)) if n > basis.rank else np.nan
        lead = ("intercept",) if basis.centred else ()
        return cls(basis, (*lead, *fitted.names), n, sigma, target, repeated)

    @property
    def df(self):
        return self.n - self.basis.rank

    def fill(self, found, rows):
        """Write to found (4, n) what the kernel says of rows (X, Y, weights)."""
        basis = self.basis
        numbers = basis.most_leverage, basis.rss, self.df, basis.rank  # of sums with the digits
        for start, *piece, own in pieces(*rows):
            out = found[:, start : start + len(piece[0])]
            room = out if out.flags.c_contiguous else np.empty(out.shape)
            kernel.influence(*piece, self.target, own, basis.fit, numbers, room)
            if room is not out:
                out[:] = room

    def of_rows(self, rows, index=None):
        """The `Influence` of some rows (X, Y, weights) of the fit: its `press` is theirs alone."""
        repeated = check_repeated("frequency" if self.repeated else "analytic", rows[2])
        found = np.empty((4, len(rows[1])))
        self.fill(found, rows)
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
    head = Head.of(fitted, basis, target, "frequency" if repeated else "analytic")
    found = np.empty((4, rows[0].shape[0]))
    head.fill(found, rows)
    checks.check_residuals(basis, found[1], rows[2], rows, fitted.names, found[0])
    index = None if kept is None else np.flatnonzero(kept)
    return _made(head, found, rows, index, repeated)


def of_source(fitted, target, each, meaning="analytic"):
    """The `Influence` of rows that are read in batches, in one reading.

    each(use): calls use(X, Y, weights, places) of one batch after the other, each time it is
    called.
    """
    check_repeated(meaning, None)
    basis = fitted.basis(target)
    n, at, live, weighted = basis.n_samples, 0, 0, False  # live: rows of weight above 0
    found, columns, index = np.empty((4, n)), np.empty((2, n)), np.empty(n, dtype=np.int64)
    head = Head.of(fitted, basis, target, meaning)

    def use(X, Y, weights, places):
        nonlocal at, live, weighted, found, columns, index
        check_repeated(meaning, weights)
        part = slice(at, at + len(places))
        weighted = weights is not None
        live += int(np.count_nonzero(weights)) if weighted else len(places)
        if live > n:
            return
        at += len(places)
        if at > len(index):  # rows of weight 0
            found, columns, index = (_longer(array, at) for array in (found, columns, index))
        head.fill(found[:, part], (X, Y, weights))
        columns[0, part], index[part] = Y[:, target], places
        if weighted:
            columns[1, part] = weights

    each(use)
    checks.check_number(basis, live)
    found, columns, index = found[:, :at], columns[:, :at], index[:at]
    weights = columns[1] if weighted else None
    rows = (lambda use: each(_with_starts(use))), columns[0][:, None], weights
    repeated = weighted and meaning == "frequency"
    checks.check_residuals(basis, found[1], weights, None, fitted.names, found[0])
    return _made(head._replace(target=0), found, rows, index, repeated)  # of the one that is kept


def _longer(array, least):
    """The same numbers, with room for more behind them along the last axis."""
    more = np.empty((*array.shape[:-1], max(least, array.shape[-1] * 5 // 4)), dtype=array.dtype)
    more[..., : array.shape[-1]] = array
    return more


def _with_starts(use):
    above = 0

    def with_start(X, Y, weights, _):
        nonlocal above
        for start, rows, *_ in pieces(X, Y, weights):
            use(above + start, rows)
        above += len(Y)

    return with_start


def _made(head, found, rows, index, repeated):
    """The `Influence` of all rows; a warning of rows that determine a parameter alone."""
    basis, df = head.basis, head.df
    with np.errstate(divide="ignore", invalid="ignore"):
        most = found[0] / rows[2] if repeated else found[0]
        alone = most > basis.most_leverage if np.nanmax(most) > basis.most_leverage else np.zeros(1)
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
