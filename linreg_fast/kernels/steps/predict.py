"""Predictions in one pass, with nothing as long as the data but the result."""

import numpy as np

from linreg_fast.kernels.arithmetic.columns import Columns, for_kernels, is_table
from linreg_fast.kernels.arithmetic.simd import fma
from linreg_fast.kernels.steps.by_columns import add_columns
from linreg_fast.kernels.tiles.prefetch import is_f_order
from linreg_fast.kernels.tuning import (
    PREDICT_BLAS_TARGETS,
    PREDICT_CALL_PRODUCTS,
    PREDICT_COLUMN_ROWS,
    PREDICT_ROWS,
    PREDICT_TEMPORARY_ELEMENTS,
)
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import by_type, kernel_part


def _block(X, coef, intercept, start, stop, out, values):
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


def _block_of_columns(X, coef, intercept, start, stop, out, values):
    for k in range(len(coef)):
        for i in range(stop - start):
            values[i] = intercept[k]
        add_columns(X, coef[k], start, stop, values)
        for i in range(stop - start):
            out[start + i, k] = values[i]


def _add_rows(X, coef, intercept, start, stop, out, values):
    add = _block_of_columns if is_f_order(X) else _block
    add(X, coef, intercept, start, stop, out, values)


@by_type(_add_rows)
def _add_rows_by_layout(X, coef, intercept, start, stop, out, values):
    by_columns = is_table(X) or X.layout == "F"
    return _block_of_columns if by_columns else _block


@kernel_part
def _rows(b, start, stop, scratch, X, coef, intercept, out):
    piece = PREDICT_COLUMN_ROWS if is_f_order(X) else PREDICT_ROWS  # stays in L1 for all targets
    for begin in range(start, stop, piece):
        end = min(begin + piece, stop)
        _add_rows(X, coef, intercept, begin, end, out, scratch)


_blocks = over_blocks(_rows)


def predict(X, coef, intercept):
    """X (n, p) @ coef.T (p, t) + intercept (t,), summed in float64: (n, t) of X's type."""
    out = np.empty((len(X), len(coef)), dtype=X.dtype)
    if len(coef) >= PREDICT_BLAS_TARGETS:
        return _product(X.array if type(X) is Columns else X, coef, intercept, out)
    blocks, work = launch.count_blocks(*X.shape), X.size * len(coef)
    launch.run(
        _blocks, len(X), blocks, work, PREDICT_COLUMN_ROWS, for_kernels(X), coef, intercept, out
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
