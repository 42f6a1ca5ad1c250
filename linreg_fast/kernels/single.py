"""Cross-products of float32 columns in float32 tiles, added to float64 after every few rows.

Twice the products of `tiles` in the same time. The sum of a piece is rounded to 24 bits: over many
pieces these errors, of either sign, leave eight digits or so of a sum of squares (`rounding`). What
wants more adds a pass over the rows in float64, which costs a fraction of this one.
"""

import numpy as np
from numba import prange

from linreg_fast.kernels import launch, simd
from linreg_fast.kernels.blocks import rows_of, take
from linreg_fast.kernels.centre import centred, provisional_centre
from linreg_fast.kernels.compile import inner, strict_driver
from linreg_fast.kernels.registers import BROADCASTS, RUN
from linreg_fast.kernels.single_panels import PIECE, WIDE, pack
from linreg_fast.kernels.tiles import VECTORS, tile_vectors

LINE = 2 * simd.LINE  # numbers of float32
FEWEST_COLUMNS = 64  # below, packing takes as long as the products
FEWEST_PRODUCTS = 600_000_000  # below, a correction takes longer than what is saved
# Mean squares in float32 neither overflow nor lose digits in these bounds.
SMALLEST, LARGEST = 1e-30, 1e30


def possible(X, sample_weight):
    """Whether these rows can be summed here, with a gain."""
    return (
        simd.VECTORS
        and len(X) > X.shape[1]
        and X.dtype == np.float32
        and X.shape[1] >= FEWEST_COLUMNS
        and X.size * X.shape[1] >= FEWEST_PRODUCTS
        and sample_weight is None
        and (X.flags.c_contiguous or X.flags.f_contiguous)
    )


def rounding(n_samples):
    """What the sums of squares have lost, relative to them: the root of a mean square.

    k sums that grow evenly, each rounded to half a unit of the 24th bit, in n / k such pieces.
    (Measured: 3.2e-9 of 500,000 rows, 1.4e-8 of 20,000; products of unrelated columns a seventh.)
    """
    return 2.0**-25 * PIECE / 1.75 / np.sqrt(n_samples)


def in_range(n_samples, squares):
    """Whether float32 held these sums of squares."""
    mean = squares / n_samples
    return bool(np.all(((mean > SMALLEST) & (mean < LARGEST)) | (squares == 0)))


@inner
def _block(X, Y, shift, start, stop, z, sums):
    """Add to sums the products of the columns of [X, Y, 1] less the shift, on and above the
    diagonal."""
    panels, stride = len(sums) // WIDE, (PIECE + 1) * WIDE
    for begin in range(start, stop, PIECE):
        end = min(begin + PIECE, stop)
        rows = end - begin
        pack(X, Y, shift, begin, end, stride, z)
        ahead, far = end * X.shape[1], min(end + PIECE, stop) * X.shape[1]
        if not X.flags.c_contiguous:
            far = ahead
        for first in range(0, panels, VECTORS):
            last = min(first + VECTORS, panels)
            for j in range(0, last * WIDE, BROADCASTS):
                panel = max(first, j // WIDE)
                line = LINE if ahead < far else 0
                at = j // WIDE * stride + j % WIDE
                place = j * sums.shape[1] + panel * WIDE
                to, count = panel * stride, last - panel
                step = RUN * line
                tile_vectors(
                    z, at, z, to, count, stride, rows, sums, sums, place, X, ahead, line, step
                )
                ahead += line * rows


@strict_driver
def _blocks(X, Y, shift, sums, blocks, turn, turns, taken, scratch):
    for t in prange(len(scratch)):
        b = take(taken)
        while b < blocks:
            start, stop = rows_of(b, blocks, len(X), turn, turns)
            _block(X, Y, shift, start, stop, scratch[t].view(np.float32), sums[b])
            b = take(taken)


def moments(X, Y, sample_weight=None):
    """As a rung's, of rows that are `possible`."""
    q = X.shape[1] + Y.shape[1]
    size = -(-(q + 1) // WIDE) * WIDE
    shift = np.zeros(size, dtype=np.float32)
    shift[:q] = provisional_centre(X, Y, None, np.zeros(q, dtype=np.int64))
    blocks = launch.count_blocks(len(X), q, block_output=2 * size * size)
    sums = np.zeros((blocks, size, size))
    room = size * (PIECE + 1) // 2
    launch.run(_blocks, blocks, len(X) * q * q // 4, room, X, Y, shift, sums)
    sums = sums.sum(axis=0, keepdims=True)
    return len(X), *centred(sums, np.zeros_like(sums), shift[:q].astype(np.float64))
