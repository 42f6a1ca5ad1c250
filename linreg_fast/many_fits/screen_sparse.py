"""Single regressions of the columns of a sparse matrix, for the score functions."""

import dataclasses

import numpy as np
from scipy.sparse import issparse

from linreg_fast.many_fits.screen_sums import CLEAR, ORDINARY

DENSE_ELEMENTS = 1 << 22  # numbers of doubtful columns that are made dense at a time


def screened(X, y, centred, screen):
    """The `Screen` of one target, of arrays and of sparse matrices.

    Sums of sparse columns are those of their numbers. Columns that hardly vary, of which the mean's
    square would leave few digits, and extreme ones are made dense, some at a time.
    """
    y = y if y is None or isinstance(y, str) else np.ravel(y)
    if not issparse(X):
        return screen(X, y, fit_intercept=centred)
    X = X.tocsc().astype(np.float64)
    if not np.isfinite(X.data).all():
        raise ValueError("X contains NaN or infinity: drop or impute the rows that are not finite")
    first = screen(X[:, :1].toarray(), y, fit_intercept=centred)  # which looks at y, too
    y = np.asarray(y, dtype=np.float64)
    rest = y - y.mean() if centred else y
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.asarray(X.multiply(X).sum(axis=0)).reshape(-1)
        left = squares.copy()
        if centred:
            left -= np.asarray(X.sum(axis=0)).reshape(-1) ** 2 / len(y)
        products = (X.T @ rest)[:, None]
        sure = (left > CLEAR * squares) & (squares > ORDINARY[0]) & (squares < ORDINARY[1])
    units, doubtful = np.zeros(X.shape[1], dtype=np.int64), np.flatnonzero(~sure)
    step = max(DENSE_ELEMENTS // len(y), 1)
    for start in range(0, len(doubtful), step):
        own = doubtful[start : start + step]
        part = screen(X[:, own].toarray(), y, fit_intercept=centred)
        products[own], left[own], units[own] = part.products, part.squares, part.units
    return dataclasses.replace(first, products=products, squares=left, units=units)
