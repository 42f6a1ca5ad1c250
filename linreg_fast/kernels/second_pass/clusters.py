"""Sums of the scores of each cluster: of the residuals and of residuals times centred columns.

Each block of rows has a table of its own, and the tables are joined in order; how many there are
depends on the shapes alone. `squares` are wanted for CR2 and CR3, which need no more of a cluster
than the products of its coordinates (see `inference.clusters`).
"""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.second_pass import panel
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part

WIDE = tuning.WIDE
FIRST = 2  # numbers of a cluster before those of its columns


@kernel_part
def _add_numbers(X, row, factor, shift, high, low, own):
    for j in range(X.shape[1]):
        own[FIRST + j] += factor * ((X[row, j] - shift[0, j]) - shift[1, j])


@kernel_part
def _add_vectors(X, row, factor, shift, high, low, own):
    """The same; what stands behind a row of C order is read too, and goes where nothing looks."""
    n, p = X.shape
    if X.flags.c_contiguous and row + 1 + WIDE // p < n:
        spread = simd.broadcast(factor)
        for j in range(0, p, WIDE):
            value = simd.subtract(simd.load_wide(X, row * p + j), simd.load_wide(high, j))
            value = simd.subtract(value, simd.load_wide(low, j))
            total = simd.load_wide(own, FIRST + j)
            simd.store(own, FIRST + j, simd.fma_vectors(spread, value, total))
    else:
        _add_numbers(X, row, factor, shift, high, low, own)


_add = _add_vectors if simd.VECTORS else _add_numbers


@kernel_part
def _block(
    b, start, stop, scratch, X, Y, target, weights, order, shift, slopes, lower, constant,
    high, low, codes, scores, squares, totals,
):  # fmt: skip
    fit = order, shift, slopes, lower, constant
    size, rank = len(order) + (1 if constant > 0.0 else 0), len(order)
    columns, coordinates, vectors, raw, _ = panel.parts(scratch, X.shape[1], rank, size)
    residual, weight = vectors[0], vectors[2]
    with_squares = squares.shape[1] > 0
    for begin in range(start, stop, ROWS):
        end = min(begin + ROWS, stop)
        panel.read(X, Y, target, weights, fit, begin, end, columns, vectors, raw)
        if with_squares:
            panel.orthonormal(fit, columns, coordinates, vectors)
        for i in range(end - begin):
            e, w = residual[i], weight[i]
            own = scores[b, codes[begin + i]]
            own[0] += 1.0 if w > 0.0 else 0.0
            own[1] += w * e
            totals[b, 0] += w * e * e
            totals[b, 1] += w
            _add(X, begin + i, w * e, shift, high, low, own)
            if with_squares:
                square, at = squares[b, codes[begin + i]], 0
                for j in range(size):
                    factor = w * coordinates[j, i]
                    for k in range(j + 1):
                        square[at] += factor * coordinates[k, i]
                        at += 1


_blocks = over_blocks(_block)


def sums(X, Y, target, weights, fit, codes, clusters, with_squares):
    """(scores (clusters, 2 + r), squares (clusters, k (k + 1) / 2) or none, (rss, weight)).

    scores: rows of weight above 0, sum of w e, sums of w e (x - mean) of the independent columns.
    codes (n,): int64, which cluster a row belongs to.
    """
    order, shift = fit[:2]
    size, rank = len(order) + (fit[4] > 0), len(order)
    more = size * (size + 1) // 2 if with_squares else 0
    n, p = X.shape
    width = FIRST + panel.padded(p)
    blocks = launch.count_blocks(n, max(p, 1), clusters * (width + more))
    scores, totals = np.zeros((blocks, clusters, width)), np.zeros((blocks, 8))
    squares = np.zeros((blocks, clusters if more else 0, more))
    high, low = np.zeros((2, width))
    high[:p], low[:p] = shift[:, :p]
    work = n * (size + 2) * (size + 2 if with_squares else 4)
    scratch = panel.scratch_size(p, rank, size)
    arguments = (X, Y, target, weights, *fit, high, low, codes, scores, squares, totals)
    launch.run(_blocks, n, blocks, work, scratch, *arguments)
    kept = np.append([0, 1], FIRST + order)
    scores = _total(scores)[:, kept]
    return scores, _total(squares) if more else None, totals.sum(axis=0)[:2]


def _total(tables):
    """Of all blocks, in their order; into the first."""
    for table in tables[1:]:
        tables[0] += table
    return tables[0]
