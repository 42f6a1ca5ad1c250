"""The normal equations of few columns, solved in one compiled call.

LAPACK's factor of ten columns takes a microsecond. The calls around it, for scales, condition,
corrections and intercepts, take a hundred once the rows have driven Python's data out of the cache.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic.rounding import LARGEST_SQUARE, SMALLEST_PIVOT, SMALLEST_SQUARE
from linreg_fast.runtime.compile import kernel, kernel_part


@kernel_part
def _inverse_factor(products, rows, scale, sums):
    """The condition number of the columns with these cross-products, scaled to unit norm.

    It may be up to sqrt(p) times too large, and is inf where it is not found. scale (p,) becomes
    one over the norms. Gauss elimination on [products, I] leaves the inverse of R' in the right
    half of rows (p, 2p), where R is the Cholesky factor of the scaled products. sums (p,): scratch.
    Loops go along rows, so that LLVM vectorises them.
    """
    p = len(rows)
    norm = trace = largest = 0.0
    for j in range(p):
        square = products[j, j]
        if not SMALLEST_SQUARE < square < LARGEST_SQUARE:
            return np.inf
        scale[j] = 1.0 / np.sqrt(square)
    for j in range(p):
        row, of, own, total = rows[j], products[j], scale[j], 0.0
        for k in range(p):
            row[k], row[p + k] = of[k] * (own * scale[k]), 0.0
            total += abs(row[k])
        row[p + j] = 1.0
        norm = total if total > norm else norm
    for i in range(p):
        row = rows[i]
        if not row[i] > SMALLEST_PIVOT:
            return np.inf
        reciprocal = 1.0 / np.sqrt(row[i])
        for k in range(i, p + i + 1):
            row[k] *= reciprocal
        for j in range(i + 1, p):
            other, number = rows[j], row[j]
            for k in range(j, p + i + 1):
                other[k] -= number * row[k]
    # The condition is the norm of the products times that of their inverse. The trace bounds the
    # latter, sqrt(p) too large for unrelated columns; the largest row sum is then better.
    for i in range(p):
        row, own = rows[i, p:], 0.0
        sums[i] = 0.0
        for k in range(i + 1):
            own += abs(row[k])
            trace += row[k] * row[k]
        for k in range(i + 1):
            sums[k] += abs(row[k]) * own
    for k in range(p):
        largest = sums[k] if sums[k] > largest else largest
    most, more = norm * trace - (p - 1), norm * largest
    most = more if more < most else most
    return np.sqrt(most) if most > 1.0 else 1.0


@kernel_part
def add_solution(rows, scale, right, coef, low, found):
    """Add to coef + low (p,) the solution for a right side scaled like the columns.

    found (p,): scratch.

    Products with the inverse, row by row.
    """
    p = len(rows)
    for i in range(p):
        row, value = rows[i, p:], 0.0
        found[i] = 0.0
        for j in range(i + 1):
            value += row[j] * right[j]
        for j in range(i + 1):
            found[j] += row[j] * value
    for j in range(p):
        coef[j], lost = dd.two_sum(coef[j], scale[j] * found[j])
        low[j] += lost


def scratch(p):
    """The array that `solve` leaves its factor in: p rows, the scales, and scratch."""
    return np.empty((p + 3, 2 * p))


@kernel
def solve(mean, products, found, factor):
    """(condition, target_to_signal) of the columns and targets of `products` (2, q, q), hi and lo.

    condition: see `_inverse_factor`. It is inf, and nothing else is valid, where columns nearly
    depend on each other, a column or a target is zero, or a number is extreme or not finite, in the
    type of found as well. target_to_signal: the largest norm of a target over that of what the
    columns contribute to it. found (p + 1, t) is written: the coefficients, and the intercept that
    fits mean (2, q). So is factor, of `scratch`, for `solve_again`.
    """
    p, t = found.shape[0] - 1, found.shape[1]
    rows, scale, sums = factor[:p], factor[p, :p], factor[p, p:]
    coef, low = factor[p + 1, :p], factor[p + 1, p:]
    right = factor[p + 2]
    condition = _inverse_factor(products[0], rows, scale, sums)
    for k in range(p, p + t):
        if not SMALLEST_SQUARE < products[0, k, k] < LARGEST_SQUARE:
            condition = np.inf
    if condition == np.inf:
        return condition, np.inf
    target_to_signal = 0.0
    for k in range(t):
        for j in range(p):
            coef[j], low[j], right[j] = 0.0, 0.0, scale[j] * products[0, j, p + k]
        for _ in range(2):  # the second correction squares the error, which leaves nothing
            add_solution(rows, scale, right, coef, low, sums)
            for i in range(p + 1):  # the residual of the equations, exactly
                row, row_lo = (products[0, i], products[1, i]) if i < p else (mean[0], mean[1])
                total, lost = row[p + k], row_lo[p + k]
                for j in range(p):
                    product, error = dd.two_product(row[j], coef[j])
                    total, more = dd.two_sum(total, -product)
                    lost += more - error - row_lo[j] * coef[j] - row[j] * low[j]
                if i < p:
                    right[i] = scale[i] * (total + lost)
                else:
                    found[p, k] = total + lost
        share = 0.0
        for j in range(p):
            found[j, k], part = coef[j], coef[j] / scale[j]
            share += part * part
        for j in range(p + 1):
            if not abs(found[j, k]) < np.inf:  # found may be float32
                condition = np.inf
        square = products[0, p + k, p + k]
        if square > target_to_signal * target_to_signal * share:
            target_to_signal = np.sqrt(square / share) if share > 0.0 else np.inf
    return condition, target_to_signal


def solve_again(factor, right):
    """The coefficients (p, t) for other right sides (p, t)."""
    p, t = right.shape
    coef = np.zeros((p, t))
    _solve_again(factor, right, coef, np.zeros((4, p)))
    return coef


@kernel
def _solve_again(factor, right, coef, work):
    """The same, written to coef (p, t), which is zero. work (4, p): zeros, and scratch."""
    p, t = right.shape
    rows, scale = factor[:p], factor[p, :p]
    for k in range(t):
        for j in range(p):
            work[0, j], work[1, j], work[2, j] = 0.0, 0.0, scale[j] * right[j, k]
        add_solution(rows, scale, work[2], work[0], work[1], work[3])
        for j in range(p):
            coef[j, k] = work[0, j]
