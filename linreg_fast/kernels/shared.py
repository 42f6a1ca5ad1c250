"""Cross-products of many columns: all threads add to the same sums, each to tiles of its own.

Where every thread has a matrix of sums for its own rows, two of 1000 columns are 32 MB, which leave
the cache between one piece of rows and the next. Here a turn is one piece: its tiles are taken by
whichever thread is free, and the next piece is packed meanwhile. Nothing is joined in the end, and
a tile sums the rows in order whoever takes it.
"""

import numpy as np
from numba import prange

from linreg_fast.kernels import launch, near, simd
from linreg_fast.kernels.blocks import take
from linreg_fast.kernels.compile import driver, inner, strict
from linreg_fast.kernels.panels import fill_round, pack, weighted, whole_rounds
from linreg_fast.kernels.tiles import NEAR, count_tiles_of_group, group, groups, tiles_of_group

FEWEST_COLUMNS = 700
PIECE = 512  # rows: of half as many the sums are read and written too often (a tenth)
PART = 32  # rows that a thread packs at a time
PARTS = PIECE // PART
STRIDE = (PIECE + 1) * simd.WIDE


@strict
def _count_groups(panels):
    """How many groups of tiles a piece has."""
    found = 0
    for low in range(0, panels, NEAR):
        found += groups(panels - low)
    return found


@inner
def _pack(X, Y, weights, shift, start, stop, at, panels, z):
    """Rows start..stop, which are rows `at` and on of the piece in z."""
    place, behind = at * simd.WIDE, panels * STRIDE
    pack(X, Y, shift, start, stop, STRIDE, z[place:], 0)
    if weights is not None:
        weighted(weights, start, stop, panels, STRIDE, z[place:], z[behind + place :])
    copies = 1 if weights is None else 2
    fill_round(stop - start, copies * panels, simd.WIDE, STRIDE, z[place:])


@inner
def _tiles(X, weights, begin, g, count, panels, z, sums, lows):
    """One of `count` groups of tiles of a piece of rows; those to be packed are asked for."""
    n = len(X)
    a, low = z if weights is None else z[panels * STRIDE :], 0
    coming, after = min(begin + 2 * PIECE, n), min(begin + 3 * PIECE, n)
    lines = (near.lines_of(X, coming, after) << near.FRACTION) // count  # for each group
    ahead, step = near.first_and_step(X, coming)
    rows, asked = whole_rounds(min(PIECE, n - begin)), lines * g
    while g >= groups(panels - low):
        g -= groups(panels - low)
        low += NEAR
    first, last = group(g, low, panels)
    tiles = count_tiles_of_group(low, low + NEAR, first, last, simd.WIDE)
    data = (a, z, simd.WIDE, STRIDE, rows, low, low + NEAR, first, last, sums, lows)
    tiles_of_group(*data, X, ahead, step, asked, lines // (tiles * rows))


@driver
def _pieces(X, Y, weights, shift, packed, sums, lows, items, turn, turns, taken, scratch):
    """Item by item: parts of the piece `turn` to be packed, groups of tiles of the one before."""
    n, panels, half = len(X), len(sums), len(packed) // 2
    for _ in prange(len(scratch)):
        item = take(taken)
        while item < items:
            if item >= PARTS:
                if turn > 0:
                    z = packed[(turn - 1) % 2 * half :]
                    begin, g, count = (turn - 1) * PIECE, item - PARTS, items - PARTS
                    _tiles(X, weights, begin, g, count, panels, z, sums, lows)
            else:
                start = turn * PIECE + item * PART
                stop = min(start + PART, n)
                if start < stop:
                    z = packed[turn % 2 * half :]
                    _pack(X, Y, weights, shift, start, stop, item * PART, panels, z)
            item = take(taken)


def _zeros(count):
    """From the start of a line on: a vector that crosses two takes twice as long to be loaded."""
    found = np.zeros(count + simd.LINE)
    return found[simd.line_start(found) :][:count]


def sums_of(X, Y, weights, shift):
    """(sums, lows): products of the columns of [X, Y, 1] less the shift, in blocks.

    Of WIDE rows and columns each, those of the same columns one after the other: the tiles of a
    group, which go down their columns, then find their sums in a few places in order. (In rows of
    1000 columns each tile's are in eight pages: 20,000 rows 1.18 times as long.)
    """
    size, panels = len(shift), len(shift) // simd.WIDE
    sums, lows = _zeros(2 * size * size).reshape(2, panels, panels, simd.WIDE, simd.WIDE)
    packed = _zeros(2 * size * (PIECE + 1) * (1 if weights is None else 2))
    items = PARTS + _count_groups(panels)
    turns = -(-len(X) // PIECE) + 1
    launch.in_turns(_pieces, items, turns, 0, X, Y, weights, shift, packed, sums, lows)
    return sums, lows
