"""The way for few rows in double-double: row by row, in one compiled call.

For 128 rows of ten columns the tiles of `doubled` take three times as long, and ten times as long
to compile.
"""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.moments.one_call import (
    centre_of,
    clear,
    halves_of,
    workspace,
    write_moments,
)
from linreg_fast.kernels.tiles import macrokernel
from linreg_fast.kernels.tuning import FAST_DOUBLED_ROWS
from linreg_fast.runtime.compile import kernel, kernel_part


def takes(X, Y, weights=None):
    return len(X) <= FAST_DOUBLED_ROWS and Y.shape[1] == 1 and weights is None


def sums(X, Y, weights=None):
    return len(X), *moments_of(X, Y)


def moments_of(X, Y):
    """(weight sum, mean, comoment) of the columns and one target."""
    q = X.shape[1] + 1
    found = np.empty(2), np.empty((2, q)), np.empty((2, q, q))
    size = macrokernel.padded(q + 1)
    shift, sums, scratch = workspace(size)
    _sums(X, Y, shift, scratch[:size], scratch[size : 2 * size], sums, *found)
    return found


@kernel_part
def _add_row_vectors(row, low, count, sums, lows):
    """Add to sums + lows, on and above the diagonal, products of row + low, `count` numbers."""
    size = len(row)
    for j in range(count):
        a, b = simd.broadcast(row[j]), simd.broadcast(low[j])
        for k in range(j // tuning.WIDE * tuning.WIDE, size, tuning.WIDE):
            at = j * size + k
            x, h = simd.load(row, k), simd.load(sums, at)
            product = simd.fma_vectors(a, x, simd.zeros())
            lost = simd.fma_vectors(a, x, simd.negative(product))
            lost = simd.fma_vectors(a, simd.load(low, k), simd.fma_vectors(b, x, lost))
            total, more = dd.two_sum_of_vectors(h, product)
            simd.store(sums, at, total)
            simd.store(lows, at, simd.add(simd.load(lows, at), simd.add(more, lost)))


@kernel_part
def _add_row_numbers(row, low, count, sums, lows):
    """The same, a number at a time."""
    for j in range(count):
        for k in range(j, count):
            product, lost = dd.two_product(row[j], row[k])
            sums[j, k], more = dd.two_sum(sums[j, k], product)
            lows[j, k] += more + (lost + (row[j] * low[k] + low[j] * row[k]))


_add_row = _add_row_vectors if simd.VECTORS else _add_row_numbers


@kernel
def _sums(X, Y, shift, row, low, sums, weight, mean, comoment):
    """Write the moments; all arrays are made by the caller."""
    # Python makes all arrays: making one in compiled code costs 0.3 s of compiling
    n, p = X.shape
    q = p + 1
    clear(row)
    clear(low)
    sums, lows = halves_of(sums)
    centre_of(X, shift)
    centre_of(Y, shift[p:])
    row[q] = 1.0
    for i in range(n):
        for j in range(p):
            row[j], low[j] = dd.two_sum(np.float64(X[i, j]), -shift[j])
        row[p], low[p] = dd.two_sum(np.float64(Y[i, 0]), -shift[p])
        _add_row(row, low, q + 1, sums, lows)
    write_moments(sums, lows, shift, weight, mean, comoment)
