"""The way for rows that fit two vectors: from memory to registers, without panels.

With panels, nothing would be read from memory while they are multiplied. The innermost loop is in
`tiles.unpacked_microkernel`.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import memory, simd
from linreg_fast.kernels.moments.by_blocks import sums_of_blocks
from linreg_fast.kernels.tiles.unpacked_microkernel import rows_of_one_vector, rows_of_two_vectors
from linreg_fast.kernels.tuning import (
    UNPACKED_PANELS,
    UNPACKED_RING_ROWS,
    UNPACKED_ROWS,
    WIDE,
)
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


def takes(X, Y, weights=None):
    """Whether [X, Y, 1] has that few columns, and rows of X are contiguous."""
    return (
        simd.VECTORS
        and X.shape[1] + 2 <= UNPACKED_PANELS * WIDE
        and Y.shape[1] == 1
        and X.flags.c_contiguous
        and Y.flags.c_contiguous
        and (weights is None or weights.flags.c_contiguous)
    )


def scratch_size(n_samples, size, has_weights):
    """How many numbers of scratch `moments_block` needs for sums of `size` columns."""
    ring = 2 * UNPACKED_RING_ROWS * size * (2 if has_weights else 1)
    totals = size * (size + 1)
    return max(ring, totals) + memory.LINE


@kernel_part
def _remaining_rows(X, Y, weights, shift, start, stop, scratch, sums, lows):
    # as `moments_block`
    p, size = X.shape[1], len(sums)
    z, totals = scratch[:size], scratch[size : size * (size + 1)]
    z[:] = 0.0
    totals[:] = 0.0
    z[p + 1] = 1.0
    for i in range(start, stop):
        weight = 1.0 if weights is None else weights[i]
        if weight != 0.0:
            for j in range(p):
                z[j] = np.float64(X[i, j]) - shift[j]
            z[p] = np.float64(Y[i, 0]) - shift[p]
            for j in range(p + 2):
                own, number = totals[j * size : (j + 1) * size], weight * z[j]
                for k in range(size):
                    own[k] += number * z[k]
    for j in range(p + 2):
        for k in range(j, p + 2):
            sums[j, k], lost = dd.two_sum(sums[j, k], totals[j * size + k])
            lows[j, k] += lost


@kernel_part
def moments_block(X, Y, weights, shift, start, stop, scratch, sums, lows):
    """As `packed.moments_block`, for what `takes` accepts; scratch: `scratch_size` numbers."""
    # the rows, which of them, and where the sums go
    ring = scratch[memory.line_start(scratch) :]
    # The vectors of the last rows would read beyond the end of X, and the ring is filled ahead.
    last = min(stop, len(X) - 2 * UNPACKED_RING_ROWS)
    while start + UNPACKED_RING_ROWS <= last:
        rows = min(UNPACKED_ROWS, last - start) // UNPACKED_RING_ROWS * UNPACKED_RING_ROWS
        if len(sums) == WIDE:
            rows_of_one_vector(X, Y, weights, shift, start, rows, ring, sums, lows)
        else:
            rows_of_two_vectors(X, Y, weights, shift, start, rows, ring, sums, lows)
        start += rows
    _remaining_rows(X, Y, weights, shift, start, stop, ring, sums, lows)


@kernel_part
def _block(b, start, stop, scratch, X, Y, weights, shift, sums, lows):
    # four from `over_blocks`, then the arrays: a record would be taken apart at each call
    moments_block(X, Y, weights, shift, start, stop, scratch, sums[b], lows[b])


_blocks = over_blocks(_block)


def sums(X, Y, weights=None):
    return sums_of_blocks(X, Y, weights, _blocks, (X, Y, weights), scratch_size)
