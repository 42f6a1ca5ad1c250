"""Packing of columns, and of a stripe of targets whose numbers of one row lie side by side."""

import math

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd, turning
from linreg_fast.kernels.tuning import TARGET_STRIPE, WIDE
from linreg_fast.runtime.compile import by_type, kernel_part


@kernel_part
def pack_columns(X, X_lo, weights, start, stop, a, a_lo, bounds):
    """Rows of [X, 1] times their weights, hi and lo, and for each column a bound of their sum.

    Returns whether all lo parts are zero.
    """
    p, m = X.shape[1], len(bounds)
    bounds[:] = 0.0
    for i in range(stop - start):
        for j in range(m):
            value, low = 0.0, 0.0
            if j < p:
                value = np.float64(X[start + i, j])
                if len(X_lo) > 0:
                    low = X_lo[start + i, j]
            elif j == p:
                value = 1.0
            if len(weights) > 0:
                value, low = dd.two_product(weights[start + i], value)
            a[i * m + j], a_lo[i * m + j] = value, low
            bounds[j] += abs(value)
    for j in range(m):  # three times a power of two: in the middle of a binade
        bound = bounds[j]
        bounds[j] = 3.0 * math.ldexp(1.0, math.frexp(bound)[1]) if bound < np.inf else bound
    return len(weights) == 0 and len(X_lo) == 0


def pack_targets(Y, start, stop, first, last, z):
    """z[i * TARGET_STRIPE + k]: rows start..stop of the targets first..last."""
    for i in range(stop - start):
        for k in range(last - first):
            z[i * TARGET_STRIPE + k] = np.float64(Y[start + i, first + k])


def _pack_c_order(Y, start, stop, first, last, z):
    t, whole = Y.shape[1], (last - first) // WIDE * WIDE
    for i in range(stop - start):
        of, to = (start + i) * t + first, i * TARGET_STRIPE
        for k in range(0, whole, WIDE):
            simd.store(z, to + k, simd.load(Y, of + k))
        for k in range(whole, last - first):
            z[to + k] = np.float64(Y[start + i, first + k])


def _pack_f_order(Y, start, stop, first, last, z):
    n, rows, count = len(Y), stop - start, last - first
    for k in range(0, count - WIDE + 1, WIDE):
        for i in range(0, rows - WIDE + 1, WIDE):
            of, to = (first + k) * n + start + i, i * TARGET_STRIPE + k
            turning.turn(Y, of, n, z, to, TARGET_STRIPE)
    for k in range(count):
        begin = rows // WIDE * WIDE if k < count // WIDE * WIDE else 0
        for i in range(begin, rows):
            z[i * TARGET_STRIPE + k] = np.float64(Y[start + i, first + k])


@by_type(pack_targets)
def _pack_by_layout(Y, start, stop, first, last, z):
    if not simd.VECTORS or Y.layout == "A":
        return pack_targets
    return _pack_c_order if Y.layout == "C" else _pack_f_order


@kernel_part
def largest_of(z, rows, count, out):
    """The largest size of each target in the piece; not a number counts as nothing."""
    for k in range(count):
        out[k] = 0.0
    for i in range(rows):
        row = z[i * TARGET_STRIPE : i * TARGET_STRIPE + count]
        for k in range(count):
            size = abs(row[k])
            out[k] = size if size > out[k] else out[k]
