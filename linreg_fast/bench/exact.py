"""Least squares in exact arithmetic, rounded once: what digits are counted against."""

from fractions import Fraction

import numpy as np


def _whole(array):
    """(integers, exponent): the array as integers times two to the exponent."""
    mantissa, exponent = np.frexp(array)
    smallest = int(exponent[array != 0].min(initial=0)) - 53
    found = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        shift = int(exponent[place]) - 53 - smallest
        found[place] = int(mantissa[place] * 2.0**53) << shift if array[place] else 0
    return found, smallest


def coefficients_of(X, y):
    """The least-squares coefficients with an intercept, as floats: a (p,) array.

    The normal equations in integers, solved in fractions.
    """
    n, p = X.shape
    rows, x_power = _whole(np.asarray(X, np.float64))
    target, y_power = _whole(np.asarray(y, np.float64))
    # n times the centred sums, which are integers too.
    sums, total = rows.sum(axis=0), target.sum()
    gram = [[n * (rows[:, j] @ rows[:, k]) - sums[j] * sums[k] for k in range(p)] for j in range(p)]
    moment = [n * (rows[:, j] @ target) - sums[j] * total for j in range(p)]
    solved = _solve(gram, moment)
    scale = Fraction(2) ** (y_power - x_power)
    return np.array([float(value * scale) for value in solved])


def _solve(matrix, right):
    """Gauss in fractions; a ZeroDivisionError where it is singular."""
    p = len(right)
    rows = [
        [Fraction(v) for v in row] + [Fraction(b)] for row, b in zip(matrix, right, strict=True)
    ]
    for j in range(p):
        pivot = rows[j][j]
        for k in range(j + 1, p):
            factor = rows[k][j] / pivot
            if factor:
                rows[k] = [a - factor * b for a, b in zip(rows[k], rows[j], strict=True)]
    found = [Fraction(0)] * p
    for j in reversed(range(p)):
        rest = sum((rows[j][k] * found[k] for k in range(j + 1, p)), Fraction(0))
        found[j] = (rows[j][p] - rest) / rows[j][j]
    return found
