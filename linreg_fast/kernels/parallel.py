"""Numba, the blocks of `jit` on all cores. Blocks are fixed by the shape and joined in order.

A block's row of sums ends in an unused line, so that no two threads write to the same one.
"""

import numpy as np
from numba import prange

from linreg_fast.kernels import launch
from linreg_fast.kernels.blocks import rows_of, take
from linreg_fast.kernels.compile import strict_driver
from linreg_fast.kernels.jit import gradient_block, moments_block, mse_block
from linreg_fast.kernels.merge import merge_all
from linreg_fast.kernels.simd import LINE


@strict_driver
def _mse_blocks(X, y, coef, intercept, weights, sums, blocks, turn, turns, taken, scratch):
    for _ in prange(len(scratch)):
        b = take(taken)
        while b < blocks:
            start, stop = rows_of(b, blocks, len(X), turn, turns)
            loss, weight = mse_block(X, y, coef, intercept, weights, start, stop)
            sums[b, 0] += loss
            sums[b, 1] += weight
            b = take(taken)


@strict_driver
def _gradient_blocks(X, y, coef, intercept, weights, sums, blocks, turn, turns, taken, scratch):
    for _ in prange(len(scratch)):
        b = take(taken)
        while b < blocks:
            start, stop = rows_of(b, blocks, len(X), turn, turns)
            found = gradient_block(X, y, coef, intercept, weights, start, stop, sums[b, 3:])
            for k in range(3):
                sums[b, k] += found[k]
            b = take(taken)


@strict_driver
def _moments_blocks(
    X, Y, sample_weight, counts, weights, sums, blocks, turn, turns, taken, scratch
):
    q = X.shape[1] + Y.shape[1]
    for t in prange(len(scratch)):
        b = take(taken)
        while b < blocks:
            start, stop = rows_of(b, blocks, len(X), turn, turns)
            mean, comoment = sums[b][:q], sums[b][q : q + q * q].reshape(q, q)
            z = scratch[t][: 5 * q].reshape(5, q)
            counts[b], weights[b] = moments_block(
                X, Y, sample_weight, start, stop, z, mean, comoment
            )
            b = take(taken)


def mse(X, y, coef, intercept, sample_weight=None):
    blocks = launch.count_blocks(*X.shape)
    sums = np.zeros((blocks, 2 + LINE))
    launch.run(_mse_blocks, blocks, X.size, 0, X, y, coef, intercept, sample_weight, sums)
    loss, weight_sum = sums.sum(axis=0)[:2]
    return float(loss / weight_sum)


def gradient(X, y, coef, intercept, sample_weight=None):
    p = X.shape[1]
    blocks = launch.count_blocks(*X.shape)
    sums = np.zeros((blocks, p + 3 + LINE))
    launch.run(_gradient_blocks, blocks, 2 * X.size, 0, X, y, coef, intercept, sample_weight, sums)
    return gradient_of(sums, p)


def gradient_of(sums, p):
    """What `gradient` returns, of blocks' sums of w r^2, w r, w, and w r x for p columns."""
    total = sums.sum(axis=0)
    loss, residual_sum, weight_sum = total[:3]
    scale = 2.0 / weight_sum
    return float(loss / weight_sum), scale * total[3 : 3 + p], float(scale * residual_sum)


def moments(X, Y, sample_weight=None):
    q = X.shape[1] + Y.shape[1]
    blocks = launch.count_blocks(len(X), q, block_output=q * q)
    counts, weights = np.zeros(blocks, dtype=np.int64), np.zeros(blocks)
    sums = np.zeros((blocks, q + q * q + LINE))
    work = 0  # one turn: a block's moments are not added up turn by turn
    arguments = (X, Y, sample_weight, counts, weights, sums)
    launch.run(_moments_blocks, blocks, work, 5 * q + LINE, *arguments)
    comoments = sums[:, q : q + q * q].reshape(blocks, q, q)
    return int(counts.sum()), *merge_all(weights, sums[:, :q].copy(), comoments)
