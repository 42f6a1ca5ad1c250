"""One of many fits whose columns depend on each other: the shortest coefficients."""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.systems import doubled_cholesky
from linreg_fast.kernels.systems.many_numbers import CONDITION, INTERCEPT, INTERCEPT_ERROR, RANK
from linreg_fast.runtime.compile import kernel_part

CLEAR_ROWS = 1e-10  # of the rows that give the shortest coefficients: the last pivot that counts
IN_THE_SPAN = 1e-10  # what may be missing of a coefficient that the rows determine


@kernel_part
def shortest(mean, live, m, A, order, rank, scale, coef, errors, numbers):
    """The shortest coefficients w with D w = c, D = R in the columns' own units: D'(DD')^-1 c.

    Standard errors are there for coefficients, and for the intercept, that D determines: for unit
    vectors, and for the means, that lie in the span of its rows.
    """
    # the system, which columns, scratch, and the results
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
