"""Numba, the loops of `jit` on all cores: over blocks that the shape fixes, joined in order.

A block's row of sums ends in an unused cache line, so that no two threads write to the same one.
"""

import numpy as np

from linreg_fast.kernels.arithmetic.memory import LINE
from linreg_fast.kernels.moments.merge import merge_all
from linreg_fast.kernels.rungs.jit import gradient_rows, moments_rows, mse_rows
from linreg_fast.kernels.steps.sums import gradient_of
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


@kernel_part
def _mse_block(b, start, stop, scratch, X, y, coef, intercept, weights, sums):
    # four from `over_blocks`, then the arrays of the step
    loss, weight = mse_rows(X, y, coef, intercept, weights, start, stop)
    sums[b, 0] += loss
    sums[b, 1] += weight


@kernel_part
def _gradient_block(b, start, stop, scratch, X, y, coef, intercept, weights, sums):
    # four from `over_blocks`, then the arrays of the step
    found = gradient_rows(X, y, coef, intercept, weights, start, stop, sums[b, 3:])
    for k in range(3):
        sums[b, k] += found[k]


@kernel_part
def _moments_block(b, start, stop, scratch, X, Y, sample_weight, counts, weights, sums):
    # as `_block`
    q = X.shape[1] + Y.shape[1]
    mean, comoment = sums[b][:q], sums[b][q : q + q * q].reshape(q, q)
    z = scratch[: 2 * q].reshape(2, q)
    counts[b], weights[b] = moments_rows(X, Y, sample_weight, start, stop, z, mean, comoment)


_mse_blocks, _gradient_blocks = over_blocks(_mse_block), over_blocks(_gradient_block)
_moments_blocks = over_blocks(_moments_block)


def mse(X, y, coef, intercept, sample_weight=None):
    blocks = launch.count_blocks(*X.shape)
    sums = np.zeros((blocks, 2 + LINE))
    launch.run(_mse_blocks, len(X), blocks, X.size, 0, X, y, coef, intercept, sample_weight, sums)
    loss, weight_sum = sums.sum(axis=0)[:2]
    return float(loss / weight_sum)


def gradient(X, y, coef, intercept, sample_weight=None):
    p = X.shape[1]
    blocks = launch.count_blocks(*X.shape)
    sums = np.zeros((blocks, p + 3 + LINE))
    launch.run(
        _gradient_blocks, len(X), blocks, 2 * X.size, 0, X, y, coef, intercept, sample_weight, sums
    )
    return gradient_of(sums, p)


def moments(X, Y, sample_weight=None):
    q = X.shape[1] + Y.shape[1]
    blocks = launch.count_blocks(len(X), q, block_output=q * q)
    counts, weights = np.zeros(blocks, dtype=np.int64), np.zeros(blocks)
    sums = np.zeros((blocks, q + q * q + LINE))
    work = 0  # one turn: a block's moments are not added up turn by turn
    arguments = (X, Y, sample_weight, counts, weights, sums)
    launch.run(_moments_blocks, len(X), blocks, work, 2 * q + LINE, *arguments)
    comoments = sums[:, q : q + q * q].reshape(blocks, q, q)
    return int(counts.sum()), *merge_all(weights, sums[:, :q].copy(), comoments)
