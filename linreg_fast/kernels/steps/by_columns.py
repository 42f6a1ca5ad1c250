"""The sums of a descent step, and predictions, down the columns of Fortran order.

A few hundred rows of all columns fit L2: the residuals are computed column by column, and then
multiplied with the same columns, which are still there. Row by row every number would come from
another page.
"""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import memory, simd
from linreg_fast.kernels.arithmetic.columns import column_part
from linreg_fast.kernels.arithmetic.simd import fma
from linreg_fast.kernels.tuning import (
    COLUMN_STEP_ELEMENTS,
    COLUMN_STEP_FEWEST_ROWS,
    COLUMN_STEP_MOST_ROWS,
)
from linreg_fast.runtime.compile import kernel_part


@kernel_part
def _piece(columns):
    """How many rows to take at a time."""
    return max(
        min(COLUMN_STEP_ELEMENTS // columns // tuning.WIDE * tuning.WIDE, COLUMN_STEP_MOST_ROWS),
        COLUMN_STEP_FEWEST_ROWS,
    )


@kernel_part
def add_columns(X, coef, start, stop, values):
    """Add X[start:stop] @ coef to values, column after column."""
    p = X.shape[1]
    whole = p // 4 * 4
    for j in range(0, whole, 4):
        a, b, c, d = coef[j], coef[j + 1], coef[j + 2], coef[j + 3]
        first, second = column_part(X, j, start, stop), column_part(X, j + 1, start, stop)
        third, fourth = column_part(X, j + 2, start, stop), column_part(X, j + 3, start, stop)
        for i in range(len(first)):
            value = fma(np.float64(first[i]), a, values[i])
            value = fma(np.float64(second[i]), b, value)
            value = fma(np.float64(third[i]), c, value)
            values[i] = fma(np.float64(fourth[i]), d, value)
    for j in range(whole, p):
        slope, column = coef[j], column_part(X, j, start, stop)
        for i in range(len(column)):
            values[i] = fma(np.float64(column[i]), slope, values[i])


@kernel_part
def _residuals(X, y, coef, intercept, start, stop, values):
    for i in range(stop - start):
        values[i] = intercept - np.float64(y[start + i])
    add_columns(X, coef, start, stop, values)


@kernel_part
def _weigh(weights, start, stop, values):
    """Sums of w r^2, of w r and of w, and whether a weight is zero; values become w r."""
    loss = residual_sum = weight_sum = 0.0
    some_out = False
    if weights is not None:
        for i in range(stop - start):
            if weights[start + i] == 0.0:
                values[i] = 0.0
                some_out = True
    whole = (stop - start) // 4 * 4
    for i in range(0, whole, 4):
        a, b, c, d = values[i], values[i + 1], values[i + 2], values[i + 3]
        aw, bw, cw, dw = a, b, c, d
        if weights is None:
            weight_sum += 4.0
        else:
            w, x = weights[start + i], weights[start + i + 1]
            v, u = weights[start + i + 2], weights[start + i + 3]
            weight_sum += (w + x) + (v + u)
            aw, bw, cw, dw = w * a, x * b, v * c, u * d
            values[i], values[i + 1], values[i + 2], values[i + 3] = aw, bw, cw, dw
        loss += (aw * a + bw * b) + (cw * c + dw * d)
        residual_sum += (aw + bw) + (cw + dw)
    for i in range(whole, stop - start):
        weight = 1.0 if weights is None else weights[start + i]
        weighted = weight * values[i]
        loss += weighted * values[i]
        residual_sum += weighted
        weight_sum += weight
        values[i] = weighted
    return loss, residual_sum, weight_sum, some_out


@kernel_part
def _products_of_vectors(X, start, stop, values, sums):
    """Add values times each column to sums; the next piece is prefetched meanwhile."""
    n, p = X.shape
    whole = (stop - start) // tuning.WIDE * tuning.WIDE
    ahead = stop - start
    for j in range(0, p - 3, 4):
        a = b = c = d = simd.zeros()
        of = j * n + start
        for i in range(0, whole, tuning.WIDE):
            value = simd.load(values, i)
            for k in range(4):
                memory.prefetch(X, of + k * n + ahead + i)
            a = simd.fma_vectors(value, simd.load(X, of + i), a)
            b = simd.fma_vectors(value, simd.load(X, of + n + i), b)
            c = simd.fma_vectors(value, simd.load(X, of + 2 * n + i), c)
            d = simd.fma_vectors(value, simd.load(X, of + 3 * n + i), d)
        sums[j] += simd.total(a)
        sums[j + 1] += simd.total(b)
        sums[j + 2] += simd.total(c)
        sums[j + 3] += simd.total(d)
    for j in range(p // 4 * 4, p):
        a = simd.zeros()
        of = j * n + start
        for i in range(0, whole, tuning.WIDE):
            memory.prefetch(X, of + ahead + i)
            a = simd.fma_vectors(simd.load(values, i), simd.load(X, of + i), a)
        sums[j] += simd.total(a)
    _products_of_numbers(X, None, start, stop, whole, values, sums)


@kernel_part
def _products_of_numbers(X, weights, start, stop, first, values, sums):
    for j in range(X.shape[1]):
        total = 0.0
        for i in range(first, stop - start):
            if weights is None or weights[start + i] != 0.0:
                total = fma(values[i], np.float64(X[start + i, j]), total)
        sums[j] += total


def gradient_block(X, y, coef, intercept, weights, start, stop, sums):
    """As `reference.gradient_block`; `sums` has it compiled."""
    loss = residual_sum = weight_sum = 0.0
    piece = _piece(X.shape[1])
    values = np.empty(piece)
    for begin in range(start, stop, piece):
        end = min(begin + piece, stop)
        _residuals(X, y, coef, intercept, begin, end, values)
        more, rest, weight, some_out = _weigh(weights, begin, end, values)
        if simd.VECTORS and not some_out:
            _products_of_vectors(X, begin, end, values, sums)
        else:
            _products_of_numbers(X, weights, begin, end, 0, values, sums)
        loss, residual_sum, weight_sum = loss + more, residual_sum + rest, weight_sum + weight
    return loss, residual_sum, weight_sum


def mse_block(X, y, coef, intercept, weights, start, stop):
    """As `reference.mse_block`."""
    loss = weight_sum = 0.0
    values = np.empty(COLUMN_STEP_MOST_ROWS)
    for begin in range(start, stop, COLUMN_STEP_MOST_ROWS):
        end = min(begin + COLUMN_STEP_MOST_ROWS, stop)
        _residuals(X, y, coef, intercept, begin, end, values)
        more, _, weight, _ = _weigh(weights, begin, end, values)
        loss += more
        weight_sum += weight
    return loss, weight_sum
