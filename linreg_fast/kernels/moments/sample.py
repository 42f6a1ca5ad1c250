"""Cross-products of a few rows, from which the condition of the columns is estimated."""

import numpy as np

from linreg_fast.runtime.compile import kernel


def products_of_rows(X, places, centred, products):
    """Write the products (p, p) of the columns of these rows of X; returns whether all are finite.

    products is zero on entry. The square of a column that is zero becomes 1.
    """
    p = X.shape[1]
    return _products(X, places, centred, products, np.empty((len(places), p)), np.empty(p))


@kernel
def _products(X, places, centred, products, rows, mean):
    """The same, with scratch: rows (m, p) and mean (p,)."""
    m, p = rows.shape
    for i in range(m):
        for j in range(p):
            rows[i, j] = X[places[i], j]
    for step in range(2 * centred):  # first the first row is subtracted, then the means
        for j in range(p):
            mean[j] = rows[0, j] * (1 - step)
        for i in range(m * step):
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
