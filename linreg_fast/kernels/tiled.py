"""In vectors, on all cores: steps, and cross-products from panels of columns in register tiles."""

import numpy as np
from numba import prange

from linreg_fast.kernels import direct, launch, narrow, shared, tiles
from linreg_fast.kernels.blocks import rows_of, take
from linreg_fast.kernels.centre import centred, join, provisional_centre
from linreg_fast.kernels.compile import driver
from linreg_fast.kernels.steps import gradient, mse
from linreg_fast.kernels.tiles import moments_block, padded

__all__ = ["gradient", "moments", "mse"]


@driver
def _blocks(X, Y, weights, shift, sums, lows, blocks, turn, turns, taken, scratch):
    for t in prange(len(scratch)):
        b = take(taken)
        while b < blocks:
            start, stop = rows_of(b, blocks, len(X), turn, turns)
            moments_block(X, Y, weights, shift, start, stop, scratch[t], sums[b], lows[b])
            b = take(taken)


def moments(X, Y, sample_weight=None):
    q = X.shape[1] + Y.shape[1]
    size = padded(q + 1)
    shift = np.zeros(size)
    shift[:q] = provisional_centre(X, Y, sample_weight, np.zeros(q, dtype=np.int64))
    n_samples = len(X) if sample_weight is None else int(np.count_nonzero(sample_weight))
    if q >= shared.FEWEST_COLUMNS:
        return n_samples, *centred(*shared.sums_of(X, Y, sample_weight, shift), shift[:q])
    blocks = launch.count_blocks(len(X), q, block_output=2 * size * size)
    sums, lows = np.zeros((2, blocks, size, size))
    work = len(X) * q * q // 2
    if q == 2 and sample_weight is None:
        launch.run(direct.blocks, blocks, work, 0, X[:, 0], Y[:, 0], shift, sums, lows)
    else:
        few = narrow.possible(X, Y, sample_weight)
        kernel, room = (narrow.blocks, narrow.room) if few else (_blocks, tiles.room)
        scratch = room(len(X), size, sample_weight is not None)
        launch.run(kernel, blocks, work, scratch, X, Y, sample_weight, shift, sums, lows)
    join(sums, lows)
    return n_samples, *centred(sums[0], lows[0], shift[:q])
