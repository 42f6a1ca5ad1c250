"""Columns of Fortran order as rows: as many numbers of as many columns, turned in registers."""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from linreg_fast.kernels import simd
from linreg_fast.kernels.registers import KIND, number
from linreg_fast.kernels.simd import WIDE


def emit_starts(builder, X, y, n, p, first):
    """Of columns of [X, y, 1] from `first` on: where they start, whether they are there or ones,
    and whether it is y that has a type of its own."""
    starts = []
    for k in range(WIDE):
        place = builder.add(first, number(k))
        there = builder.icmp_signed("<", place, p)
        start = builder.select(there, builder.gep(X, [builder.mul(n, place)]), X)
        target = builder.icmp_signed("==", place, p)
        if X.type == y.type:  # one instruction less for each vector: 5%
            start, there = builder.select(target, y, start), builder.or_(there, target)
            target = None
        starts.append((start, there, target))
    return starts


def emit_rows(builder, starts, y, row, centre):
    """WIDE rows of these columns from a row on, less the centre."""
    one, columns = ir.Constant(KIND, [1.0] * WIDE), []
    for start, there, target in starts:
        other = one
        if target is not None:
            other = builder.select(target, simd.emit_load(builder, y, row, WIDE), one)
        columns.append(builder.select(there, simd.emit_load(builder, start, row, WIDE), other))
    return [builder.fsub(turned, centre) for turned in simd.emit_turned(builder, columns)]


@intrinsic
def turn(typing_context, X, Y, first, shift, row, z, to):
    """WIDE columns of [X, Y, 1] less the shift, X of F order and Y one column, as rows: those from
    `row` on, to z from `to` on."""

    def emit(context, builder, signature, arguments):
        X, y, shift, z = (
            simd.emit_data(context, builder, signature, arguments, k) for k in (0, 1, 3, 5)
        )
        _, _, first, _, row, _, to = arguments
        shape = context.make_array(signature.args[0])(context, builder, arguments[0]).shape
        starts = emit_starts(builder, X, y, *cgutils.unpack_tuple(builder, shape), first)
        centre = simd.emit_load(builder, shift, first, WIDE)
        for k, found in enumerate(emit_rows(builder, starts, y, row, centre)):
            place = builder.gep(z, [builder.add(to, number(k * WIDE))])
            simd.emit_store(builder, found, place)
        return context.get_dummy_value()

    index = types.int64
    return types.void(X, Y, index, shift, index, z, index), emit
