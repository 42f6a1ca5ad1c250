"""The way for one feature and one target: five sums in registers, at the speed of memory.

The vectors are written out. Left to LLVM, the driver with threads would get other vectors than the
driver without, and the sums would end in other bits.
"""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.moments.by_blocks import sums_of_blocks
from linreg_fast.kernels.tuning import ONE_COLUMN_ROWS
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


@kernel_part
def _sums_of_vectors(x, y, a, b):
    """Of u = x - a, v = y - b: (uu, uv, u, vv, v)."""
    uu, uv, us = simd.zeros(), simd.zeros(), simd.zeros()
    vv, vs = simd.zeros(), simd.zeros()
    off_x, off_y = simd.broadcast(a), simd.broadcast(b)
    whole = len(x) // tuning.WIDE * tuning.WIDE
    for i in range(0, whole, tuning.WIDE):
        u = simd.subtract(simd.load(x, i), off_x)
        v = simd.subtract(simd.load(y, i), off_y)
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


@kernel_part
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


@kernel_part
def _sums(x, y, a, b):
    if simd.VECTORS and x.flags.c_contiguous and y.flags.c_contiguous:
        return _sums_of_vectors(x, y, a, b)
    return _sums_of_numbers(x, y, a, b)


@kernel_part
def _add(sums, lows, j, k, value):
    sums[j, k], lost = dd.two_sum(sums[j, k], value)
    lows[j, k] += lost


@kernel_part
def block(x, y, shift, start, stop, sums, lows):
    """Add to sums + lows (3, 3) the products of [x, y, 1], upper half."""
    for begin in range(start, stop, ONE_COLUMN_ROWS):
        end = min(begin + ONE_COLUMN_ROWS, stop)
        uu, uv, u, vv, v = _sums(x[begin:end], y[begin:end], shift[0], shift[1])
        _add(sums, lows, 0, 0, uu)
        _add(sums, lows, 0, 1, uv)
        _add(sums, lows, 0, 2, u)
        _add(sums, lows, 1, 1, vv)
        _add(sums, lows, 1, 2, v)
        _add(sums, lows, 2, 2, np.float64(end - begin))


@kernel_part
def _block(b, start, stop, scratch, x, y, shift, sums, lows):
    # four from `over_blocks`, then the arrays: a record would be taken apart at each call
    block(x, y, shift, start, stop, sums[b], lows[b])


_blocks = over_blocks(_block)


def takes(X, Y, weights=None):
    return X.shape[1] == 1 and Y.shape[1] == 1 and weights is None


def _no_scratch(n_samples, size, has_weights):
    return 0


def sums(X, Y, weights=None):
    return sums_of_blocks(X, Y, None, _blocks, (X[:, 0], Y[:, 0]), _no_scratch)
