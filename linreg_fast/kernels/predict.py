"""Predictions in one pass, with nothing as long as the data but the result."""

import numpy as np
from numba import prange

from linreg_fast.kernels import launch
from linreg_fast.kernels.blocks import rows_of, take
from linreg_fast.kernels.compile import compiled, driver


@compiled
def _block(X, coef, intercept, start, stop, out):
    for i in range(start, stop):
        row = X[i]
        for k in range(len(coef)):
            column = coef[k]
            value = intercept[k]
            for j in range(len(column)):
                value += row[j] * column[j]
            out[i, k] = value


@driver
def _blocks(X, coef, intercept, out, blocks, turn, turns, taken, scratch):
    for _ in prange(len(scratch)):
        b = take(taken)
        while b < blocks:
            start, stop = rows_of(b, blocks, len(X), turn, turns)
            _block(X, coef, intercept, start, stop, out)
            b = take(taken)


def predict(X, coef, intercept):
    """X (n, p) @ coef.T (p, t) + intercept (t,), summed in float64: (n, t) of X's type."""
    out = np.empty((len(X), len(coef)), dtype=X.dtype)
    blocks = launch.count_blocks(*X.shape)
    launch.run(_blocks, blocks, X.size * len(coef), 0, X, coef, intercept, out)
    return out
