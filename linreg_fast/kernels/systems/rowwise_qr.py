"""QR of rows of very different sizes: each row is right to its own last digits.

Pivots are large for their row, and the largest of their column (Powell and Reid 1969; Cox and
Higham 1998). LAPACK's factor is right to the last digits of the largest row only.
"""

import numpy as np

from linreg_fast.runtime.compile import fast_kernel


@fast_kernel
def _add_multiple(totals, number, row):
    for j in range(len(row)):
        totals[j] += number * row[j]


@fast_kernel
def _reduce(row, number, products, least):
    """row -= number * products, dropping what is below `least`; returns the sum of sizes left."""
    total = 0.0
    for j in range(len(row)):
        left = row[j] - number * products[j]
        left = left if abs(left) >= least else 0.0
        row[j] = left
        total += abs(left)
    return total


@fast_kernel
def factor(A, least):
    """Turn A (m, k) in place into the reflections that make it triangular; (order, factors).

    Row order[i] of A, and of all that is turned, counts as the i-th. Column s holds the s-th
    reflection below row s, where it is one; factors (rank,) is what it is multiplied with. Numbers
    of row i that are or get below least[i] are rounding, and count as zero.
    """
    m, k = A.shape
    order, factors, products, sums = np.arange(m), np.empty(min(m, k)), np.empty(k), np.empty(m)
    for i in range(m):
        sums[i] = 0.0
        for j in range(k):
            A[i, j] = A[i, j] if abs(A[i, j]) >= least[i] else 0.0
            sums[i] += abs(A[i, j])
    for s in range(len(factors)):
        row = column = s
        for i in range(s, m):
            if sums[i] > sums[row]:
                row = i
        if sums[row] == 0.0:
            return order, factors[:s]
        for j in range(s, k):
            if abs(A[row, j]) > abs(A[row, column]):
                column = j
        for i in range(s, m):
            if abs(A[i, column]) > abs(A[row, column]):
                row = i
        order[s], order[row] = order[row], order[s]
        sums[row] = sums[s]
        for j in range(k):
            A[s, j], A[row, j] = A[row, j], A[s, j]
        for i in range(m):
            A[i, s], A[i, column] = A[i, column], A[i, s]
        pivot, square = A[s, s], 0.0
        for i in range(s, m):
            A[i, s] /= pivot
            square += A[i, s] * A[i, s]
        norm = np.sqrt(square)
        factors[s] = (1 + norm) / norm
        for j in range(s + 1, k):
            products[j] = A[s, j]
        for i in range(s + 1, m):
            A[i, s] /= 1 + norm
            _add_multiple(products[s + 1 :], A[i, s], A[i, s + 1 :])
        for i in range(s + 1, m):
            number, bound = factors[s] * A[i, s], least[order[i]]
            sums[i] = _reduce(A[i, s + 1 :], number, products[s + 1 :], bound)
    return order, factors


@fast_kernel
def reflect(reflections, factors, forward, B):
    """Apply reflections (rank, m), columns of A, to B (t, m) in order, in place; or undo that."""
    rank, m = reflections.shape
    for row in B:
        for step in range(rank):
            s = step if forward else rank - 1 - step
            own, total = reflections[s], row[s]
            for i in range(s + 1, m):
                total += own[i] * row[i]
            total *= factors[s]
            row[s] -= total
            for i in range(s + 1, m):
                row[i] -= own[i] * total
