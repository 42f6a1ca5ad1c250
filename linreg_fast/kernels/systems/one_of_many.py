"""The normal equations of one of thousands of fits: coefficients, standard errors, rank.

Three ways, the first that is sure: a factor in double precision with two exact corrections; a
pivoted factor in double-double, which also tells columns that depend on each other and then gives
the shortest coefficients; and a flag, where rounding leaves the rank in doubt or a square is
extreme: those few fits are left to the solvers.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic.rounding import (
    DOUBLED_ROUNDING,
    EPSILON,
    LARGEST_SQUARE,
    SMALLEST_SQUARE,
)
from linreg_fast.kernels.systems import doubled_cholesky, small
from linreg_fast.runtime.compile import kernel, kernel_part

# What becomes of a fit.
SOLVED, LEFT, EXTREME, TOO_FEW = 0, 1, 2, 3

# Condition number up to which standard errors from a factor in double precision have 13 digits.
WELL = 30.0
CORRECTED = 1e3  # up to which two corrections of what such a factor gives leave nothing
SURE = 1e-2  # what rounding may do to the smallest singular value, at most
CLEAR_PIVOT = 1e-6  # of columns of about unit norm: the last that counts, where others do not
CLEAR_ROWS = 1e-10  # likewise of the rows that give the shortest coefficients
IN_THE_SPAN = 1e-10  # what may be missing of a coefficient that the rows determine
# Where the numbers of a fit stand.
INTERCEPT, INTERCEPT_ERROR, SSE, TSS, CONDITION, RANK, SAMPLES = range(7)
NUMBERS = 7


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
def _left(products, live, m, coef):
    """The sum of squares that coefficients of the live columns leave, never below zero."""
    t = products.shape[1] - 1
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
    return _left(products, np.arange(len(coef)), len(coef), coef)


@kernel_part
def _in_double(mean, products, live, m, rounding, room, coef, errors, numbers):
    """Whether the columns are so well conditioned that the quick way has all digits."""
    p, q = products.shape[1] - 1, m + 1
    at = 2 * q * q
    system = room[:at].reshape((2, q, q))
    means = room[at : at + 2 * q].reshape((2, q))
    at += 2 * q
    found = room[at : at + q].reshape((q, 1))
    at += q
    work = room[at : at + (m + 3) * 2 * m].reshape((m + 3, 2 * m))
    for part in range(2):
        for i in range(q):
            j = live[i] if i < m else p
            means[part, i] = mean[part, j]
            for k in range(q):
                system[part, i, k] = products[part, j, live[k] if k < m else p]
    condition, _ = small.solve(means, system, found, work)
    if not condition < CORRECTED or not condition * rounding * np.sqrt(float(m)) < SURE:
        return False
    numbers[INTERCEPT], numbers[CONDITION], numbers[RANK] = found[m, 0], condition, float(m)
    for k in range(m):
        coef[live[k]] = found[k, 0]
    if condition < WELL:
        numbers[INTERCEPT_ERROR] = _inverse_in_double(means, work, live, m, errors)
        return True
    return _inverse_corrected(means, system, live, m, errors, numbers)


@kernel_part
def _inverse_in_double(means, work, live, m, errors):
    """Write roots of the inverse's diagonal to errors; the means' product with the inverse.

    The lower half of work[:m, m:] is the inverse of R'.
    """
    square = 0.0
    for i in range(m):
        row, own = work[i, m:], 0.0
        for k in range(i + 1):
            own += row[k] * (work[m, k] * means[0, k])
        square += own * own
    for k in range(m):
        total = 0.0
        for i in range(k, m):
            total += work[i, m + k] * work[i, m + k]
        errors[live[k]] = work[m, k] * np.sqrt(total)
    return square


@kernel_part
def _inverse_corrected(means, system, live, m, errors, numbers):
    """Likewise, of exact solutions for unit vectors: they stand for more targets."""
    size = 2 * m
    wide, centre = np.zeros((2, size, size)), np.zeros((2, size))
    for part in range(2):
        for i in range(m):
            centre[part, i] = means[part, i]
            for k in range(m):
                wide[part, i, k] = system[part, i, k]
    for k in range(m):
        wide[0, k, m + k] = wide[0, m + k, k] = wide[0, m + k, m + k] = 1.0
    found = np.empty((m + 1, m))
    condition, _ = small.solve(centre, wide, found, np.empty((m + 3, 2 * m)))
    if condition == np.inf:
        return False
    square = 0.0
    for k in range(m):
        errors[live[k]] = np.sqrt(found[k, k])
        square -= means[0, k] * found[m, k]
    numbers[INTERCEPT_ERROR] = square
    return True


@kernel_part
def _factor(products, live, m, scale):
    """(A, order, rank): the pivoted factor of the scaled live columns, beside them [target, I]."""
    p = products.shape[1] - 1
    A = np.zeros((2, 2 * m + 1, 2 * m + 1))
    for i in range(m):
        scale[i] = 2.0 ** -np.ceil(0.5 * np.log2(products[0, live[i], live[i]]))
    for part in range(2):
        for i in range(m):
            for k in range(m):
                A[part, i, k] = products[part, live[i], live[k]] * scale[i] * scale[k]
            A[part, i, m] = A[part, m, i] = products[part, live[i], p] * scale[i]
    for i in range(m):
        A[0, i, m + 1 + i] = A[0, m + 1 + i, i] = 1.0
    noise = DOUBLED_ROUNDING * (m / 8.0 if m > 8 else 1.0)
    order, rank = doubled_cholesky.cholesky(A, m, noise)
    return A, order, rank


@kernel_part
def _condition(A, order, m):
    """Of columns of unit norm, or up to m times more: Frobenius norms of R and its inverse."""
    inverse = 0.0
    for place in range(m):
        own, norm, beside = m + 1 + order[place], 0.0, 0.0
        for i in range(m):
            beside += A[0, i, own] * A[0, i, own]
        for i in range(place + 1):
            norm += A[0, i, place] * A[0, i, place]
        inverse += beside * norm
    return np.sqrt(m * inverse) if m > 1 else 1.0


@kernel_part
def _in_doubled(mean, products, live, m, rounding, coef, errors, numbers):
    """Whether a factor in double-double is sure of the rank; what belongs to it is written."""
    p, scale = products.shape[1] - 1, np.empty(m)
    A, order, rank = _factor(products, live, m, scale)
    if rank < m:
        last = A[0, rank - 1, rank - 1]
        if not last > max(CLEAR_PIVOT, np.sqrt(float(m)) * rounding / SURE):
            return False
        return _shortest(mean, live, m, A, order, rank, scale, coef, errors, numbers)
    condition = _condition(A, order, m)
    if not condition * rounding * np.sqrt(float(m)) < SURE:
        return False
    found = doubled_cholesky.back_substitute(A[:, :, : m + 1].copy(), m)
    total, low = mean[0, p], mean[1, p]
    for i in range(m):
        j = live[order[i]]
        size = scale[order[i]]
        coef[j] = found[0, i, 0] * size
        product, lost = dd.multiply(
            mean[0, j], mean[1, j], found[0, i, 0] * size, found[1, i, 0] * size
        )
        total, low = dd.add(total, low, -product, -lost)
    lever = 0.0
    for i in range(m):  # row i of the inverse of R'
        own, own_lo = 0.0, 0.0
        for k in range(m):
            j = live[k]
            product, lost = dd.multiply(
                A[0, i, m + 1 + k], A[1, i, m + 1 + k], mean[0, j] * scale[k], mean[1, j] * scale[k]
            )
            own, own_lo = dd.add(own, own_lo, product, lost)
        lever += own * own
    for k in range(m):
        square = 0.0
        for i in range(m):
            square += A[0, i, m + 1 + k] * A[0, i, m + 1 + k]
        errors[live[k]] = scale[k] * np.sqrt(square)
    numbers[INTERCEPT], numbers[INTERCEPT_ERROR] = total, lever
    numbers[CONDITION], numbers[RANK] = condition, float(m)
    return True


@kernel_part
def _shortest(mean, live, m, A, order, rank, scale, coef, errors, numbers):
    """The shortest coefficients w with D w = c, D = R in the columns' own units: D'(DD')^-1 c.

    Standard errors are there for coefficients, and for the intercept, that D determines: for unit
    vectors, and for the means, that lie in the span of its rows.
    """
    p, r = mean.shape[1] - 1, rank
    largest = 0.0
    for i in range(m):
        largest = max(largest, 1.0 / scale[i])
    # Beside DD' stand c, D and D times the means.
    D, K = np.zeros((2, r, m)), np.zeros((2, r + m + 2, r + m + 2))
    for i in range(r):
        for k in range(i, m):
            unit = 1.0 / (scale[order[k]] * largest)
            for part in range(2):
                D[part, i, order[k]] = A[part, i, k] * unit
        K[0, i, r], K[1, i, r] = A[0, i, m], A[1, i, m]
        for k in range(m):
            K[0, i, r + 1 + k], K[1, i, r + 1 + k] = D[0, i, k], D[1, i, k]
    for i in range(r):
        total, low = 0.0, 0.0
        for k in range(m):
            j = live[k]
            product, lost = dd.multiply(D[0, i, k], D[1, i, k], mean[0, j], mean[1, j])
            total, low = dd.add(total, low, product, lost)
        K[0, i, r + m + 1], K[1, i, r + m + 1] = total, low
        for l in range(i, r):  # noqa: E741
            total, low = 0.0, 0.0
            for k in range(m):
                product, lost = dd.multiply(D[0, i, k], D[1, i, k], D[0, l, k], D[1, l, k])
                total, low = dd.add(total, low, product, lost)
            K[0, i, l] = K[0, l, i] = total
            K[1, i, l] = K[1, l, i] = low
    heaviest = 0.0
    for i in range(r):
        heaviest = max(heaviest, K[0, i, i])
    if not 0.0 < heaviest < np.inf:
        return False
    places, found = doubled_cholesky.cholesky(K, r, CLEAR_ROWS * heaviest)
    if found < r:
        return False
    right = np.empty((r, m + 2))  # D and D times the means, in the order of the factor
    X = doubled_cholesky.back_substitute(K, r)
    total, low = mean[0, p], mean[1, p]
    for k in range(m):
        value, value_lo = 0.0, 0.0
        for i in range(r):
            row = places[i]
            product, lost = dd.multiply(D[0, row, k], D[1, row, k], X[0, i, 0], X[1, i, 0])
            value, value_lo = dd.add(value, value_lo, product, lost)
            right[i, k] = D[0, row, k]
        coef[live[k]] = value / largest
        product, lost = dd.multiply(
            mean[0, live[k]], mean[1, live[k]], value / largest, value_lo / largest
        )
        total, low = dd.add(total, low, -product, -lost)
    for k in range(m):
        whole, square = 0.0, 0.0
        for i in range(r):
            whole += right[i, k] * X[0, i, 1 + k]
            square += X[0, i, 1 + k] * X[0, i, 1 + k]
        errors[live[k]] = np.sqrt(square) / largest if 1.0 - whole < IN_THE_SPAN else np.nan
    # The means lie in the span where what the rows give of them is as long as they are.
    whole, lever, size = 0.0, 0.0, 0.0
    for i in range(r):
        own = 0.0
        for k in range(m):
            own += D[0, places[i], k] * mean[0, live[k]]
        whole += own * X[0, i, m + 1]
        lever += X[0, i, m + 1] * X[0, i, m + 1]
    for k in range(m):
        size += mean[0, live[k]] * mean[0, live[k]]
    inside = size - whole <= IN_THE_SPAN * size
    numbers[INTERCEPT] = total
    numbers[INTERCEPT_ERROR] = lever / (largest * largest) if inside else np.nan
    numbers[CONDITION], numbers[RANK] = np.inf, float(r)
    return True


@kernel_part
def solve_one(weight, mean, products, n_samples, centred, live, room, coef, errors, numbers):
    """Write coef (p,), errors (p,) and `NUMBERS` numbers; SOLVED, LEFT or EXTREME.

    products (2, p + 1, p + 1) about the means or, without an intercept, about zero; mean (2, p + 1)
    and weight their sum of weights. errors are standard errors, NaN for what the rows do not
    determine. A column that does not vary gets the coefficient zero. live (p,) int64: scratch.
    numbers[TSS] is the caller's.
    """
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
        _in_double(mean, products, live, m, rounding, room, coef, errors, numbers)
        or _in_doubled(mean, products, live, m, rounding, coef, errors, numbers)
    ):
        return LEFT
    for j in range(p):
        if not abs(coef[j]) < np.inf:
            return EXTREME
    numbers[SSE] = _left(products, live, m, coef)
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
