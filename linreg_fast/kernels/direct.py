"""One feature and one target: the sums of the moments, or of a gradient step, in registers.

The vectors are written out: left to LLVM, the driver with threads gets other ones than the driver
without, and the sums end in other bits.
"""

import numpy as np
from numba import prange

from linreg_fast.kernels import doubledouble as dd
from linreg_fast.kernels import simd
from linreg_fast.kernels.blocks import rows_of, take
from linreg_fast.kernels.compile import inner, strict_driver

PIECE = 1024  # rows: 16 KB


@inner
def _sums_of_vectors(x, y, a, b):
    """Of u = x - a, v = y - b: (uu, uv, u, vv, v)."""
    uu, uv, us = simd.zeros_wide(), simd.zeros_wide(), simd.zeros_wide()
    vv, vs = simd.zeros_wide(), simd.zeros_wide()
    off_x, off_y = simd.splat_wide(a), simd.splat_wide(b)
    whole = len(x) // simd.WIDE * simd.WIDE
    for i in range(0, whole, simd.WIDE):
        u = simd.subtract(simd.load_wide(x, i), off_x)
        v = simd.subtract(simd.load_wide(y, i), off_y)
        uu = simd.fma_vectors(u, u, uu)
        uv = simd.fma_vectors(u, v, uv)
        us = simd.add(us, u)
        vv = simd.fma_vectors(v, v, vv)
        vs = simd.add(vs, v)
    found = _sums_of_numbers(x[whole:], y[whole:], a, b)
    return (
        simd.total(uu) + found[0],
        simd.total(uv) + found[1],
        simd.total(us) + found[2],
        simd.total(vv) + found[3],
        simd.total(vs) + found[4],
    )


@inner
def _sums_of_numbers(x, y, a, b):
    uu = uv = u_sum = vv = v_sum = 0.0
    for i in range(len(x)):
        u, v = np.float64(x[i]) - a, np.float64(y[i]) - b
        uu += u * u
        uv += u * v
        u_sum += u
        vv += v * v
        v_sum += v
    return uu, uv, u_sum, vv, v_sum


@inner
def _step_of_vectors(x, y, coef, intercept):
    """Of the residuals r: (sum of r x, of r, of r^2)."""
    rx, rs, rr = simd.zeros_wide(), simd.zeros_wide(), simd.zeros_wide()
    slope, constant = simd.splat_wide(coef), simd.splat_wide(intercept)
    whole = len(x) // simd.WIDE * simd.WIDE
    for i in range(0, whole, simd.WIDE):
        u = simd.load_wide(x, i)
        r = simd.fma_vectors(u, slope, simd.subtract(constant, simd.load_wide(y, i)))
        rx = simd.fma_vectors(r, u, rx)
        rs = simd.add(rs, r)
        rr = simd.fma_vectors(r, r, rr)
    found = _step_of_numbers(x[whole:], y[whole:], coef, intercept)
    return simd.total(rx) + found[0], simd.total(rs) + found[1], simd.total(rr) + found[2]


@inner
def _step_of_numbers(x, y, coef, intercept):
    rx = r_sum = rr = 0.0
    for i in range(len(x)):
        u = np.float64(x[i])
        r = u * coef + (intercept - np.float64(y[i]))
        rx += r * u
        r_sum += r
        rr += r * r
    return rx, r_sum, rr


@inner
def _sums(x, y, a, b):
    if simd.VECTORS and x.flags.c_contiguous and y.flags.c_contiguous:
        return _sums_of_vectors(x, y, a, b)
    return _sums_of_numbers(x, y, a, b)


@inner
def _step(x, y, coef, intercept):
    if simd.VECTORS and x.flags.c_contiguous and y.flags.c_contiguous:
        return _step_of_vectors(x, y, coef, intercept)
    return _step_of_numbers(x, y, coef, intercept)


@inner
def _add(sums, lows, j, k, value):
    sums[j, k], lost = dd.two_sum(sums[j, k], value)
    lows[j, k] += lost


@inner
def block(x, y, shift, start, stop, sums, lows):
    """Add to sums + lows (3, 3) the products of [x, y, 1], upper half."""
    for begin in range(start, stop, PIECE):
        end = min(begin + PIECE, stop)
        uu, uv, u, vv, v = _sums(x[begin:end], y[begin:end], shift[0], shift[1])
        _add(sums, lows, 0, 0, uu)
        _add(sums, lows, 0, 1, uv)
        _add(sums, lows, 0, 2, u)
        _add(sums, lows, 1, 1, vv)
        _add(sums, lows, 1, 2, v)
        _add(sums, lows, 2, 2, np.float64(end - begin))


@strict_driver
def blocks(x, y, shift, sums, lows, count, turn, turns, taken, scratch):
    for _ in prange(len(scratch)):
        b = take(taken)
        while b < count:
            start, stop = rows_of(b, count, len(x), turn, turns)
            block(x, y, shift, start, stop, sums[b], lows[b])
            b = take(taken)


@strict_driver
def gradient_blocks(x, y, coef, intercept, sums, count, turn, turns, taken, scratch):
    for _ in prange(len(scratch)):
        b = take(taken)
        while b < count:
            start, stop = rows_of(b, count, len(x), turn, turns)
            for begin in range(start, stop, PIECE):
                end = min(begin + PIECE, stop)
                rx, r, rr = _step(x[begin:end], y[begin:end], coef, intercept)
                sums[b, 0] += rx
                sums[b, 1] += r
                sums[b, 2] += rr
            b = take(taken)
