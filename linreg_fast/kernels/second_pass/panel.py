"""Some rows at a time, as columns: centred, in orthonormal coordinates, residuals and leverages.

Everything runs down the rows of a piece, whose length never changes (rows that are not there have
weight zero), so that LLVM makes vectors of it without reordering a sum: the bits are the same with
threads and without.

The numbers that belong to the fit come as one tuple `fit`:
order (r,) of the independent columns, shift (2, p) and y_shift (2,) that come off first as hi and
lo, slopes (r,) of the independent columns, lower (r, r) that turns centred columns into orthonormal
coordinates, and constant, the coordinate of the intercept (0 where there is none).
"""

import numpy as np

from linreg_fast.kernels.arithmetic.simd import fma
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime.compile import kernel_part

VECTORS_OF_ROWS = 5  # residuals, leverages, weights, and two that the caller may use


def scratch_size(rank, size):
    """How many numbers a piece takes: `rank` columns, `size` coordinates."""
    return (rank + size + VECTORS_OF_ROWS) * ROWS


@kernel_part
def parts(scratch, rank, size):
    """(columns (r, ROWS), coordinates (k, ROWS), vectors (5, ROWS), the rest) of a thread's scratch."""
    a, b = rank * ROWS, (rank + size) * ROWS
    columns = scratch[:a].reshape((rank, ROWS))
    coordinates = scratch[a:b].reshape((size, ROWS))
    c = b + VECTORS_OF_ROWS * ROWS
    vectors = scratch[b:c].reshape((VECTORS_OF_ROWS, ROWS))
    return columns, coordinates, vectors, scratch[c:]


@kernel_part
def read(X, Y, target, weights, fit, begin, end, columns, vectors):
    """Columns less their means, residuals and weights of the rows from `begin` to `end`."""
    order, shift, y_shift, slopes, _, _ = fit
    rows, rank = end - begin, len(order)
    residual, weight = vectors[0], vectors[2]
    for i in range(rows):
        row = begin + i
        for j in range(rank):
            place = order[j]
            columns[j, i] = (np.float64(X[row, place]) - shift[0, place]) - shift[1, place]
        residual[i] = (Y[row, target] - y_shift[0]) - y_shift[1]
        weight[i] = weights[row] if len(weights) else 1.0
    for i in range(rows, ROWS):
        for j in range(rank):
            columns[j, i] = 0.0
        residual[i] = weight[i] = 0.0
    add_multiples(columns, slopes, rank, -1.0, residual)


@kernel_part
def add_multiples(columns, factors, count, sign, out):
    """out += sign * the sum of the first `count` columns, each times its factor."""
    j = 0
    while j + 3 < count:
        a, b, c, d = columns[j], columns[j + 1], columns[j + 2], columns[j + 3]
        f, g = sign * factors[j], sign * factors[j + 1]
        k, m = sign * factors[j + 2], sign * factors[j + 3]
        for i in range(ROWS):
            out[i] = fma(a[i], f, fma(b[i], g, fma(c[i], k, fma(d[i], m, out[i]))))
        j += 4
    while j < count:
        a, f = columns[j], sign * factors[j]
        for i in range(ROWS):
            out[i] = fma(a[i], f, out[i])
        j += 1


@kernel_part
def orthonormal(fit, columns, coordinates, vectors):
    """The coordinates of the rows, without their weights, and their leverages, with them."""
    lower, constant = fit[4], fit[5]
    size, rank = len(coordinates), len(columns)
    first = size - rank
    leverage, weight = vectors[1], vectors[2]
    for i in range(ROWS):
        leverage[i] = 0.0
    if first:
        ones = coordinates[0]
        for i in range(ROWS):
            ones[i] = constant
            leverage[i] = constant * constant
    for j in range(rank):
        own = coordinates[first + j]
        for i in range(ROWS):
            own[i] = 0.0
        add_multiples(columns, lower[j], j + 1, 1.0, own)
        for i in range(ROWS):
            leverage[i] = fma(own[i], own[i], leverage[i])
    for i in range(ROWS):
        leverage[i] *= weight[i]
