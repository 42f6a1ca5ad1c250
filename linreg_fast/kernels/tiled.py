"""The fused blocks of `parallel`, and cross-products from packed columns in register tiles."""

import numpy as np
from numba import prange

from linreg_fast.kernels import direct, launch
from linreg_fast.kernels.centre import centred, provisional_centre
from linreg_fast.kernels.compile import compiled, compiled_parallel
from linreg_fast.kernels.parallel import gradient, mse
from linreg_fast.kernels.tiles import PADDING, moments_block

__all__ = ["gradient", "moments", "mse"]


@compiled_parallel
def _blocks_parallel(X, Y, weights, shift, sums, lows):
    blocks = len(sums)
    for b in prange(blocks):
        start, stop = len(X) * b // blocks, len(X) * (b + 1) // blocks
        moments_block(X, Y, weights, shift, start, stop, sums[b], lows[b])


@compiled
def _blocks_serial(X, Y, weights, shift, sums, lows):
    blocks = len(sums)
    for b in range(blocks):
        start, stop = len(X) * b // blocks, len(X) * (b + 1) // blocks
        moments_block(X, Y, weights, shift, start, stop, sums[b], lows[b])


def moments(X, Y, sample_weight=None):
    q = X.shape[1] + Y.shape[1]
    size = q + 1 + PADDING
    shift = np.zeros(size)
    shift[:q] = provisional_centre(X, Y, sample_weight, np.zeros(q, dtype=np.int64))
    blocks = launch.count_blocks(len(X), q, block_output=2 * size * size)
    sums, lows = np.zeros((2, blocks, size, size))
    if q == 2 and sample_weight is None:
        drivers, data = (direct.blocks_parallel, direct.blocks_serial), (X[:, 0], Y[:, 0])
    else:
        drivers, data = (_blocks_parallel, _blocks_serial), (X, Y, sample_weight)
    launch.run(blocks, *drivers, *data, shift, sums, lows)
    n_samples = len(X) if sample_weight is None else int(np.count_nonzero(sample_weight))
    return n_samples, *centred(sums, lows, shift[:q])
