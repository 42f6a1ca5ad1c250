"""Predictions in one pass, with nothing as long as the data but the result."""

import numpy as np
from numba import prange

from linreg_fast.kernels import launch
from linreg_fast.kernels.compile import compiled, compiled_parallel


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


@compiled_parallel
def _blocks_parallel(X, coef, intercept, blocks, out):
    for b in prange(blocks):
        _block(X, coef, intercept, len(X) * b // blocks, len(X) * (b + 1) // blocks, out)


@compiled
def _blocks_serial(X, coef, intercept, blocks, out):
    for b in range(blocks):
        _block(X, coef, intercept, len(X) * b // blocks, len(X) * (b + 1) // blocks, out)


def predict(X, coef, intercept):
    """X (n, p) @ coef.T (p, t) + intercept (t,), summed in float64: (n, t) of X's type."""
    out = np.empty((len(X), len(coef)), dtype=X.dtype)
    blocks = launch.count_blocks(*X.shape)
    launch.run(blocks, _blocks_parallel, _blocks_serial, X, coef, intercept, blocks, out)
    return out
