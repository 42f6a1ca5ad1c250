"""The normal equations of `WIDE` of many fits at once, one in each lane of the vectors.

What `one_of_many.solve_one` does of a fit whose columns all vary and are well conditioned, number
for number: a factor in double precision, two exact corrections, errors, and what is left of the
squares. A window of 5 columns takes 1.3 us there and a quarter of it here (AVX-512): a small system
by itself has nothing that fills a vector, and waits for one root and one division after another.
Other fits are told, and left to `solve_one`. A fit's bits do not depend on those beside it.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.arithmetic.rounding import (
    EPSILON,
    LARGEST_SQUARE,
    SMALLEST_PIVOT,
    SMALLEST_SQUARE,
)
from linreg_fast.kernels.systems.lanes import get, less_product, put
from linreg_fast.kernels.systems.many_corrected import WELL
from linreg_fast.kernels.systems.many_numbers import (
    CONDITION,
    INTERCEPT,
    INTERCEPT_ERROR,
    NUMBERS,
    RANK,
    SSE,
    SURE,
)
from linreg_fast.kernels.systems.one_of_many import finish
from linreg_fast.kernels.tuning import WIDE
from linreg_fast.runtime.compile import by_type, kernel_part


def room_size(p):
    """float64 numbers of scratch: what goes in, the factor, and what comes out."""
    q = p + 1
    return WIDE * (2 + 2 * q + 2 * q * q + 2 * p * p + 8 * p + NUMBERS)


by_type(room_size)(lambda p: room_size)


@kernel_part
def _factor(system, p, rows, scale, sums):
    """`small._inverse_factor` of each lane: the condition numbers, and the smallest pivots."""
    q, one = p + 1, simd.broadcast(1.0)
    norm = trace = largest = simd.zeros()
    lowest = one
    for j in range(p):
        put(scale, j, simd.divide(one, simd.root(get(system, j * q + j))))
    for j in range(p):
        own, total = get(scale, j), simd.zeros()
        for k in range(p):
            value = simd.multiply(get(system, j * q + k), simd.multiply(own, get(scale, k)))
            put(rows, j * 2 * p + k, value)
            put(rows, j * 2 * p + p + k, simd.zeros())
            total = simd.add(total, simd.absolute(value))
        put(rows, j * 2 * p + p + j, one)
        norm = simd.larger(total, norm)
    for i in range(p):
        own = i * 2 * p
        pivot = get(rows, own + i)
        # The negative of a NaN is no larger than anything, and so it is kept.
        lowest = simd.negative(simd.larger(simd.negative(lowest), simd.negative(pivot)))
        reciprocal = simd.divide(one, simd.root(pivot))
        for k in range(i, p + i + 1):
            put(rows, own + k, simd.multiply(get(rows, own + k), reciprocal))
        for j in range(i + 1, p):
            other, number = j * 2 * p, simd.negative(get(rows, own + j))
            for k in range(j, p + i + 1):
                value = simd.fma_vectors(number, get(rows, own + k), get(rows, other + k))
                put(rows, other + k, value)
    for i in range(p):
        at, own = i * 2 * p + p, simd.zeros()
        put(sums, i, simd.zeros())
        for k in range(i + 1):
            value = get(rows, at + k)
            own = simd.add(own, simd.absolute(value))
            trace = simd.fma_vectors(value, value, trace)
        for k in range(i + 1):
            value = simd.fma_vectors(simd.absolute(get(rows, at + k)), own, get(sums, k))
            put(sums, k, value)
    for k in range(p):
        largest = simd.larger(get(sums, k), largest)
    most = simd.subtract(simd.multiply(norm, trace), simd.broadcast(float(p - 1)))
    more = simd.multiply(norm, largest)
    most = simd.negative(simd.larger(simd.negative(most), simd.negative(more)))
    return simd.root(simd.larger(most, one)), lowest


@kernel_part
def _solve(means, system, p, rows, scale, work, coef):
    """Write the coefficients, twice corrected; the intercepts."""
    q = p + 1
    low, right, found = work, work[p * WIDE :], work[2 * p * WIDE :]
    for j in range(p):
        put(coef, j, simd.zeros())
        put(low, j, simd.zeros())
        put(right, j, simd.multiply(get(scale, j), get(system, j * q + p)))
    for turn in range(2):
        for i in range(p):
            at, value = i * 2 * p + p, simd.zeros()
            put(found, i, simd.zeros())
            for j in range(i + 1):
                value = simd.fma_vectors(get(rows, at + j), get(right, j), value)
            for j in range(i + 1):
                part = simd.fma_vectors(get(rows, at + j), value, get(found, j))
                put(found, j, part)
        for j in range(p):
            step = simd.multiply(get(scale, j), get(found, j))
            total, lost = dd.two_sum_of_vectors(get(coef, j), step)
            put(coef, j, total)
            put(low, j, simd.add(get(low, j), lost))
        for i in range(p if turn == 0 else 0):
            at = i * q
            total, lost = get(system, at + p), get(system, at + q * q + p)
            for j in range(p):
                a = get(system, at + j)
                a_lo = get(system, at + q * q + j)
                total, lost = less_product(total, lost, a, a_lo, get(coef, j))
                lost = simd.fma_vectors(simd.negative(a), get(low, j), lost)
            put(right, i, simd.multiply(get(scale, i), simd.add(total, lost)))
    total, lost = get(means, p), get(means, q + p)
    for j in range(p):
        a = get(means, j)
        total, lost = less_product(total, lost, a, get(means, q + j), get(coef, j))
        lost = simd.fma_vectors(simd.negative(a), get(low, j), lost)
    return simd.add(total, lost)


@kernel_part
def _spread(means, p, rows, scale, errors):
    """Write roots of the inverse's diagonal; the means' product with the inverse."""
    square = simd.zeros()
    for i in range(p):
        at, own = i * 2 * p + p, simd.zeros()
        for k in range(i + 1):
            near = simd.multiply(get(scale, k), get(means, k))
            own = simd.fma_vectors(get(rows, at + k), near, own)
        square = simd.fma_vectors(own, own, square)
    for k in range(p):
        total = simd.zeros()
        for i in range(k, p):
            value = get(rows, i * 2 * p + p + k)
            total = simd.fma_vectors(value, value, total)
        put(errors, k, simd.multiply(get(scale, k), simd.root(total)))
    return square


@kernel_part
def _left(system, p, coef):
    """The sums of squares that the coefficients leave, never below zero."""
    q = p + 1
    total, low = get(system, p * q + p), get(system, q * q + p * q + p)
    for i in range(p):
        at = i * q
        b, b_lo = get(system, at + p), get(system, at + q * q + p)
        rest, rest_lo = simd.add(b, b), simd.add(b_lo, b_lo)
        for k in range(p):
            a_lo = get(system, at + q * q + k)
            a = get(system, at + k)
            rest, rest_lo = less_product(rest, rest_lo, a, a_lo, get(coef, k))
        rest, rest_lo = dd.two_sum_of_vectors(rest, rest_lo)
        total, low = less_product(total, low, rest, rest_lo, get(coef, i))
    return simd.larger(simd.add(total, low), simd.zeros())


@kernel_part
def _is_ordinary(at, p, means, system, weight, centred, condition, lowest):
    """Whether a lane's fit is well conditioned, and none of its numbers extreme."""
    q, rounding = p + 1, 0.0
    for j in range(q):
        square = system[(j * q + j) * WIDE + at]
        if not SMALLEST_SQUARE < square < LARGEST_SQUARE:
            return False
        if centred and j < p:
            offset = abs(means[j * WIDE + at]) * np.sqrt(weight / square)
            rounding = offset if offset > rounding else rounding
    if not lowest > SMALLEST_PIVOT or not condition < WELL:
        return False
    return condition * (EPSILON * (1.0 + rounding)) * np.sqrt(float(p)) < SURE


@kernel_part
def solve(room, p, centred, count, places, coef, errors, numbers, done):
    """Write to rows `places` of the results the first `count` fits of the room; done[k]: whether.

    The room is filled by `lanes.set_system`. A fit that is not done has to be solved by itself. The
    number TSS is the caller's.
    """
    # the moments, and where the three results go
    q = p + 1
    weights, counts, means = room[:WIDE], room[WIDE : 2 * WIDE], room[2 * WIDE :]
    system = means[2 * q * WIDE :]
    rows = system[2 * q * q * WIDE :]
    scale = rows[2 * p * p * WIDE :]
    work = scale[p * WIDE :]
    own, spread = work[4 * p * WIDE :], work[5 * p * WIDE :]
    found = spread[p * WIDE :]
    condition, lowest = _factor(system, p, rows, scale, work)
    put(found, CONDITION, condition)
    put(found, RANK, lowest)
    put(found, INTERCEPT, _solve(means, system, p, rows, scale, work, own))
    put(found, INTERCEPT_ERROR, _spread(means, p, rows, scale, spread))
    put(found, SSE, _left(system, p, own))
    for k in range(count):
        weight, condition, lowest = weights[k], found[CONDITION * WIDE + k], found[RANK * WIDE + k]
        done[k] = _is_ordinary(k, p, means, system, weight, centred, condition, lowest)
        to = places[k]
        for j in range(p):
            coef[to, j], errors[to, j] = own[j * WIDE + k], spread[j * WIDE + k]
            done[k] = done[k] and abs(coef[to, j]) < np.inf
        numbers[to, CONDITION], numbers[to, RANK] = condition, float(p)
        for number in (SSE, INTERCEPT, INTERCEPT_ERROR):
            numbers[to, number] = found[number * WIDE + k]
        finish(weight, counts[k], centred, errors[to], numbers[to])
