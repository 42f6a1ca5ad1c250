"""Sums of the products of columns, and of a one, with many targets: in double-double, read once.

The lanes of a vector are targets. Some rows of a vector of targets are packed one below the other,
which stay in a first cache for all columns; each number is loaded once for three of them. How a
product is added without loss is told at `doubled_microkernel.tile_of_vectors`.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.arithmetic.simd import fma
from linreg_fast.kernels.tiles.packing_targets import largest_of, pack_columns, pack_targets
from linreg_fast.kernels.tuning import TARGET_ROWS, WIDE
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import inlined_part, kernel_part

TILE = 3  # columns of a tile: six sums in registers
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
def _join(sums, lows, at, h, low, start):
    """Add h + low, less what h began with, to the sums."""
    own, before = simd.subtract(h, start), simd.load(sums, at)
    total, lost = dd.two_sum_of_vectors(before, own)
    low = simd.add(simd.add(simd.load(lows, at), lost), low)
    high = simd.add(total, low)
    simd.store(sums, at, high)
    simd.store(lows, at, simd.subtract(low, simd.subtract(high, total)))


@kernel_part
def _tile_of_vectors(a, a_lo, m, j, z, rows, bounds, top, exact, sums, lows, to, apart):
    """Add to three rows of sums, from `to` on and `apart`, columns j to j + 2 times a vector.

    exact: all lo parts are zero.
    """
    # three columns, one vector of targets, and where the sums go
    s0, s1 = (
        simd.multiply(simd.broadcast(bounds[j]), top),
        simd.multiply(simd.broadcast(bounds[j + 1]), top),
    )
    s2 = simd.multiply(simd.broadcast(bounds[j + 2]), top)
    h0, h1, h2 = s0, s1, s2
    l0 = l1 = l2 = simd.zeros()
    if exact:
        for i in range(rows):
            y, of = simd.load(z, i * WIDE), i * m + j
            h0, l0 = _add_exact(h0, l0, simd.broadcast(a[of]), y)
            h1, l1 = _add_exact(h1, l1, simd.broadcast(a[of + 1]), y)
            h2, l2 = _add_exact(h2, l2, simd.broadcast(a[of + 2]), y)
    else:
        for i in range(rows):
            y, of = simd.load(z, i * WIDE), i * m + j
            l0 = simd.fma_vectors(simd.broadcast(a_lo[of]), y, l0)
            l1 = simd.fma_vectors(simd.broadcast(a_lo[of + 1]), y, l1)
            l2 = simd.fma_vectors(simd.broadcast(a_lo[of + 2]), y, l2)
            h0, l0 = _add_exact(h0, l0, simd.broadcast(a[of]), y)
            h1, l1 = _add_exact(h1, l1, simd.broadcast(a[of + 1]), y)
            h2, l2 = _add_exact(h2, l2, simd.broadcast(a[of + 2]), y)
    _join(sums, lows, to, h0, l0, s0)
    _join(sums, lows, to + apart, h1, l1, s1)
    _join(sums, lows, to + 2 * apart, h2, l2, s2)


@kernel_part
def _squares_of_vectors(a, m, p, z, rows, bounds, sizes, exact, sums, lows, to):
    """Add to sums + lows the squares of packed targets, times the weights in column p of a."""
    # the weights, the targets, and where the sums go
    top = _power_above(simd.load(sizes, 0))
    start = simd.multiply(simd.multiply(simd.broadcast(bounds[p]), top), top)
    h, low, lower = start, simd.zeros(), simd.zeros()
    if exact:
        for i in range(rows):
            y = simd.load(z, i * WIDE)
            h, low = _add_exact(h, low, y, y)
    else:
        for i in range(rows):
            y, weight = simd.load(z, i * WIDE), simd.broadcast(a[i * m + p])
            product = simd.multiply(weight, y)
            lost = simd.fma_vectors(weight, y, simd.negative(product))
            lower = simd.fma_vectors(lost, y, lower)
            h, low = _add_exact(h, low, product, y)
    _join(sums, lows, to, h, simd.add(low, lower), start)


@kernel_part
def _squares_of_numbers(a, m, p, z, rows, bounds, sizes, exact, sums, lows, to):
    """The same number by number."""
    # as `_squares_of_vectors`
    flat, flat_lo = sums.ravel(), lows.ravel()
    for k in range(WIDE):
        total, low = flat[to + k], flat_lo[to + k]
        for i in range(rows):
            y = z[i * WIDE + k]
            product, lost = dd.two_product(a[i * m + p], y)
            square, more = dd.two_product(product, y)
            total, left = dd.two_sum(total, square)
            low += left + fma(lost, y, more)
        flat[to + k], flat_lo[to + k] = dd.quick_two_sum(total, low)


@kernel_part
def _products_of_vectors(a, a_lo, z, rows, bounds, sizes, exact, sums, lows, to):
    """Add to sums + lows the products of packed rows: all columns with a vector of targets."""
    # the columns, the targets, and where the sums go
    m, apart = len(bounds), sums.shape[2]
    top = _power_above(simd.load(sizes, 0))
    for j in range(0, m, TILE):
        place = to + j * apart
        _tile_of_vectors(a, a_lo, m, j, z, rows, bounds, top, exact, sums, lows, place, apart)


@kernel_part
def _products_of_numbers(a, a_lo, z, rows, bounds, sizes, exact, sums, lows, to):
    """The same number by number."""
    # as `_products_of_vectors`
    m, apart = len(bounds), sums.shape[2]
    flat, flat_lo = sums.ravel(), lows.ravel()
    for k in range(WIDE):
        for j in range(m):
            at = to + j * apart + k
            total, low = flat[at], flat_lo[at]
            for i in range(rows):
                y, of = z[i * WIDE + k], i * m + j
                product, lost = dd.two_product(a[of], y)
                total, more = dd.two_sum(total, product)
                low += more + fma(a_lo[of], y, lost)
            flat[at], flat_lo[at] = dd.quick_two_sum(total, low)


_products = _products_of_vectors if simd.VECTORS else _products_of_numbers
_squares = _squares_of_vectors if simd.VECTORS else _squares_of_numbers


@kernel_part
def _padded(p):
    """Columns of [X, 1], up to a whole number of tiles."""
    return -(-(p + 1) // TILE) * TILE


@kernel_part
def _block(b, start, stop, scratch, X, X_lo, weights, Y, by_targets, largest, sums, lows):
    # four from `over_blocks`, then the arrays: a record would be taken apart at each call
    (n, t), p, apart = Y.shape, X.shape[1], sums.shape[2]
    m = _padded(p)
    first, last, begin, end, place = 0, t, start, stop, b
    if by_targets:
        first, last = start * WIDE, min(stop * WIDE, t)
        begin, end, place = 0, n, 0
    size = TARGET_ROWS * m
    a, a_lo, rest = scratch[:size], scratch[size : 2 * size], scratch[2 * size :]
    bounds, sizes, z = rest[:m], rest[m : m + WIDE], rest[m + WIDE :]
    for row in range(begin, end, TARGET_ROWS):
        rows = min(TARGET_ROWS, end - row)
        exact = pack_columns(X, X_lo, weights, row, row + rows, a, a_lo, bounds)
        for k in range(first, last, WIDE):
            pack_targets(Y, row, row + rows, k, min(k + WIDE, last), z)
            largest_of(z, rows, sizes)
            for c in range(WIDE):
                if sizes[c] > largest[place, k + c]:
                    largest[place, k + c] = sizes[c]
            to = place * sums.shape[1] * apart + k
            _products(a, a_lo, z, rows, bounds, sizes, exact, sums, lows, to)
            if sums.shape[1] > m:
                to += m * apart
                _squares(a, m, p, z, rows, bounds, sizes, exact, sums, lows, to)


_blocks = over_blocks(_block)
NO_WEIGHTS, NO_LOW_PARTS = np.zeros(0), np.zeros((0, 0))
NO_WEIGHTS.flags.writeable = NO_LOW_PARTS.flags.writeable = False  # as all that the gate lets in


def products_with_targets(X, Y, weights=None, X_lo=NO_LOW_PARTS, squares=False):
    """Sums, hi and lo, of w x_j y and then of w y; and the largest of each target (T,).

    Sums are (p + 1, T), and up to a whole number of tiles rows of zeros; T is t up to a whole
    number of vectors, and what lies beyond is zero, too. X (n, p), Y (n, t) of float64 or float32, and weights (n,) or None, read-only. X_lo (n, p): lo
    parts of X, without weights. squares: a last row of the sums, of w y^2. A target with a number
    that is not finite has sums of nan.
    """
    (n, p), t = X.shape, Y.shape[1]
    m, padded = -(-(p + 1) // TILE) * TILE, -(-t // WIDE) * WIDE
    blocks = launch.count_blocks(n, p + t, block_output=2 * m * padded)
    by_targets = n < t or blocks < 4
    rows = padded // WIDE if by_targets else n
    if by_targets:
        blocks = min(launch.count_blocks(t, n), 1 << rows.bit_length() - 1)
    shape = 1 if by_targets else blocks, m + squares, padded
    sums, lows, largest = np.zeros(shape), np.zeros(shape), np.zeros((shape[0], padded))
    scratch = TARGET_ROWS * (2 * m + WIDE) + m + WIDE
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
