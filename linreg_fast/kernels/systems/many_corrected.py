"""One of many fits by a factor in double precision, with two exact corrections."""

import numpy as np

from linreg_fast.kernels.systems import small
from linreg_fast.kernels.systems.many_numbers import (
    CONDITION,
    INTERCEPT,
    INTERCEPT_ERROR,
    RANK,
    SURE,
)
from linreg_fast.runtime.compile import kernel_part

# Condition number up to which standard errors from a factor in double precision have 13 digits.
WELL = 30.0
CORRECTED = 1e3  # up to which two corrections of what such a factor gives leave nothing


@kernel_part
def by_corrections(mean, products, live, m, rounding, room, coef, errors, numbers):
    """Whether the columns are so well conditioned that the quick way has all digits."""
    # the moments, which columns, scratch, and the three results
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
