"""Rows into columns: pieces of `PIECE` rows, each column contiguous, in a buffer of cache size."""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.tuning import DOUBLED_ROWS
from linreg_fast.runtime.compile import kernel_part


@kernel_part
def pack_plain(columns, j, shift, start, stop, out, to):
    """Column j of rows start..stop less the shift, to out[to:], whatever the layout."""
    for i in range(stop - start):
        out[to + i] = np.float64(columns[start + i, j]) - shift


@kernel_part
def _pack_four_columns(columns, j, shift, at, start, stop, out):
    """Columns j..j+3 of C-contiguous rows: four by four numbers are turned in registers."""
    p = columns.shape[1]
    centre = simd.load(shift, at + j)
    to = (at + j) * DOUBLED_ROWS
    for i in range(0, stop - start - 3, 4):
        of = (start + i) * p + j
        a = simd.subtract(simd.load(columns, of), centre)
        b = simd.subtract(simd.load(columns, of + p), centre)
        c = simd.subtract(simd.load(columns, of + 2 * p), centre)
        d = simd.subtract(simd.load(columns, of + 3 * p), centre)
        ab, cd = simd.evens(a, b), simd.evens(c, d)
        simd.store(out, to + i, simd.lower(ab, cd))
        simd.store(out, to + 2 * DOUBLED_ROWS + i, simd.upper(ab, cd))
        ab, cd = simd.odds(a, b), simd.odds(c, d)
        simd.store(out, to + DOUBLED_ROWS + i, simd.lower(ab, cd))
        simd.store(out, to + 3 * DOUBLED_ROWS + i, simd.upper(ab, cd))
    for i in range((stop - start) // 4 * 4, stop - start):
        for k in range(4):
            out[to + k * DOUBLED_ROWS + i] = (
                np.float64(columns[start + i, j + k]) - shift[at + j + k]
            )


@kernel_part
def _pack_vectors(columns, at, shift, start, stop, out):
    p = columns.shape[1]
    if columns.flags.c_contiguous and p >= 4:
        for j in range(0, p - 3, 4):
            _pack_four_columns(columns, j, shift, at, start, stop, out)
        if p % 4:
            _pack_four_columns(columns, p - 4, shift, at, start, stop, out)
    else:
        for j in range(p):
            pack_plain(columns, j, shift[at + j], start, stop, out, (at + j) * DOUBLED_ROWS)


@kernel_part
def _pack_numbers(columns, at, shift, start, stop, out):
    for j in range(columns.shape[1]):
        pack_plain(columns, j, shift[at + j], start, stop, out, (at + j) * DOUBLED_ROWS)


# (columns (n, k), at, shift (q,), start, stop, out): rows start..stop of the columns, less their
# part shift[at:] of the shift, to out from at * PIECE on.
pack = _pack_vectors if simd.VECTORS else _pack_numbers


@kernel_part
def mask(weights, to, start, stop, out):
    """Zeros in a packed column for rows of weight zero, and up to a whole number of vectors."""
    if weights is not None:
        for i in range(stop - start):
            if weights[start + i] == 0.0:
                out[to + i] = 0.0
    for i in range(stop - start, -(-(stop - start) // tuning.WIDE) * tuning.WIDE):
        out[to + i] = 0.0
