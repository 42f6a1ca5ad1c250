"""Sums of products of coordinates over the rows of a piece, in vectors of rows."""

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime.compile import kernel_part


@kernel_part
def _four_of_vectors(own, flat, k, out):
    """out[:4]: the products of `own` with four rows of the coordinates (flat), from the k-th on."""
    a, b, c, d = simd.zeros(), simd.zeros(), simd.zeros(), simd.zeros()
    at = k * ROWS
    for i in range(0, ROWS, tuning.WIDE):
        value = simd.load_wide(own, i)
        a = simd.fma_vectors(value, simd.load_wide(flat, at + i), a)
        b = simd.fma_vectors(value, simd.load_wide(flat, at + ROWS + i), b)
        c = simd.fma_vectors(value, simd.load_wide(flat, at + 2 * ROWS + i), c)
        d = simd.fma_vectors(value, simd.load_wide(flat, at + 3 * ROWS + i), d)
    out[0], out[1], out[2], out[3] = simd.total(a), simd.total(b), simd.total(c), simd.total(d)


@kernel_part
def _one_of_vectors(own, flat, k):
    a, b = simd.zeros(), simd.zeros()
    at = k * ROWS
    for i in range(0, ROWS, 2 * tuning.WIDE):
        a = simd.fma_vectors(simd.load_wide(own, i), simd.load_wide(flat, at + i), a)
        j = i + tuning.WIDE
        b = simd.fma_vectors(simd.load_wide(own, j), simd.load_wide(flat, at + j), b)
    return simd.total(simd.add(a, b))


@kernel_part
def _four_of_numbers(own, flat, k, out):
    for j in range(4):
        out[j] = _one_of_numbers(own, flat, k + j)


@kernel_part
def _one_of_numbers(own, flat, k):
    total = 0.0
    for i in range(ROWS):
        total += own[i] * flat[k * ROWS + i]
    return total


_four = _four_of_vectors if simd.VECTORS else _four_of_numbers
_one = _one_of_vectors if simd.VECTORS else _one_of_numbers


@kernel_part
def add_dots(own, flat, count, sums, room):
    """sums[:count] += the products of `own` (ROWS,) with the first rows of the coordinates."""
    k = 0
    while k + 3 < count:
        _four(own, flat, k, room)
        sums[k] += room[0]
        sums[k + 1] += room[1]
        sums[k + 2] += room[2]
        sums[k + 3] += room[3]
        k += 4
    while k < count:
        sums[k] += _one(own, flat, k)
        k += 1


@kernel_part
def add_products(factor, coordinates, flat, own, room, sums):
    """sums (k, k), on and below the diagonal, += sum over the rows of factor s s'."""
    for j in range(len(coordinates)):
        row = coordinates[j]
        for i in range(ROWS):
            own[i] = factor[i] * row[i]
        add_dots(own, flat, j + 1, sums[j], room)
