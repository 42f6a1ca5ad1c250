"""Sums of products of coordinates over the rows of a piece, in vectors of rows.

Each sum is kept as a vector of `WIDE` parts, which are added up once, at the end of a block: to do
so after each piece took as long as the products (64 rows of eleven, Zen 4).
"""

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime.compile import inlined_part, kernel_part

WIDE = tuning.WIDE


@inlined_part
def _four_of_vectors(own, flat, k, sums, to):
    """Add to four sums, from `to` on, the products of `own` with rows k to k + 3 of `flat`."""
    a, b = simd.load(sums, to), simd.load(sums, to + WIDE)
    c, d = simd.load(sums, to + 2 * WIDE), simd.load(sums, to + 3 * WIDE)
    at = k * ROWS
    for i in range(0, ROWS, WIDE):
        value = simd.load(own, i)
        a = simd.fma_vectors(value, simd.load(flat, at + i), a)
        b = simd.fma_vectors(value, simd.load(flat, at + ROWS + i), b)
        c = simd.fma_vectors(value, simd.load(flat, at + 2 * ROWS + i), c)
        d = simd.fma_vectors(value, simd.load(flat, at + 3 * ROWS + i), d)
    simd.store(sums, to, a)
    simd.store(sums, to + WIDE, b)
    simd.store(sums, to + 2 * WIDE, c)
    simd.store(sums, to + 3 * WIDE, d)


@inlined_part
def _one_of_vectors(own, flat, k, sums, to):
    a, b = simd.load(sums, to), simd.zeros()
    at = k * ROWS
    for i in range(0, ROWS, 2 * WIDE):
        a = simd.fma_vectors(simd.load(own, i), simd.load(flat, at + i), a)
        j = i + WIDE
        b = simd.fma_vectors(simd.load(own, j), simd.load(flat, at + j), b)
    simd.store(sums, to, simd.add(a, b))


@kernel_part
def _four_of_numbers(own, flat, k, sums, to):
    for j in range(4):
        _one_of_numbers(own, flat, k + j, sums, to + j * WIDE)


@kernel_part
def _one_of_numbers(own, flat, k, sums, to):
    for i in range(ROWS):
        sums[to + i % WIDE] += own[i] * flat[k * ROWS + i]


_four = _four_of_vectors if simd.VECTORS else _four_of_numbers
_one = _one_of_vectors if simd.VECTORS else _one_of_numbers


@kernel_part
def add_dots(own, flat, count, sums, to):
    """Add to sums, from `to` on, the products of `own` (ROWS,) with the first rows of `flat`."""
    k = 0
    while k + 3 < count:
        _four(own, flat, k, sums, to)
        k, to = k + 4, to + 4 * WIDE
    while k < count:
        _one(own, flat, k, sums, to)
        k, to = k + 1, to + WIDE


@kernel_part
def add_products(factor, flat, size, own, sums, to):
    """Add to sums, from `to` on, row after row of the lower half, the sums of factor s s'."""
    for j in range(size):
        for i in range(ROWS):
            own[i] = factor[i] * flat[j * ROWS + i]
        add_dots(own, flat, j + 1, sums, to)
        to += (j + 1) * WIDE


@kernel_part
def add_up(sums, count, out):
    """out (count,) += the parts of each sum, which are 0 afterwards."""
    for k in range(count):
        total = 0.0
        for i in range(k * WIDE, (k + 1) * WIDE):
            total += sums[i]
            sums[i] = 0.0
        out[k] += total
