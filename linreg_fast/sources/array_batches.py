"""Iterators of (X, y) or (X, y, sample_weight), in the caller's thread."""

import numpy as np

from linreg_fast.data.gate import as_floats, refuse_columns
from linreg_fast.sources.arrow_columns import EXACT
from linreg_fast.sources.columns import Chunk
from linreg_fast.sources.names import counted


class ArrayStream:
    """As `columns.TableStream`, of arrays: the first batch is read to know the columns."""

    again = ahead = False
    files, rows, n_beside = 0, None, 0

    def __init__(self, given):
        self._items = iter(given)
        self._count = 0
        first = self._next()
        if first is None:
            raise ValueError("the iterator yields nothing: no rows to fit (has it been used up?)")
        self._first, names = first, self._names_of(first[0])
        X, Y, weights = self._arrays(first, 0)
        self.n_features, self.n_targets = X.shape[1], Y.shape[1]
        self.weighted, self.one_target = weights is not None, np.ndim(first[1]) == 1
        self.feature_names, self.dtype = names, X.dtype
        features = names or [f"X[{j}]" for j in range(self.n_features)]
        targets = ["y"] if self.n_targets == 1 else [f"y[{j}]" for j in range(self.n_targets)]
        self.names = [*features, *targets, *(["sample_weight"] if self.weighted else [])]

    def _next(self):
        item = next(self._items, self)
        if item is self:  # the end, which a batch of None is not
            return None
        if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
            raise ValueError(
                f"batch {self._count}: an iterator must yield (X, y) or (X, y, sample_weight), got "
                f"{type(item).__name__}"
            )
        return tuple(item)

    @staticmethod
    def _names_of(X):
        names = [str(name) for name in getattr(X, "columns", ())]
        return names or None

    @staticmethod
    def _arrays(item, count):
        """(X (n, p), Y (n, t), weights or None) of a batch."""
        X, y, *weights = item
        try:
            refuse_columns(X, "X")
            X, y = as_floats(X, "X"), as_floats(y, "y")
        except ValueError as error:
            raise ValueError(f"batch {count}: {error}") from None
        if X.ndim != 2 or X.shape[1] == 0:
            raise ValueError(f"batch {count}: X must be 2-D, rows by features; got {X.shape}")
        if y.ndim not in (1, 2):
            raise ValueError(f"batch {count}: y must be 1-D or 2-D, got shape {y.shape}")
        weights = weights[0] if weights else None
        if weights is not None:
            weights = as_floats(weights, "sample_weight")
            if weights.shape != (len(X),):
                raise ValueError(
                    f"batch {count}: sample_weight.shape == {weights.shape}, expected ({len(X)},)"
                )
        if len(y) != len(X):
            raise ValueError(f"batch {count}: X has {len(X)} rows and y has {len(y)}")
        return X, y[:, None] if y.ndim == 1 else y, weights

    def chunks(self):
        item, self._first = self._first, None
        while item is not None:
            X, Y, weights = self._arrays(item, self._count)
            self._compare(item[0], X, Y, weights)
            self.dtype = np.promote_types(self.dtype, X.dtype)
            columns = [*X.T, *Y.T, *([] if weights is None else [weights])]
            if len(X):
                yield Chunk(columns, _where(self._count), self._wide(item[0]))
            self._count += 1
            item = self._next()

    def _compare(self, given, X, Y, weights):
        found = _words(X.shape[1], Y.shape[1], weights is not None)
        expected = _words(self.n_features, self.n_targets, self.weighted)
        if found != expected:
            raise ValueError(f"batch {self._count} has {found}, the first one {expected}")
        names = self._names_of(given)
        if names and self.feature_names and names != self.feature_names:
            raise ValueError(
                f"batch {self._count} has the columns {names}, the first one {self.feature_names}"
            )

    @staticmethod
    def _wide(X):
        if not (isinstance(X, np.ndarray) and X.dtype.kind in "iu" and X.dtype.itemsize == 8):
            return {}
        low, high = X.min(axis=0), X.max(axis=0)
        far = high > EXACT if X.dtype.kind == "u" else (low < -EXACT) | (high > EXACT)
        return {int(j): (int(low[j]), int(high[j])) for j in np.flatnonzero(far)}

    def close(self):
        pass


def _words(n_features, n_targets, weighted):
    weights = "weights" if weighted else "no weights"
    return f"{counted(n_features, 'feature')}, {counted(n_targets, 'target')} and {weights}"


def _where(count):
    return lambda row: f"batch {count}, row {row}"
