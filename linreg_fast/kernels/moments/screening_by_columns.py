"""`screening` of columns in F order, four of them side by side."""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.arithmetic.memory import prefetch
from linreg_fast.kernels.moments.screening import centre
from linreg_fast.kernels.tuning import SCREEN_AHEAD, SCREEN_RUN
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


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
    """As `screening.rows_of_columns`: X and R are transposed, (p, n) and (k, n) in C order."""
    # four from `over_blocks`, then the arrays, as in `screening`
    n, k, by_columns = X.shape[1], len(R), X.T
    shift, out = scratch[:ABREAST], scratch[ABREAST : 4 * ABREAST].reshape((ABREAST, 3))
    flat, numbers = X.reshape(-1), R.reshape(-1)
    j, end = offset + start, offset + stop
    while j < end:
        many = ABREAST if simd.VECTORS and j + ABREAST <= end else 1
        centre(by_columns, j, j + many, centred, shift)
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


whole_columns = over_blocks(_whole_columns)
