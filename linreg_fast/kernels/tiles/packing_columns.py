"""Packing into columns: pieces of DOUBLED_ROWS rows, each column contiguous, in a small buffer."""

import math

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import simd, turning
from linreg_fast.kernels.arithmetic.columns import column_part, element, has_columns, load_part
from linreg_fast.kernels.arithmetic.rounding import NORM_UNDERFLOW
from linreg_fast.kernels.tuning import DOUBLED_ROWS
from linreg_fast.runtime.compile import by_type, fast_kernel, kernel_part


@kernel_part
def pack_plain(columns, j, shift, start, stop, out, to):
    """Pack column j of rows start..stop less the shift to out[to:], in any layout."""
    column = column_part(columns, j, start, stop)
    for i in range(stop - start):
        out[to + i] = np.float64(column[i]) - shift


@kernel_part
def _turn_columns(columns, j, side, start, stop, out):
    """Columns j..j+side-1 of C-contiguous rows; side is 4 or WIDE."""
    p = columns.shape[1]
    for i in range(0, stop - start - side + 1, side):
        of, to = (start + i) * p + j, j * DOUBLED_ROWS + i
        if side == 4:
            turning.turn_four(columns, of, p, out, to, DOUBLED_ROWS)
        else:
            turning.turn(columns, of, p, out, to, DOUBLED_ROWS)
    for i in range((stop - start) // side * side, stop - start):
        for k in range(side):
            out[(j + k) * DOUBLED_ROWS + i] = np.float64(columns[start + i, j + k])


def turn(columns, first, start, stop, out):
    """Pack rows start..stop of the columns from `first` on as they are, in any layout."""
    for j in range(first, columns.shape[1]):
        pack_plain(columns, j, 0.0, start, stop, out, (j - first) * DOUBLED_ROWS)


def _turn_c_order(columns, first, start, stop, out):
    p = columns.shape[1]
    if p >= 4 and first == 0:
        side = tuning.WIDE if p >= tuning.WIDE else 4
        for j in range(0, p - side + 1, side):
            _turn_columns(columns, j, side, start, stop, out)
        left = p % side
        if left:
            side = 4 if left <= 4 else side
            _turn_columns(columns, p - side, side, start, stop, out)
    else:
        for j in range(first, p):
            pack_plain(columns, j, 0.0, start, stop, out, (j - first) * DOUBLED_ROWS)


@by_type(turn)
def _turn_by_layout(columns, first, start, stop, out):
    return _turn_c_order if simd.VECTORS and columns.layout == "C" else turn


@kernel_part
def _pack_four_columns(columns, j, shift, at, start, stop, out):
    """Columns j..j+3 of C-contiguous rows: four by four numbers are transposed in registers."""
    p, to = columns.shape[1], (at + j) * DOUBLED_ROWS
    for i in range(0, stop - start - 3, 4):
        of = (start + i) * p + j
        turning.turn_four_less(columns, of, p, out, to + i, DOUBLED_ROWS, shift, at + j)
    for i in range((stop - start) // 4 * 4, stop - start):
        for k in range(4):
            number = np.float64(columns[start + i, j + k]) - shift[at + j + k]
            out[to + k * DOUBLED_ROWS + i] = number


def _pack_c_order(columns, at, shift, start, stop, out):
    p = columns.shape[1]
    if p >= 4:
        for j in range(0, p - 3, 4):
            _pack_four_columns(columns, j, shift, at, start, stop, out)
        if p % 4:
            _pack_four_columns(columns, p - 4, shift, at, start, stop, out)
    elif p == 1:
        pack_contiguous(columns, at, shift, start, stop, out)
    else:
        _pack_any_layout(columns, at, shift, start, stop, out)


@kernel_part
def pack_contiguous(columns, at, shift, start, stop, out):
    """As `pack`, of columns that are contiguous each: LLVM does not find their vectors."""
    whole = start + (stop - start) // tuning.WIDE * tuning.WIDE
    for j in range(columns.shape[1]):
        to, own = (at + j) * DOUBLED_ROWS - start, shift[at + j]
        centre = simd.broadcast(own)
        for i in range(start, whole, tuning.WIDE):
            simd.store(out, to + i, simd.subtract(load_part(columns, j, i), centre))
        for i in range(whole, stop):
            out[to + i] = np.float64(element(columns, i, j)) - own


def _pack_columns(columns, at, shift, start, stop, out):
    pack_contiguous(columns, at, shift, start, stop, out)


@kernel_part
def _pack_any_layout(columns, at, shift, start, stop, out):
    for j in range(columns.shape[1]):
        pack_plain(columns, j, shift[at + j], start, stop, out, (at + j) * DOUBLED_ROWS)


def pack(columns, at, shift, start, stop, out):
    """Pack rows start..stop of columns (n, k), an array or a table, to out[at * DOUBLED_ROWS:].

    Their part shift[at:] of the shift (q,) comes off.
    """
    _pack_any_layout(columns, at, shift, start, stop, out)


@by_type(pack)
def _pack_by_layout(columns, at, shift, start, stop, out):
    if simd.VECTORS and columns.layout == "C":
        return _pack_c_order
    return _pack_columns if simd.VECTORS and has_columns(columns) else pack


@kernel_part
def mask(weights, to, start, stop, out):
    """Write zeros to a packed column for rows of weight zero, and up to a whole vector."""
    if weights is not None:
        for i in range(stop - start):
            if weights[start + i] == 0.0:
                out[to + i] = 0.0
    for i in range(stop - start, -(-(stop - start) // tuning.WIDE) * tuning.WIDE):
        out[to + i] = 0.0


@fast_kernel
def size_of(numbers):
    total = 0.0
    for i in range(len(numbers)):
        total += abs(numbers[i])
    return total


@fast_kernel
def norm_of(numbers):
    """At least the Euclidean norm, and not far above it where squares do not underflow."""
    squares = 0.0
    for i in range(len(numbers)):
        squares += numbers[i] * numbers[i]
    return math.sqrt(squares) if squares > NORM_UNDERFLOW else size_of(numbers)


@kernel_part
def bound(columns, count, rows, bounds):
    """Write to bounds, per column, a power of two above its norm; what is not finite stays so.

    No sum of products of two columns reaches the product of their bounds. Three times that is in
    the middle of a binade, with room for such a sum on both sides.
    """
    for j in range(count):
        norm = norm_of(columns[j * DOUBLED_ROWS : j * DOUBLED_ROWS + rows])
        bounds[j] = math.ldexp(1.0, math.frexp(norm)[1]) if norm < np.inf else norm
