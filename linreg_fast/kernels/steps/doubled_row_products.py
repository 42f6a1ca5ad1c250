"""As `row_products`, in double-double: rows of C order times a line, and residuals times the rows.

Sums start from a number so large that they stay in one binade. Adding a product then rounds it to a
fixed last bit, and what that loses is found by one more fused multiply-add (see `tiles.
doubled_microkernel`). Multiples of one last bit add up without rounding in any order, so the lanes
of a row's sum need no double-double either. Beyond a row's end its last vector reads numbers of the
next row, which count nothing: the line is zero there, and the sums of those places are not used.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from linreg_fast.kernels.arithmetic import llvm, simd
from linreg_fast.kernels.steps.row_products import INDEX, KIND, ROWS, sums_of_lanes

ZERO = ir.Constant(KIND, [0.0] * ROWS)


def _loop(builder, stop):
    """Over the vectors of so many numbers of a row; the index counts numbers."""
    return cgutils.for_range_slice(builder, ir.Constant(INDEX, 0), stop, ir.Constant(INDEX, ROWS))


def _rows(builder, X, at, p, column, count=ROWS):
    """One vector of each row."""
    place = builder.add(at, column)
    for _ in range(ROWS):
        yield llvm.emit_load(builder, X, place, count)
        place = builder.add(place, p)


def _add_product(builder, h, low, a, b):
    total = llvm.emit_fma(builder, a, b, h)
    lost = llvm.emit_fma(builder, a, b, builder.fsub(h, total))
    return total, builder.fadd(low, lost)


@intrinsic
def doubled_dots(typing_context, X, at, p, line, start):
    """(hi, lo): the products of `ROWS` rows, p long, from the flat index on, with the line.

    The line is as long as a whole number of vectors. hi is exact in multiples of start's last bit.
    """
    # the rows, the line, and what the sums start from

    def emit(context, builder, signature, arguments):
        _, at, p, _, start = arguments
        X, line = (llvm.emit_data(context, builder, signature, arguments, k) for k in (0, 3))
        highs = [cgutils.alloca_once_value(builder, start) for _ in range(ROWS)]
        lows = [cgutils.alloca_once_value(builder, ZERO) for _ in range(ROWS)]
        with _loop(builder, p) as (column, _):
            slopes = llvm.emit_load(builder, line, column, ROWS)
            for k, row in enumerate(_rows(builder, X, at, p, column)):
                h, low = builder.load(highs[k]), builder.load(lows[k])
                h, low = _add_product(builder, h, low, slopes, row)
                builder.store(h, highs[k])
                builder.store(low, lows[k])
        high = sums_of_lanes(builder, [builder.fsub(builder.load(h), start) for h in highs])
        low = sums_of_lanes(builder, [builder.load(low) for low in lows])
        return context.make_tuple(builder, signature.return_type, [high, low])

    pair = types.UniTuple(simd.VECTOR, 2)
    return pair(X, types.int64, types.int64, line, simd.VECTOR), emit


@intrinsic
def add_doubled_rows(typing_context, X, at, p, factors, factors_lo, sums, lows):
    """Add to sums + lows the rows that `doubled_dots` takes, each times its factor.

    Both are a whole number of vectors, and sums start as is told above.
    """
    # the rows, their factors, and where the sums go

    def emit(context, builder, signature, arguments):
        _, at, p, factors, factors_lo, _, _ = arguments
        X, sums, lows = (
            llvm.emit_data(context, builder, signature, arguments, k) for k in (0, 5, 6)
        )
        spread, spread_lo = (
            [llvm.emit_shuffled(builder, each, each, [k] * ROWS) for k in range(ROWS)]
            for each in (factors, factors_lo)
        )

        def add(column, count):
            h = llvm.emit_load(builder, sums, column, count)
            low = llvm.emit_load(builder, lows, column, count)
            other = ir.Constant(h.type, [0.0] * count)
            for k, row in enumerate(_rows(builder, X, at, p, column, count)):
                own, own_lo = (
                    llvm.emit_shuffled(builder, each, each, range(count))
                    for each in (spread[k], spread_lo[k])
                )
                other = llvm.emit_fma(builder, own_lo, row, other)
                h, low = _add_product(builder, h, low, own, row)
            llvm.emit_store(builder, h, builder.gep(sums, [column]))
            llvm.emit_store(builder, builder.fadd(low, other), builder.gep(lows, [column]))

        # What is left of a row and fits half a vector takes half the time.
        left = builder.srem(p, ir.Constant(INDEX, ROWS))
        half = ir.Constant(INDEX, ROWS // 2)
        small = builder.icmp_signed("<=", left, half)
        stop = builder.select(small, builder.sub(p, left), p)
        with _loop(builder, stop) as (column, _):
            add(column, ROWS)
        some = builder.icmp_signed("<", stop, p)
        with builder.if_then(some):
            add(stop, ROWS // 2)
        return context.get_dummy_value()

    integers = [types.int64] * 2
    return types.void(X, *integers, simd.VECTOR, simd.VECTOR, sums, lows), emit
