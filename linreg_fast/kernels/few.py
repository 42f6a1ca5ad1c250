"""The normal equations of few columns, solved in one compiled call.

LAPACK's factor of ten columns takes a microsecond; the calls around it, for scales, condition,
corrections and intercepts, take a hundred once the rows have driven Python out of the cache.
"""

import numpy as np

from linreg_fast.kernels import doubledouble as dd
from linreg_fast.kernels.compile import inlined, strict

MOST_COLUMNS = 32  # above, vectors gain more than calls cost: 30 us for as many
SMALLEST_PIVOT = 1e-8  # relative: two corrections then leave nothing, and one of 1e-16 is noise
SMALLEST, LARGEST = 1e-200, 1e200  # sums of squares whose products with 32 digits are numbers


@inlined
def _inverse_factor(A, scale):
    """The condition number of the columns whose cross-products are A (p, p), scaled to unit norm.

    Or up to sqrt(p) times more; inf where it is not found. scale (p,) becomes one over the norms,
    the lower half of A the inverse of R', where R is the Cholesky factor of the scaled products.
    Loops go along rows: LLVM makes vectors of them.
    """
    m = len(A)
    norm = trace = 0.0
    for j in range(m):
        if not SMALLEST < A[j, j] < LARGEST:
            return np.inf
        scale[j] = 1.0 / np.sqrt(A[j, j])
    for j in range(m):
        row, own, total = A[j], scale[j], 0.0
        for k in range(m):
            row[k] *= own * scale[k]
            total += abs(row[k])
        norm = max(norm, total)
    for i in range(m):
        row = A[i]
        if not row[i] > SMALLEST_PIVOT:
            return np.inf
        reciprocal = 1.0 / np.sqrt(row[i])
        for k in range(i):
            row[k] = 0.0
        for k in range(i + 1, m):
            row[k] *= reciprocal
        for j in range(i + 1, m):
            other, number = A[j], row[j]
            for k in range(j, m):
                other[k] -= number * row[k]
        for j in range(i):
            other, number = A[j], A[j, i]
            for k in range(j + 1):
                row[k] -= number * other[k]
        row[i] = 1.0
        for k in range(i + 1):
            row[k] *= reciprocal
            trace += row[k] * row[k]  # of the inverse: one over the squared singular values
    # The norm over one of them is 1 at least, and over the smallest the condition's square. That is
    # sqrt(m) too large for unrelated columns, where the inverse's norm is known better.
    sums, largest = np.zeros(m), 0.0
    for i in range(m):
        row, own = A[i], 0.0
        for k in range(i + 1):
            own += abs(row[k])
        for k in range(i + 1):
            sums[k] += abs(row[k]) * own
    for total in sums:  # NumPy's max takes a second to compile
        largest = max(largest, total)
    return np.sqrt(max(min(norm * trace - (m - 1), norm * largest), 1.0))


@inlined
def _add_solution(inverse, scale, rest, coef, low):
    """Add to coef + low (p, t) the solution for the right side rest (p, t), which is spent."""
    p, t = coef.shape
    found = np.empty(p)
    for k in range(t):
        for j in range(p):
            rest[j, k] *= scale[j]
            found[j] = 0.0
        for i in range(p):
            row, value = inverse[i], 0.0
            for j in range(i + 1):
                value += row[j] * rest[j, k]
            for j in range(i + 1):
                found[j] += row[j] * value
        for j in range(p):
            coef[j, k], lost = dd.two_sum(coef[j, k], scale[j] * found[j])
            low[j, k] += lost


@inlined
def _what_is_left(mean, products, coef, low, intercept, rest):
    """rest: what coef + low leave of the targets, exactly; intercept: what belongs to them."""
    p, t = coef.shape
    for k in range(t):
        for i in range(p + 1):
            row, row_lo = (products[0, i], products[1, i]) if i < p else (mean[0], mean[1])
            total, lost = row[p + k], row_lo[p + k]
            for j in range(p):
                product, error = dd.two_product(row[j], coef[j, k])
                total, more = dd.two_sum(total, -product)
                lost += more - error - row_lo[j] * coef[j, k] - row[j] * low[j, k]
            if i < p:
                rest[i, k] = total + lost
            else:
                intercept[k] = total + lost


def room(p):
    """What `solve` leaves its factor in."""
    return np.empty((p, p)), np.empty(p)


@strict
def solve(mean, products, found, inverse, scale):
    """(condition, weakness) of the columns and targets of `products` (2, q, q), hi and lo.

    condition: see `_inverse_factor`; inf, and nothing else is said, where columns nearly depend on
    each other, a column or a target is zero, or a number is not finite or is extreme. weakness: how
    much larger a target is than what the columns contribute to it, at most. found (p + 1, t) is
    written: the coefficients, and the intercept that fits mean (2, q). So are inverse (p, p) and
    scale (p,), `room`, for `solve_again`.
    """
    p, t = found.shape[0] - 1, found.shape[1]
    coef, intercept = found[:p], found[p]
    for j in range(p):
        for k in range(p):
            inverse[j, k] = products[0, j, k]
    condition = _inverse_factor(inverse, scale)
    for k in range(p, p + t):
        if not SMALLEST < products[0, k, k] < LARGEST:
            condition = np.inf
    if condition == np.inf:
        return condition, np.inf
    low, rest = np.zeros((p, t)), np.empty((p, t))
    for j in range(p):
        for k in range(t):
            rest[j, k], coef[j, k] = products[0, j, p + k], 0.0
    for _ in range(2):  # the second leaves the square of what the factor left: nothing
        _add_solution(inverse, scale, rest, coef, low)
        _what_is_left(mean, products, coef, low, intercept, rest)
    weakness = 0.0
    for k in range(t):
        share = 0.0
        for j in range(p):
            part = coef[j, k] / scale[j]
            share += part * part
        square = products[0, p + k, p + k]
        if square > weakness * weakness * share:
            weakness = np.sqrt(square / share) if share > 0.0 else np.inf
    return condition, weakness


@strict
def solve_again(inverse, scale, rest):
    """The coefficients (p, t) for another right side, which is spent."""
    coef, low = np.zeros(rest.shape), np.zeros(rest.shape)
    _add_solution(inverse, scale, rest, coef, low)
    return coef


@strict
def look(X, places, centred, products):
    """products (p, p), zeros at first: of the columns of these rows of X; 1 for one that is zero.

    Whether all their numbers are finite.
    """
    m, p = len(places), X.shape[1]
    rows, mean = np.empty((m, p)), np.empty(p)
    for i in range(m):
        for j in range(p):
            rows[i, j] = X[places[i], j]
    for turn in range(2 * centred):  # less the first row's numbers, and then less the means
        for j in range(p):
            mean[j] = rows[0, j] * (1 - turn)
        for i in range(m * turn):
            for j in range(p):
                mean[j] += rows[i, j] / m
        for i in range(m):
            for j in range(p):
                rows[i, j] -= mean[j]
    for i in range(m):
        row = rows[i]
        for j in range(p):
            number, own = row[j], products[j]
            for k in range(p):
                own[k] += number * row[k]
    finite = True
    for j in range(p):
        finite &= products[j, j] < np.inf
        if products[j, j] == 0.0:
            products[j, j] = 1.0
    return finite
