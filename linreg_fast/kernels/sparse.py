"""Cross-products of sparse rows, in double-double: what is not stored is not looked at.

The columns stay where they are: subtracting a mean would fill in the zeros. Means come off at the
end, and double-double has the digits that this costs.
"""

import numpy as np

from linreg_fast.kernels import doubledouble as dd
from linreg_fast.kernels.centre import centred
from linreg_fast.kernels.compile import strict

ROUNDING = 2.0**-98  # of a sum of squares: what is left of a constant column's when its mean is off


@strict
def _add(sums, lows, j, k, a, a_lo, b):
    """Add (a, a_lo) * b to entry (j, k)."""
    product, lost = dd.two_product(a, b)
    total, more = dd.two_sum(sums[j, k], product)
    sums[j, k], lows[j, k] = dd.quick_two_sum(total, lows[j, k] + (more + (lost + a_lo * b)))


@strict
def _rows(data, indices, starts, Y, weights, p, sums, lows):
    """Add to sums + lows the products of the columns of [X, Y, 1]; X in CSR, columns sorted."""
    t = Y.shape[1]
    q = p + t
    for i in range(len(Y)):
        weight = 1.0 if weights is None else weights[i]
        if weight != 0.0:
            for m in range(starts[i], starts[i + 1]):
                j = indices[m]
                a, a_lo = dd.two_product(weight, np.float64(data[m]))
                for other in range(m, starts[i + 1]):
                    _add(sums, lows, j, indices[other], a, a_lo, np.float64(data[other]))
                for k in range(t):
                    _add(sums, lows, j, p + k, a, a_lo, np.float64(Y[i, k]))
                _add(sums, lows, j, q, a, a_lo, 1.0)
            for j in range(t):
                a, a_lo = dd.two_product(weight, np.float64(Y[i, j]))
                for k in range(j, t):
                    _add(sums, lows, p + j, p + k, a, a_lo, np.float64(Y[i, k]))
                _add(sums, lows, p + j, q, a, a_lo, 1.0)
            _add(sums, lows, q, q, weight, 0.0, 1.0)


def moments(X, Y, sample_weight=None):
    """As the moments of a rung, for X in CSR format with sorted indices and no duplicates."""
    p = X.shape[1]
    q = p + Y.shape[1]
    sums, lows = np.zeros((2, 1, q + 1, q + 1))
    _rows(X.data, X.indices, X.indptr, Y, sample_weight, p, sums[0], lows[0])
    n_samples = len(Y) if sample_weight is None else int(np.count_nonzero(sample_weight))
    weight, mean, comoment = centred(sums, lows, np.zeros(q))
    constant = np.diag(comoment[0]) <= ROUNDING * np.diag(sums[0])[:q]
    comoment[:, constant] = comoment[:, :, constant] = 0.0
    return n_samples, weight, mean, comoment
