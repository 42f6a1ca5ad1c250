"""Some rows at a time, as columns: centred, in orthonormal coordinates, residuals and leverages.

Everything runs down the rows of a piece, whose length never changes (rows that are not there have
weight zero), so that LLVM makes vectors of it without reordering a sum: the bits are the same with
threads and without.

The numbers that belong to the fit come as one tuple `fit`:
order (r,) of the independent columns; shift (2, p + 1) that comes off the columns and the target
first, as hi and lo; slopes (r,) of the independent columns; lower (r, r + 1) that turns what is
left of the columns into orthonormal coordinates, the last column of which is added; and constant,
the coordinate of the intercept, 0 where there is none. Without an intercept columns far from zero
are shifted all the same, and the target by what is fitted there, or residuals would lose digits.
Drivers take its parts one by one, since a loop with threads takes no tuple; their blocks take all
that a driver is given as `arguments`, of which `given` names the first ones.
"""

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import memory, simd
from linreg_fast.kernels.arithmetic.turning import turn
from linreg_fast.kernels.second_pass.combining import combine, subtract_multiples
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime.compile import inlined_part, kernel_part

WIDE, AHEAD = tuning.WIDE, tuning.ROWS_AHEAD
GIVEN = 9  # arguments that every block begins with, see `given`
VECTORS_OF_ROWS = 5  # residuals, leverages, weights, and two that the caller may use


def scratch_size(n_features, rank, size):
    """How many numbers a piece takes: columns, coordinates, and the rows as they are."""
    return (rank + size + VECTORS_OF_ROWS + padded(n_features)) * ROWS + memory.LINE


def padded(n_features):
    """Up to a whole number of vectors."""
    return (n_features + WIDE - 1) // WIDE * WIDE


_padded = kernel_part(padded)


@inlined_part
def given(arguments):
    """X, Y, target, weights, and `fit`: the first arguments of every block, in this order."""
    return arguments[0], arguments[1], arguments[2], arguments[3], arguments[4:GIVEN]


@inlined_part
def sizes(fit):
    """How many coordinates there are, and how many of columns."""
    rank = len(fit[0])
    return rank + (1 if fit[4] > 0.0 else 0), rank


@kernel_part
def parts(scratch, n_features, rank, size):
    """Of a scratch: columns (r, ROWS), coordinates (k, ROWS), vectors (5, ROWS), raw, rest."""
    scratch = scratch[memory.line_start(scratch) :]  # what crosses lines takes twice as long
    a, b = rank * ROWS, (rank + size) * ROWS
    columns = scratch[:a].reshape((rank, ROWS))
    coordinates = scratch[a:b].reshape((size, ROWS))
    c = b + VECTORS_OF_ROWS * ROWS
    vectors = scratch[b:c].reshape((VECTORS_OF_ROWS, ROWS))
    d = c + _padded(n_features) * ROWS
    return columns, coordinates, vectors, scratch[c:d], scratch[d:]


@kernel_part
def read(X, Y, target, weights, fit, begin, end, columns, vectors, raw):
    """Columns less their means, residuals and weights of the rows from `begin` to `end`."""
    # the rows, the fit, which rows, and where they go
    order, shift, slopes = fit[0], fit[1], fit[2]
    y_place = shift.shape[1] - 1
    rows, rank = end - begin, len(order)
    residual, weight = vectors[0], vectors[2]
    read_columns(X, begin, rows, order, shift, columns, raw)
    high, low = shift[0, y_place], shift[1, y_place]
    for i in range(rows):
        residual[i] = (Y[begin + i, target] - high) - low
    if len(weights):
        for i in range(rows):
            weight[i] = weights[begin + i]
    else:
        for i in range(rows):
            weight[i] = 1.0
    for i in range(rows, ROWS):
        for j in range(rank):
            columns[j, i] = 0.0
        residual[i] = weight[i] = 0.0
    subtract_multiples(columns.reshape(rank * ROWS), slopes, residual)


@kernel_part
def _read_numbers(X, begin, rows, order, shift, columns, raw):
    """The independent columns, less hi and lo of their shifts."""
    for j in range(len(order)):
        place = order[j]
        high, low, own = shift[0, place], shift[1, place], columns[j]
        for i in range(rows):
            own[i] = (X[begin + i, place] - high) - low


@kernel_part
def _read_vectors(X, begin, rows, order, shift, columns, raw):
    """The same: rows of C order are first turned in registers, a third of the time for ten."""
    n, p = X.shape
    whole = 0
    if X.flags.c_contiguous:
        # What stands behind a row is read with its last numbers, and must be there.
        whole = max(min(rows, n - begin - 1 - WIDE // p), 0) // WIDE * WIDE
        for i in range(0, whole, WIDE):
            for line in range(0, p * WIDE, memory.LINE):
                memory.prefetch(X, (begin + i) * p + line + AHEAD)
            for j in range(0, p, WIDE):
                turn(X, (begin + i) * p + j, p, raw, j * ROWS + i, ROWS)
    for j in range(len(order)):
        place = order[j]
        high, low, own = shift[0, place], shift[1, place], columns[j]
        turned = raw[place * ROWS : (place + 1) * ROWS]
        for i in range(whole):
            own[i] = (turned[i] - high) - low
        for i in range(whole, rows):
            own[i] = (X[begin + i, place] - high) - low


read_columns = _read_vectors if simd.VECTORS else _read_numbers


@kernel_part
def orthonormal(fit, columns, coordinates, vectors):
    """The coordinates of the rows, without their weights, and their leverages, with them."""
    lower, constant = fit[3], fit[4]
    size, rank = len(coordinates), len(columns)
    first = size - rank
    leverage, weight = vectors[1], vectors[2]
    for i in range(ROWS):
        leverage[i] = 0.0
    if first:
        for i in range(ROWS):
            coordinates[0, i] = constant
            leverage[i] = constant * constant
    flat, out = columns.reshape(rank * ROWS), coordinates.reshape(size * ROWS)
    for j in range(rank):
        combine(flat, lower, j, lower[j, rank], out, (first + j) * ROWS, leverage)
    for i in range(ROWS):
        leverage[i] *= weight[i]
