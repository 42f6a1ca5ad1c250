"""The way for float32 columns: float32 tiles, added to float64 after every few rows.

They make twice as many products as `packed` in the same time. The sum of a piece is rounded to 24
bits; over many pieces these errors, of either sign, leave some eight digits of a sum of squares
(`rounding`). A solver that wants more digits adds a pass over the rows in float64, which costs a
fraction of this one.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.arithmetic.rounding import FLOAT32_LARGEST, FLOAT32_SMALLEST
from linreg_fast.kernels.moments.by_blocks import count_samples
from linreg_fast.kernels.moments.centre import provisional_centre
from linreg_fast.kernels.moments.finish import centred
from linreg_fast.kernels.tiles import prefetch
from linreg_fast.kernels.tiles.macrokernel import (
    about_tiles,
    count_groups,
    panels_of_group,
    tile_of_vectors,
    tiles_of_piece,
)
from linreg_fast.kernels.tiles.microkernel import Piece
from linreg_fast.kernels.tiles.packing import pad_to_round
from linreg_fast.kernels.tiles.packing_float32 import WIDE, multiply_by_roots, pack
from linreg_fast.kernels.tiles.prefetch import Prefetch
from linreg_fast.kernels.tuning import (
    FLOAT32_FEWEST_COLUMNS,
    FLOAT32_FEWEST_PRODUCTS,
    FLOAT32_ROWS,
    FLOAT32_SAMPLE_ROWS,
    TILE_ROWS,
)
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import fast_kernel, kernel, kernel_part

SLOTS, SHIFT = 256, np.uint64(64 - 8)  # of a table of values
MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: spreads them (Knuth 6.4)


def takes(X, Y, weights=None):
    """Whether float32 tiles can sum these rows, and faster."""
    return (
        simd.VECTORS
        and len(X) > X.shape[1]
        and X.dtype == np.float32
        and X.shape[1] >= FLOAT32_FEWEST_COLUMNS
        and X.size * X.shape[1] >= FLOAT32_FEWEST_PRODUCTS
        and (X.flags.c_contiguous or X.flags.f_contiguous)
        and not _has_few_values(Y.view(f"u{Y.itemsize}"))
        and not _has_few_values(X.view("u4"))
    )


@kernel
def _has_few_values(patterns):
    """Whether a sample of the rows shows a column of few values; patterns are their bits.

    Equal products are rounded alike, so their errors grow with the number of rows and not with its
    root, as `rounding` promises. (Measured: 150,000 rows of 0 and 0.7, 1.7e-5 of the coefficients.)
    """
    n = len(patterns)
    values, column = np.empty(SLOTS, dtype=np.uint64), np.full(SLOTS, -1)
    for j in range(patterns.shape[1]):
        equal = 0
        for i in range(FLOAT32_SAMPLE_ROWS):
            value = np.uint64(patterns[(n - 1) * i // (FLOAT32_SAMPLE_ROWS - 1), j])
            slot = np.int64((value * MIXER) >> SHIFT)
            while column[slot] == j and values[slot] != value:
                slot = (slot + 1) & (SLOTS - 1)
            equal += column[slot] == j
            values[slot], column[slot] = value, j
        if equal > 1:
            return True
    return False


@fast_kernel
def _effective_rows(weights, heaviest):
    """sum(w)^2 / sum(w^2): as many rows of equal weights vary alike (Kish 1965)."""
    total = squares = 0.0
    for weight in weights:
        share = weight / heaviest
        total += share
        squares += share * share
    return total * total / squares


def rounding(n_samples, weights=None):
    """What the sums of squares have lost relative to them, as the root of a mean square.

    In each of n / k pieces k partial sums, growing evenly, are rounded to 24 bits. Measured:
    3.2e-9 of 500,000 rows, 1.4e-8 of 20,000; products of unrelated columns lose a seventh of it.
    With weights n is the number of effective rows, and sums may have grown at once.
    """
    growth = 1 / 1.75
    if weights is not None:
        n_samples, growth = _effective_rows(weights, weights.max()), 1.0
    return 2.0**-25 * FLOAT32_ROWS * growth / np.sqrt(n_samples)


@kernel
def in_range(n_samples, weight, comoment):
    """Whether float32 held these sums of squares, and the sum of the weights."""
    good = FLOAT32_SMALLEST < weight[0] / n_samples < FLOAT32_LARGEST
    for j in range(comoment.shape[1]):
        square = comoment[0, j, j]
        good &= FLOAT32_SMALLEST < square / n_samples < FLOAT32_LARGEST or square == 0.0
    return good


@kernel
def _transposed_panels(panels, columns):
    """1 if the last panel holds so few columns that it is cheaper as broadcast rows, else 0."""
    return 1 if panels > 1 and 0 < columns % WIDE <= TILE_ROWS else 0


@kernel_part
def _moments_block(X, Y, weights, shift, centre, start, stop, z, sums):
    """Add to sums the products of the columns of [X, Y, 1] less the centre.

    They are on and above the diagonal; those with the columns of a transposed panel are below it.
    """
    # as `_block`
    panels, stride = len(sums) // WIDE, (FLOAT32_ROWS + 1) * WIDE
    whole = panels - _transposed_panels(panels, X.shape[1] + Y.shape[1] + 1)
    tiles = about_tiles(whole, WIDE)
    for begin in range(start, stop, FLOAT32_ROWS):
        end = min(begin + FLOAT32_ROWS, stop)
        rows = end - begin
        after = (
            min(end + FLOAT32_ROWS, stop) if prefetch.is_c_order(X) else end
        )  # in F order transposing prefetches
        requested = prefetch.while_packing(X, end, after, panels, tiles)
        pack(X, Y, shift, centre, begin, end, stride, z, requested // rows)
        if weights is not None:
            multiply_by_roots(weights, begin, end, panels, stride, z)
        rows = pad_to_round(rows, panels, WIDE, stride, z)
        piece = Piece(z, z, WIDE, stride, rows)
        tiles_of_piece(piece, whole, sums, sums, X, end, after, requested)
        for g in range((count_groups(whole) + 1) * (panels - whole)):
            first, last = (
                panels_of_group(g, 0, whole) if g < count_groups(whole) else (whole, panels)
            )
            at, to, count = whole * stride, first * stride, last - first
            place = (whole * sums.shape[1] + first) * WIDE
            nothing = Prefetch(X, 0, 0, 0, 0)
            tile_of_vectors(piece, at, to, sums, sums, place, nothing, count, False)


@kernel_part
def _block(b, start, stop, scratch, X, Y, weights, shift, centre, sums):
    # four from `over_blocks`, then the arrays: a record would be taken apart at each call
    z = scratch.view(np.float32)
    _moments_block(X, Y, weights, shift, centre, start, stop, z, sums[b])


_blocks = over_blocks(_block)


@kernel
def _join(sums, whole):
    """Add all blocks' sums to the first's, in order; transpose those that stand below `whole`."""
    first, size = sums[0], sums.shape[1]
    for b in range(1, len(sums)):
        for j in range(size):
            own, more = first[j], sums[b, j]
            for k in range(size):
                own[k] += more[k]
    for j in range(whole):
        for k in range(whole, size):
            first[j, k] = first[k, j]


def sums(X, Y, weights=None):
    """As a rung's, of rows that `takes` accepts."""
    q = X.shape[1] + Y.shape[1]
    panels = -(-(q + 1) // WIDE)
    size = panels * WIDE
    shift = np.zeros(size, dtype=np.float32)
    centre = provisional_centre(X, Y, weights, np.zeros(q, dtype=np.int64))
    shift[:q] = centre
    # Twice the numbers: those of the rows take half the bytes.
    blocks = launch.count_blocks(len(X), q, block_output=2 * size * size)
    found = np.zeros((blocks, size, size))
    scratch = size * (FLOAT32_ROWS + 1) // 2
    data, work = (X, Y, weights, shift, centre, found), len(X) * q * q // 4
    launch.run(_blocks, len(X), blocks, work, scratch, *data)
    _join(found, WIDE * (panels - _transposed_panels(panels, q + 1)))
    return count_samples(X, weights), *centred(found[0], np.zeros((size, size)), centre)
