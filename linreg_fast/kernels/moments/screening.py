"""Products of each single column with a few vectors, for millions of columns: X is read once.

Of each column, less a centre of its own: its sum of squares, and its products with the columns of R
(n, k). Rows are taken some at a time, and their sums joined in double-double. Columns in F order:
`screening_by_columns`.
"""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.arithmetic.memory import prefetch
from linreg_fast.kernels.moments.one_call import PLACES, clear
from linreg_fast.kernels.tuning import (
    SCREEN_COLUMNS,
    SCREEN_ROWS,
    SCREEN_STRIP,
)
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


def scratch_size(k):
    """float64 numbers that a thread needs."""
    return (k + 2) * SCREEN_COLUMNS


@kernel_part
def centre(X, first, last, centred, shift):
    """A number near the mean of each column first..last: the mean of four medians of three rows."""
    n = len(X)
    for j in range(first, last):
        total = 0.0
        for quarter in range(4 if centred else 0):
            i = 3 * quarter
            a = np.float64(X[np.int64(n * PLACES[i]), j])
            b = np.float64(X[np.int64(n * PLACES[i + 1]), j])
            c = np.float64(X[np.int64(n * PLACES[i + 2]), j])
            low, high = (a, b) if a < b else (b, a)
            middle = low if c < low else (high if c > high else c)
            total += 0.25 * middle
        shift[j - first] = total


@kernel_part
def _request(X, i, first, j, last):
    """The lines of the next SCREEN_STRIP rows: the processor by itself stops at every page."""
    at = i * X.shape[1] + first + j
    for row in range(SCREEN_STRIP, min(2 * SCREEN_STRIP, last - i)):
        prefetch(X, at + row * X.shape[1])


@kernel_part
def _add_strip(X, i, first, whole, last, shift, R, sums):
    """Add to sums (k + 1, columns) the rows of a strip, of `whole` columns, a multiple of WIDE.

    The last sum is of squares. It and those of two vectors stay in registers for all rows; other
    vectors take the rows, which are in the cache by then, one after the other.
    """
    k, p, width = R.shape[1], X.shape[1], sums.shape[1]
    for j in range(0, whole, tuning.WIDE):
        _request(X, i, first, j, last)
        at, near = i * p + first + j, simd.load(shift, j)
        one, squares = simd.load(sums, j), simd.load(sums, k * width + j)
        if k == 1:
            for row in range(SCREEN_STRIP):
                x = simd.subtract(simd.load(X, at + row * p), near)
                squares = simd.fma_vectors(x, x, squares)
                one = simd.fma_vectors(x, simd.broadcast(R[i + row, 0]), one)
        else:
            two = simd.load(sums, width + j)
            for row in range(SCREEN_STRIP):
                x = simd.subtract(simd.load(X, at + row * p), near)
                squares = simd.fma_vectors(x, x, squares)
                one = simd.fma_vectors(x, simd.broadcast(R[i + row, 0]), one)
                two = simd.fma_vectors(x, simd.broadcast(R[i + row, 1]), two)
            simd.store(sums, width + j, two)
        simd.store(sums, j, one)
        simd.store(sums, k * width + j, squares)
        for v in range(2, k):
            total = simd.load(sums, v * width + j)
            for row in range(SCREEN_STRIP):
                x = simd.subtract(simd.load(X, at + row * p), near)
                total = simd.fma_vectors(x, simd.broadcast(R[i + row, v]), total)
            simd.store(sums, v * width + j, total)


@kernel_part
def _add_row(X, i, first, begin, end, shift, R, sums):
    """The same of one row and the columns begin..end from first on: the same bits."""
    k = R.shape[1]
    for j in range(begin, end):
        u = np.float64(X[i, first + j]) - shift[j]
        sums[k, j] = simd.fma(u, u, sums[k, j])
        for v in range(k):
            sums[v, j] = simd.fma(u, R[i, v], sums[v, j])


@kernel_part
def _add_rows(X, begin, end, first, width, shift, R, sums):
    strips = (end - begin) // SCREEN_STRIP * SCREEN_STRIP if simd.VECTORS else 0
    whole = width // tuning.WIDE * tuning.WIDE
    for i in range(begin, begin + strips, SCREEN_STRIP):
        if simd.VECTORS:
            _add_strip(X, i, first, whole, len(X), shift, R, sums)
        for row in range(i, i + SCREEN_STRIP):
            _add_row(X, row, first, whole, width, shift, R, sums)
    for i in range(begin + strips, end):
        _add_row(X, i, first, 0, width, shift, R, sums)


@kernel_part
def _rows_of_columns(b, start, stop, scratch, X, R, centred, offset, found, lows):
    """The columns from offset + start on, of rows in C order: added to found, lows (k + 1, p)."""
    # four from `over_blocks`, then the arrays: a record would be taken apart at each call
    n, k = len(X), R.shape[1]
    sums = scratch[: (k + 1) * SCREEN_COLUMNS].reshape((k + 1, SCREEN_COLUMNS))
    shift = scratch[(k + 1) * SCREEN_COLUMNS : (k + 2) * SCREEN_COLUMNS]
    for first in range(offset + start, offset + stop, SCREEN_COLUMNS):
        last = min(first + SCREEN_COLUMNS, offset + stop)
        centre(X, first, last, centred, shift)
        for begin in range(0, n, SCREEN_ROWS):
            for c in range(k + 1):
                clear(sums[c])
            _add_rows(X, begin, min(begin + SCREEN_ROWS, n), first, last - first, shift, R, sums)
            for c in range(k + 1):
                own, hi, lo = sums[c], found[c, first:last], lows[c, first:last]
                for j in range(last - first):
                    hi[j], lost = dd.two_sum(hi[j], own[j])
                    lo[j] += lost


rows_of_columns = over_blocks(_rows_of_columns)
