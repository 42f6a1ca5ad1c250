"""Predictions in one pass, with nothing as long as the data but the result."""

import numpy as np

from linreg_fast.kernels.arithmetic.simd import fma
from linreg_fast.kernels.steps.by_columns import add_columns
from linreg_fast.kernels.tuning import (
    PREDICT_BLAS_TARGETS,
    PREDICT_CALL_PRODUCTS,
    PREDICT_COLUMN_ROWS,
    PREDICT_ROWS,
    PREDICT_TEMPORARY_ELEMENTS,
)
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


@kernel_part
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


@kernel_part
def _block_of_columns(X, coef, intercept, start, stop, out, values):
    for k in range(len(coef)):
        for i in range(stop - start):
            values[i] = intercept[k]
        add_columns(X, coef[k], start, stop, values)
        for i in range(stop - start):
            out[start + i, k] = values[i]


@kernel_part
def _rows(b, start, stop, scratch, X, coef, intercept, out):
    by_columns = X.flags.f_contiguous and not X.flags.c_contiguous
    piece = PREDICT_COLUMN_ROWS if by_columns else PREDICT_ROWS  # stays in L1 for all targets
    for begin in range(start, stop, piece):
        end = min(begin + piece, stop)
        if by_columns:
            _block_of_columns(X, coef, intercept, begin, end, out, scratch)
        else:
            _block(X, coef, intercept, begin, end, out)


_blocks = over_blocks(_rows)


def predict(X, coef, intercept):
    """X (n, p) @ coef.T (p, t) + intercept (t,), summed in float64: (n, t) of X's type."""
    out = np.empty((len(X), len(coef)), dtype=X.dtype)
    if len(coef) >= PREDICT_BLAS_TARGETS:
        return _product(X, coef, intercept, out)
    blocks = launch.count_blocks(*X.shape)
    launch.run(
        _blocks, len(X), blocks, X.size * len(coef), PREDICT_COLUMN_ROWS, X, coef, intercept, out
    )
    return out


def _product(X, coef, intercept, out):
    step = max(PREDICT_CALL_PRODUCTS // coef.size, 1)
    if X.dtype != np.float64:
        step = max(min(step, PREDICT_TEMPORARY_ELEMENTS // max(coef.shape)), 1)
    for start in range(0, len(X), step):
        rows = X[start : start + step]
        if X.dtype == np.float64:
            part = out[start : start + step]
            np.matmul(rows, coef.T, out=part)
            part += intercept
        else:
            out[start : start + step] = rows.astype(np.float64) @ coef.T + intercept
    return out
