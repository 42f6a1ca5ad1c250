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
from linreg_fast.kernels.tuning import (
    SCREEN_AHEAD,
    SCREEN_COLUMNS,
    SCREEN_ROWS,
    SCREEN_RUN,
    SCREEN_STRIP,
)
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


def scratch_size(k):
    """float64 numbers that a thread needs."""
    return (k + 2) * SCREEN_COLUMNS


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
def _four_products(flat, at, n, near, numbers, one, two, count, out):
    """Of four columns side by side: what `_products` gives of each, to out (4, 3).

    The numbers of R are loaded once for four columns: they are as many as a first cache holds, and
    the columns that stream past would push them out of it.
    """
    # the columns n apart, the numbers to multiply with at two places, and how many
    width = tuning.WIDE
    ka, kb = simd.broadcast(near[0]), simd.broadcast(near[1])
    kc, kd = simd.broadcast(near[2]), simd.broadcast(near[3])
    sa = sb = sc = sd = oa = ob = oc = od = ta = tb = tc = td = simd.zeros()
    whole, b, c, d = count // width * width, at + n, at + 2 * n, at + 3 * n
    for i in range(0, whole, width):
        # Behind the end of a column stands the next one: wanted is the one after the four.
        ahead = i + SCREEN_AHEAD if i + SCREEN_AHEAD < n else i + SCREEN_AHEAD + 3 * n
        prefetch(flat, at + ahead)
        prefetch(flat, b + ahead)
        prefetch(flat, c + ahead)
        prefetch(flat, d + ahead)
        v, w = simd.load(numbers, one + i), simd.load(numbers, two + i)
        u = simd.subtract(simd.load(flat, at + i), ka)
        sa, oa = simd.fma_vectors(u, u, sa), simd.fma_vectors(u, v, oa)
        ta = simd.fma_vectors(u, w, ta)
        u = simd.subtract(simd.load(flat, b + i), kb)
        sb, ob = simd.fma_vectors(u, u, sb), simd.fma_vectors(u, v, ob)
        tb = simd.fma_vectors(u, w, tb)
        u = simd.subtract(simd.load(flat, c + i), kc)
        sc, oc = simd.fma_vectors(u, u, sc), simd.fma_vectors(u, v, oc)
        tc = simd.fma_vectors(u, w, tc)
        u = simd.subtract(simd.load(flat, d + i), kd)
        sd, od = simd.fma_vectors(u, u, sd), simd.fma_vectors(u, v, od)
        td = simd.fma_vectors(u, w, td)
    out[0, 0], out[0, 1], out[0, 2] = simd.total(sa), simd.total(oa), simd.total(ta)
    out[1, 0], out[1, 1], out[1, 2] = simd.total(sb), simd.total(ob), simd.total(tb)
    out[2, 0], out[2, 1], out[2, 2] = simd.total(sc), simd.total(oc), simd.total(tc)
    out[3, 0], out[3, 1], out[3, 2] = simd.total(sd), simd.total(od), simd.total(td)
    _add_rest(flat, at, n, near, numbers, one, two, whole, count, out)


@kernel_part
def _products(flat, at, n, near, numbers, one, two, count, out):
    """Of one column less near[0]: squares, and products with numbers at two places, to out[0].

    The sums are those of `_four_products`, in the same order.
    """
    # as `_four_products`
    width, shift = tuning.WIDE, simd.broadcast(near[0])
    s = o = t = simd.zeros()
    whole = count // width * width
    for i in range(0, whole, width):
        u = simd.subtract(simd.load(flat, at + i), shift)
        s, o = simd.fma_vectors(u, u, s), simd.fma_vectors(u, simd.load(numbers, one + i), o)
        t = simd.fma_vectors(u, simd.load(numbers, two + i), t)
    out[0, 0], out[0, 1], out[0, 2] = simd.total(s), simd.total(o), simd.total(t)
    _add_rest(flat, at, n, near[:1], numbers, one, two, whole, count, out)


@kernel_part
def _products_of_numbers(flat, at, n, near, numbers, one, two, count, out):
    # as `_four_products`
    out[0] = 0.0
    _add_rest(flat, at, n, near[:1], numbers, one, two, 0, count, out)


@kernel_part
def _add_rest(flat, at, n, near, numbers, one, two, whole, count, out):
    """Add the rows that fill no vector."""
    # as `_four_products`
    for column in range(len(near)):
        for i in range(whole, count):
            u = np.float64(flat[at + column * n + i]) - near[column]
            out[column, 0] += u * u
            out[column, 1] += u * numbers[one + i]
            out[column, 2] += u * numbers[two + i]


_of_column = _products if simd.VECTORS else _products_of_numbers
ABREAST = 4  # columns of `_four_products`


@kernel_part
def _join(found, lows, c, j, value):
    found[c, j], lost = dd.two_sum(found[c, j], value)
    lows[c, j] += lost


@kernel_part
def _whole_columns(b, start, stop, scratch, X, R, centred, offset, found, lows):
    """The same of columns in F order: X and R are transposed, (p, n) and (k, n) in C order."""
    # as `_rows_of_columns`
    n, k, by_columns = X.shape[1], len(R), X.T
    shift, out = scratch[:ABREAST], scratch[ABREAST : 4 * ABREAST].reshape((ABREAST, 3))
    flat, numbers = X.reshape(-1), R.reshape(-1)
    j, end = offset + start, offset + stop
    while j < end:
        many = ABREAST if simd.VECTORS and j + ABREAST <= end else 1
        _centre(by_columns, j, j + many, centred, shift)
        for begin in range(0, n, SCREEN_RUN):
            count, at = min(SCREEN_RUN, n - begin), j * n + begin
            for c in range(0, k, 2):
                last = min(c + 1, k - 1)
                one, two = c * n + begin, last * n + begin
                if many == ABREAST:
                    _four_products(flat, at, n, shift, numbers, one, two, count, out)
                else:
                    _of_column(flat, at, n, shift, numbers, one, two, count, out)
                for column in range(many):
                    _join(found, lows, c, j + column, out[column, 1])
                    if last > c:
                        _join(found, lows, last, j + column, out[column, 2])
                    if c == 0:
                        _join(found, lows, k, j + column, out[column, 0])
        j += many


rows_of_columns = over_blocks(_rows_of_columns)
whole_columns = over_blocks(_whole_columns)
