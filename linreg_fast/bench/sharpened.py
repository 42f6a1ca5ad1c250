"""LAPACK's least squares, corrected with residuals in extended precision.

Its own digits end at the condition number times the rounding of doubles, which is where the digits
of a better answer would seem to end, too. Where the platform's long double is no longer than a
double, or the data are many, it stays as it is.
"""

import numpy as np
from scipy.linalg import solve_triangular

LONG = np.longdouble
MOST_ELEMENTS, MOST_COLUMNS, ROWS = 20_000_000, 200, 65_536
PASSES, ENOUGH = 8, 1e-18  # relative size of a correction that ends it


def sharpened(X, Y, coef, unit, sizes):
    """(coef (p, t), intercept (t,)) of X (n, p) and Y (n, t), better than coef (p, t).

    unit (n, p): the columns, centred and divided by their sizes (p,), as doubles.
    """
    centre = X.mean(axis=0, dtype=LONG)
    constant = Y.mean(axis=0, dtype=LONG)
    found = coef.astype(LONG)
    n, p = X.shape
    if _longer() and n * p * Y.shape[1] <= MOST_ELEMENTS and p <= MOST_COLUMNS:
        R, last = np.linalg.qr(unit, mode="r"), np.inf
        for _ in range(PASSES):
            products, rest = _left(X, Y, centre, constant, found)
            step = _solve(R, (products / sizes[:, None]).astype(np.float64)) / sizes[:, None]
            size = np.abs(found * sizes[:, None]).max()
            moved = np.abs(step * sizes[:, None]).max()
            if not moved < last:
                break
            found, constant, last = found + step, constant + rest / n, moved
            if moved <= ENOUGH * size:
                break
    intercept = constant - centre @ found
    return found.astype(np.float64), intercept.astype(np.float64)


def _longer():
    return np.finfo(LONG).eps < np.finfo(np.float64).eps


def _left(X, Y, centre, constant, coef):
    """(products (p, t) of the centred columns with what is left of Y, its sums (t,))."""
    products, rest, sums = LONG(0), LONG(0), LONG(0)
    for start in range(0, len(X), ROWS):
        rows = X[start : start + ROWS].astype(LONG) - centre
        left = Y[start : start + ROWS].astype(LONG) - constant - rows @ coef
        products = products + rows.T @ left
        rest, sums = rest + left.sum(axis=0), sums + rows.sum(axis=0)
    return products - np.outer(sums, rest) / len(X), rest


def _solve(R, right):
    return solve_triangular(R, solve_triangular(R, right, trans="T"))
