"""Predictions in one pass, with nothing as long as the data but the result."""

import numpy as np
from numba import prange

from linreg_fast.kernels import launch
from linreg_fast.kernels.blocks import rows_of, take
from linreg_fast.kernels.columns import add_columns
from linreg_fast.kernels.compile import inner, strict_driver
from linreg_fast.kernels.simd import fma

MANY = 16  # targets: a product of matrices, which BLAS does better
PIECE, COLUMN_PIECE = 256, 2048  # rows; of a column some pages, so that it is read ahead
CALL = 1_000_000_000  # multiply-adds of a product, so that Ctrl-C is answered
ELEMENTS = 1 << 20  # of a temporary


@inner
def _block(X, coef, intercept, start, stop, out):
    whole = start + (stop - start) // 4 * 4
    for k in range(len(coef)):
        constant = intercept[k]
        for i in range(start, whole, 4):  # side by side: none waits for the one before
            a = b = c = d = constant
            for j in range(X.shape[1]):
                slope = coef[k, j]
                a, b = fma(np.float64(X[i, j]), slope, a), fma(np.float64(X[i + 1, j]), slope, b)
                c = fma(np.float64(X[i + 2, j]), slope, c)
                d = fma(np.float64(X[i + 3, j]), slope, d)
            out[i, k], out[i + 1, k], out[i + 2, k], out[i + 3, k] = a, b, c, d
        for i in range(whole, stop):
            a = constant
            for j in range(X.shape[1]):
                a = fma(np.float64(X[i, j]), coef[k, j], a)
            out[i, k] = a


@inner
def _block_of_columns(X, coef, intercept, start, stop, out, values):
    for k in range(len(coef)):
        for i in range(stop - start):
            values[i] = intercept[k]
        add_columns(X, coef[k], start, stop, values)
        for i in range(stop - start):
            out[start + i, k] = values[i]


@strict_driver
def _blocks(X, coef, intercept, out, blocks, turn, turns, taken, scratch):
    for t in prange(len(scratch)):
        b = take(taken)
        while b < blocks:
            start, stop = rows_of(b, blocks, len(X), turn, turns)
            by_columns = X.flags.f_contiguous and not X.flags.c_contiguous
            piece = COLUMN_PIECE if by_columns else PIECE  # stays in the cache for all targets
            for begin in range(start, stop, piece):
                end = min(begin + piece, stop)
                if by_columns:
                    _block_of_columns(X, coef, intercept, begin, end, out, scratch[t])
                else:
                    _block(X, coef, intercept, begin, end, out)
            b = take(taken)


def predict(X, coef, intercept):
    """X (n, p) @ coef.T (p, t) + intercept (t,), summed in float64: (n, t) of X's type."""
    out = np.empty((len(X), len(coef)), dtype=X.dtype)
    if len(coef) >= MANY:
        return _product(X, coef, intercept, out)
    blocks = launch.count_blocks(*X.shape)
    launch.run(_blocks, blocks, X.size * len(coef), COLUMN_PIECE, X, coef, intercept, out)
    return out


def _product(X, coef, intercept, out):
    step = max(CALL // coef.size, 1)
    if X.dtype != np.float64:
        step = max(min(step, ELEMENTS // max(coef.shape)), 1)
    for start in range(0, len(X), step):
        rows = X[start : start + step]
        if X.dtype == np.float64:
            part = out[start : start + step]
            np.matmul(rows, coef.T, out=part)
            part += intercept
        else:
            out[start : start + step] = rows.astype(np.float64) @ coef.T + intercept
    return out
