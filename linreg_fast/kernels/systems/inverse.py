"""The inverse of cross-products about zero, of columns and a one, from those about the means."""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.systems import doubled_cholesky
from linreg_fast.runtime.compile import kernel


def inverse_with_ones(products, mean, weight):
    """(2, p + 1, p + 1), hi and lo, or None where the columns depend on each other.

    products (2, p, p) about the means, mean (2, p), weight (2,): the sum of the weights; None where
    no intercept is fitted, and then the last row and column are zeros. Columns of about unit norm.
    """
    p = products.shape[1]
    system = np.zeros((2, 2 * p, 2 * p))
    system[:, :p, :p] = products
    system[0, :p, p:] = np.eye(p)
    order, rank = doubled_cholesky.cholesky(system, p, 0.0)
    if rank < p:
        return None
    found = np.empty((2, p, p))
    found[:, order[:p]] = doubled_cholesky.back_substitute(system, p)
    out = np.zeros((2, p + 1, p + 1))
    out[:, :p, :p] = found
    if weight is not None:
        _border(out, mean, weight)
    return out


@kernel
def _border(out, mean, weight):
    """The last row and column: of G^-1 m, and 1 / w + m' G^-1 m."""
    p = out.shape[1] - 1
    corner, corner_lo = dd.divide(1.0, 0.0, weight[0], weight[1])
    for j in range(p):
        total, low = 0.0, 0.0
        for k in range(p):
            product, lost = dd.multiply(out[0, j, k], out[1, j, k], mean[0, k], mean[1, k])
            total, low = dd.add(total, low, product, lost)
        out[0, j, p] = out[0, p, j] = -total
        out[1, j, p] = out[1, p, j] = -low
        product, lost = dd.multiply(total, low, mean[0, j], mean[1, j])
        corner, corner_lo = dd.add(corner, corner_lo, product, lost)
    out[0, p, p], out[1, p, p] = corner, corner_lo
