"""Cross-products in double-double: columns packed one by one, tiles of one by four columns.

Products and sums are Dot2 (Ogita, Rump and Oishi 2005) on four rows at once, over pieces of `PIECE`
rows that are joined in double-double.
"""

import numpy as np

from linreg_fast.kernels import doubledouble as dd
from linreg_fast.kernels import simd
from linreg_fast.kernels.compile import strict
from linreg_fast.kernels.simd import fma

PIECE = 128  # rows: a column of them, hi and lo, is 2 KB; ten columns fit in the first cache


@strict
def _pack(columns, first, exponents, shift, weights, start, stop, hi, lo):
    """Fill hi and lo from place first * PIECE on: the columns, scaled and shifted, one by one."""
    for j in range(columns.shape[1]):
        scale = 2.0 ** -np.float64(exponents[first + j] // 2)
        rest = 2.0 ** -np.float64(exponents[first + j] - exponents[first + j] // 2)
        at = (first + j) * PIECE
        centre = shift[first + j]
        for i in range(stop - start):
            a = np.float64(columns[start + i, j]) * scale * rest
            hi[at + i], lo[at + i] = dd.two_sum(a, -centre)
        _mask(weights, at, start, stop, hi, lo)


@strict
def _mask(weights, at, start, stop, hi, lo):
    """Zeros for rows of weight zero, and up to a whole number of vectors."""
    if weights is not None:
        for i in range(stop - start):
            if weights[start + i] == 0.0:
                hi[at + i] = lo[at + i] = 0.0
    for i in range(stop - start, -(-(stop - start) // simd.WIDTH) * simd.WIDTH):
        hi[at + i] = lo[at + i] = 0.0


@strict
def _join(sums, lows, j, k, vector, vector_lo):
    """Add the four lanes to entry (j, k), in double-double."""
    total, low = sums[j, k], lows[j, k]
    for i in range(simd.WIDTH):
        total, lost = dd.two_sum(total, simd.lane(vector, i))
        low += lost + simd.lane(vector_lo, i)
    sums[j, k], lows[j, k] = dd.quick_two_sum(total, low)


@strict
def _accumulate(h, low, a, a_lo, minus_a, b, b_lo):
    """(h, low) + (a, a_lo) * (b, b_lo) on four rows; minus_a is -a."""
    p = simd.multiply(a, b)
    lost = simd._fma(minus_a, b, p)  # -(a b - p)
    low = simd._fma(a, b_lo, low)
    low = simd._fma(a_lo, b, low)
    total = simd.add(h, p)
    part = simd.subtract(total, h)
    first = simd.subtract(h, simd.subtract(total, part))
    second = simd.subtract(simd.subtract(p, part), lost)
    return total, simd.add(low, simd.add(first, second))


@strict
def _tile_vectors(a, a_lo, z, z_lo, j, k, rows, sums, lows):
    """Add to sums[j, k : k + 4] the products of column j of a with four columns of z."""
    zero = simd.zeros()
    h0 = h1 = h2 = h3 = l0 = l1 = l2 = l3 = zero
    at, to = j * PIECE, k * PIECE
    for i in range(0, rows, simd.WIDTH):
        x, x_lo = simd.load(a, at + i), simd.load(a_lo, at + i)
        minus = simd.subtract(zero, x)
        b, b_lo = simd.load(z, to + i), simd.load(z_lo, to + i)
        h0, l0 = _accumulate(h0, l0, x, x_lo, minus, b, b_lo)
        b, b_lo = simd.load(z, to + PIECE + i), simd.load(z_lo, to + PIECE + i)
        h1, l1 = _accumulate(h1, l1, x, x_lo, minus, b, b_lo)
        b, b_lo = simd.load(z, to + 2 * PIECE + i), simd.load(z_lo, to + 2 * PIECE + i)
        h2, l2 = _accumulate(h2, l2, x, x_lo, minus, b, b_lo)
        b, b_lo = simd.load(z, to + 3 * PIECE + i), simd.load(z_lo, to + 3 * PIECE + i)
        h3, l3 = _accumulate(h3, l3, x, x_lo, minus, b, b_lo)
    _join(sums, lows, j, k, h0, l0)
    _join(sums, lows, j, k + 1, h1, l1)
    _join(sums, lows, j, k + 2, h2, l2)
    _join(sums, lows, j, k + 3, h3, l3)


@strict
def _tile_numbers(a, a_lo, z, z_lo, j, k, rows, sums, lows):
    """The same, a number at a time."""
    for c in range(k, k + 4):
        total, low = sums[j, c], lows[j, c]
        for i in range(rows):
            x, x_lo = a[j * PIECE + i], a_lo[j * PIECE + i]
            b, b_lo = z[c * PIECE + i], z_lo[c * PIECE + i]
            product, lost = dd.two_product(x, b)
            total, more = dd.two_sum(total, product)
            low += more + fma(x, b_lo, fma(x_lo, b, lost))
        sums[j, c], lows[j, c] = dd.quick_two_sum(total, low)


_tile = _tile_vectors if simd.VECTORS else _tile_numbers


@strict
def moments_block(X, Y, weights, exponents, shift, start, stop, sums, lows):
    """Add to sums + lows (q + 4, q + 4) the products of the columns of [X, Y, 1], upper half.

    The columns are divided by 2**exponents and then have the shift (q,) taken off. The last three
    rows and columns are padding, for tiles of four.
    """
    p, q = X.shape[1], len(shift)
    hi, lo = np.zeros((q + 4) * PIECE), np.zeros((q + 4) * PIECE)
    size = (q + 1) * PIECE if weights is not None else 0
    weighted, weighted_lo = np.zeros(size), np.zeros(size)
    for begin in range(start, stop, PIECE):
        end = min(begin + PIECE, stop)
        rows = end - begin
        _pack(X, 0, exponents, shift, weights, begin, end, hi, lo)
        _pack(Y, p, exponents, shift, weights, begin, end, hi, lo)
        hi[q * PIECE : q * PIECE + rows] = 1.0
        _mask(weights, q * PIECE, begin, end, hi, lo)
        a, a_lo = hi, lo
        if weights is not None:
            a, a_lo = weighted, weighted_lo
            for j in range(q + 1):
                for i in range(rows):
                    at = j * PIECE + i
                    a[at], lost = dd.two_product(weights[begin + i], hi[at])
                    a_lo[at] = lost + weights[begin + i] * lo[at]
                for i in range(rows, -(-rows // simd.WIDTH) * simd.WIDTH):
                    a[j * PIECE + i] = a_lo[j * PIECE + i] = 0.0
        for j in range(q + 1):
            for k in range(j, q + 1, 4):
                _tile(a, a_lo, hi, lo, j, k, rows, sums, lows)
