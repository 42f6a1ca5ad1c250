"""One refinement of a small fit in one compiled call: residuals, their products, the correction.

`solvers.refined` does the same for any data; its calls from Python take ten times as long as the
pass over 500 x 10.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import memory
from linreg_fast.kernels.steps.residual_products import (
    add_products,
    padded_columns,
    scratch_size,
)
from linreg_fast.kernels.systems.small import add_solution
from linreg_fast.runtime.compile import kernel


def workspace(p):
    """(scratch, small, coef, offset) that `refine` needs for p columns."""
    m = -(-(p + 1) // 4) * 4
    small = np.empty((7, m + memory.LINE))
    return np.empty(scratch_size(p, 1)), small, np.zeros((1, p)), np.zeros((1, 2))


@kernel
def refine(X, Y, mean, factor, found, scratch, small, coef, offset):
    """Correct found (p + 1, 1), the coefficients and the intercept of one target, in place.

    Returns how large the correction was, relative, in units of the columns' spread; inf for numbers
    that are not finite. mean (2, p + 1), hi and lo, and factor, of `systems.small.solve`, belong to
    the plain sums of these rows.
    """
    # nine: the data, what was found, and four arrays of scratch from `workspace`
    n, p = X.shape
    m = padded_columns(p)
    rows, scale = factor[:p], factor[p, :p]
    small[:] = 0.0
    sums, lows = small[0:1, :m], small[1:2, :m]
    step, low, right, work = small[2, :p], small[3, :p], small[4, :p], small[5, :p]
    total, lost = mean[0, p], mean[1, p]
    for j in range(p):
        coef[0, j] = found[j, 0]
        product, product_lo = dd.multiply(mean[0, j], mean[1, j], found[j, 0], 0.0)
        total, lost = dd.add(total, lost, -product, -product_lo)
    offset[0, 0], offset[0, 1] = total, lost
    norms = small[6, :p]
    for j in range(p):
        norms[j] = np.sqrt(n * mean[0, j] * mean[0, j] + 2.0 / (scale[j] * scale[j]))
    add_products(X, Y, None, coef, offset, norms, 0, n, scratch, sums, lows)
    left, left_lo = sums[0, p], lows[0, p]
    for j in range(p):
        moved, moved_lo = dd.multiply(left, left_lo, mean[0, j], mean[1, j])
        own, own_lo = dd.add(sums[0, j], lows[0, j], -moved, -moved_lo)
        right[j] = scale[j] * (own + own_lo)
    add_solution(rows, scale, right, step, low, work)
    moved_square = square = 0.0
    intercept = total + (left + left_lo) / n
    for j in range(p):
        part, whole = step[j] / scale[j], found[j, 0] / scale[j]
        moved_square += part * part
        square += whole * whole
        found[j, 0] += step[j] + low[j]
        intercept -= mean[0, j] * step[j]
    found[p, 0] = intercept
    share = np.sqrt(moved_square / square) if square > 0.0 else np.inf
    return share if share < np.inf else np.inf
