"""Products with the inverse of a triangle in double-double, rounded once they are summed."""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.runtime.compile import kernel


@kernel
def of_means(mean, inverse):
    """(r,): means (2, p) times inverse (2, p, r), hi and lo."""
    out = np.empty(inverse.shape[2])
    for k in range(len(out)):
        total, low = 0.0, 0.0
        for j in range(mean.shape[1]):
            a, b = dd.multiply(mean[0, j], mean[1, j], inverse[0, j, k], inverse[1, j, k])
            total, low = dd.add(total, low, a, b)
        out[k] = total
    return out


@kernel
def sums_of_squares(values):
    """(2, t): the sum of the squares of each column of values (2, r, t), hi and lo."""
    out = np.zeros((2, values.shape[2]))
    for k in range(values.shape[2]):
        for j in range(values.shape[1]):
            a, b = dd.multiply(values[0, j, k], values[1, j, k], values[0, j, k], values[1, j, k])
            out[0, k], out[1, k] = dd.add(out[0, k], out[1, k], a, b)
    return out
