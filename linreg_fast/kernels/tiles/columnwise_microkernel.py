"""The innermost loops of plain products of columns: SIDE of them with SIDE others.

A vector holds WIDE rows of one column, so nothing is transposed or broadcast, and the sums of all
pairs stay in registers. Each lane has a sum of its own; they are added up in the end.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from linreg_fast.kernels.arithmetic import columns, llvm, memory
from linreg_fast.kernels.tiles.transposing import emit_starts
from linreg_fast.kernels.tuning import COLUMNWISE_SIDE, DOUBLED_ROWS, WIDE

SIDE = range(COLUMNWISE_SIDE)
SQUARE = [(j, k) for j in SIDE for k in SIDE]
TRIANGLE = [(j, k) for j, k in SQUARE if j <= k]
INDEX = ir.IntType(64)


def _index(value):
    return ir.Constant(INDEX, value)


def _emit_sums(builder, pairs, a, z, rows, totals, with_each=lambda row: None):
    """Add to totals, vector by vector, the products of column j of a and column k of z.

    with_each: is told the row, and may emit what is done with every vector of rows.
    """

    def vector(numbers, column, row):
        place = builder.add(row, _index(column * DOUBLED_ROWS))
        return llvm.emit_load(builder, numbers, place, WIDE)

    offsets = [_index(nth * WIDE) for nth in range(len(pairs))]
    sums = [
        cgutils.alloca_once_value(builder, llvm.emit_load(builder, totals, offset, WIDE))
        for offset in offsets
    ]
    with cgutils.for_range_slice(builder, _index(0), rows, _index(WIDE)) as (row, _):
        first, second = ([vector(numbers, k, row) for k in SIDE] for numbers in (a, z))
        with_each(row)
        for (j, k), total in zip(pairs, sums, strict=True):
            new = llvm.emit_fma(builder, first[j], second[k], builder.load(total))
            builder.store(new, total)
    for total, offset in zip(sums, offsets, strict=True):
        llvm.emit_store(builder, builder.load(total), builder.gep(totals, [offset]))


@intrinsic
def add_square(typing_context, a, z, j, k, rows, totals, at):
    """Add the products of columns j.. of a with columns k.. of z to totals[at:], pair by pair.

    Columns are DOUBLED_ROWS numbers apart, of which the first `rows` count, a multiple of WIDE.
    """
    # as numbers and arrays: an intrinsic takes no objects

    def emit(context, builder, signature, arguments):
        a, z, totals = (
            llvm.emit_data(context, builder, signature, arguments, place) for place in (0, 1, 5)
        )
        _, _, j, k, rows, _, at = arguments
        a, z = (
            builder.gep(numbers, [builder.mul(place, _index(DOUBLED_ROWS))])
            for numbers, place in ((a, j), (z, k))
        )
        _emit_sums(builder, SQUARE, a, z, rows, builder.gep(totals, [at]))
        return context.get_dummy_value()

    return types.void(a, z, *[types.int64] * 3, totals, types.int64), emit


@intrinsic
def add_triangle(typing_context, X, Y, soon, a, z, j, rows, totals, at):
    """As `add_square`, of columns j.. of a and z with each other, each pair once.

    Meanwhile the same columns of [X, Y] are prefetched, from row `soon` on.
    """
    # as `add_square`

    def emit(context, builder, signature, arguments):
        y, a, z, totals = (
            llvm.emit_data(context, builder, signature, arguments, place) for place in (1, 3, 4, 7)
        )
        X, _, soon, _, _, j, rows, _, at = arguments
        first_of = columns.emit_first_of(context, builder, signature.args[0], X)
        shape = context.make_array(signature.args[0])(context, builder, X).shape
        _, p = cgutils.unpack_tuple(builder, shape)
        starts = emit_starts(builder, first_of, y, p, j, COLUMNWISE_SIDE)

        def prefetch(row):
            for start, _, _ in starts:
                memory.emit_prefetch(builder, builder.gep(start, [builder.add(soon, row)]))

        own = builder.mul(j, _index(DOUBLED_ROWS))
        a, z = builder.gep(a, [own]), builder.gep(z, [own])
        _emit_sums(builder, TRIANGLE, a, z, rows, builder.gep(totals, [at]), prefetch)
        return context.get_dummy_value()

    return types.void(X, Y, types.int64, a, z, types.int64, types.int64, totals, types.int64), emit
