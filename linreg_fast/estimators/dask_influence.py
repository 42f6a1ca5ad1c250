"""`influence` of Dask collections: arrays of Dask, of X's blocks, computed when asked for."""

import functools

import numpy as np

from linreg_fast.data.lazy import computed_once
from linreg_fast.estimators.dask_rows import blocks_of

NUMBERS = (
    "leverage", "residuals", "rstandard", "rstudent", "cooks", "dffits", "covratio", "fitted",
)  # fmt: skip


class DaskInfluence:
    """As `inference.influence_result.Influence`, of rows that Dask has: lazy arrays of X's blocks.

    Attributes
    ----------
    leverage, residuals, rstandard, rstudent, cooks, dffits, covratio, fitted : Dask array (n,)
        A number a row of X, in its order; nan for rows that missing="drop" left out of the fit.
        All of them come of one task a block: ``dask.compute(found.leverage, found.cooks)`` reads
        the rows once.
    dfbeta, dfbetas : Dask array (n, n_parameters)
    press : float
        Computed when it is first asked for, in one pass; `flagged` takes one, too. Both raise
        for rows that are not those of the fit, which lazy numbers cannot notice.
    n_samples, rank, df_resid, sigma, names : of the fit.
    """

    def __init__(self, fitted, blocks, target, meaning):
        from linreg_fast.inference.influence_of_rows import Head

        self._basis = fitted.basis(target)
        self._blocks, self._target = blocks, target
        self._head = Head.of(fitted, self._basis, target, meaning)
        self.names, self.sigma, self.n_samples = self._head.names, self._head.sigma, self._head.n
        self.rank = self._basis.rank
        self.df_resid = self.n_samples - self.rank

    def __repr__(self):
        return f"DaskInfluence({self.n_samples} rows, {self.rank} parameters, lazy)"

    @computed_once
    def _numbers(self):
        """All of them, (n, 8): of a frame Dask looks through all of its graph for an array."""
        return _as_array(self._lazy(NUMBERS))

    def __getattr__(self, name):
        if name not in NUMBERS:
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        return self._numbers[:, NUMBERS.index(name)]

    def __dir__(self):
        return [*super().__dir__(), *NUMBERS]

    @computed_once
    def dfbeta(self):
        return _as_array(self._lazy((), "dfbeta"))

    @computed_once
    def dfbetas(self):
        return _as_array(self._lazy((), "dfbetas"))

    def _lazy(self, names, changes=None):
        """The table of these numbers and, where `changes` names them, of those of parameters."""
        more = [f"{changes}_{name}" for name in self.names] if changes else []
        use = functools.partial(_table_of, head=self._head, names=names, changes=changes)
        return self._blocks.table(use, [*names, *more])

    def _one_pass(self, flags):
        """(PRESS, what is unusual) of one pass, by which the rows are compared with the fit's."""
        from linreg_fast.inference import checks

        use = functools.partial(_totals, head=self._head, flags=flags)
        found = self._blocks.reduced(use, _joined, " during influence")
        press, rss, leverage, count, _, flagged = found
        checks.check_number(self._basis, count)
        checks.check_sums(self._basis, rss, leverage)
        return press, flagged

    @computed_once
    def press(self):
        return self._one_pass(flags=False)[0]

    def flagged(self):
        """Rows that textbooks call unusual, with what is, as `Influence.flagged`: computed now.

        Rows are counted from the first of X on, those left out with them. All that are found come
        to this process: of normal errors a tenth of the rows.
        """
        return self._one_pass(flags=True)[1]

    def to_frame(self, dfbetas=False):
        """A lazy Dask dataframe with a row a row and, of a frame, its index and its partitions."""
        names = NUMBERS[:-1]
        found = self._lazy(names, "dfbetas" if dfbetas else None)
        if hasattr(found, "columns"):
            return found
        import dask.dataframe as dd

        more = [f"dfbetas_{name}" for name in self.names] if dfbetas else []
        return dd.from_dask_array(found, columns=[*names, *more])


def influence(model, X, y, sample_weight, meaning, target):
    """The `DaskInfluence` of the rows of a fit. Nothing is computed."""
    from linreg_fast.inference import checks
    from linreg_fast.inference.choices import check_repeated

    check_repeated(meaning, None)
    fitted = model._fitted(None)
    target = model._targets(target or 0)[0]
    blocks = blocks_of(model, X, y, sample_weight)
    if blocks.starts is not None and sample_weight is None and not blocks.drop:
        checks.check_number(fitted.basis(target), int(blocks.starts[-1]))
    return DaskInfluence(fitted, blocks, target, meaning)


def _as_array(table):
    return table.to_dask_array() if hasattr(table, "columns") else table


# What follows runs in the workers.


def _of_block(X, Y, weights, kept, head):
    return head.of_rows((X, Y, weights), None if kept is None else np.flatnonzero(kept))


def _table_of(X, Y, weights, groups, kept, whole, head, names, changes):
    found = _of_block(X, Y, weights, kept, head)
    more = [getattr(found, changes)] if changes else []
    return np.column_stack([*(getattr(found, name) for name in names), *more])


def _totals(X, Y, weights, groups, kept, whole, head, flags):
    """(PRESS, weighted squares, sum of leverages, rows that count, rows, {row: what})."""
    rows = whole if isinstance(whole, int) else len(whole)
    if not len(X):
        return 0.0, 0.0, 0.0, 0, rows, {}
    found = _of_block(X, Y, weights, kept, head)
    squares, leverage, count = found.residuals**2, found.leverage, len(X)
    if weights is not None:
        squares, count = squares * weights, int(np.count_nonzero(weights))
        if head.repeated:
            leverage = leverage[weights > 0] * weights[weights > 0]
    unusual = found.flagged() if flags else {}
    return found.press, float(squares.sum()), float(leverage.sum()), count, rows, unusual


def _joined(parts):
    """Those of blocks that follow each other, added in this order."""
    press = rss = leverage = 0.0
    count = rows = 0
    flags = {}
    for part in parts:
        press, rss, leverage = press + part[0], rss + part[1], leverage + part[2]
        flags.update((rows + row, what) for row, what in part[5].items())
        count, rows = count + part[3], rows + part[4]
    return press, rss, leverage, count, rows, flags
