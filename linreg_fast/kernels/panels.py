"""Pieces of rows as panels: a few columns side by side, one vector for each row.

A panel is `simd.WIDE` columns. z is flat: panel v from v * stride on, row i of it at i * WIDE. Its
first columns are [X, Y, 1] less a shift; whatever stands behind them is never looked at.
"""

import numpy as np
from numba.extending import overload

from linreg_fast.kernels import simd
from linreg_fast.kernels.compile import strict


@strict
def _numbers(columns, first, shift, at, start, stop, stride, z):
    """Columns `first` and on, one number after the other, whatever the layout."""
    for j in range(first, columns.shape[1]):
        c = at + j
        to, centre = c // simd.WIDE * stride + c % simd.WIDE, shift[c]
        for i in range(stop - start):
            z[to + i * simd.WIDE] = np.float64(columns[start + i, j]) - centre


@strict
def _rows(X, Y, shift, start, stop, stride, z):
    """Rows of C order as they are, with the first target and a one behind.

    The last vector reads over the row's end, into the next row, and takes those in its place.
    """
    p = X.shape[1]
    one = simd.splat_wide(1.0)
    for j in range(0, p + 1, simd.WIDE):
        centre = simd.load_wide(shift, j)
        of, to = start * p + j, j // simd.WIDE * stride
        own = p - j
        if own >= simd.WIDE:
            for i in range(stop - start):
                row = simd.load_wide(X, of + i * p)
                simd.store(z, to + i * simd.WIDE, simd.subtract(row, centre))
        else:
            for i in range(stop - start):
                others = simd.joined(simd.splat_wide(np.float64(Y[start + i, 0])), one, own + 1)
                row = simd.joined(simd.load_wide(X, of + i * p), others, own)
                simd.store(z, to + i * simd.WIDE, simd.subtract(row, centre))


@strict
def _turned(a, b, c, d, centre, z, place):
    """Four rows of four columns, less their centre, as four rows of a panel."""
    ab, cd = simd.evens(a, b), simd.evens(c, d)
    simd.store(z, place, simd.subtract(simd.lower(ab, cd), centre))
    simd.store(z, place + 2 * simd.WIDE, simd.subtract(simd.upper(ab, cd), centre))
    ab, cd = simd.odds(a, b), simd.odds(c, d)
    simd.store(z, place + simd.WIDE, simd.subtract(simd.lower(ab, cd), centre))
    simd.store(z, place + 3 * simd.WIDE, simd.subtract(simd.upper(ab, cd), centre))


@strict
def _four_columns(X, j, shift, start, stop, stride, z):
    """Columns j..j+3 of F order: four by four numbers are turned in registers.

    The next piece's lines are asked for meanwhile: it lies in other pages, one for each column,
    and the processor would begin each of them too late.
    """
    n = X.shape[0]
    to = j // simd.WIDE * stride + j % simd.WIDE
    of = j * n + start
    centre = simd.load(shift, j)
    ahead = of + stop - start
    for i in range(0, stop - start - 3, 4):
        simd.bring_near(X, ahead + i + n * (i // 4 % 2))
        simd.bring_near(X, ahead + i + n * (2 + i // 4 % 2))
        a, b = simd.load(X, of + i), simd.load(X, of + n + i)
        c, d = simd.load(X, of + 2 * n + i), simd.load(X, of + 3 * n + i)
        _turned(a, b, c, d, centre, z, to + i * simd.WIDE)
    for i in range((stop - start) // 4 * 4, stop - start):
        for k in range(4):
            z[to + i * simd.WIDE + k] = np.float64(X[start + i, j + k]) - shift[j + k]


@strict
def _last_columns(X, Y, shift, start, stop, stride, z):
    """Likewise the p % 4 columns that are left, the target (contiguous), and the ones."""
    n, p = X.shape
    left, j = p % 4, p // 4 * 4
    to, of = j // simd.WIDE * stride + j % simd.WIDE, j * n + start
    centre = simd.load(shift, j)
    whole = (stop - start) // 4 * 4
    for i in range(0, whole, 4):
        a = b = c = d = simd.splat(1.0)
        target = simd.load(Y, start + i)
        simd.bring_near(Y, stop + i)
        if left == 0:
            a = target
        else:
            a = simd.load(X, of + i)
            simd.bring_near(X, of + stop - start + i)
            if left == 1:
                b = target
            else:
                b = simd.load(X, of + n + i)
                simd.bring_near(X, of + n + stop - start + i)
                if left == 2:
                    c = target
                else:
                    c, d = simd.load(X, of + 2 * n + i), target
                    simd.bring_near(X, of + 2 * n + stop - start + i)
        _turned(a, b, c, d, centre, z, to + i * simd.WIDE)
    _numbers(X, j, shift, 0, start + whole, stop, stride, z[whole * simd.WIDE :])
    _others(Y, p, shift, start + whole, stop, stride, z[whole * simd.WIDE :])
    if left == 3:
        to = (p + 1) // simd.WIDE * stride + (p + 1) % simd.WIDE
        for i in range(whole):
            z[to + i * simd.WIDE] = 1.0


@strict
def _others(Y, p, shift, start, stop, stride, z):
    """The targets and the ones, behind p columns."""
    q = p + Y.shape[1]
    _numbers(Y, 0, shift, p, start, stop, stride, z)
    to = q // simd.WIDE * stride + q % simd.WIDE
    for i in range(stop - start):
        z[to + i * simd.WIDE] = 1.0


@strict
def _any_layout(X, Y, shift, start, stop, stride, z):
    _numbers(X, 0, shift, 0, start, stop, stride, z)
    _others(Y, X.shape[1], shift, start, stop, stride, z)


@strict
def _c_order(X, Y, shift, start, stop, stride, z):
    p = X.shape[1]
    safe = max(min(stop, len(X) - simd.WIDE), start)  # what the last rows would read is not ours
    _rows(X, Y, shift, start, safe, stride, z)
    if safe < stop:
        _numbers(X, 0, shift, 0, safe, stop, stride, z[(safe - start) * simd.WIDE :])
    if safe < stop or Y.shape[1] > 1 or (p + 1) % simd.WIDE == 0:
        _others(Y, p, shift, start, stop, stride, z)


@strict
def _f_order(X, Y, shift, start, stop, stride, z):
    p = X.shape[1]
    for j in range(0, p - 3, 4):
        _four_columns(X, j, shift, start, stop, stride, z)
    if Y.shape[1] == 1 and (Y.flags.c_contiguous or Y.flags.f_contiguous):
        _last_columns(X, Y, shift, start, stop, stride, z)
    else:
        _numbers(X, p // 4 * 4, shift, 0, start, stop, stride, z)
        _others(Y, p, shift, start, stop, stride, z)


def pack(X, Y, shift, start, stop, stride, z):
    """Rows start..stop of [X, Y, 1], less the shift."""
    _any_layout(X, Y, shift, start, stop, stride, z)


@overload(pack)
def _pack_by_layout(X, Y, shift, start, stop, stride, z):
    found = {"C": _c_order, "F": _f_order}.get(X.layout, _any_layout)
    return lambda X, Y, shift, start, stop, stride, z: found(X, Y, shift, start, stop, stride, z)


@strict
def _weighted_vectors(weights, start, stop, count, stride, z, a):
    for j in range(count):
        for i in range(stop - start):
            place = j * stride + i * simd.WIDE
            weight = weights[start + i]
            if weight == 0.0:
                simd.store(z, place, simd.zeros_wide())
            row = simd.multiply(simd.load_wide(z, place), simd.splat_wide(weight))
            simd.store(a, place, row)


@strict
def _weighted_numbers(weights, start, stop, count, stride, z, a):
    for j in range(count):
        for i in range(stop - start):
            for k in range(j * stride + i * simd.WIDE, j * stride + (i + 1) * simd.WIDE):
                z[k] = z[k] if weights[start + i] != 0.0 else 0.0
                a[k] = z[k] * weights[start + i]


# (weights, start, stop, count, stride, z, a): a becomes `count` panels of z, each row times its
# weight; rows of weight zero are zeros in both, whatever they were.
weighted = _weighted_vectors if simd.VECTORS else _weighted_numbers
