"""One of many fits by a pivoted factor in double-double, which is sure of the rank or says no."""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic.rounding import DOUBLED_ROUNDING
from linreg_fast.kernels.systems import doubled_cholesky
from linreg_fast.kernels.systems.many_numbers import (
    CONDITION,
    INTERCEPT,
    INTERCEPT_ERROR,
    RANK,
    SURE,
)
from linreg_fast.kernels.systems.many_shortest import shortest
from linreg_fast.runtime.compile import kernel_part

EXACT = 1e10  # condition number up to which its square times 2**-104 leaves 12 digits
CLEAR_PIVOT = 1e-6  # of columns of about unit norm: the last that counts, where others do not


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
def by_pivots(mean, products, live, m, rounding, coef, errors, numbers):
    """Whether a factor in double-double is sure of the rank; what belongs to it is written."""
    p, scale = products.shape[1] - 1, np.empty(m)
    A, order, rank = _factor(products, live, m, scale)
    if rank < m:
        last = A[0, rank - 1, rank - 1]
        if not last > max(CLEAR_PIVOT, np.sqrt(float(m)) * rounding / SURE):
            return False
        return shortest(mean, live, m, A, order, rank, scale, coef, errors, numbers)
    condition = _condition(A, order, m)
    if not condition * rounding * np.sqrt(float(m)) < SURE or not condition < EXACT:
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
