"""Sums in double-double: 30 digits, at about twice the price of plain ones.

For data that is read only once (`partial_fit`, merged `Moments`) and for columns so nearly
dependent that plain sums would leave too few digits.
"""

import numpy as np
from numba import prange

from linreg_fast.kernels import doubledouble as dd
from linreg_fast.kernels import launch
from linreg_fast.kernels.blocks import rows_of, take
from linreg_fast.kernels.centre import centred, join, provisional_centre
from linreg_fast.kernels.compile import inner, strict_driver
from linreg_fast.kernels.doubled_tiles import moments_block, room
from linreg_fast.kernels.simd import LINE

FAR = 1.0  # times the spread of the middle half: a smaller offset costs less than a digit of 30


@inner
def gradient_block(X, y, coef, intercept, weights, start, stop, sums, lows):
    """Add to sums + lows (p + 3,): the weighted X'r, the sums of r, of r^2, and of the weights."""
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


@strict_driver
def _gradient_blocks(
    X, y, coef, intercept, weights, sums, lows, blocks, turn, turns, taken, scratch
):
    for _ in prange(len(scratch)):
        b = take(taken)
        while b < blocks:
            start, stop = rows_of(b, blocks, len(X), turn, turns)
            gradient_block(X, y, coef, intercept, weights, start, stop, sums[b], lows[b])
            b = take(taken)


@strict_driver
def _blocks(X, Y, weights, exponents, shift, sums, lows, blocks, turn, turns, taken, scratch):
    for t in prange(len(scratch)):
        b = take(taken)
        while b < blocks:
            start, stop = rows_of(b, blocks, len(X), turn, turns)
            moments_block(
                X, Y, weights, exponents, shift, start, stop, scratch[t], sums[b], lows[b]
            )
            b = take(taken)


def moments(X, Y, sample_weight=None, exponents=None):
    """exponents (q,): what is summed are the columns of [X, Y] divided by 2**exponents."""
    q = X.shape[1] + Y.shape[1]
    exponents = np.zeros(q, dtype=np.int64) if exponents is None else exponents
    # Products of columns with an exact shift are cheaper: none, where the offset is small.
    shift = provisional_centre(X, Y, sample_weight, exponents, FAR)
    blocks = launch.count_blocks(len(X), 8 * q, block_output=2 * (q + 4) ** 2)
    sums, lows = np.zeros((2, blocks, q + 4, q + 4))
    arguments = (X, Y, sample_weight, exponents, shift, sums, lows)
    work, scratch = 4 * len(X) * q * q, room(q, sample_weight is not None)
    launch.run(_blocks, blocks, work, scratch, *arguments)
    n_samples = len(X) if sample_weight is None else int(np.count_nonzero(sample_weight))
    join(sums, lows)
    return n_samples, *centred(sums[0], lows[0], shift)


def gradient(X, y, coef, intercept, sample_weight=None):
    p = X.shape[1]
    blocks = launch.count_blocks(len(X), 8 * p)
    sums, lows = np.zeros((2, blocks, p + 3 + LINE))
    arguments = (X, y, coef, intercept, sample_weight, sums, lows)
    launch.run(_gradient_blocks, blocks, 8 * X.size, 0, *arguments)
    join(sums[:, None], lows[:, None])
    total = sums[0] + lows[0]
    scale = 2.0 / total[p + 2]
    return float(total[p + 1] / total[p + 2]), scale * total[:p], float(scale * total[p])


def mse(X, y, coef, intercept, sample_weight=None):
    return gradient(X, y, coef, intercept, sample_weight)[0]
