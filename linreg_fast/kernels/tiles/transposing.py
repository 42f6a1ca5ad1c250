"""Transposing: WIDE numbers of WIDE columns of F order become rows, in registers."""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from linreg_fast.kernels.arithmetic import columns, llvm, memory, simd

FLOAT = ir.FloatType()


def emit_starts(builder, first_of, y, p, first, count):
    """(start, is there, is y) of `count` columns of [X, y, 1] from `first` on.

    first_of: the function of `columns.emit_first_of`. A column that is not there is one of ones;
    the last is None unless y has a type of its own.
    """
    starts = []
    for k in range(count):
        place = builder.add(first, ir.Constant(first.type, k))
        there = builder.icmp_signed("<", place, p)
        start = first_of(builder.select(there, place, ir.Constant(place.type, 0)))
        target = builder.icmp_signed("==", place, p)
        if start.type == y.type:  # one instruction less for each vector: 5% (AVX2)
            start, there = builder.select(target, y, start), builder.or_(there, target)
            target = None
        starts.append((start, there, target))
    return starts


def emit_rows(builder, starts, y, row, centre):
    """As many rows of these columns as there are columns, from a row on, less the centre."""
    kind, found = centre.type, []
    one = ir.Constant(kind, [1.0] * kind.count)

    def load(pointer):
        return llvm.emit_load(builder, pointer, row, kind.count, single=kind.element == FLOAT)

    for start, there, target in starts:
        other = one if target is None else builder.select(target, load(y), one)
        found.append(builder.select(there, load(start), other))
    return [builder.fsub(turned, centre) for turned in llvm.emit_transposed(builder, found)]


def transposer(kind, ahead=0):
    """The function that transposes into panels of such vectors.

    It prefetches the lines `ahead` rows further, unless that is 0.
    """

    @intrinsic
    def emit_turn(typing_context, X, Y, first, shift, row, z, to):
        def emit(context, builder, signature, arguments):
            y, shift, z = (
                llvm.emit_data(context, builder, signature, arguments, k) for k in (1, 3, 5)
            )
            X, _, first, _, row, _, to = arguments
            first_of = columns.emit_first_of(context, builder, signature.args[0], X)
            shape = context.make_array(signature.args[0])(context, builder, X).shape
            _, p = cgutils.unpack_tuple(builder, shape)
            if kind.element == FLOAT != y.type.pointee:
                # Callers do not want y here: it would lose digits before it is shifted.
                y = first_of(ir.Constant(first.type, 0))
            starts = emit_starts(builder, first_of, y, p, first, kind.count)
            if ahead:
                soon = builder.add(row, ir.Constant(row.type, ahead))
                for start, _, _ in starts:
                    memory.emit_prefetch(builder, builder.gep(start, [soon]))
            centre = llvm.emit_load(builder, shift, first, kind.count, kind.element == FLOAT)
            for k, found in enumerate(emit_rows(builder, starts, y, row, centre)):
                place = builder.gep(z, [builder.add(to, ir.Constant(to.type, k * kind.count))])
                llvm.emit_store(builder, found, place)
            return context.get_dummy_value()

        index = types.int64
        return types.void(X, Y, index, shift, index, z, index), emit

    return emit_turn


# (X, Y, first, shift, row, z, to): transposes WIDE rows from `row` on of WIDE columns of [X, Y, 1]
# from `first` on, less the shift, to z from `to` on. X is in F order, or a table of
# columns, and Y one column.
transpose = transposer(simd.VECTOR.llvm)
