"""The way for any shape: rows are packed into panels, and tiles of their products are summed.

Pieces of rows are joined in double-double, which costs a few percent and keeps the error of
millions of rows that of a hundred.
"""

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import memory
from linreg_fast.kernels.arithmetic.columns import for_kernels
from linreg_fast.kernels.moments.by_blocks import sums_of_blocks
from linreg_fast.kernels.tiles import prefetch
from linreg_fast.kernels.tiles.macrokernel import about_tiles, tiles_of_piece
from linreg_fast.kernels.tiles.microkernel import Piece
from linreg_fast.kernels.tiles.packing import multiply_by_weights, pack, pad_to_round
from linreg_fast.kernels.tuning import (
    LONG_FEWEST_ROWS,
    LONG_MOST_COLUMNS,
    LONG_PACKED_ROWS,
    PACKED_ROWS,
)
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


def scratch_size(n_samples, size, has_weights):
    """How many numbers of scratch `moments_block` is given for sums of `size` columns."""
    piece = (
        LONG_PACKED_ROWS
        if size <= LONG_MOST_COLUMNS and n_samples >= LONG_FEWEST_ROWS
        else PACKED_ROWS
    )
    return size * (piece + 1) * (2 if has_weights else 1) + memory.LINE


@kernel_part
def moments_block(X, Y, weights, shift, start, stop, scratch, sums, lows):
    """Add to sums + lows the products of the columns of [X, Y, 1], on and above the diagonal.

    shift comes off the columns first. Both sums and shift have `padded(q + 1)` columns; what is
    added to the others, and below the diagonal, means nothing.
    scratch: `scratch_size` numbers; how many decides how long a piece is.
    """
    # the rows, which of them, and where the sums go
    panels, copies = len(sums) // tuning.WIDE, 1 if weights is None else 2
    length = (
        LONG_PACKED_ROWS
        if len(scratch) >= len(sums) * (LONG_PACKED_ROWS + 1) * copies + memory.LINE
        else PACKED_ROWS
    )
    stride, tiles = (length + 1) * tuning.WIDE, about_tiles(panels, tuning.WIDE)
    scratch = scratch[memory.line_start(scratch) :]  # what crosses lines is loaded 3% slower
    z, a = scratch, scratch[(copies - 1) * panels * stride :]
    for begin in range(start, stop, length):
        end, after = begin + length, begin + 2 * length
        end, after = end if end < stop else stop, after if after < stop else stop
        rows = end - begin
        requested = prefetch.while_packing(X, end, after, panels, tiles)
        pack(X, Y, shift, begin, end, stride, z, requested // rows)
        if weights is not None:
            multiply_by_weights(weights, begin, end, panels, stride, z, a)
        rows = pad_to_round(rows, copies * panels, tuning.WIDE, stride, z)
        piece = Piece(a, z, tuning.WIDE, stride, rows)
        tiles_of_piece(piece, panels, sums, lows, X, end, after, requested)


@kernel_part
def _block(b, start, stop, scratch, X, Y, weights, shift, sums, lows):
    # four from `over_blocks`, then the arrays: a record would be taken apart at each call
    moments_block(X, Y, weights, shift, start, stop, scratch, sums[b], lows[b])


_blocks = over_blocks(_block)


def takes(X, Y, weights=None):
    """Any shape, layout and weights."""
    return True


def sums(X, Y, weights=None):
    return sums_of_blocks(X, Y, weights, _blocks, (for_kernels(X), Y, weights), scratch_size)
