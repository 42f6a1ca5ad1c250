"""Sums of the scores of each cluster: of the residuals and of residuals times centred columns.

Each block of rows has a table of its own, and the tables are joined in order; how many there are
depends on the shapes alone. `squares` are wanted for CR2 and CR3, which need no more of a cluster
than the products of its coordinates (see `inference.clusters`).
"""

import numpy as np

from linreg_fast.kernels.second_pass import panel
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


@kernel_part
def _block(b, start, stop, scratch, X, Y, target, weights, fit, codes, scores, squares):
    size, rank = len(fit[4]) + (1 if fit[5] > 0.0 else 0), len(fit[0])
    columns, coordinates, vectors, _ = panel.parts(scratch, rank, size)
    residual, weight = vectors[0], vectors[2]
    with_squares = squares.shape[1] > 0
    for begin in range(start, stop, ROWS):
        end = min(begin + ROWS, stop)
        panel.read(X, Y, target, weights, fit, begin, end, columns, vectors)
        if with_squares:
            panel.orthonormal(fit, columns, coordinates, vectors)
        for i in range(end - begin):
            own = scores[b, codes[begin + i]]
            factor = weight[i] * residual[i]
            own[0] += 1.0 if weight[i] > 0.0 else 0.0
            own[1] += factor
            for j in range(rank):
                own[2 + j] += factor * columns[j, i]
            if with_squares:
                square, at = squares[b, codes[begin + i]], 0
                for j in range(size):
                    factor = weight[i] * coordinates[j, i]
                    for k in range(j + 1):
                        square[at] += factor * coordinates[k, i]
                        at += 1


_blocks = over_blocks(_block)


def sums(X, Y, target, weights, fit, codes, clusters, with_squares):
    """(scores (clusters, 2 + r), squares (clusters, k (k + 1) / 2) or none).

    scores: rows of weight above 0, sum of w e, sums of w e (x - mean) of the independent columns.
    codes (n,): int64, which cluster a row belongs to.
    """
    size, rank = len(fit[4]) + (fit[5] > 0), len(fit[0])
    more = size * (size + 1) // 2 if with_squares else 0
    n, p = X.shape
    blocks = launch.count_blocks(n, max(p, 1), clusters * (2 + rank + more))
    scores = np.zeros((blocks, clusters, 2 + rank))
    squares = np.zeros((blocks, clusters if more else 0, more))
    squares = squares if more else np.zeros((blocks, 0, 0))
    work = n * (size + 2) * (size + 2 if with_squares else 4)
    scratch = panel.scratch_size(rank, size)
    arguments = (X, Y, target, weights, fit, codes, scores, squares)
    launch.run(_blocks, n, blocks, work, scratch, *arguments)
    if blocks == 1:
        return scores[0], squares[0] if more else None
    return scores.sum(axis=0), squares.sum(axis=0) if more else None
