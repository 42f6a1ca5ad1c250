"""The frame of the ways that add up products of [X, Y, 1] block by block.

Before the pass the provisional centre is chosen; after it the blocks are joined in order and the
sums put about the mean.
"""

import numpy as np

from linreg_fast.kernels.moments.centre import provisional_centre
from linreg_fast.kernels.moments.finish import centred, join
from linreg_fast.kernels.tiles.macrokernel import padded
from linreg_fast.runtime import launch


def count_samples(X, weights):
    """Rows with a weight above zero."""
    return len(X) if weights is None else int(np.count_nonzero(weights))


def padded_centre(X, Y, weights):
    """The provisional centre of the columns of [X, Y], padded with zeros to whole panels."""
    q = X.shape[1] + Y.shape[1]
    shift = np.zeros(padded(q + 1))
    shift[:q] = provisional_centre(X, Y, weights, np.zeros(q, dtype=np.int64))
    return shift


def sums_of_blocks(X, Y, weights, driver, arguments, scratch_size):
    """The moments, as a rung returns them, by the driver of blocks that add to square sums.

    driver: its block takes `arguments`, the centre, and sums and lows (blocks, size, size).
    scratch_size(n_samples, size, has_weights): how many numbers of scratch a thread needs.
    """
    q = X.shape[1] + Y.shape[1]
    shift = padded_centre(X, Y, weights)
    size = len(shift)
    blocks = launch.count_blocks(len(X), q, block_output=2 * size * size)
    sums, lows = np.zeros((2, blocks, size, size))
    scratch, work = scratch_size(len(X), size, weights is not None), len(X) * q * q // 2
    launch.run(driver, len(X), blocks, work, scratch, *arguments, shift, sums, lows)
    join(sums, lows)
    return count_samples(X, weights), *centred(sums[0], lows[0], shift[:q])
