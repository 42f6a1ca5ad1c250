"""The way for many columns: all threads add to the same sums, each to tiles of its own.

If every thread had a matrix of sums for its own rows, two matrices of 1000 columns would take 32
MB, and would leave the cache between one piece of rows and the next. Here a turn is one piece: its
tiles are taken by whichever thread is free, while the next piece is packed. Nothing is joined in
the end, and a tile sums the rows in order, whoever takes it.
"""

import numpy as np
from numba import prange

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import memory
from linreg_fast.kernels.moments.by_blocks import count_samples, padded_centre
from linreg_fast.kernels.moments.finish import centred
from linreg_fast.kernels.tiles import prefetch
from linreg_fast.kernels.tiles.macrokernel import (
    count_groups,
    count_tiles_of_group,
    panels_of_group,
    tiles_of_group,
)
from linreg_fast.kernels.tiles.microkernel import Piece
from linreg_fast.kernels.tiles.packing import (
    multiply_by_weights,
    pack,
    pad_to_round,
    rows_of_rounds,
)
from linreg_fast.kernels.tiles.prefetch import Prefetch
from linreg_fast.kernels.tuning import (
    PANELS_IN_L2,
    SHARED_FEWEST_COLUMNS,
    SHARED_PART_ROWS,
    SHARED_ROWS,
)
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import take
from linreg_fast.runtime.compile import driver, kernel, kernel_part

PARTS = SHARED_ROWS // SHARED_PART_ROWS
STRIDE = (SHARED_ROWS + 1) * tuning.WIDE


@kernel
def _count_groups(panels):
    """How many groups of tiles a piece has."""
    found = 0
    for low in range(0, panels, PANELS_IN_L2):
        found += count_groups(panels - low)
    return found


@kernel_part
def _pack(X, Y, weights, shift, start, stop, at, panels, z):
    """Pack rows start..stop, which are the rows of the piece in z from `at` on."""
    # which rows, and which place of the piece
    place, behind = at * tuning.WIDE, panels * STRIDE
    pack(X, Y, shift, start, stop, STRIDE, z[place:], 0)
    if weights is not None:
        multiply_by_weights(weights, start, stop, panels, STRIDE, z[place:], z[behind + place :])
    copies = 1 if weights is None else 2
    pad_to_round(stop - start, copies * panels, tuning.WIDE, STRIDE, z[place:])


@kernel_part
def _tiles(X, weights, begin, g, count, panels, z, sums, lows):
    """One of `count` groups of tiles of a piece; rows to be packed next are prefetched."""
    # which group of which piece, and where the sums go
    n = len(X)
    a, low = z if weights is None else z[panels * STRIDE :], 0
    coming, after = min(begin + 2 * SHARED_ROWS, n), min(begin + 3 * SHARED_ROWS, n)
    lines = (prefetch.lines_of(X, coming, after) << prefetch.FRACTION) // count  # for each group
    first_line, step = prefetch.first_and_step(X, coming)
    rows, requested = rows_of_rounds(min(SHARED_ROWS, n - begin)), lines * g
    while g >= count_groups(panels - low):
        g -= count_groups(panels - low)
        low += PANELS_IN_L2
    first, last = panels_of_group(g, low, panels)
    tiles = count_tiles_of_group(low, low + PANELS_IN_L2, first, last, tuning.WIDE)
    piece, group = Piece(a, z, tuning.WIDE, STRIDE, rows), (low, low + PANELS_IN_L2, first, last)
    ahead = Prefetch(X, first_line, step, requested, lines // (tiles * rows))
    tiles_of_group(piece, group, sums, lows, ahead)


@driver
def _pieces(n_rows, items, turn, turns, taken, scratch, X, Y, weights, shift, packed, sums, lows):
    """Take items: parts of piece `turn` to be packed, groups of tiles of the piece before it."""
    # six from `launch`, then the arrays: a record would be taken apart at each call
    n, panels, half = len(X), len(sums), len(packed) // 2
    for _ in prange(len(scratch)):
        item = take(taken)
        while item < items:
            if item >= PARTS:
                if turn > 0:
                    z = packed[(turn - 1) % 2 * half :]
                    begin, g, count = (turn - 1) * SHARED_ROWS, item - PARTS, items - PARTS
                    _tiles(X, weights, begin, g, count, panels, z, sums, lows)
            else:
                start = turn * SHARED_ROWS + item * SHARED_PART_ROWS
                stop = min(start + SHARED_PART_ROWS, n)
                if start < stop:
                    z = packed[turn % 2 * half :]
                    _pack(X, Y, weights, shift, start, stop, item * SHARED_PART_ROWS, panels, z)
            item = take(taken)


def _zeros(count):
    """Zeros from the start of a cache line on: loading a vector across two takes twice as long."""
    found = np.zeros(count + memory.LINE)
    return found[memory.line_start(found) :][:count]


def takes(X, Y, weights=None):
    return X.shape[1] + Y.shape[1] >= SHARED_FEWEST_COLUMNS


def sums(X, Y, weights=None):
    shift = padded_centre(X, Y, weights)
    q = X.shape[1] + Y.shape[1]
    return count_samples(X, weights), *centred(*_sums_about(X, Y, weights, shift), shift[:q])


def _sums_about(X, Y, weights, shift):
    """(sums, lows): products of the columns of [X, Y, 1] less the shift, in blocks.

    Blocks have WIDE rows and columns, those of the same columns one after the other, so that the
    tiles of a group, which go down their columns, find their sums in a few places in order. (In
    rows of 1000 columns the sums of each tile lie in eight pages: 20,000 x 1000 takes 1.18 times as
    long on AVX2.)
    """
    size, panels = len(shift), len(shift) // tuning.WIDE
    sums, lows = _zeros(2 * size * size).reshape(2, panels, panels, tuning.WIDE, tuning.WIDE)
    packed = _zeros(2 * size * (SHARED_ROWS + 1) * (1 if weights is None else 2))
    items = PARTS + _count_groups(panels)
    turns = -(-len(X) // SHARED_ROWS) + 1
    launch.in_turns(_pieces, len(X), items, turns, 0, X, Y, weights, shift, packed, sums, lows)
    return sums, lows
