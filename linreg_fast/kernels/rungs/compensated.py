"""Sums in double-double: 30 digits, at about twice the price of plain ones.

For data that is read only once (`partial_fit`, merged `Moments`) and for columns so nearly
dependent that plain sums would leave too few digits.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic.memory import LINE
from linreg_fast.kernels.moments import doubled
from linreg_fast.kernels.moments.finish import join
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


@kernel_part
def gradient_block(X, y, coef, intercept, weights, start, stop, sums, lows):
    """Add to sums + lows (p + 3,): the weighted X'r, the sums of r, of r^2, and of the weights."""
    # the step's arrays, which rows, and where the sums go
    p = len(coef)
    for i in range(start, stop):
        weight = 1.0 if weights is None else weights[i]
        if weight != 0.0:
            r, r_lo = dd.two_sum(intercept, -np.float64(y[i]))
            for j in range(p):
                product, lost = dd.two_product(np.float64(X[i, j]), coef[j])
                r, more = dd.two_sum(r, product)
                r_lo += more + lost
            r, r_lo = dd.quick_two_sum(r, r_lo)
            a, a_lo = dd.multiply(r, r_lo, weight, 0.0)
            for j in range(p):
                x = np.float64(X[i, j])
                product, lost = dd.two_product(a, x)
                sums[j], more = dd.two_sum(sums[j], product)
                lows[j] += more + (lost + a_lo * x)
            sums[p], lows[p] = dd.add(sums[p], lows[p], a, a_lo)
            square, square_lo = dd.multiply(a, a_lo, r, r_lo)
            sums[p + 1], lows[p + 1] = dd.add(sums[p + 1], lows[p + 1], square, square_lo)
            sums[p + 2], lows[p + 2] = dd.add(sums[p + 2], lows[p + 2], weight, 0.0)


@kernel_part
def _block(b, start, stop, scratch, X, y, coef, intercept, weights, sums, lows):
    # four from `over_blocks`, then the arrays: a record would be taken apart at each call
    gradient_block(X, y, coef, intercept, weights, start, stop, sums[b], lows[b])


_blocks = over_blocks(_block)


def moments(X, Y, sample_weight=None, exponents=None):
    return doubled.sums(X, Y, sample_weight, exponents)


def gradient(X, y, coef, intercept, sample_weight=None):
    p = X.shape[1]
    blocks = launch.count_blocks(len(X), 8 * p)
    sums, lows = np.zeros((2, blocks, p + 3 + LINE))
    arguments = (X, y, coef, intercept, sample_weight, sums, lows)
    launch.run(_blocks, len(X), blocks, 8 * X.size, 0, *arguments)
    join(sums[:, None], lows[:, None])
    total = sums[0] + lows[0]
    scale = 2.0 / total[p + 2]
    return float(total[p + 1] / total[p + 2]), scale * total[:p], float(scale * total[p])


def mse(X, y, coef, intercept, sample_weight=None):
    return gradient(X, y, coef, intercept, sample_weight)[0]
