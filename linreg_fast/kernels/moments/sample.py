"""Cross-products of a few rows, from which the condition of the columns is estimated."""

import numpy as np

from linreg_fast.runtime.compile import kernel


@kernel
def products_of_rows(X, places, centred, products):
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
