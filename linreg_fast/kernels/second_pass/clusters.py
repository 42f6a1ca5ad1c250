"""Sums of the scores of each cluster: of the residuals and of residuals times centred columns.

Each block of rows has a table of its own, and the tables are joined in order; how many there are
depends on the shapes alone. Of rows that are sorted by cluster there is one table for all blocks,
of which each has a place of its own for its first cluster, in which the block before may end.
`squares` are wanted for CR2 and CR3, which need no more of a cluster than the products of
its coordinates (see `inference.clusters`).
"""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import memory, simd
from linreg_fast.kernels.second_pass import panel
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part

WIDE, VECTORS = tuning.WIDE, simd.VECTORS
AHEAD, TABLE = tuning.SECOND_PASS_AHEAD, tuning.SECOND_PASS_TABLE


@kernel_part
def _block(
    b, start, stop, scratch, X, Y, target, weights, order, shift, slopes, lower, constant,
    lanes, codes, firsts, places, width, scores, squares, totals,
):  # fmt: skip
    # four from `over_blocks`, what `panel.given` lists, and the tables of clusters
    fit = order, shift, slopes, lower, constant
    size, rank = len(order) + (1 if constant > 0.0 else 0), len(order)
    columns, coordinates, vectors, raw, _ = panel.parts(scratch, X.shape[1], rank, size)
    residual, weight = vectors[0], vectors[2]
    # Flat ones, with a row for the block behind: no view, and no counting of references, a row.
    own, square = scores[b if len(scores) > 1 else 0], squares[b if len(squares) > 1 else 0]
    half = size * (size + 1) // 2 if len(square) else 0
    sorted_rows = len(firsts) > 0
    first = firsts[b] if sorted_rows else -1
    spare = places - (len(firsts) if sorted_rows else 0) + b
    rss, total, p = 0.0, 0.0, X.shape[1]
    whole = p // WIDE * WIDE
    last = len(X) - 1 - WIDE // X.shape[1]  # rows from here on have not a vector behind them
    far = not sorted_rows and len(own) > TABLE
    for begin in range(start, stop, ROWS):
        end = min(begin + ROWS, stop)
        panel.read(X, Y, target, weights, fit, begin, end, columns, vectors, raw)
        if half:
            panel.orthonormal(fit, columns, coordinates, vectors)
        for i in range(end - begin):
            e, w, code = residual[i], weight[i], codes[begin + i]
            place = spare if code == first else code
            at = place * width
            if far and begin + i + AHEAD < stop:
                ahead = codes[begin + i + AHEAD] * width
                for line in range(0, width, memory.LINE):
                    memory.prefetch(own, ahead + line)
            rss += w * e * e
            total += w
            if w == 0.0:
                continue
            # Written out: as a function, even an inlined one, it takes three times as long, since
            # the references to its arrays are counted at every row.
            of = (begin + i) * p
            if VECTORS and X.flags.c_contiguous and begin + i < last:
                spread = simd.broadcast(w * e)
                for j in range(0, whole, WIDE):
                    value = simd.subtract(simd.load(X, of + j), simd.load(lanes, j))
                    value = simd.subtract(value, simd.load(lanes, width + j))
                    simd.store(own, at + j, simd.fma_vectors(spread, value, simd.load(own, at + j)))
                for j in range(whole, width, WIDE):  # and what stands behind the row, times 0
                    value = simd.subtract(simd.load(X, of + j), simd.load(lanes, j))
                    value = simd.subtract(value, simd.load(lanes, width + j))
                    value = simd.fma_vectors(
                        value, simd.load(lanes, 2 * width + j), simd.load(lanes, 3 * width + j)
                    )
                    found = simd.add(simd.load(own, at + j), simd.load(lanes, 4 * width + j))
                    simd.store(own, at + j, simd.fma_vectors(spread, value, found))
            else:
                for j in range(p):
                    own[at + j] += w * e * ((X[begin + i, j] - shift[0, j]) - shift[1, j])
                own[at + p] += w * e
                own[at + p + 1] += 1.0
            if half:
                at = place * half
                for j in range(size):
                    factor = w * coordinates[j, i]
                    for k in range(j + 1):
                        square[at] += factor * coordinates[k, i]
                        at += 1
    totals[b, 0] += rss
    totals[b, 1] += total


_blocks = over_blocks(_block)


def sums(X, Y, target, weights, fit, codes, clusters, with_squares):
    """(scores (clusters, width), squares (clusters, k (k + 1) / 2) or none, (rss, weight)).

    scores: sums of w e (x - mean) of all columns, then of w e, and rows of weight above 0; zeros
    behind them.
    codes (n,): int64, which cluster a row belongs to.
    """
    order, shift = fit[:2]
    size, rank = len(order) + (fit[4] > 0), len(order)
    more = size * (size + 1) // 2 if with_squares else 0
    n, p = X.shape
    width = panel.padded(p + 2)
    ordered = bool((codes[1:] >= codes[:-1]).all())
    blocks = launch.count_blocks(n, max(p, 1), 0 if ordered else clusters * (width + more))
    firsts = (
        codes[[n * b // blocks for b in range(blocks)]] if ordered else np.zeros(0, dtype=np.int64)
    )
    tables, places = (1, clusters + blocks) if ordered else (blocks, clusters)
    totals, room = np.zeros((blocks, 8)), np.zeros(tables * places * width + memory.LINE)
    start = memory.line_start(room)
    scores = room[start : start + tables * places * width].reshape(tables, places * width)
    squares = np.zeros((tables, places * more))
    # What comes off a row; which of its numbers count; where w e, and where 1 are added.
    lanes = np.zeros((5, width))
    lanes[:2, :p], lanes[2, :p], lanes[3, p], lanes[4, p + 1] = shift[:, :p], 1.0, 1.0, 1.0
    work = n * (size + 2) * (size + 2 if with_squares else 4)
    scratch = panel.scratch_size(p, rank, size)
    arguments = (X, Y, target, weights, *fit, lanes.reshape(-1), codes, firsts, places, width)
    launch.run(_blocks, n, blocks, work, scratch, *arguments, scores, squares, totals)
    scores = _total(scores.reshape(tables, places, width), clusters, firsts)
    if more:
        found = squares.reshape(tables, places, more)
        return scores, _total(found, clusters, firsts), totals.sum(axis=0)[:2]
    return scores, None, totals.sum(axis=0)[:2]


def _total(tables, clusters, firsts):
    """Of all blocks, in their order; into the first table."""
    for table in tables[1:]:
        tables[0] += table
    found = tables[0, :clusters]
    for first, own in zip(firsts, tables[0, clusters:], strict=True):
        found[first] += own
    return found
