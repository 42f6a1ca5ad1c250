"""The way for few columns that are contiguous each: products of columns, WIDE rows at a time.

Some rows of every column, less its centre, are written to a buffer that the first cache holds; the
products of four columns with four others are then summed in registers. Rows that are transposed
first, to be multiplied as `unpacked` does, take twice as long.
"""

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import memory, simd
from linreg_fast.kernels.arithmetic.columns import for_kernels
from linreg_fast.kernels.moments.by_blocks import sums_of_blocks
from linreg_fast.kernels.tiles.columnwise_microkernel import (
    SQUARE,
    TRIANGLE,
    add_square,
    add_triangle,
)
from linreg_fast.kernels.tiles.packing_columns import mask, pack_contiguous
from linreg_fast.kernels.tuning import (
    COLUMNWISE_AHEAD,
    COLUMNWISE_COLUMNS,
    COLUMNWISE_ROWS,
    COLUMNWISE_SIDE,
    DOUBLED_ROWS,
)
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part

HALF = DOUBLED_ROWS // 2
OWN, WITH_OTHERS = len(TRIANGLE) * tuning.WIDE, len(SQUARE) * tuning.WIDE  # numbers of their sums


def takes(X, Y, weights=None):
    """Whether [X, Y, 1] has few columns, each contiguous and not all of a row side by side."""
    return (
        simd.VECTORS
        and 1 < X.shape[1] <= COLUMNWISE_COLUMNS - 2
        and Y.shape[1] == 1
        and X.flags.f_contiguous
        and not X.flags.c_contiguous
        and Y.flags.c_contiguous
        and (weights is None or weights.flags.c_contiguous)
    )


def scratch_size(n_samples, size, has_weights):
    """How many numbers of scratch `moments_block` needs for sums of `size` columns."""
    groups = -(-size // COLUMNWISE_SIDE)
    totals = groups * OWN + groups * (groups - 1) // 2 * WITH_OTHERS
    return groups * COLUMNWISE_SIDE * DOUBLED_ROWS + HALF + totals + memory.LINE


@kernel_part
def _weigh(weights, to, start, stop, z, a):
    """Write a column of z times the weights to a; zeros to both where a weight is zero."""
    rows = stop - start
    whole = rows // tuning.WIDE * tuning.WIDE
    for i in range(0, whole, tuning.WIDE):
        weight = simd.load(weights, start + i)
        values = simd.where_not_zero(simd.load(z, to + i), weight)
        simd.store(z, to + i, values)
        simd.store(a, to + i, simd.multiply(weight, values))
    for i in range(whole, rows):
        weight = weights[start + i]
        z[to + i] = z[to + i] if weight != 0.0 else 0.0
        a[to + i] = weight * z[to + i]


@kernel_part
def _pack_rows(X, Y, weights, shift, start, stop, z, a):
    """Write the columns of [X, Y, 1] less the shift to z, and times the weights to a.

    Rows of weight zero are zeros, and so are rows up to a whole vector.
    """
    # the rows, which of them, and where they go
    q, rows = X.shape[1] + 1, stop - start
    pack_contiguous(X, 0, shift, start, stop, z)
    pack_contiguous(Y, q - 1, shift, start, stop, z)
    for i in range(q * DOUBLED_ROWS, q * DOUBLED_ROWS + rows):
        z[i] = 1.0
    for to in range(0, (q + 1) * DOUBLED_ROWS, DOUBLED_ROWS):
        mask(None, to, start, stop, z)
        if weights is not None:
            _weigh(weights, to, start, stop, z, a)
            mask(None, to, start, stop, a)


@kernel_part
def _join(totals, groups, sums, lows):
    """Add the lanes of all totals to sums + lows, in double-double."""
    at = 0
    for first in range(groups):
        for second in range(first, groups):
            for j in range(COLUMNWISE_SIDE):
                for k in range(j if first == second else 0, COLUMNWISE_SIDE):
                    row, column = first * COLUMNWISE_SIDE + j, second * COLUMNWISE_SIDE + k
                    if column < len(sums):
                        own = simd.total(simd.load(totals, at))
                        sums[row, column], lost = dd.two_sum(sums[row, column], own)
                        lows[row, column] += lost
                    at += tuning.WIDE


@kernel_part
def moments_block(X, Y, weights, shift, start, stop, scratch, sums, lows):
    """As `packed.moments_block`, for what `takes` accepts; scratch: `scratch_size` numbers."""
    # the rows, which of them, and where the sums go
    groups = -(-(X.shape[1] + 2) // COLUMNWISE_SIDE)
    size = groups * COLUMNWISE_SIDE * DOUBLED_ROWS
    scratch = scratch[memory.line_start(scratch) :]
    z, a, totals, length = scratch[:size], scratch[:size], scratch[size + HALF :], DOUBLED_ROWS
    if weights is not None:  # columns of a stand behind those of z: both fit the first cache
        a, length = scratch[HALF : size + HALF], HALF
    for i in range(size + HALF):  # the columns behind the last; [:] = 0.0 takes longer to compile
        scratch[i] = 0.0
    for piece in range(start, stop, COLUMNWISE_ROWS):
        end = min(piece + COLUMNWISE_ROWS, stop)
        for i in range(len(totals)):
            totals[i] = 0.0
        for begin in range(piece, end, length):
            rows = min(begin + length, end) - begin
            _pack_rows(X, Y, weights, shift, begin, begin + rows, z, a)
            rows, soon, at = -(-rows // tuning.WIDE) * tuning.WIDE, begin + COLUMNWISE_AHEAD, 0
            for j in range(0, groups * COLUMNWISE_SIDE, COLUMNWISE_SIDE):
                add_triangle(X, Y, soon, a, z, j, rows, totals, at)
                at += OWN
                for k in range(j + COLUMNWISE_SIDE, groups * COLUMNWISE_SIDE, COLUMNWISE_SIDE):
                    add_square(a, z, j, k, rows, totals, at)
                    at += WITH_OTHERS
        _join(totals, groups, sums, lows)


@kernel_part
def _block(b, start, stop, scratch, X, Y, weights, shift, sums, lows):
    # four from `over_blocks`, then the arrays: a record would be taken apart at each call
    moments_block(X, Y, weights, shift, start, stop, scratch, sums[b], lows[b])


_blocks = over_blocks(_block)


def sums(X, Y, weights=None):
    return sums_of_blocks(X, Y, weights, _blocks, (for_kernels(X), Y, weights), scratch_size)
