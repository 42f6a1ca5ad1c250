"""Sums of single columns with a few vectors, by the million: X is read once, nothing is kept of it.

Of each column, less a centre of its own: its sum of squares, and its products with the columns of R
(n, k). Rows are taken some at a time, and their sums joined in double-double.
"""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
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
def _add_rows(X, i, count, first, last, shift, R, sums):
    """Add to sums (k + 1, columns) up to four rows from i on; the last sum is of squares."""
    k, width = R.shape[1], last - first
    x0, x1 = X[i, first:last], X[i + min(1, count - 1), first:last]
    x2, x3 = X[i + min(2, count - 1), first:last], X[i + min(3, count - 1), first:last]
    w1, w2, w3 = 1.0 * (count > 1), 1.0 * (count > 2), 1.0 * (count > 3)
    to = sums[k]
    for j in range(width):
        u0, u1 = np.float64(x0[j]) - shift[j], (np.float64(x1[j]) - shift[j]) * w1
        u2, u3 = (np.float64(x2[j]) - shift[j]) * w2, (np.float64(x3[j]) - shift[j]) * w3
        to[j] += (u0 * u0 + u1 * u1) + (u2 * u2 + u3 * u3)
    for c in range(k):
        to = sums[c]
        r0, r1 = R[i, c], R[i + min(1, count - 1), c] * w1
        r2, r3 = R[i + min(2, count - 1), c] * w2, R[i + min(3, count - 1), c] * w3
        for j in range(width):
            u0, u1 = np.float64(x0[j]) - shift[j], np.float64(x1[j]) - shift[j]
            u2, u3 = np.float64(x2[j]) - shift[j], np.float64(x3[j]) - shift[j]
            to[j] += (u0 * r0 + u1 * r1) + (u2 * r2 + u3 * r3)


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
            for i in range(begin, min(begin + SCREEN_ROWS, n), 4):
                _add_rows(X, i, min(4, n - i), first, last, shift, R, sums)
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
        total = simd.fma_vectors(simd.load_wide(u, i), simd.load_wide(flat, at + i), total)
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
