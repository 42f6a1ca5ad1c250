"""Thousands of groups of rows: the rows in the order of their groups, and a fit for each group.

Sums are in double-double about each group's own means, so that neither offsets nor units cost
digits: 20,000 groups of 50 rows of 3 columns take a tenth of what it takes to solve them one call
at a time. Every group is one thread's, so bits depend on the group's rows alone.
"""

from typing import Any, NamedTuple

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.arithmetic.memory import prefetch
from linreg_fast.kernels.moments import held as waiting
from linreg_fast.kernels.moments.doubled_rows import _add_row
from linreg_fast.kernels.moments.merge import about_zero
from linreg_fast.kernels.moments.one_call import clear, write_moments
from linreg_fast.kernels.systems import lanes
from linreg_fast.kernels.systems.one_of_many import EXTREME, TSS
from linreg_fast.kernels.tiles.macrokernel import padded
from linreg_fast.kernels.tuning import GROUP_ROWS, MINIBATCH_AHEAD
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import inlined_part, kernel_part


class Rows(NamedTuple):
    """Rows of X (n, p) in any order of memory, y (n,) and weights (n,), or none of them."""

    flat: Any  # the numbers of X, contiguous
    row_step: int
    column_step: int
    scale: Any  # (p + 1,): what the columns of [X, y] are multiplied with, powers of two
    y: Any
    weights: Any  # float64, (0,) for none


@inlined_part
def _value(rows, i, j):
    return np.float64(rows.flat[i * rows.row_step + j * rows.column_step]) * rows.scale[j]


@inlined_part
def _target(rows, i):
    return rows.y[i] * rows.scale[len(rows.scale) - 1]


@inlined_part
def _weight(rows, i):
    return rows.weights[i] if len(rows.weights) else 1.0


def scratch_size(p):
    """float64 numbers that `fit` needs for each thread."""
    q, size = p + 1, padded(p + 2)
    return 2 * size * size + 2 * GROUP_ROWS * size + 3 * q + 2 * q * q + waiting.scratch_size(p)


@kernel_part
def _centre(rows, order, begin, end, shift):
    """Write to shift the weighted means, rounded: how many rows have a weight.

    Distances from the first such row are averaged: a constant column is subtracted exactly. The
    rows of shuffled groups stand anywhere in memory: they are requested ahead.
    """
    p = len(shift) - 1
    n, first, total = 0, -1, 0.0
    clear(shift)
    for place in range(begin, end):
        i = order[place]
        ahead = order[min(place + MINIBATCH_AHEAD, len(order) - 1)]
        prefetch(rows.flat, ahead * rows.row_step)
        prefetch(rows.y, ahead)
        w = _weight(rows, i)
        if w == 0.0:
            continue
        if first < 0:
            first = i
        n += 1
        total += w
        for j in range(p):
            shift[j] += w * (_value(rows, i, j) - _value(rows, first, j))
        shift[p] += w * (_target(rows, i) - _target(rows, first))
    if n:
        for j in range(p):
            shift[j] = _value(rows, first, j) + shift[j] / total
        shift[p] = _target(rows, first) + shift[p] / total
    return n


@inlined_part
def _added(h, kept, a, b, x, low):
    """h + kept and the product of a + b with x + low, as hi and lo."""
    product = simd.fma_vectors(a, x, simd.zeros())
    lost = simd.fma_vectors(a, x, simd.negative(product))
    lost = simd.fma_vectors(a, low, simd.fma_vectors(b, x, lost))
    total, more = dd.two_sum_of_vectors(h, product)
    return total, simd.add(kept, simd.add(more, lost))


@kernel_part
def _add_rows_as_vectors(near, lows_near, n, count, sums, lows):
    """Add to sums + lows, on and above the diagonal, products of n rows of `count` numbers.

    Vectors of sums stay in registers for all the rows, those of two columns at a time: one waits
    for its last addition four cycles a row.
    """
    size = near.shape[1]
    for j in range(0, count, 2):
        # Of an odd number the last column goes with the one beyond it, which is zeros or padding.
        for k in range(j // tuning.WIDE * tuning.WIDE, count, tuning.WIDE):
            to, beside = j * size + k, (j + 1) * size + k
            h, kept = simd.load(sums, to), simd.load(lows, to)
            g, held = simd.load(sums, beside), simd.load(lows, beside)
            for i in range(n):
                at = i * size
                x, low = simd.load(near, at + k), simd.load(lows_near, at + k)
                a, b = simd.broadcast(near[i, j]), simd.broadcast(lows_near[i, j])
                h, kept = _added(h, kept, a, b, x, low)
                a, b = simd.broadcast(near[i, j + 1]), simd.broadcast(lows_near[i, j + 1])
                g, held = _added(g, held, a, b, x, low)
            simd.store(sums, to, h)
            simd.store(lows, to, kept)
            simd.store(sums, beside, g)
            simd.store(lows, beside, held)


@kernel_part
def _add_rows_one_by_one(near, lows_near, n, count, sums, lows):
    for i in range(n):
        _add_row(near[i], lows_near[i], count, sums, lows)


_add_rows = _add_rows_as_vectors if simd.VECTORS else _add_rows_one_by_one


@kernel_part
def _sum_rows(rows, order, shift, near, lows_near, sums, lows):
    """Add to sums + lows the products of the rows' distances from shift, and of ones.

    near, lows_near (GROUP_ROWS, size): scratch, for rows that are written first and added then. A
    vector that is loaded right behind the numbers it consists of waits for them.
    """
    p, n = len(shift) - 1, len(order)
    for begin in range(0, n, len(near)):
        end = min(begin + len(near), n)
        for place in range(begin, end):
            i, row, low = order[place], near[place - begin], lows_near[place - begin]
            w = _weight(rows, i)
            for j in range(p):
                row[j], low[j] = dd.two_sum(_value(rows, i, j), -shift[j])
            row[p], low[p] = dd.two_sum(_target(rows, i), -shift[p])
            row[p + 1], low[p + 1] = 1.0, 0.0
            if w == 0.0:
                clear(row)
                clear(low)
            elif w != 1.0:
                root, root_lo = dd.square_root(w, 0.0)
                for j in range(p + 2):
                    row[j], low[j] = dd.multiply(row[j], low[j], root, root_lo)
        _add_rows(near, lows_near, end - begin, p + 2, sums, lows)


@kernel_part
def _varies(rows, order, j, centred):
    """Whether a column, whose sum of squares is zero, has numbers apart, or from zero."""
    first, near = centred, 0.0
    for i in order:
        if _weight(rows, i) > 0.0:
            if first:
                first, near = False, _value(rows, i, j)
            if _value(rows, i, j) != near:
                return True
    return False


@kernel_part
def _look_at(rows, order, starts, own, count, results):
    """Call those extreme whose squares are no numbers, or are zero of numbers that are not."""
    p = results.coef.shape[1]
    for k in range(count):
        if own.done[k]:
            continue
        g = own.places[k]
        if not abs(results.numbers[g, TSS]) < np.inf:
            results.states[g] = EXTREME
        lanes.get_system(k, own.mean, own.products, own.abreast)
        of_group = order[starts[g] : starts[g + 1]]
        for j in range(p):
            if own.products[0, j, j] == 0.0 and _varies(rows, of_group, j, results.centred):
                results.states[g] = EXTREME


@kernel_part
def _group(
    b,
    start,
    stop,
    scratch,
    flat,
    row_step,
    column_step,
    scale,
    y,
    weights,
    order,
    starts,
    centred,
    fewest,
    coef,
    errors,
    numbers,
    states,
):
    """Fit the groups start..stop; group g has the rows order[starts[g] : starts[g + 1]].

    Written are a row of coef and errors (groups, p), of numbers (groups, NUMBERS), and its state.
    """
    # four from `over_blocks`, the rows one by one, which of them, and the four results
    rows = Rows(flat, row_step, column_step, scale, y, weights)
    q = len(scale)
    p, size = q - 1, -(-(q + 1) // tuning.WIDE) * tuning.WIDE
    at = 2 * size * size
    sums = scratch[: size * size].reshape((size, size))
    lows = scratch[size * size : at].reshape((size, size))
    near = scratch[at : at + GROUP_ROWS * size].reshape((GROUP_ROWS, size))
    at += GROUP_ROWS * size
    lows_near = scratch[at : at + GROUP_ROWS * size].reshape((GROUP_ROWS, size))
    at += GROUP_ROWS * size
    shift, weight = scratch[at : at + q], np.empty(2)
    at += q
    mean = scratch[at : at + 2 * q].reshape((2, q))
    at += 2 * q
    comoment = scratch[at : at + 2 * q * q].reshape((2, q, q))
    own, count = waiting.held(p, scratch[at + 2 * q * q :]), 0
    results = waiting.Results(coef, errors, numbers, states, centred, fewest)
    for g in range(start, stop):
        n = _centre(rows, order, starts[g], starts[g + 1], shift)
        if waiting.refused(n, g, results):
            continue
        clear(scratch[: 2 * size * size])
        _sum_rows(rows, order[starts[g] : starts[g + 1]], shift, near, lows_near, sums, lows)
        write_moments(sums, lows, shift, weight, mean, comoment)
        total = comoment[0, p, p]
        products = comoment if centred else about_zero(weight, mean, comoment)
        count = waiting.enter(own, count, weight[0], n, mean, products, total, g, results)
        if count == 0:
            _look_at(rows, order, starts, own, tuning.WIDE, results)
    waiting.solve(own, count, results)
    _look_at(rows, order, starts, own, count, results)


fit = over_blocks(_group)
