"""Numba, the blocks of `jit` on all cores. Blocks are fixed by the shape and joined in order."""

import numpy as np
from numba import prange

from linreg_fast.kernels import launch
from linreg_fast.kernels.compile import compiled, compiled_parallel
from linreg_fast.kernels.jit import gradient_block, moments_block, mse_block
from linreg_fast.kernels.merge import merge_all

# Each driver stands here twice, word for word but for `prange`: one Python function compiled both
# ways with cache=True gets the serial machine code for both (numba 0.68).


@compiled_parallel
def _mse_blocks_parallel(X, y, coef, intercept, sample_weight, sums):
    blocks = len(sums)
    for b in prange(blocks):
        start, stop = len(X) * b // blocks, len(X) * (b + 1) // blocks
        sums[b, 0], sums[b, 1] = mse_block(X, y, coef, intercept, sample_weight, start, stop)


@compiled
def _mse_blocks_serial(X, y, coef, intercept, sample_weight, sums):
    blocks = len(sums)
    for b in range(blocks):
        start, stop = len(X) * b // blocks, len(X) * (b + 1) // blocks
        sums[b, 0], sums[b, 1] = mse_block(X, y, coef, intercept, sample_weight, start, stop)


@compiled_parallel
def _gradient_blocks_parallel(X, y, coef, intercept, sample_weight, sums):
    blocks, p = len(sums), X.shape[1]
    for b in prange(blocks):
        start, stop = len(X) * b // blocks, len(X) * (b + 1) // blocks
        sums[b, p], sums[b, p + 1], sums[b, p + 2] = gradient_block(
            X, y, coef, intercept, sample_weight, start, stop, sums[b, :p]
        )


@compiled
def _gradient_blocks_serial(X, y, coef, intercept, sample_weight, sums):
    blocks, p = len(sums), X.shape[1]
    for b in range(blocks):
        start, stop = len(X) * b // blocks, len(X) * (b + 1) // blocks
        sums[b, p], sums[b, p + 1], sums[b, p + 2] = gradient_block(
            X, y, coef, intercept, sample_weight, start, stop, sums[b, :p]
        )


@compiled_parallel
def _moments_blocks_parallel(X, Y, sample_weight, counts, weights, means, comoments):
    blocks, q = means.shape
    for b in prange(blocks):
        start, stop = len(X) * b // blocks, len(X) * (b + 1) // blocks
        z = np.empty((5, q))
        counts[b], weights[b] = moments_block(
            X, Y, sample_weight, start, stop, z, means[b], comoments[b]
        )


@compiled
def _moments_blocks_serial(X, Y, sample_weight, counts, weights, means, comoments):
    blocks, q = means.shape
    for b in range(blocks):
        start, stop = len(X) * b // blocks, len(X) * (b + 1) // blocks
        z = np.empty((5, q))
        counts[b], weights[b] = moments_block(
            X, Y, sample_weight, start, stop, z, means[b], comoments[b]
        )


def mse(X, y, coef, intercept, sample_weight=None):
    sums = np.zeros((launch.count_blocks(*X.shape), 2))
    launch.run(
        len(sums),
        _mse_blocks_parallel,
        _mse_blocks_serial,
        X,
        y,
        coef,
        intercept,
        sample_weight,
        sums,
    )
    loss, weight_sum = sums.sum(axis=0)
    return float(loss / weight_sum)


def gradient(X, y, coef, intercept, sample_weight=None):
    p = X.shape[1]
    # Rows end in an unused cache line (8 numbers): two threads never write to the same one.
    sums = np.zeros((launch.count_blocks(*X.shape), p + 3 + 8))
    launch.run(
        len(sums),
        _gradient_blocks_parallel,
        _gradient_blocks_serial,
        X,
        y,
        coef,
        intercept,
        sample_weight,
        sums,
    )
    total = sums.sum(axis=0)
    residual_sum, loss, weight_sum = total[p : p + 3]
    scale = 2.0 / weight_sum
    return float(loss / weight_sum), scale * total[:p], float(scale * residual_sum)


def moments(X, Y, sample_weight=None):
    q = X.shape[1] + Y.shape[1]
    blocks = launch.count_blocks(len(X), q, block_output=q * q)
    counts, weights = np.zeros(blocks, dtype=np.int64), np.zeros(blocks)
    means, comoments = np.zeros((blocks, q)), np.zeros((blocks, q, q))
    launch.run(
        blocks,
        _moments_blocks_parallel,
        _moments_blocks_serial,
        X,
        Y,
        sample_weight,
        counts,
        weights,
        means,
        comoments,
    )
    return int(counts.sum()), *merge_all(weights, means, comoments)
