"""Newey and West's weighted sum of the products of scores up to some rows apart.

The cost does not depend on the lag: f_t = sum over l of (1 - l / (L + 1)) s_(t-l) is kept by two
running sums, which are made anew at the start of each block of rows. Source: Newey and West 1987.
"""

import numpy as np

from linreg_fast.kernels.second_pass import panel
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


@kernel_part
def _block(
    b,
    start,
    stop,
    scratch,
    X,
    Y,
    target,
    weights,
    order,
    shift,
    slopes,
    lower,
    constant,
    lags,
    sums,
):
    fit = order, shift, slopes, lower, constant
    size, rank = len(order) + (1 if constant > 0.0 else 0), len(order)
    columns, coordinates, vectors, raw, rest = panel.parts(scratch, X.shape[1], rank, size)
    residual, weight = vectors[0], vectors[2]
    score, recent, bent = rest[:size], rest[size : 2 * size], rest[2 * size : 3 * size]
    ring = rest[3 * size : (3 + lags + 1) * size].reshape((lags + 1, size))
    ring[:] = 0.0
    recent[:] = 0.0
    bent[:] = 0.0
    meat = sums[b]
    for begin in range(max(start - lags, 0), stop, ROWS):
        end = min(begin + ROWS, stop)
        panel.read(X, Y, target, weights, fit, begin, end, columns, vectors, raw)
        panel.orthonormal(fit, columns, coordinates, vectors)
        for i in range(end - begin):
            row = begin + i
            factor = weight[i] * residual[i]
            for j in range(size):
                score[j] = factor * coordinates[j, i]
            if row >= start:
                for j in range(size):
                    for k in range(size):
                        meat[j, k] += score[j] * (0.5 * score[k] + bent[k])
            old = ring[row % (lags + 1)]
            for j in range(size):
                recent[j] += score[j] - old[j]
                old[j] = score[j]
                bent[j] += score[j] - recent[j] / (lags + 1)


_blocks = over_blocks(_block)


def meat(X, Y, target, weights, fit, lags):
    """(k, k): the sum over the rows of w_l (s_t s_(t-l)' + s_(t-l) s_t'), once for l = 0."""
    size, rank = len(fit[0]) + (fit[4] > 0), len(fit[0])
    n = len(X)
    blocks = min(launch.count_blocks(n, max(X.shape[1], 1)), max(n // (4 * (lags + 1)), 1))
    sums = np.zeros((blocks, size, size))
    scratch = panel.scratch_size(X.shape[1], rank, size) + (4 + lags) * size
    work = n * (size + 2) ** 2
    launch.run(_blocks, n, blocks, work, scratch, X, Y, target, weights, *fit, lags, sums)
    half = sums.sum(axis=0)
    return half + half.T
