"""After the pass over the rows: the blocks are joined and the sums put about the mean."""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.tuning import FINISH_BLOCKS, MIRROR_ROWS
from linreg_fast.runtime.compile import kernel, kernel_part


@kernel
def join(sums, lows):
    """Add the matrices of all blocks to the first's, in order, on and above the diagonal."""
    size = sums.shape[2]
    for b in range(1, len(sums)):
        for j in range(sums.shape[1]):  # rows as slices, or LLVM does not vectorise
            S, L, more, more_lo = sums[0, j, j:], lows[0, j, j:], sums[b, j, j:], lows[b, j, j:]
            for k in range(size - j):
                S[k], L[k] = dd.add(S[k], L[k], more[k], more_lo[k])


@kernel_part
def _number(sums, j, k):
    if sums.ndim == 2:
        return sums[j, k]
    width = sums.shape[3]
    return sums[k // width, j // width, j % width, k % width]


@kernel_part
def _row(sums, j, room):
    """Row j of sums, from its diagonal on; of sums in blocks, some rows at a time via room."""
    if sums.ndim == 2:
        return sums[j, j:]
    width = sums.shape[3]
    if j % len(room) == 0:
        first = j // width
        for panel in range(first, len(sums)):
            for down in range(first, min(first + FINISH_BLOCKS, panel + 1)):
                block = sums[panel, down]
                for r in range(width):
                    for c in range(width):
                        room[(down - first) * width + r, panel * width + c] = block[r, c]
    return room[j % len(room), j:]


def centred(sums, lows, shift):
    """(weight sum, means, comoment), each (hi, lo), of sums about a shift.

    sums, lows: square, or a square of square blocks (`shared`); what stands below the diagonal is
    not read.
    """
    q, width = len(shift), sums.shape[-1]
    weight, mean, comoment = np.empty(2), np.empty((2, q)), np.empty((2, q, q))
    rooms = comoment if sums.ndim == 2 else np.empty((2, FINISH_BLOCKS * width, q + width))
    _fill(sums, lows, shift, weight, mean, comoment, rooms)
    return weight, mean, comoment


@kernel_part
def centre_row(j, sums, lows, shift, weight, mean, comoment):
    """Write row j of mean and, from its diagonal on, of comoment. sums, lows: row j from there on.

    On entry mean[:, j:] holds the totals of the columns; afterwards mean[:, j] is a mean.
    """
    step, step_lo = dd.divide(mean[0, j], mean[1, j], weight[0], weight[1])
    to, to_lo = comoment[0, j, j:], comoment[1, j, j:]
    total, total_lo = mean[0, j:], mean[1, j:]
    for k in range(len(to)):
        product, product_lo = dd.multiply(step, step_lo, total[k], total_lo[k])
        to[k], to_lo[k] = dd.add(sums[k], lows[k], -product, -product_lo)
    mean[0, j], mean[1, j] = dd.add(shift[j], 0.0, step, step_lo)


@kernel
def _fill(sums, lows, shift, weight, mean, comoment, rooms):
    """Write what `centred` returns. rooms: scratch for sums in blocks, not used for others."""
    q = len(shift)
    weight[0], weight[1] = _number(sums, q, q), _number(lows, q, q)
    for j in range(q):  # the totals at first: side by side, for the vectors of the next loop
        mean[0, j], mean[1, j] = _number(sums, j, q), _number(lows, j, q)
    for j in range(q):
        row, row_lo = _row(sums, j, rooms[0]), _row(lows, j, rooms[1])
        centre_row(j, row, row_lo, shift, weight, mean, comoment)
    for part in comoment:  # mirrored piece by piece, or each number would miss the cache
        for start in range(0, q, MIRROR_ROWS):
            for first in range(start, q, MIRROR_ROWS):
                for j in range(start, min(start + MIRROR_ROWS, q)):
                    for k in range(max(first, j + 1), min(first + MIRROR_ROWS, q)):
                        part[k, j] = part[j, k]
