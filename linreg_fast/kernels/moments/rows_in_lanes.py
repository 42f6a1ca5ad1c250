"""Moments of some rows that stand anywhere in memory: each row is read once.

Rows are copied to a buffer, a line for each column, so that the lanes of a vector are rows: means,
distances from them and products are then vectors' work, for any number of columns.
20,000 groups of 50 rows of 3 columns take 0.63 of the time that they took with columns in the
lanes, of which five of eight were used, and 0.70 where the rows of a group lie apart (one core of
an AMD EPYC, Zen 4).
"""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.arithmetic.memory import prefetch
from linreg_fast.kernels.moments.one_call import clear, write_moments
from linreg_fast.kernels.tuning import GROUP_AHEAD, GROUP_ROWS
from linreg_fast.runtime.compile import inlined_part, kernel_part

FAR = 1e8  # spreads that the shift may be away from the mean of many rows


@inlined_part
def value(rows, i, j):
    return np.float64(rows.flat[i * rows.row_step + j * rows.column_step]) * rows.scale[j]


@inlined_part
def target(rows, i):
    return rows.y[i] * rows.scale[len(rows.scale) - 1]


@inlined_part
def weight_of(rows, i):
    return rows.weights[i] if len(rows.weights) else 1.0


@inlined_part
def _request(rows, i):
    p = len(rows.scale) - 1
    if rows.column_step == 1:  # a row is in one line or two
        prefetch(rows.flat, i * rows.row_step)
        prefetch(rows.flat, i * rows.row_step + p - 1)
    else:
        for j in range(p):
            prefetch(rows.flat, i * rows.row_step + j * rows.column_step)
    prefetch(rows.y, i)
    if len(rows.weights):
        prefetch(rows.weights, i)


@kernel_part
def _copy(rows, order, place, end, near):
    """Copy rows from order[place] on, as many as fit, to near: (how many, the next place).

    near (q + 1, GROUP_ROWS): the columns, the target, and the weight; zeros behind the rows.
    """
    q, n = len(rows.scale), 0
    while place < end and n < GROUP_ROWS:
        i = order[place]
        if place + GROUP_AHEAD < len(order):
            ahead = order[place + GROUP_AHEAD]
            if ahead != i + GROUP_AHEAD:  # the processor does not see by itself what comes
                _request(rows, ahead)
        place += 1
        w = weight_of(rows, i)
        if w == 0.0:
            continue
        for j in range(q - 1):
            near[j, n] = value(rows, i, j)
        near[q - 1, n] = target(rows, i)
        near[q, n] = w
        n += 1
    for j in range(q + 1):
        for i in range(n, -(-n // tuning.WIDE) * tuning.WIDE):
            near[j, i] = 0.0
    return n, place


@kernel_part
def _weighted_of_vectors(near, j, n, first):
    """The sum of weights times distances of column j from a number."""
    size, total, start = near.shape[1], simd.zeros(), simd.broadcast(first)
    q = len(near) - 1
    for i in range(0, n, tuning.WIDE):
        distance = simd.subtract(simd.load(near, j * size + i), start)
        total = simd.fma_vectors(distance, simd.load(near, q * size + i), total)
    return simd.total(total)


@kernel_part
def _weighted_of_numbers(near, j, n, first):
    total = 0.0
    for i in range(n):
        total += (near[j, i] - first) * near[-1, i]
    return total


@kernel_part
def _centre(near, n, shift):
    """Write to shift the weighted means, rounded.

    Distances from the first row are averaged: a constant column is subtracted exactly.
    """
    weight = 0.0
    for i in range(n):
        weight += near[-1, i]
    for j in range(len(shift)):
        shift[j] = near[j, 0] + _weighted(near, j, n, near[j, 0]) / weight


@kernel_part
def _subtract(near, lows, n, shift, weighted):
    """Make distances from shift of the rows, as near + lows, and of the weights ones.

    weighted: all of it is multiplied with the roots of the weights.
    """
    q, count = len(shift), -(-n // tuning.WIDE) * tuning.WIDE
    for j in range(q):
        own, low = near[j], lows[j]
        for i in range(count):
            own[i], low[i] = dd.two_sum(own[i], -shift[j])
    roots, low = near[q], lows[q]
    for i in range(count):
        low[i] = 0.0
    for i in range(n, count):
        for j in range(q):
            near[j, i] = lows[j, i] = 0.0
    if weighted:
        for i in range(n):
            roots[i], low[i] = dd.square_root(roots[i], 0.0)
        for j in range(q):
            own, own_lo = near[j], lows[j]
            for i in range(n):
                own[i], own_lo[i] = dd.multiply(own[i], own_lo[i], roots[i], low[i])


@kernel_part
def _add_products_of_vectors(near, lows_near, n, sums, lows):
    """Add to sums + lows the products of the lines of near + lows_near, lane by lane.

    The sums are of lines j, k >= j, one pair after the other.
    """
    count, size = near.shape
    to = 0
    for j in range(count):
        for k in range(j, count):
            h, low = simd.load(sums, to), simd.load(lows, to)
            for i in range(0, n, tuning.WIDE):
                a, b = simd.load(near, j * size + i), simd.load(lows_near, j * size + i)
                x, y = simd.load(near, k * size + i), simd.load(lows_near, k * size + i)
                product = simd.multiply(a, x)
                lost = simd.fma_vectors(a, x, simd.negative(product))
                lost = simd.fma_vectors(a, y, simd.fma_vectors(b, x, lost))
                h, more = dd.two_sum_of_vectors(h, product)
                low = simd.add(low, simd.add(more, lost))
            simd.store(sums, to, h)
            simd.store(lows, to, low)
            to += tuning.WIDE


@kernel_part
def _add_products_of_numbers(near, lows_near, n, sums, lows):
    count, to = len(near), 0
    for j in range(count):
        for k in range(j, count):
            for i in range(n):
                at = to + i % tuning.WIDE
                product, lost = dd.two_product(near[j, i], near[k, i])
                lost += near[j, i] * lows_near[k, i] + lows_near[j, i] * near[k, i]
                sums[at], more = dd.two_sum(sums[at], product)
                lows[at] += more + lost
            to += tuning.WIDE


if simd.VECTORS:
    _weighted, _add_products = _weighted_of_vectors, _add_products_of_vectors
else:
    _weighted, _add_products = _weighted_of_numbers, _add_products_of_numbers


@kernel_part
def _join_lanes(sums, lows, used, total, total_lo):
    """Write the sums over lanes that are used to total + total_lo, on and above the diagonal."""
    count, to = len(total), 0
    for j in range(count):
        for k in range(j, count):
            h, low = sums[to], lows[to]
            for lane in range(to + 1, to + used):
                h, lost = dd.two_sum(h, sums[lane])
                low += lost + lows[lane]
            total[j, k], total_lo[j, k] = dd.quick_two_sum(h, low)
            to += tuning.WIDE


def scratch_size(p):
    """float64 numbers that `moments_of` needs."""
    count = p + 2
    pairs = count * (count + 1) // 2
    return 2 * pairs * tuning.WIDE + 2 * count * (GROUP_ROWS + count) + p + 1


size_of_scratch = kernel_part(scratch_size)  # for compiled functions


@kernel_part
def _is_far(shift, weight, mean, comoment):
    """Whether the shift is so many spreads from a mean that the sums about it lost digits."""
    for j in range(len(shift)):
        away = (mean[0, j] - shift[j]) ** 2 * weight[0]
        if away > FAR**2 * comoment[0, j, j]:
            return True
    return False


@kernel_part
def moments_of(rows, order, begin, end, scratch, weight, mean, comoment):
    """Write the moments, in double-double, of the rows order[begin:end].

    Returned are how many of them have a weight, and whether the first GROUP_ROWS, from whose means
    distances are taken, are so far from the rest that digits may be lost.
    """
    # the rows, which of them, and the moments
    count = len(rows.scale) + 1
    lanes = count * (count + 1) // 2 * tuning.WIDE
    sums, lows, at = scratch[:lanes], scratch[lanes : 2 * lanes], 2 * lanes
    size = count * GROUP_ROWS
    near = scratch[at : at + size].reshape((count, GROUP_ROWS))
    lows_near = scratch[at + size : at + 2 * size].reshape((count, GROUP_ROWS))
    at += 2 * size
    total = scratch[at : at + count * count].reshape((count, count))
    at += count * count
    total_lo = scratch[at : at + count * count].reshape((count, count))
    shift = scratch[at + count * count : at + count * count + count - 1]
    clear(scratch[: 2 * lanes])
    found, place = 0, begin
    while place < end:
        n, place = _copy(rows, order, place, end, near)
        if n and found == 0:
            _centre(near, n, shift)
        if n:
            _subtract(near, lows_near, n, shift, len(rows.weights) > 0)
            _add_products(near, lows_near, n, sums, lows)
        found += n
    if found == 0:
        return found, False
    _join_lanes(sums, lows, min(found, tuning.WIDE), total, total_lo)
    write_moments(total, total_lo, shift, weight, mean, comoment)
    return found, found > GROUP_ROWS and _is_far(shift, weight, mean, comoment)
