"""Sums of the products of columns, and of a one, with many targets: in double-double, read once.

The lanes of a vector are targets. Some rows of two vectors of targets are packed one below the
other and stay in a first cache for all columns; each number is loaded once for three of them, and a
number of a column once for both vectors. How a product is added without loss is told at
`doubled_microkernel.tile_of_vectors`.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.tiles.packing_targets import PAIR, largest_of, pack_columns, pack_targets
from linreg_fast.kernels.tuning import TARGET_PIECES, TARGET_ROWS, WIDE
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import inlined_part, kernel_part

TILE = 3  # columns of a tile
NEXT_POWER, BELOW_ONE = 2.0**52 + 1.0, 1.0 - 2.0**-53  # see `_power_above`


@inlined_part
def _power_above(sizes):
    """The smallest powers of two that are not smaller. Source: Rump 2009, algorithm 3.5."""
    far = simd.multiply(sizes, simd.broadcast(NEXT_POWER))
    return simd.subtract(far, simd.multiply(far, simd.broadcast(BELOW_ONE)))


@inlined_part
def _add_exact(h, low, a, y):
    """h + low plus a * y, but for 2**-106 of what h began with."""
    total = simd.fma_vectors(a, y, h)
    return total, simd.add(low, simd.fma_vectors(a, y, simd.subtract(h, total)))


@inlined_part
def _join(sums, lows, at, h, low):
    """Add h + low to the sums."""
    total, lost = dd.two_sum_of_vectors(simd.load(sums, at), h)
    low = simd.add(simd.add(simd.load(lows, at), lost), low)
    high = simd.add(total, low)
    simd.store(sums, at, high)
    simd.store(lows, at, simd.subtract(low, simd.subtract(high, total)))


@inlined_part
def _add_low(low, a, y, other, low_other):
    """low + a * y, and the same of the other vector."""
    return simd.fma_vectors(a, y, low), simd.fma_vectors(a, other, low_other)


@inlined_part
def _tile(a, a_lo, at, m, j, z, rows, bounds, bound, top, top_other, exact, sums, lows):
    """Add to the sums columns j to j + 2, of a piece, times two vectors of targets.

    at, bound: where the piece's columns and bounds begin. exact: all lo parts are zero.
    """
    # three columns, two vectors of targets, and where the sums go
    b0, b1 = simd.broadcast(bounds[bound + j]), simd.broadcast(bounds[bound + j + 1])
    b2 = simd.broadcast(bounds[bound + j + 2])
    s0, s1, s2 = simd.multiply(b0, top), simd.multiply(b1, top), simd.multiply(b2, top)
    t0, t1 = simd.multiply(b0, top_other), simd.multiply(b1, top_other)
    t2 = simd.multiply(b2, top_other)
    h0, h1, h2, g0, g1, g2 = s0, s1, s2, t0, t1, t2
    l0 = l1 = l2 = k0 = k1 = k2 = simd.zeros()
    for i in range(rows):
        y, x, of = simd.load(z, i * PAIR), simd.load(z, i * PAIR + WIDE), at + i * m + j
        if not exact:
            l0, k0 = _add_low(l0, simd.broadcast(a_lo[of]), y, x, k0)
            l1, k1 = _add_low(l1, simd.broadcast(a_lo[of + 1]), y, x, k1)
            l2, k2 = _add_low(l2, simd.broadcast(a_lo[of + 2]), y, x, k2)
        c0, c1, c2 = simd.broadcast(a[of]), simd.broadcast(a[of + 1]), simd.broadcast(a[of + 2])
        h0, l0 = _add_exact(h0, l0, c0, y)
        g0, k0 = _add_exact(g0, k0, c0, x)
        h1, l1 = _add_exact(h1, l1, c1, y)
        g1, k1 = _add_exact(g1, k1, c1, x)
        h2, l2 = _add_exact(h2, l2, c2, y)
        g2, k2 = _add_exact(g2, k2, c2, x)
    to = j * PAIR
    _join(sums, lows, to, simd.subtract(h0, s0), l0)
    _join(sums, lows, to + WIDE, simd.subtract(g0, t0), k0)
    _join(sums, lows, to + PAIR, simd.subtract(h1, s1), l1)
    _join(sums, lows, to + PAIR + WIDE, simd.subtract(g1, t1), k1)
    _join(sums, lows, to + 2 * PAIR, simd.subtract(h2, s2), l2)
    _join(sums, lows, to + 2 * PAIR + WIDE, simd.subtract(g2, t2), k2)


@inlined_part
def _squares(a, at, m, z, rows, weight, top, top_other, exact, sums, lows):
    """Add to the last sums the squares of targets, times the weights in a from `at` on.

    weight: the bound of their sum.
    """
    # the weights, two vectors of targets, and where the sums go
    bound = simd.broadcast(weight)
    start = simd.multiply(simd.multiply(bound, top), top)
    start_other = simd.multiply(simd.multiply(bound, top_other), top_other)
    h, low, g, below = start, simd.zeros(), start_other, simd.zeros()
    for i in range(rows):
        y, x = simd.load(z, i * PAIR), simd.load(z, i * PAIR + WIDE)
        product, other = y, x
        if not exact:
            own = simd.broadcast(a[at + i * m])
            product, other = simd.multiply(own, y), simd.multiply(own, x)
            lost = simd.fma_vectors(own, y, simd.negative(product))
            low = simd.fma_vectors(lost, y, low)
            lost = simd.fma_vectors(own, x, simd.negative(other))
            below = simd.fma_vectors(lost, x, below)
        h, low = _add_exact(h, low, product, y)
        g, below = _add_exact(g, below, other, x)
    _join(sums, lows, m * PAIR, simd.subtract(h, start), low)
    _join(sums, lows, m * PAIR + WIDE, simd.subtract(g, start_other), below)


@kernel_part
def _add_piece(a, a_lo, at, z, rows, m, p, bounds, bound, sizes, exact, squares, sums, lows):
    """Add to vectors of sums + lows the products of a piece's columns with packed targets."""
    # the columns, the targets, and where the sums go
    top, other = _power_above(simd.load(sizes, 0)), _power_above(simd.load(sizes, WIDE))
    for j in range(0, m, TILE):
        if exact:
            _tile(a, a_lo, at, m, j, z, rows, bounds, bound, top, other, True, sums, lows)
        else:
            _tile(a, a_lo, at, m, j, z, rows, bounds, bound, top, other, False, sums, lows)
    if squares:
        weight = bounds[bound + p]
        if exact:
            _squares(a, at + p, m, z, rows, weight, top, other, True, sums, lows)
        else:
            _squares(a, at + p, m, z, rows, weight, top, other, False, sums, lows)


@kernel_part
def _padded(p):
    """Columns of [X, 1], up to a whole number of tiles."""
    return -(-(p + 1) // TILE) * TILE


@kernel_part
def _block(b, start, stop, scratch, X, X_lo, weights, Y, by_targets, largest, sums, lows):
    # four from `over_blocks`, then the arrays: a record would be taken apart at each call
    (n, t), p, apart = Y.shape, X.shape[1], sums.shape[2]
    m, many = _padded(p), sums.shape[1]
    first, last, begin, end, place = 0, t, start, stop, b
    if by_targets:
        first, last = start * PAIR, min(stop * PAIR, t)
        begin, end, place = 0, n, 0
    size, exact = TARGET_ROWS * m, False
    a, a_lo = scratch[: TARGET_PIECES * size], scratch[TARGET_PIECES * size :]
    bounds = a_lo[TARGET_PIECES * size :]
    sizes, own = bounds[TARGET_PIECES * m :], bounds[TARGET_PIECES * m + PAIR :]
    own_lo, z = own[many * PAIR :], own[2 * many * PAIR :]
    for from_row in range(begin, end, TARGET_PIECES * TARGET_ROWS):
        pieces = min(TARGET_PIECES, -(-(end - from_row) // TARGET_ROWS))
        for c in range(pieces):
            row, at = from_row + c * TARGET_ROWS, c * size
            to = min(row + TARGET_ROWS, end)
            bound = bounds[c * m : (c + 1) * m]
            exact = pack_columns(X, X_lo, weights, row, to, a[at:], a_lo[at:], bound)
        for k in range(first, last, PAIR):
            own[: 2 * many * PAIR] = 0.0
            for c in range(pieces):
                row = from_row + c * TARGET_ROWS
                rows = min(TARGET_ROWS, end - row)
                pack_targets(Y, row, row + rows, k, min(k + PAIR, last), z)
                largest_of(z, rows, sizes, largest, place * apart + k)
                _add_piece(
                    a,
                    a_lo,
                    c * size,
                    z,
                    rows,
                    m,
                    p,
                    bounds,
                    c * m,
                    sizes,
                    exact,
                    many > m,
                    own,
                    own_lo,
                )
            for j in range(many):
                for v in range(0, PAIR, WIDE):
                    to, at = (place * many + j) * apart + k + v, j * PAIR + v
                    _join(sums, lows, to, simd.load(own, at), simd.load(own_lo, at))


_blocks = over_blocks(_block)
NO_WEIGHTS, NO_LOW_PARTS = np.zeros(0), np.zeros((0, 0))
NO_WEIGHTS.flags.writeable = NO_LOW_PARTS.flags.writeable = False  # as all that the gate lets in


def products_with_targets(X, Y, weights=None, X_lo=NO_LOW_PARTS, squares=False):
    """Sums, hi and lo, of w x_j y and then of w y; and the largest of each target (T,).

    Sums are (p + 1, T), and up to a whole number of tiles rows of zeros; T is t up to a whole
    number of pairs of vectors, and what lies beyond is zero, too. X (n, p), Y (n, t) of float64 or
    float32, and weights (n,) or None, read-only. X_lo (n, p): lo parts of X, without weights.
    squares: a last row of the sums, of w y^2. A target with a number that is not finite has sums of
    nan.
    """
    (n, p), t = X.shape, Y.shape[1]
    m, padded = -(-(p + 1) // TILE) * TILE, -(-t // PAIR) * PAIR
    blocks = launch.count_blocks(n, p + t, block_output=2 * m * padded)
    by_targets = n < t or blocks < 4
    rows = padded // PAIR if by_targets else n
    if by_targets:
        blocks = min(launch.count_blocks(t, n), 1 << rows.bit_length() - 1)
    shape = 1 if by_targets else blocks, m + squares, padded
    sums, lows, largest = np.zeros(shape), np.zeros(shape), np.zeros((shape[0], padded))
    scratch = TARGET_PIECES * (2 * TARGET_ROWS + 1) * m + (1 + 2 * (m + 1) + TARGET_ROWS) * PAIR
    weights = NO_WEIGHTS if weights is None else weights
    arguments = (X, X_lo, weights, Y, by_targets, largest, sums, lows)
    launch.run(_blocks, rows, blocks, 4 * n * m * t, scratch, *arguments)
    total, low = sums[0], lows[0]
    for b in range(1, len(sums)):
        added = total + sums[b]
        part = added - total
        low += (total - (added - part)) + (sums[b] - part) + lows[b]
        total = added
    return (total, low), largest[0] if len(largest) == 1 else largest.max(axis=0)
