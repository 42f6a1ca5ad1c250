"""Pieces of rows as panels: a few columns side by side, one vector for each row.

A panel is `simd.WIDE` columns. z is flat: panel v from v * stride on, row i of it at i * WIDE. Its
first columns are [X, Y, 1] less a shift; whatever stands behind them is never looked at.
"""

import numpy as np

from linreg_fast.kernels import simd
from linreg_fast.kernels.compile import chosen, inner
from linreg_fast.kernels.turned import turn


@inner
def _numbers(columns, first, shift, at, start, stop, stride, z):
    """Columns `first` and on, one number after the other, whatever the layout."""
    for j in range(first, columns.shape[1]):
        c = at + j
        to, centre = c // simd.WIDE * stride + c % simd.WIDE, shift[c]
        for i in range(stop - start):
            z[to + i * simd.WIDE] = np.float64(columns[start + i, j]) - centre


@inner
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
                simd.bring_near(Y, stop + i)
                others = simd.joined(simd.splat_wide(np.float64(Y[start + i, 0])), one, own + 1)
                row = simd.joined(simd.load_wide(X, of + i * p), others, own)
                simd.store(z, to + i * simd.WIDE, simd.subtract(row, centre))


@inner
def _others(Y, p, shift, start, stop, stride, z):
    """The targets and the ones, behind p columns."""
    q = p + Y.shape[1]
    _numbers(Y, 0, shift, p, start, stop, stride, z)
    to = q // simd.WIDE * stride + q % simd.WIDE
    for i in range(stop - start):
        z[to + i * simd.WIDE] = 1.0


def _any_layout(X, Y, shift, start, stop, stride, z):
    _numbers(X, 0, shift, 0, start, stop, stride, z)
    _others(Y, X.shape[1], shift, start, stop, stride, z)


def _c_order(X, Y, shift, start, stop, stride, z):
    p = X.shape[1]
    safe = max(min(stop, len(X) - simd.WIDE), start)  # what the last rows would read is not ours
    _rows(X, Y, shift, start, safe, stride, z)
    if safe < stop:
        _numbers(X, 0, shift, 0, safe, stop, stride, z[(safe - start) * simd.WIDE :])
    if safe < stop or Y.shape[1] > 1 or (p + 1) % simd.WIDE == 0:
        _others(Y, p, shift, start, stop, stride, z)


def _f_order(X, Y, shift, start, stop, stride, z):
    p, whole = X.shape[1], (stop - start) // simd.WIDE * simd.WIDE
    one = Y.shape[1] == 1 and (Y.flags.c_contiguous or Y.flags.f_contiguous)
    columns = p + 2 if one else p // simd.WIDE * simd.WIDE
    for j in range(0, columns, simd.WIDE):
        to = j // simd.WIDE * stride
        for i in range(0, whole, simd.WIDE):
            turn(X, Y, j, shift, start + i, z, to + i * simd.WIDE)
    rest = start + whole
    _numbers(X, 0, shift, 0, rest, stop, stride, z[whole * simd.WIDE :])
    _others(Y, p, shift, rest, stop, stride, z[whole * simd.WIDE :])
    if not one:
        _numbers(X, columns, shift, 0, start, rest, stride, z)
        _others(Y, p, shift, start, rest, stride, z)


def pack(X, Y, shift, start, stop, stride, z):
    """Rows start..stop of [X, Y, 1], less the shift."""
    _any_layout(X, Y, shift, start, stop, stride, z)


@chosen(pack)
def _pack_by_layout(X, Y, shift, start, stop, stride, z):
    return {"C": _c_order, "F": _f_order}.get(X.layout, _any_layout)


@inner
def _weighted_vectors(weights, start, stop, count, stride, z, a):
    for j in range(count):
        for i in range(stop - start):
            place = j * stride + i * simd.WIDE
            weight = weights[start + i]
            if weight == 0.0:
                simd.store(z, place, simd.zeros_wide())
            row = simd.multiply(simd.load_wide(z, place), simd.splat_wide(weight))
            simd.store(a, place, row)


@inner
def _weighted_numbers(weights, start, stop, count, stride, z, a):
    for j in range(count):
        for i in range(stop - start):
            for k in range(j * stride + i * simd.WIDE, j * stride + (i + 1) * simd.WIDE):
                z[k] = z[k] if weights[start + i] != 0.0 else 0.0
                a[k] = z[k] * weights[start + i]


# (weights, start, stop, count, stride, z, a): a becomes `count` panels of z, each row times its
# weight; rows of weight zero are zeros in both, whatever they were.
weighted = _weighted_vectors if simd.VECTORS else _weighted_numbers
