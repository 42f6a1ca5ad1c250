"""Packing float32 rows into panels of float32: twice the columns of a vector of doubles."""

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import llvm
from linreg_fast.kernels.arithmetic.rounding import FLOAT32_SUBNORMAL
from linreg_fast.kernels.tiles import prefetch
from linreg_fast.kernels.tiles.packing import FLOAT32_VECTOR as KIND
from linreg_fast.kernels.tiles.packing import packer, safe_rows
from linreg_fast.kernels.tiles.transposing import transposer
from linreg_fast.kernels.tuning import FLOAT32_ROWS, PACKING_ROWS
from linreg_fast.runtime.compile import by_type, kernel_part

WIDE = 2 * tuning.WIDE


def _load(builder, pointer, offset):
    return llvm.emit_load(builder, pointer, offset, WIDE, single=True)


@intrinsic
def _scale(typing_context, z, at, factor):
    """Multiply WIDE numbers of z from `at` on; a factor of zero makes zeros of anything."""

    def emit(context, builder, signature, arguments):
        factor = arguments[2]
        z = llvm.emit_data(context, builder, signature, arguments, 0)
        row = _load(builder, z, arguments[1])
        scaled = builder.fmul(row, llvm.emit_broadcast(builder, factor, WIDE))
        out = builder.fcmp_ordered("==", factor, ir.Constant(ir.FloatType(), 0.0))
        scaled = builder.select(out, ir.Constant(KIND, [0.0] * WIDE), scaled)
        llvm.emit_store(builder, scaled, builder.gep(z, [arguments[1]]), 4)
        return context.get_dummy_value()

    return types.void(z, types.int64, types.float32), emit


_transpose = transposer(KIND, FLOAT32_ROWS)
_pack_rows = packer(KIND)


@kernel_part
def _pack_numbers(columns, first, last, shift, at, start, stop, stride, z):
    """Pack columns first..last, one number after the other; column 0 goes to place `at`."""
    # which columns of which rows, and where they go
    for j in range(first, last):
        c = at + j
        to = c // WIDE * stride + c % WIDE
        for i in range(stop - start):
            z[to + i * WIDE] = columns[start + i, j] - shift[c]


@kernel_part
def _pack_targets(Y, p, centre, start, stop, stride, z):
    """Pack the targets and the ones, behind p columns."""
    q = p + Y.shape[1]
    _pack_numbers(Y, 0, q - p, centre, p, start, stop, stride, z)
    to = q // WIDE * stride + q % WIDE
    for i in range(stop - start):
        z[to + i * WIDE] = 1.0


def _pack_any_layout(X, Y, shift, centre, start, stop, stride, z, pace):
    # as `pack`
    _pack_numbers(X, 0, X.shape[1], shift, 0, start, stop, stride, z)
    _pack_targets(Y, X.shape[1], centre, start, stop, stride, z)


def _pack_c_order(X, Y, shift, centre, start, stop, stride, z, pace):
    # as `pack`
    p, safe = X.shape[1], safe_rows(X, start, stop, WIDE)
    for row in range(start, safe, PACKING_ROWS):
        _pack_rows(X, Y, row, shift, centre, stride, z, (row - start) * WIDE)
        prefetch.request(X, stop * p, (row - start) * pace, (row - start + PACKING_ROWS) * pace)
    if safe < stop:
        _pack_numbers(X, 0, p, shift, 0, safe, stop, stride, z[(safe - start) * WIDE :])
    if safe < stop or Y.shape[1] > 1 or (p + 1) % WIDE == 0:
        _pack_targets(Y, p, centre, start, stop, stride, z)


def _pack_f_order(X, Y, shift, centre, start, stop, stride, z, pace):
    # as `pack`
    p, n_rows = X.shape[1], (stop - start) // WIDE * WIDE
    one = Y.shape[1] == 1 and X.dtype == Y.dtype
    one = one and (Y.flags.c_contiguous or Y.flags.f_contiguous)
    columns = p + 2 if one else p // WIDE * WIDE
    for j in range(0, columns, WIDE):
        for i in range(0, n_rows, WIDE):
            _transpose(X, Y, j, shift, start + i, z, j // WIDE * stride + i * WIDE)
    rest = start + n_rows
    _pack_numbers(X, 0, p, shift, 0, rest, stop, stride, z[n_rows * WIDE :])
    _pack_targets(Y, p, centre, rest, stop, stride, z[n_rows * WIDE :])
    if not one:
        _pack_numbers(X, columns, p, shift, 0, start, rest, stride, z)
        _pack_targets(Y, p, centre, start, rest, stride, z)


def pack(X, Y, shift, centre, start, stop, stride, z, pace):
    """Pack rows start..stop of [X, Y, 1], less the centre, laid out as by `packing.pack`.

    shift is the centre in float32, which is exact for X, and not always for Y.
    """
    # which rows, what is subtracted, and where they go
    _pack_any_layout(X, Y, shift, centre, start, stop, stride, z, pace)


@by_type(pack)
def _pack_by_layout(X, Y, shift, centre, start, stop, stride, z, pace):
    # as `pack`
    return {"C": _pack_c_order, "F": _pack_f_order}.get(X.layout, _pack_any_layout)


@kernel_part
def multiply_by_roots(weights, start, stop, panels, stride, z):
    """Multiply the rows of panels by the roots of their weights, so that products have the weight.

    Rows of weight zero become zeros, whatever they were; in others, what is not finite stays so.
    """
    for i in range(stop - start):
        root = np.float32(np.sqrt(weights[start + i]))
        if root == 0 and weights[start + i] > 0:
            root = FLOAT32_SUBNORMAL
        for panel in range(panels):
            _scale(z, panel * stride + i * WIDE, root)
