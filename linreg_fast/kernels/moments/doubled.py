"""The way to double-double sums: columns packed one by one, tiles of one by four columns.

A vector holds several rows of one column; pieces of DOUBLED_ROWS rows are joined in double-double.
How a product is added without loss is told at `doubled_microkernel.tile_of_vectors`; number by
number it is Dot2 (Ogita, Rump and Oishi 2005).
"""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.arithmetic.columns import for_kernels
from linreg_fast.kernels.moments.by_blocks import count_samples
from linreg_fast.kernels.moments.centre import provisional_centre
from linreg_fast.kernels.moments.finish import centred, join
from linreg_fast.kernels.tiles.doubled_microkernel import (
    exact_tile_of_vectors,
    tile_of_numbers,
    tile_of_vectors,
)
from linreg_fast.kernels.tiles.packing_columns import bound, mask, pack, size_of
from linreg_fast.kernels.tuning import DOUBLED_FEW_ROWS, DOUBLED_GROUP_COLUMNS, DOUBLED_ROWS
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import inlined_part, kernel_part

FAR = 1.0  # times the spread of the middle half: a smaller offset costs less than a digit of 30


@kernel_part
def _split(columns, first, small, shift, weights, start, stop, hi, lo):
    """Pack the columns, scaled and shifted, as hi and lo from place first * PIECE on.

    small: see `_small`. Its powers of two are multiplied with, one after the other, and its
    `exact[j]` becomes 1 where the lo part of column j is zero throughout, else 0.
    """
    # X or Y, where its columns go, and what is done to them
    exact, _, _, scales, more_scales, nothing = small
    pack(columns, first, nothing, start, stop, hi)
    rows = stop - start
    for j in range(first, first + columns.shape[1]):
        at = j * DOUBLED_ROWS
        mask(weights, at, start, stop, hi)
        column, low = hi[at : at + rows], lo[at : at + rows]
        scale, rest, centre = scales[j], more_scales[j], shift[j]
        for i in range(rows):
            column[i], low[i] = dd.two_sum(column[i] * scale * rest, -centre)
        mask(weights, at, start, stop, hi)
        mask(weights, at, start, stop, lo)
        exact[j] = 1.0 if size_of(low) == 0.0 else 0.0


def scratch_size(q, has_weights):
    """How many numbers of scratch `moments_block` needs."""
    return (q + 4) * (DOUBLED_ROWS * (4 if has_weights else 2) + 6)


@inlined_part
def _small(scratch, size):
    """Six arrays at the head of the scratch, a number a column in each.

    They are exact, bounds, weighted bounds, scales, more scales, and zeros.

    Arrays that are made in compiled code take a third of a second to compile.
    """
    return (
        scratch[:size],
        scratch[size : 2 * size],
        scratch[2 * size : 3 * size],
        scratch[3 * size : 4 * size],
        scratch[4 * size : 5 * size],
        scratch[5 * size : 6 * size],
    )


@kernel_part
def moments_block(X, Y, weights, exponents, shift, start, stop, scratch, sums, lows):
    """Add to sums + lows (q + 4, q + 4) the products of the columns of [X, Y, 1], upper half.

    The columns are divided by 2**exponents and then have the shift (q,) taken off. The last three
    rows and columns are padding, for tiles of four. scratch: `scratch_size` numbers, zeros
    at first; they stay zeros in the columns behind, and in the lo part of the ones.
    """
    # the rows, which of them, and where the sums go
    p, q = X.shape[1], len(shift)
    small = _small(scratch, q + 4)
    exact, bounds, weighted_bounds, scales, more_scales, _ = small
    bounds_a = bounds if weights is None else weighted_bounds
    scratch = scratch[6 * (q + 4) :]
    size = (q + 4) * DOUBLED_ROWS
    hi, lo = scratch[:size], scratch[size : 2 * size]
    for j in range(q + 4):
        exact[j], bounds[j], bounds_a[j] = 1.0, 1.0, 1.0
    weighted, weighted_lo = scratch[2 * size : 3 * size], scratch[3 * size :]
    for j in range(q):  # in two steps: the reciprocal of the smallest number is no number
        half = exponents[j] // 2
        scales[j] = 2.0 ** -np.float64(half)
        more_scales[j] = 2.0 ** -np.float64(exponents[j] - half)
    for begin in range(start, stop, DOUBLED_ROWS):
        end = min(begin + DOUBLED_ROWS, stop)
        rows = end - begin
        # A literal zero would be a type of its own, and compiled for itself.
        _split(X, np.int64(0), small, shift, weights, begin, end, hi, lo)
        _split(Y, p, small, shift, weights, begin, end, hi, lo)
        hi[q * DOUBLED_ROWS : q * DOUBLED_ROWS + rows] = 1.0
        mask(weights, q * DOUBLED_ROWS, begin, end, hi)
        a, a_lo = hi, lo
        if weights is not None:
            a, a_lo = weighted, weighted_lo
            for j in range(q + 1):
                for i in range(rows):
                    at = j * DOUBLED_ROWS + i
                    a[at], lost = dd.two_product(weights[begin + i], hi[at])
                    a_lo[at] = lost + weights[begin + i] * lo[at]
                for i in range(rows, -(-rows // tuning.WIDE) * tuning.WIDE):
                    a[j * DOUBLED_ROWS + i] = a_lo[j * DOUBLED_ROWS + i] = 0.0
        bound(hi, q + 1, rows, bounds)
        if weights is not None:
            bound(a, q + 1, rows, bounds_a)
        for first in range(0, q + 1, DOUBLED_GROUP_COLUMNS):
            for k in range(first, q + 1, 4):
                count = exact[k] + exact[k + 1] + exact[k + 2] + exact[k + 3]
                plain = weights is None and count == 4.0
                for j in range(first, min(first + DOUBLED_GROUP_COLUMNS, k + 4, q + 1)):
                    if not simd.VECTORS or stop - start <= DOUBLED_FEW_ROWS:
                        tile_of_numbers(a, a_lo, hi, lo, j, k, rows, sums, lows)
                    elif plain and exact[j] == 1.0:
                        exact_tile_of_vectors(a, hi, j, k, rows, bounds_a, bounds, sums, lows)
                    else:
                        tile_of_vectors(a, a_lo, hi, lo, j, k, rows, bounds_a, bounds, sums, lows)


@kernel_part
def _block(b, start, stop, scratch, X, Y, weights, exponents, shift, sums, lows):
    # four from `over_blocks`, then the arrays: a record would be taken apart at each call
    moments_block(X, Y, weights, exponents, shift, start, stop, scratch, sums[b], lows[b])


_blocks = over_blocks(_block)


def takes(X, Y, weights=None):
    """Any shape, layout and weights."""
    return True


def sums(X, Y, weights=None, exponents=None):
    """exponents (q,): what is summed are the columns of [X, Y] divided by 2**exponents."""
    q = X.shape[1] + Y.shape[1]
    exponents = np.zeros(q, dtype=np.int64) if exponents is None else exponents
    # Products of columns with an exact shift are cheaper: none, where the offset is small.
    shift = provisional_centre(X, Y, weights, exponents, FAR)
    blocks = launch.count_blocks(len(X), 8 * q, block_output=2 * (q + 4) ** 2)
    found, lows = np.zeros((2, blocks, q + 4, q + 4))
    arguments = (for_kernels(X), Y, weights, exponents, shift, found, lows)
    work, scratch = 4 * len(X) * q * q, scratch_size(q, weights is not None)
    launch.run(_blocks, len(X), blocks, work, scratch, *arguments)
    join(found, lows)
    return count_samples(X, weights), *centred(found[0], lows[0], shift)
