"""Cross-products of float32 columns in float32 tiles, added to float64 after every few rows.

Twice the products of `tiles` in the same time. The sum of a piece is rounded to 24 bits: over many
pieces these errors, of either sign, leave eight digits or so of a sum of squares (`rounding`). What
wants more adds a pass over the rows in float64, which costs a fraction of this one.
"""

import numpy as np
from numba import prange

from linreg_fast.kernels import launch, near, simd
from linreg_fast.kernels.blocks import rows_of, take
from linreg_fast.kernels.centre import centred, provisional_centre
from linreg_fast.kernels.compile import compiled, inner, strict, strict_driver
from linreg_fast.kernels.panels import fill_round
from linreg_fast.kernels.registers import BROADCASTS
from linreg_fast.kernels.single_panels import PIECE, WIDE, pack, weigh
from linreg_fast.kernels.tiles import about_tiles, group, groups, tile_vectors, tiles_of_piece

FEWEST_COLUMNS = 24  # below, packing takes as long as the products
FEWEST_PRODUCTS = 10_000_000  # 0.1 ms: below, there is nothing to be saved
ROUNDING_OF_WEIGHTS = 2.0**-25  # relative: equal ones err alike, and not only by chance
LOOKED_AT = 64  # rows, of which more than one pair is equal where the values are less than 700
SLOTS, SHIFT = 256, np.uint64(64 - 8)  # of a table of values
MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: spreads them (Knuth 6.4)
# Mean squares in float32 neither overflow nor lose digits in these bounds.
SMALLEST, LARGEST = 1e-30, 1e30


def possible(X, Y):
    """Whether these rows can be summed here, with a gain."""
    return (
        simd.VECTORS
        and len(X) > X.shape[1]
        and X.dtype == np.float32
        and X.shape[1] >= FEWEST_COLUMNS
        and X.size * X.shape[1] >= FEWEST_PRODUCTS
        and (X.flags.c_contiguous or X.flags.f_contiguous)
        and not _repeats(Y.view(f"u{Y.itemsize}"))
        and not _repeats(X.view("u4"))
    )


@strict
def _repeats(patterns):
    """Whether one of the columns has few values, as some rows tell. In unsigned whole numbers.

    Equal products are rounded alike, and their errors grow with the rows: not by chance, as what
    `rounding` promises. (Measured: of 150,000 rows of 0 and 0.7, 1.7e-5 of the coefficients.)
    """
    n = len(patterns)
    values, column = np.empty(SLOTS, dtype=np.uint64), np.full(SLOTS, -1)
    for j in range(patterns.shape[1]):
        equal = 0
        for i in range(LOOKED_AT):
            value = np.uint64(patterns[(n - 1) * i // (LOOKED_AT - 1), j])
            slot = np.int64((value * MIXER) >> SHIFT)
            while column[slot] == j and values[slot] != value:
                slot = (slot + 1) & (SLOTS - 1)
            equal += column[slot] == j
            values[slot], column[slot] = value, j
        if equal > 1:
            return True
    return False


@compiled
def _evenness(weights, heaviest):
    """sum(w)^2 / sum(w^2)."""
    total = squares = 0.0
    for weight in weights:
        share = weight / heaviest
        total += share
        squares += share * share
    return total * total / squares


def rounding(n_samples, weights=None):
    """What the sums of squares have lost, relative to them: the root of a mean square.

    k sums that grow evenly, each rounded to half a unit of the 24th bit, in n / k such pieces.
    (Measured: 3.2e-9 of 500,000 rows, 1.4e-8 of 20,000; products of unrelated columns a seventh.)
    With weights n is as many rows of equal ones as vary alike (Kish 1965), and sums may have grown
    at once.
    """
    growth = 1 / 1.75
    if weights is not None:
        n_samples, growth = _evenness(weights, weights.max()), 1.0
    return 2.0**-25 * PIECE * growth / np.sqrt(n_samples)


@strict
def in_range(n_samples, weight, comoment):
    """Whether float32 held these sums of squares, and the sum of the weights."""
    good = SMALLEST < weight[0] / n_samples < LARGEST
    for j in range(comoment.shape[1]):
        square = comoment[0, j, j]
        good &= SMALLEST < square / n_samples < LARGEST or square == 0.0
    return good


@strict
def _flipped(panels, columns):
    """How many panels, one or none at the end, are multiplied as rows: few columns are in it."""
    return 1 if panels > 1 and 0 < columns % WIDE <= BROADCASTS else 0


@inner
def _block(X, Y, weights, shift, centre, start, stop, z, sums):
    """Add to sums the products of the columns of [X, Y, 1] less the centre, on and above the
    diagonal; those with the columns of a panel that is `_flipped` below it."""
    panels, stride = len(sums) // WIDE, (PIECE + 1) * WIDE
    whole = panels - _flipped(panels, X.shape[1] + Y.shape[1] + 1)
    tiles = about_tiles(whole, WIDE)
    for begin in range(start, stop, PIECE):
        end = min(begin + PIECE, stop)
        rows = end - begin
        after = min(end + PIECE, stop) if near.by_rows(X) else end  # `turn` asks for columns
        asked = near.in_packing(X, end, after, panels, tiles)
        pack(X, Y, shift, centre, begin, end, stride, z, asked // rows)
        if weights is not None:
            weigh(weights, begin, end, panels, stride, z)
        rows = fill_round(rows, panels, WIDE, stride, z)
        tiles_of_piece(z, z, WIDE, stride, rows, whole, sums, sums, X, end, after, asked)
        for g in range((groups(whole) + 1) * (panels - whole)):
            first, last = group(g, 0, whole) if g < groups(whole) else (whole, panels)
            at, to, count = whole * stride, first * stride, last - first
            place = (whole * sums.shape[1] + first) * WIDE
            data = (z, at, z, to, stride, rows, sums, sums, place, X, 0, 0, 0, 0)
            tile_vectors(data, count, False)


@strict_driver
def _blocks(X, Y, weights, shift, centre, sums, blocks, turn, turns, taken, scratch):
    for t in prange(len(scratch)):
        b = take(taken)
        while b < blocks:
            start, stop = rows_of(b, blocks, len(X), turn, turns)
            z = scratch[t].view(np.float32)
            _block(X, Y, weights, shift, centre, start, stop, z, sums[b])
            b = take(taken)


@strict
def _join(sums, whole):
    """Add all blocks' sums to the first's, in order, and turn those that stand below `whole`."""
    first, size = sums[0], sums.shape[1]
    for b in range(1, len(sums)):
        for j in range(size):
            own, more = first[j], sums[b, j]
            for k in range(size):
                own[k] += more[k]
    for j in range(whole):
        for k in range(whole, size):
            first[j, k] = first[k, j]


def moments(X, Y, sample_weight=None):
    """As a rung's, of rows that are `possible`."""
    q = X.shape[1] + Y.shape[1]
    panels = -(-(q + 1) // WIDE)
    size = panels * WIDE
    shift = np.zeros(size, dtype=np.float32)
    centre = provisional_centre(X, Y, sample_weight, np.zeros(q, dtype=np.int64))
    shift[:q] = centre
    # Twice the numbers: those of the rows take half the bytes.
    blocks = launch.count_blocks(len(X), q, block_output=2 * size * size)
    sums = np.zeros((blocks, size, size))
    room = size * (PIECE + 1) // 2
    data, work = (X, Y, sample_weight, shift, centre, sums), len(X) * q * q // 4
    launch.run(_blocks, blocks, work, room, *data)
    _join(sums, WIDE * (panels - _flipped(panels, q + 1)))
    n_samples = len(X) if sample_weight is None else int(np.count_nonzero(sample_weight))
    return n_samples, *centred(sums[0], np.zeros((size, size)), centre)
