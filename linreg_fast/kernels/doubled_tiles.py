"""Cross-products in double-double: columns packed one by one, tiles of one by four columns.

Several rows at once, over pieces of `PIECE` rows that are joined in double-double. How a product is
added without loss stands at `_tile_vectors`; a number at a time it is Dot2 (Ogita, Rump and Oishi
2005).
"""

import math

import numpy as np

from linreg_fast.kernels import doubledouble as dd
from linreg_fast.kernels import simd
from linreg_fast.kernels.compile import compiled, inlined, inner
from linreg_fast.kernels.pack import PIECE, mask, pack
from linreg_fast.kernels.simd import fma

GROUP = 24  # columns, hi and lo 96 KB: stay in the second cache while all the others pass by
FEW = 128  # rows: a digit more costs them less than 20 us
TINY = 1e-280  # a sum of squares below it may have lost some to underflow


@compiled
def _size(numbers):
    total = 0.0
    for i in range(len(numbers)):
        total += abs(numbers[i])
    return total


@compiled
def _norm(numbers):
    """Not below the Euclidean norm, nor far above it where squares do not underflow."""
    squares = 0.0
    for i in range(len(numbers)):
        squares += numbers[i] * numbers[i]
    return math.sqrt(squares) if squares > TINY else _size(numbers)


@inner
def _bound(columns, count, rows, bounds):
    """Per column a power of two above its norm; what is not finite stays so.

    No sum of products of two columns reaches the product of their bounds. Three times that is in
    the middle of a binade, with room for such a sum on both sides.
    """
    for j in range(count):
        norm = _norm(columns[j * PIECE : j * PIECE + rows])
        bounds[j] = math.ldexp(1.0, math.frexp(norm)[1]) if norm < np.inf else norm


@inner
def _split(columns, first, scales, shift, weights, start, stop, hi, lo, exact):
    """Pack the columns, scaled and shifted, as hi and lo from place first * PIECE on.

    scales (2, q): powers of two to multiply with, one after the other. exact[j] becomes whether the
    lo part of column j is zero throughout.
    """
    pack(columns, first, np.zeros(len(shift)), start, stop, hi)
    rows = stop - start
    for j in range(first, first + columns.shape[1]):
        at = j * PIECE
        mask(weights, at, start, stop, hi)
        column, low = hi[at : at + rows], lo[at : at + rows]
        scale, rest, centre = scales[0, j], scales[1, j], shift[j]
        for i in range(rows):
            column[i], low[i] = dd.two_sum(column[i] * scale * rest, -centre)
        mask(weights, at, start, stop, hi)
        mask(weights, at, start, stop, lo)
        exact[j] = _size(low) == 0.0


@inner
def _start(bounds_a, bounds, j, k):
    """Where the sums of entry (j, k) start from (see `_tile_vectors`)."""
    return simd.splat_wide(3.0 * bounds_a[j] * bounds[k])


@inner
def _join(sums, lows, j, k, bounds_a, bounds, vector, vector_lo):
    """Add the lanes, less what they started from, to entry (j, k), in double-double."""
    vector = simd.subtract(vector, _start(bounds_a, bounds, j, k))
    total, low = sums[j, k], lows[j, k]
    for i in range(simd.WIDE):
        total, lost = dd.two_sum(total, simd.lane(vector, i))
        low += lost + simd.lane(vector_lo, i)
    sums[j, k], lows[j, k] = dd.quick_two_sum(total, low)


@inner
def _add_product(h, low, a, b):
    """h + low plus a * b, exactly but for 2**-106 of what h began with (see `_tile_vectors`)."""
    total = simd.fma_vectors(a, b, h)
    taken = simd.subtract(total, h)  # exact: all three are multiples of h's last bit
    return total, simd.add(low, simd.fma_vectors(a, b, simd.negative(taken)))


@inlined
def _exact_tile_vectors(a, z, j, k, rows, bounds_a, bounds, sums, lows):
    """As `_tile_vectors`, where all lo parts are zero."""
    h0, h1 = _start(bounds_a, bounds, j, k), _start(bounds_a, bounds, j, k + 1)
    h2, h3 = _start(bounds_a, bounds, j, k + 2), _start(bounds_a, bounds, j, k + 3)
    l0 = l1 = l2 = l3 = simd.zeros_wide()
    at, to = j * PIECE, k * PIECE
    for i in range(0, rows, simd.WIDE):
        x = simd.load_wide(a, at + i)
        h0, l0 = _add_product(h0, l0, x, simd.load_wide(z, to + i))
        h1, l1 = _add_product(h1, l1, x, simd.load_wide(z, to + PIECE + i))
        h2, l2 = _add_product(h2, l2, x, simd.load_wide(z, to + 2 * PIECE + i))
        h3, l3 = _add_product(h3, l3, x, simd.load_wide(z, to + 3 * PIECE + i))
    _join(sums, lows, j, k, bounds_a, bounds, h0, l0)
    _join(sums, lows, j, k + 1, bounds_a, bounds, h1, l1)
    _join(sums, lows, j, k + 2, bounds_a, bounds, h2, l2)
    _join(sums, lows, j, k + 3, bounds_a, bounds, h3, l3)


@inlined
def _tile_vectors(a, a_lo, z, z_lo, j, k, rows, bounds_a, bounds, sums, lows):
    """Add to sums[j, k : k + 4] the products of column j of a with four columns of z.

    Each sum h starts from a number so large that it stays in one binade whatever is added. Adding
    a product then rounds it to a fixed last bit, and what that loses is found exactly by one more
    fused multiply-add: four instructions for what TwoProduct and TwoSum take ten. A part of its
    caller, as in `tiles`: 3 to 5%.
    """
    h0, h1 = _start(bounds_a, bounds, j, k), _start(bounds_a, bounds, j, k + 1)
    h2, h3 = _start(bounds_a, bounds, j, k + 2), _start(bounds_a, bounds, j, k + 3)
    l0 = l1 = l2 = l3 = simd.zeros_wide()
    at, to = j * PIECE, k * PIECE
    for i in range(0, rows, simd.WIDE):
        x, x_lo = simd.load_wide(a, at + i), simd.load_wide(a_lo, at + i)
        y = simd.load_wide(z, to + i)
        l0 = simd.fma_vectors(x, simd.load_wide(z_lo, to + i), simd.fma_vectors(x_lo, y, l0))
        h0, l0 = _add_product(h0, l0, x, y)
        y = simd.load_wide(z, to + PIECE + i)
        l1 = simd.fma_vectors(
            x, simd.load_wide(z_lo, to + PIECE + i), simd.fma_vectors(x_lo, y, l1)
        )
        h1, l1 = _add_product(h1, l1, x, y)
        y = simd.load_wide(z, to + 2 * PIECE + i)
        l2 = simd.fma_vectors(
            x, simd.load_wide(z_lo, to + 2 * PIECE + i), simd.fma_vectors(x_lo, y, l2)
        )
        h2, l2 = _add_product(h2, l2, x, y)
        y = simd.load_wide(z, to + 3 * PIECE + i)
        l3 = simd.fma_vectors(
            x, simd.load_wide(z_lo, to + 3 * PIECE + i), simd.fma_vectors(x_lo, y, l3)
        )
        h3, l3 = _add_product(h3, l3, x, y)
    _join(sums, lows, j, k, bounds_a, bounds, h0, l0)
    _join(sums, lows, j, k + 1, bounds_a, bounds, h1, l1)
    _join(sums, lows, j, k + 2, bounds_a, bounds, h2, l2)
    _join(sums, lows, j, k + 3, bounds_a, bounds, h3, l3)


@inner
def _tile_numbers(a, a_lo, z, z_lo, j, k, rows, sums, lows):
    """The same a number at a time, by TwoProduct and TwoSum: a digit more."""
    for c in range(k, k + 4):
        total, low = sums[j, c], lows[j, c]
        for i in range(rows):
            x, x_lo = a[j * PIECE + i], a_lo[j * PIECE + i]
            b, b_lo = z[c * PIECE + i], z_lo[c * PIECE + i]
            product, lost = dd.two_product(x, b)
            total, more = dd.two_sum(total, product)
            low += more + fma(x, b_lo, fma(x_lo, b, lost))
        sums[j, c], lows[j, c] = dd.quick_two_sum(total, low)


def room(q, has_weights):
    """How many numbers of scratch `moments_block` needs."""
    return (q + 4) * PIECE * (4 if has_weights else 2)


@inner
def moments_block(X, Y, weights, exponents, shift, start, stop, scratch, sums, lows):
    """Add to sums + lows (q + 4, q + 4) the products of the columns of [X, Y, 1], upper half.

    The columns are divided by 2**exponents and then have the shift (q,) taken off. The last three
    rows and columns are padding, for tiles of four. scratch: `room` numbers, zeros at first; they
    stay so in the columns behind, and in the lo part of the ones.
    """
    p, q = X.shape[1], len(shift)
    size = (q + 4) * PIECE
    hi, lo = scratch[:size], scratch[size : 2 * size]
    exact, bounds = np.empty(q + 4, dtype=np.bool_), np.empty(q + 4)
    bounds_a = np.empty(q + 4) if weights is not None else bounds
    for j in range(q + 4):
        exact[j], bounds[j], bounds_a[j] = True, 1.0, 1.0
    weighted, weighted_lo = scratch[2 * size : 3 * size], scratch[3 * size :]
    scales = np.empty((2, q))
    for j in range(q):  # in two steps: the reciprocal of the smallest number is no number
        half = exponents[j] // 2
        scales[0, j], scales[1, j] = (
            2.0 ** -np.float64(half),
            2.0 ** -np.float64(exponents[j] - half),
        )
    for begin in range(start, stop, PIECE):
        end = min(begin + PIECE, stop)
        rows = end - begin
        # A literal zero would be a type of its own, and compiled for itself.
        _split(X, np.int64(0), scales, shift, weights, begin, end, hi, lo, exact)
        _split(Y, p, scales, shift, weights, begin, end, hi, lo, exact)
        hi[q * PIECE : q * PIECE + rows] = 1.0
        mask(weights, q * PIECE, begin, end, hi)
        a, a_lo = hi, lo
        if weights is not None:
            a, a_lo = weighted, weighted_lo
            for j in range(q + 1):
                for i in range(rows):
                    at = j * PIECE + i
                    a[at], lost = dd.two_product(weights[begin + i], hi[at])
                    a_lo[at] = lost + weights[begin + i] * lo[at]
                for i in range(rows, -(-rows // simd.WIDE) * simd.WIDE):
                    a[j * PIECE + i] = a_lo[j * PIECE + i] = 0.0
        _bound(hi, q + 1, rows, bounds)
        if weights is not None:
            _bound(a, q + 1, rows, bounds_a)
        for first in range(0, q + 1, GROUP):
            for k in range(first, q + 1, 4):
                plain = weights is None and exact[k] and exact[k + 1]
                plain = plain and exact[k + 2] and exact[k + 3]
                for j in range(first, min(first + GROUP, k + 4, q + 1)):
                    if not simd.VECTORS or stop - start <= FEW:
                        _tile_numbers(a, a_lo, hi, lo, j, k, rows, sums, lows)
                    elif plain and exact[j]:
                        _exact_tile_vectors(a, hi, j, k, rows, bounds_a, bounds, sums, lows)
                    else:
                        _tile_vectors(a, a_lo, hi, lo, j, k, rows, bounds_a, bounds, sums, lows)
