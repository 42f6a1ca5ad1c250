"""Packing of columns, and of two vectors of targets: the numbers of a row side by side."""

import math

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd, turning
from linreg_fast.kernels.arithmetic.memory import prefetch
from linreg_fast.kernels.tuning import TARGETS_AHEAD, WIDE
from linreg_fast.runtime.compile import by_type, kernel_part

PAIR = 2 * WIDE  # targets that are packed side by side


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
    """z[i * PAIR + k]: rows start..stop of the targets first..last, which are PAIR at most.

    What lies beyond the last is zero.
    """
    for i in range(stop - start):
        for k in range(PAIR):
            there = first + k < last
            z[i * PAIR + k] = np.float64(Y[start + i, first + k]) if there else 0.0


def _pack_c_order(Y, start, stop, first, last, z):
    t = Y.shape[1]
    if last - first < PAIR:
        _pack_numbers(Y, start, stop, first, last, z)
        return
    for i in range(stop - start):
        of = (start + i) * t + first
        prefetch(Y, of + TARGETS_AHEAD)
        prefetch(Y, of + TARGETS_AHEAD + WIDE)
        simd.store(z, i * PAIR, simd.load(Y, of))
        simd.store(z, i * PAIR + WIDE, simd.load(Y, of + WIDE))


def _pack_f_order(Y, start, stop, first, last, z):
    n, rows = len(Y), stop - start
    whole = rows // WIDE * WIDE if last - first == PAIR else 0
    for i in range(0, whole, WIDE):
        for v in range(0, PAIR, WIDE):
            turning.turn(Y, (first + v) * n + start + i, n, z, i * PAIR + v, PAIR)
    _pack_numbers(Y, start + whole, stop, first, last, z[whole * PAIR :])


_pack_numbers = kernel_part(pack_targets)


@by_type(pack_targets)
def _pack_by_layout(Y, start, stop, first, last, z):
    if not simd.VECTORS or Y.layout == "A":
        return pack_targets
    return _pack_c_order if Y.layout == "C" else _pack_f_order


@kernel_part
def largest_of(z, rows, sizes, largest, at):
    """The largest size of each of the packed targets; not a number counts as nothing.

    It also goes to `largest` from the flat index `at` on, where it is larger.
    """
    for v in range(0, PAIR, WIDE):
        found = simd.zeros()
        for i in range(rows):
            found = simd.larger(simd.absolute(simd.load(z, i * PAIR + v)), found)
        simd.store(sizes, v, found)
        simd.store(largest, at + v, simd.larger(found, simd.load(largest, at + v)))
