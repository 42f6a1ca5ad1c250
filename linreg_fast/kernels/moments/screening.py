"""Products of each single column with a few vectors, for millions of columns: X is read once.

Of each column, less a centre of its own: its sum of squares, and its products with the columns of R
(n, k). Rows are taken some at a time, and their sums joined in double-double.
"""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.arithmetic.memory import prefetch
from linreg_fast.kernels.moments.one_call import PLACES, clear
from linreg_fast.kernels.tuning import SCREEN_COLUMNS, SCREEN_ROWS
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


def scratch_size(k):
    """float64 numbers that a thread needs."""
    return (k + 2) * max(SCREEN_COLUMNS, SCREEN_ROWS)


@kernel_part
def _centre(X, first, last, centred, shift):
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
def _add_four_rows(X, i, first, whole, shift, R, sums):
    """Add to sums (k + 1, columns) rows i to i + 3 of `whole` columns, a multiple of WIDE.

    The last sum is of squares. What comes next is requested: the processor stops at every page.
    """
    k, p, width = R.shape[1], X.shape[1], sums.shape[1]
    for j in range(0, whole, tuning.WIDE):
        at, near = i * p + first + j, simd.load(shift, j)
        a = simd.subtract(simd.load(X, at), near)
        b = simd.subtract(simd.load(X, at + p), near)
        c = simd.subtract(simd.load(X, at + 2 * p), near)
        d = simd.subtract(simd.load(X, at + 3 * p), near)
        for row in range(4, 8):
            prefetch(X, at + row * p)
        total = simd.load(sums, k * width + j)
        total = simd.fma_vectors(b, b, simd.fma_vectors(a, a, total))
        total = simd.fma_vectors(d, d, simd.fma_vectors(c, c, total))
        simd.store(sums, k * width + j, total)
        for v in range(k):
            total = simd.load(sums, v * width + j)
            total = simd.fma_vectors(a, simd.broadcast(R[i, v]), total)
            total = simd.fma_vectors(b, simd.broadcast(R[i + 1, v]), total)
            total = simd.fma_vectors(c, simd.broadcast(R[i + 2, v]), total)
            total = simd.fma_vectors(d, simd.broadcast(R[i + 3, v]), total)
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
    fours = (end - begin) // 4 * 4 if simd.VECTORS else 0
    whole = width // tuning.WIDE * tuning.WIDE
    for i in range(begin, begin + fours, 4):
        if simd.VECTORS:
            _add_four_rows(X, i, first, whole, shift, R, sums)
        for row in range(i, i + 4):
            _add_row(X, row, first, whole, width, shift, R, sums)
    for i in range(begin + fours, end):
        _add_row(X, i, first, 0, width, shift, R, sums)


@kernel_part
def _rows_of_columns(b, start, stop, scratch, X, R, centred, offset, found, lows):
    """The columns from offset + start on, of rows in C order: added to found, lows (k + 1, p)."""
    n, k = len(X), R.shape[1]
    sums = scratch[: (k + 1) * SCREEN_COLUMNS].reshape((k + 1, SCREEN_COLUMNS))
    shift = scratch[(k + 1) * SCREEN_COLUMNS : (k + 2) * SCREEN_COLUMNS]
    for first in range(offset + start, offset + stop, SCREEN_COLUMNS):
        last = min(first + SCREEN_COLUMNS, offset + stop)
        _centre(X, first, last, centred, shift)
        for begin in range(0, n, SCREEN_ROWS):
            for c in range(k + 1):
                clear(sums[c])
            _add_rows(X, begin, min(begin + SCREEN_ROWS, n), first, last - first, shift, R, sums)
            for c in range(k + 1):
                own, hi, lo = sums[c], found[c, first:last], lows[c, first:last]
                for j in range(last - first):
                    hi[j], lost = dd.two_sum(hi[j], own[j])
                    lo[j] += lost


@kernel_part
def _dot(u, flat, at, n):
    """The sum of products of u (n,) with n numbers of a flat array."""
    total, whole = simd.zeros(), n // tuning.WIDE * tuning.WIDE
    for i in range(0, whole, tuning.WIDE):
        total = simd.fma_vectors(simd.load(u, i), simd.load(flat, at + i), total)
    value = simd.total(total)
    for i in range(whole, n):
        value += u[i] * flat[at + i]
    return value


@kernel_part
def _dot_of_numbers(u, flat, at, n):
    value = 0.0
    for i in range(n):
        value += u[i] * flat[at + i]
    return value


_product = _dot if simd.VECTORS else _dot_of_numbers


@kernel_part
def _whole_columns(b, start, stop, scratch, X, R, centred, offset, found, lows):
    """The same of columns in F order: X and R are transposed, (p, n) and (k, n) in C order."""
    n, k, by_columns = X.shape[1], len(R), X.T
    u, shift, flat = scratch[:SCREEN_ROWS], scratch[SCREEN_ROWS : SCREEN_ROWS + 1], R.reshape(-1)
    for j in range(offset + start, offset + stop):
        _centre(by_columns, j, j + 1, centred, shift)
        for begin in range(0, n, SCREEN_ROWS):
            count = min(SCREEN_ROWS, n - begin)
            own = X[j, begin : begin + count]
            for i in range(count):
                u[i] = np.float64(own[i]) - shift[0]
            for c in range(k + 1):
                if c == k:
                    value = _product(u, u, 0, count)
                else:
                    value = _product(u, flat, c * n + begin, count)
                found[c, j], lost = dd.two_sum(found[c, j], value)
                lows[c, j] += lost


rows_of_columns = over_blocks(_rows_of_columns)
whole_columns = over_blocks(_whole_columns)
