"""The sums of a gradient step for one feature, in registers."""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.tuning import ONE_COLUMN_ROWS
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


@kernel_part
def _step_of_vectors(x, y, coef, intercept):
    """Of the residuals r: (sum of r x, of r, of r^2)."""
    rx, rs, rr = simd.zeros(), simd.zeros(), simd.zeros()
    slope, constant = simd.broadcast(coef), simd.broadcast(intercept)
    whole = len(x) // tuning.WIDE * tuning.WIDE
    for i in range(0, whole, tuning.WIDE):
        u = simd.load(x, i)
        r = simd.fma_vectors(u, slope, simd.subtract(constant, simd.load(y, i)))
        rx = simd.fma_vectors(r, u, rx)
        rs = simd.add(rs, r)
        rr = simd.fma_vectors(r, r, rr)
    found = _step_of_numbers(x[whole:], y[whole:], coef, intercept)
    return simd.total(rx) + found[0], simd.total(rs) + found[1], simd.total(rr) + found[2]


@kernel_part
def _step_of_numbers(x, y, coef, intercept):
    rx = r_sum = rr = 0.0
    for i in range(len(x)):
        u = np.float64(x[i])
        r = u * coef + (intercept - np.float64(y[i]))
        rx += r * u
        r_sum += r
        rr += r * r
    return rx, r_sum, rr


@kernel_part
def _step(x, y, coef, intercept):
    if simd.VECTORS and x.flags.c_contiguous and y.flags.c_contiguous:
        return _step_of_vectors(x, y, coef, intercept)
    return _step_of_numbers(x, y, coef, intercept)


@kernel_part
def _gradient_block(b, start, stop, scratch, x, y, coef, intercept, sums):
    # four from `over_blocks`, then the arrays of the step
    for begin in range(start, stop, ONE_COLUMN_ROWS):
        end = min(begin + ONE_COLUMN_ROWS, stop)
        rx, r, rr = _step(x[begin:end], y[begin:end], coef, intercept)
        sums[b, 0] += rx
        sums[b, 1] += r
        sums[b, 2] += rr


gradient_blocks = over_blocks(_gradient_block)
