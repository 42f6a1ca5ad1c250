"""The normal equations of one of thousands of fits: coefficients, standard errors, rank.

Three ways, the first that is sure: a factor in double precision with two exact corrections; a
pivoted factor in double-double, which also tells columns that depend on each other and then gives
the shortest coefficients; and a flag, where rounding leaves the rank in doubt or a square is
extreme: those few fits are left to the solvers.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic.rounding import EPSILON, LARGEST_SQUARE, SMALLEST_SQUARE
from linreg_fast.kernels.systems.many_corrected import by_corrections
from linreg_fast.kernels.systems.many_numbers import (
    CONDITION,
    EXTREME,
    INTERCEPT,
    INTERCEPT_ERROR,
    LEFT,
    NUMBERS,
    RANK,
    SAMPLES,
    SOLVED,
    SSE,
    TOO_FEW,
    TSS,
)
from linreg_fast.kernels.systems.many_pivoted import by_pivots
from linreg_fast.runtime.compile import kernel, kernel_part

__all__ = [
    "CONDITION",
    "EXTREME",
    "INTERCEPT",
    "INTERCEPT_ERROR",
    "LEFT",
    "NUMBERS",
    "RANK",
    "SAMPLES",
    "SOLVED",
    "SSE",
    "TOO_FEW",
    "TSS",
    "left",
    "room_size",
    "solve_one",
]


def room_size(p):
    """float64 numbers of scratch for `solve_one`."""
    q = p + 1
    return 2 * q * q + 2 * q + q + (q + 3) * 2 * q


@kernel_part
def _live_columns(products, live):
    """How many columns vary; their places in live. -1 where a square is extreme."""
    p, count = products.shape[1] - 1, 0
    for j in range(p + 1):
        square = products[0, j, j]
        if square == 0.0:
            continue
        if not SMALLEST_SQUARE < square < LARGEST_SQUARE:
            return -1
        if j < p:
            live[count] = j
            count += 1
    return count


@kernel_part
def _largest_rounding(weight, mean, products, live, m, centred):
    """Of the columns as they are stored, relative to their norms (see `Problem.roundings`)."""
    largest = 0.0
    if centred:
        for i in range(m):
            j = live[i]
            offset = abs(mean[0, j]) * np.sqrt(weight / products[0, j, j])
            largest = offset if offset > largest else largest
    return EPSILON * (1.0 + largest)


@kernel_part
def _left(products, live, m, coef, t):
    """What coefficients of the live columns leave of target t's squares, never below zero."""
    total, low = products[0, t, t], products[1, t, t]
    for i in range(m):
        j = live[i]
        rest, rest_lo = 2.0 * products[0, j, t], 2.0 * products[1, j, t]
        for k in range(m):
            c = coef[live[k]]
            product, lost = dd.multiply(products[0, j, live[k]], products[1, j, live[k]], c, 0.0)
            rest, rest_lo = dd.add(rest, rest_lo, -product, -lost)
        product, lost = dd.multiply(rest, rest_lo, coef[j], 0.0)
        total, low = dd.add(total, low, -product, -lost)
    return total if total > 0.0 else 0.0


@kernel
def left(products, coef):
    """The sum of squares that coefficients (p,) leave; products (2, p + 1, p + 1), hi and lo."""
    return _left(products, np.arange(len(coef)), len(coef), coef, len(coef))


@kernel
def left_of_each(products, coef, found):
    """The same for coefficients coef (A, p, t), written to found (A, t); products of p + t."""
    p, own = coef.shape[1], np.empty(coef.shape[1])
    live = np.arange(p)
    for a in range(len(coef)):
        for i in range(coef.shape[2]):
            for j in range(p):
                own[j] = coef[a, j, i]
            found[a, i] = _left(products, live, p, own, p + i)


@kernel_part
def solve_one(weight, mean, products, n_samples, centred, live, room, coef, errors, numbers):
    """Write coef (p,), errors (p,) and `NUMBERS` numbers; SOLVED, LEFT or EXTREME.

    products (2, p + 1, p + 1) about the means or, without an intercept, about zero; mean (2, p + 1)
    and weight their sum of weights. errors are standard errors, NaN for what the rows do not
    determine. A column that does not vary gets the coefficient zero. live (p,) int64: scratch.
    numbers[TSS] is the caller's.
    """
    # the moments, how they are rounded, scratch, and the three results
    p = len(coef)
    for j in range(p):
        coef[j], errors[j] = 0.0, np.nan
    m = _live_columns(products, live)
    if m < 0:
        return EXTREME
    rounding = _largest_rounding(weight, mean, products, live, m, centred)
    if m == 0:
        numbers[INTERCEPT], numbers[INTERCEPT_ERROR] = mean[0, p], 0.0
        numbers[CONDITION], numbers[RANK] = 1.0, 0.0
    elif not (
        by_corrections(mean, products, live, m, rounding, room, coef, errors, numbers)
        or by_pivots(mean, products, live, m, rounding, coef, errors, numbers)
    ):
        return LEFT
    for j in range(p):
        if not abs(coef[j]) < np.inf:
            return EXTREME
    numbers[SSE] = _left(products, live, m, coef, p)
    finish(weight, n_samples, centred, errors, numbers)
    return SOLVED


@kernel_part
def finish(weight, n_samples, centred, errors, numbers):
    """Multiply errors with sigma, and make the intercept's of its variance without the mean's."""
    numbers[SAMPLES] = n_samples
    freedom = n_samples - numbers[RANK] - (1.0 if centred else 0.0)
    sigma = np.sqrt(numbers[SSE] / freedom) if freedom > 0.0 else np.nan
    for j in range(len(errors)):
        errors[j] *= sigma
    if centred:
        numbers[INTERCEPT_ERROR] = sigma * np.sqrt(numbers[INTERCEPT_ERROR] + 1.0 / weight)
    else:
        numbers[INTERCEPT], numbers[INTERCEPT_ERROR] = 0.0, np.nan
