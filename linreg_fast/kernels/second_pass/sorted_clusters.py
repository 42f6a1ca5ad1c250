"""Scores of clusters whose rows stand together: each is done with when the next one begins.

So there is no table of clusters: one cluster is open in each block of rows, and 64 that are closed
are turned into orthonormal coordinates and multiplied at a time. The first and the last cluster of
a block may go on in its neighbours, and are handed over as they are.
"""

from typing import NamedTuple

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import memory, simd
from linreg_fast.kernels.second_pass import panel, products
from linreg_fast.kernels.second_pass.combining import combine
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part

WIDE, VECTORS = tuning.WIDE, simd.VECTORS
FIRST = memory.LINE  # numbers of a cluster before those of its columns, of which two are used
BEGUN, CODE, CLOSED_ONE = range(3)  # of a block's state


class Sums(NamedTuple):
    """What is left of the rows: of k coordinates."""

    meat: np.ndarray  # (k, k), of the clusters within blocks
    score: np.ndarray  # (k,)
    closed: int  # those of them with a row of weight above 0
    codes: np.ndarray  # (m,) of the clusters at the ends of blocks
    ends: np.ndarray  # (m, width), as `clusters.sums` has them
    totals: np.ndarray  # (2,): sums of w e^2 and of w


@kernel_part
def _multiply(filled, lower, constant, closed, intercepts, turned, squares, own, ones, parts):
    """Add the scores and products of some clusters to `parts`."""
    # the factor, the clusters, and scratch that the caller keeps
    rank = len(lower)
    first = 1 if constant > 0.0 else 0
    size = rank + first
    for i in range(filled, ROWS):
        intercepts[i] = 0.0
        for j in range(rank):
            closed[j * ROWS + i] = 0.0
    for i in range(ROWS):
        squares[i], ones[i] = 0.0, 1.0
        if first:
            turned[i] = constant * intercepts[i]
    for j in range(rank):
        to = (first + j) * ROWS
        combine(closed, lower, j, 0.0, turned, to, squares)
        for i in range(ROWS):
            turned[to + i] += lower[j, rank] * intercepts[i]
    products.add_dots(ones, turned, size, parts, 0)
    products.add_products(ones, turned, size, own, parts, size * WIDE)


@kernel_part
def _block(
    b, start, stop, scratch, X, Y, target, weights, order, shift, slopes, lower, constant,
    high, low, codes, width, state, firsts, opens, totals, found,
):  # fmt: skip
    # four from `over_blocks`, what `panel.given` lists, and the clusters that are open
    fit = order, shift, slopes, lower, constant
    size, rank, p = len(order) + (1 if constant > 0.0 else 0), len(order), X.shape[1]
    columns, _, vectors, raw, rest = panel.parts(scratch, p, rank, size)
    residual, weight = vectors[0], vectors[2]
    closed, rest = rest[: rank * ROWS], rest[rank * ROWS :]
    turned, rest = rest[: size * ROWS], rest[size * ROWS :]
    intercepts, squares = rest[:ROWS], rest[ROWS : 2 * ROWS]
    own, ones = rest[2 * ROWS : 3 * ROWS], rest[3 * ROWS : 4 * ROWS]
    parts, sums = rest[4 * ROWS :], size + size * (size + 1) // 2
    parts[: sums * WIDE] = 0.0
    if not state[b, BEGUN]:
        state[b, BEGUN], state[b, CODE] = 1, codes[start]
    current, closed_one = state[b, CODE], state[b, CLOSED_ONE]
    at, filled, count, rss, total = b * width, 0, 0, 0.0, 0.0
    last = len(X) - 1 - WIDE // p  # rows from here on have not a vector behind them
    for begin in range(start, stop, ROWS):
        end = min(begin + ROWS, stop)
        panel.read(X, Y, target, weights, fit, begin, end, columns, vectors, raw)
        for i in range(end - begin):
            e, w, code = residual[i], weight[i], codes[begin + i]
            if code != current:
                if not closed_one:
                    closed_one = 1
                    for j in range(width):
                        firsts[at + j] = opens[at + j]
                elif opens[at] > 0.0:
                    count += 1
                    intercepts[filled] = opens[at + 1]
                    for j in range(rank):
                        closed[j * ROWS + filled] = opens[at + FIRST + order[j]]
                    filled += 1
                    if filled == ROWS:
                        _multiply(
                            filled, lower, constant, closed, intercepts, turned, squares, own,
                            ones, parts,
                        )  # fmt: skip
                        filled = 0
                for j in range(width):
                    opens[at + j] = 0.0
                current = code
            opens[at] += 1.0 if w > 0.0 else 0.0
            opens[at + 1] += w * e
            rss += w * e * e
            total += w
            # Written out, as in `clusters`.
            to, of = at + FIRST, (begin + i) * p
            if VECTORS and X.flags.c_contiguous and begin + i < last:
                spread = simd.broadcast(w * e)
                for j in range(0, p, WIDE):
                    value = simd.subtract(simd.load(X, of + j), simd.load(high, j))
                    value = simd.subtract(value, simd.load(low, j))
                    simd.store(
                        opens, to + j, simd.fma_vectors(spread, value, simd.load(opens, to + j))
                    )
            else:
                for j in range(p):
                    opens[to + j] += w * e * ((X[begin + i, j] - shift[0, j]) - shift[1, j])
    if filled:
        _multiply(filled, lower, constant, closed, intercepts, turned, squares, own, ones, parts)
    products.add_up(parts, sums, found[b])
    state[b, CODE], state[b, CLOSED_ONE] = current, closed_one
    totals[b, 0] += rss
    totals[b, 1] += total
    totals[b, 2] += count


_blocks = over_blocks(_block)


def sums(X, Y, target, weights, fit, codes):
    """The `Sums` of rows that are sorted by codes (n,), int64."""
    order, shift = fit[:2]
    size, rank = len(order) + (fit[4] > 0), len(order)
    n, p = X.shape
    width, half = FIRST + panel.padded(p), size * (size + 1) // 2
    blocks = launch.count_blocks(n, max(p, 1))
    state, totals = np.zeros((blocks, 3), dtype=np.int64), np.zeros((blocks, 8))
    found, room = np.zeros((blocks, size + half)), np.zeros(2 * blocks * width + memory.LINE)
    begin = memory.line_start(room)
    middle = begin + blocks * width
    firsts, opens = room[begin:middle], room[middle : middle + blocks * width]
    high, low = np.zeros((2, width))
    high[:p], low[:p] = shift[:, :p]
    scratch = panel.scratch_size(p, rank, size) + (rank + size + 4) * ROWS + (size + half) * WIDE
    arguments = (X, Y, target, weights, *fit, high, low, codes, width, state)
    work = n * (size + 2) * 4
    launch.run(_blocks, n, blocks, work, scratch, *arguments, firsts, opens, totals, found)
    total = found.sum(axis=0)
    meat = np.zeros((size, size))
    rows, columns = np.tril_indices(size)
    meat[rows, columns] = meat[columns, rows] = total[size:]
    starts = codes[[n * b // blocks for b in range(blocks)]]
    parts = [_arranged(part.reshape(blocks, width), p) for part in (firsts, opens)]
    ends = _ends(starts, state, *parts)
    count, both = int(totals[:, 2].sum()), totals.sum(axis=0)[:2]
    return Sums(meat, total[:size], count, *ends, both)


def _arranged(sums, p):
    """As `clusters.sums` has them."""
    found = np.zeros((len(sums), panel.padded(p + 2)))
    found[:, :p] = sums[:, FIRST : FIRST + p]
    found[:, p], found[:, p + 1] = sums[:, 1], sums[:, 0]
    return found


def _ends(starts, state, firsts, opens):
    """(codes, sums) of the clusters at the ends of blocks, those of one cluster added in order."""
    codes, rows = [], []
    for start, (_, code, closed_one), first, own in zip(starts, state, firsts, opens, strict=True):
        for end, row in ((start, first), (code, own)) if closed_one else ((code, own),):
            if codes and codes[-1] == end:
                rows[-1] = rows[-1] + row
            else:
                codes.append(int(end))
                rows.append(row)
    return np.array(codes, dtype=np.int64), np.array(rows)
