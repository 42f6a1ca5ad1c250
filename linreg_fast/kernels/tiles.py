"""Cross-products in plain doubles: columns packed one by one, tiles of three by four columns.

A tile is twelve dot products at once, each in a register of four rows: with the four registers
they are fed from, all sixteen of AVX2. Pieces of `PIECE` rows are joined in double-double, which
costs a few percent and keeps the error of millions of rows that of a few hundred.
"""

import numpy as np

from linreg_fast.kernels import simd
from linreg_fast.kernels.compile import compiled, strict
from linreg_fast.kernels.pack import PIECE, mask, pack

GROUP = 24  # columns, 48 KB: stay in the second cache while all the others pass by
PADDING = 8  # columns of zeros behind the last, for tiles that reach over it


@strict
def _fold(sums, lows, at, vector):
    """Add four numbers to sums + lows, flat from place `at` on."""
    old = simd.load(sums, at)
    total = simd.add(old, vector)
    part = simd.subtract(total, old)
    lost = simd.add(simd.subtract(old, simd.subtract(total, part)), simd.subtract(vector, part))
    simd.store(sums, at, total)
    simd.store(lows, at, simd.add(simd.load(lows, at), lost))


@strict
def _across(a, b, c, d):
    """(sum of a's lanes, of b's, of c's, of d's)."""
    a, b, c, d = simd.narrow(a), simd.narrow(b), simd.narrow(c), simd.narrow(d)
    ab = simd.add(simd.evens(a, b), simd.odds(a, b))
    cd = simd.add(simd.evens(c, d), simd.odds(c, d))
    return simd.add(simd.lower(ab, cd), simd.upper(ab, cd))


@compiled
def _tile_vectors(a, z, j, k, rows, sums, lows):
    """Add to sums[j : j + 3, k : k + 4] the products of three columns of a with four of z."""
    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = c0 = c1 = c2 = c3 = simd.zeros_wide()
    at, to = j * PIECE, k * PIECE
    for i in range(0, rows, simd.WIDE):
        x = simd.load_wide(a, at + i)
        y = simd.load_wide(a, at + PIECE + i)
        w = simd.load_wide(a, at + 2 * PIECE + i)
        b = simd.load_wide(z, to + i)
        a0, b0, c0 = (
            simd.fma_vectors(x, b, a0),
            simd.fma_vectors(y, b, b0),
            simd.fma_vectors(w, b, c0),
        )
        b = simd.load_wide(z, to + PIECE + i)
        a1, b1, c1 = (
            simd.fma_vectors(x, b, a1),
            simd.fma_vectors(y, b, b1),
            simd.fma_vectors(w, b, c1),
        )
        b = simd.load_wide(z, to + 2 * PIECE + i)
        a2, b2, c2 = (
            simd.fma_vectors(x, b, a2),
            simd.fma_vectors(y, b, b2),
            simd.fma_vectors(w, b, c2),
        )
        b = simd.load_wide(z, to + 3 * PIECE + i)
        a3, b3, c3 = (
            simd.fma_vectors(x, b, a3),
            simd.fma_vectors(y, b, b3),
            simd.fma_vectors(w, b, c3),
        )
    columns = sums.shape[1]
    _fold(sums, lows, j * columns + k, _across(a0, a1, a2, a3))
    _fold(sums, lows, (j + 1) * columns + k, _across(b0, b1, b2, b3))
    _fold(sums, lows, (j + 2) * columns + k, _across(c0, c1, c2, c3))


@strict
def _tile_numbers(a, z, j, k, rows, sums, lows):
    """The same, a number at a time."""
    for r in range(j, j + 3):
        for c in range(k, k + 4):
            product = 0.0
            for i in range(rows):
                product += a[r * PIECE + i] * z[c * PIECE + i]
            sums[r, c] += product


_tile = _tile_vectors if simd.VECTORS else _tile_numbers


@compiled
def moments_block(X, Y, weights, shift, start, stop, sums, lows):
    """Add to sums + lows (q + 9, q + 9) the products of the columns of [X, Y, 1], upper half.

    shift (q + 9,) comes off the columns first. The last rows and columns are padding.
    """
    p = X.shape[1]
    q = p + Y.shape[1]
    z = np.zeros((q + 1 + PADDING) * PIECE)
    weighted = np.zeros(len(z) if weights is not None else 0)
    for begin in range(start, stop, PIECE):
        end = min(begin + PIECE, stop)
        rows = end - begin
        pack(X, 0, shift, begin, end, z)
        pack(Y, p, shift, begin, end, z)
        z[q * PIECE : q * PIECE + rows] = 1.0
        for j in range(q + 1):
            mask(weights, j * PIECE, begin, end, z)
        a = z
        if weights is not None:
            a = weighted
            for j in range(q + 1):
                for i in range(rows):
                    a[j * PIECE + i] = weights[begin + i] * z[j * PIECE + i]
                mask(None, j * PIECE, begin, end, a)
        for first in range(0, q + 1, GROUP):
            for k in range(first, q + 1, 4):
                for j in range(first, min(first + GROUP, k + 4), 3):
                    _tile(a, z, j, k, rows, sums, lows)
