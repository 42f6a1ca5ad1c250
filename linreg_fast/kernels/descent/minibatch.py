"""Stochastic gradient descent: one pass over the rows, a few of them a step."""

import numpy as np

from linreg_fast.kernels.arithmetic import memory
from linreg_fast.kernels.tuning import MINIBATCH_AHEAD
from linreg_fast.runtime.compile import fast_kernel


@fast_kernel
def widest(X, rows, centre, scale, intercept):
    """The largest squared norm of these rows in the coordinates of the steps."""
    largest = 0.0
    for i in rows:
        square = 1.0 if intercept else 0.0
        for j in range(X.shape[1]):
            value = (X[i, j] - centre[j]) / scale[j]
            square += value * value
        largest = max(largest, square)
    return largest


@fast_kernel
def one_pass(X, Y, weights, rows, batch, centre, scale, intercept, mean_weight, rate, z):
    """Step along the gradient of one batch of `rows` after the other; changes z (t, p + 1)."""
    # the rows, which of them, how they are scaled, how long a step is, and where it starts
    n, p, t = len(rows), X.shape[1], len(z)
    g = np.empty((t, p + 1))
    value, unit = np.empty(p), 1.0 / scale
    for start in range(0, n, batch):
        stop = min(start + batch, n)
        g[:] = 0.0
        for place in range(start, stop):
            i, soon = rows[place], rows[min(place + MINIBATCH_AHEAD, n - 1)]
            if X.flags.c_contiguous and Y.flags.c_contiguous:
                memory.prefetch(X, soon * p)
                memory.prefetch(Y, soon * t)
            weight = 1.0 if weights is None else weights[i]
            for j in range(p):
                value[j] = (X[i, j] - centre[j]) * unit[j]
            for k in range(t):
                point, slope = z[k], g[k]
                residual = point[p] - Y[i, k]
                for j in range(p):
                    residual += value[j] * point[j]
                residual *= weight
                for j in range(p):
                    slope[j] += residual * value[j]
                slope[p] += residual
        share = 2.0 * rate / (mean_weight * (stop - start))
        for k in range(t):
            for j in range(p + intercept):
                z[k, j] -= share * g[k, j]
