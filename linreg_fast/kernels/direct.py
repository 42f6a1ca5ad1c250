"""One feature and one target: the sums of the moments, or of a gradient step, in registers."""

import numpy as np
from numba import prange

from linreg_fast.kernels import doubledouble as dd
from linreg_fast.kernels.blocks import rows_of, take
from linreg_fast.kernels.compile import compiled, driver, strict

PIECE = 1024  # rows: 16 KB


@compiled
def _sums(x, y, a, b):
    """Of u = x - a, v = y - b: (uu, uv, u, vv, v)."""
    uu = uv = u_sum = vv = v_sum = 0.0
    for i in range(len(x)):
        u, v = np.float64(x[i]) - a, np.float64(y[i]) - b
        uu += u * u
        uv += u * v
        u_sum += u
        vv += v * v
        v_sum += v
    return uu, uv, u_sum, vv, v_sum


@strict
def _add(sums, lows, j, k, value):
    sums[j, k], lost = dd.two_sum(sums[j, k], value)
    lows[j, k] += lost


@strict
def _block(x, y, shift, start, stop, sums, lows):
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


@driver
def blocks(x, y, shift, sums, lows, count, turn, turns, taken, scratch):
    for _ in prange(len(scratch)):
        b = take(taken)
        while b < count:
            start, stop = rows_of(b, count, len(x), turn, turns)
            _block(x, y, shift, start, stop, sums[b], lows[b])
            b = take(taken)


@compiled
def _step(x, y, coef, intercept):
    """Of the residuals r: (sum of r x, of r, of r^2)."""
    rx = r_sum = rr = 0.0
    for i in range(len(x)):
        u = np.float64(x[i])
        r = u * coef + (intercept - np.float64(y[i]))
        rx += r * u
        r_sum += r
        rr += r * r
    return rx, r_sum, rr


@driver
def gradient_blocks(x, y, coef, intercept, sums, count, turn, turns, taken, scratch):
    for _ in prange(len(scratch)):
        b = take(taken)
        while b < count:
            start, stop = rows_of(b, count, len(x), turn, turns)
            rx, r, rr = _step(x[start:stop], y[start:stop], coef, intercept)
            sums[b, 0] += rx
            sums[b, 1] += r
            sums[b, 2] += rr
            b = take(taken)
