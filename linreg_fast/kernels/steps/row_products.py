"""A vector's worth of rows times coefficients, and residuals times those rows, emitted as LLVM IR.

Rows are C order; each is read in vectors along its columns, the last of them masked. A sum along
one row would be a chain of additions that wait for each other; side by side they do not.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import llvm, memory, simd

INDEX = ir.IntType(64)
KIND = simd.VECTOR.llvm
ROWS = tuning.WIDE
AHEAD = ir.Constant(INDEX, tuning.ROWS_AHEAD)


def _along_the_row(builder, p, each):
    """each(column, mask): a vector of columns after the other, then what is left, masked."""
    width = ir.Constant(INDEX, ROWS)
    whole, left = builder.sdiv(p, width), builder.srem(p, width)
    with cgutils.for_range(builder, whole) as loop:
        each(builder.mul(loop.index, width), None)
    with builder.if_then(builder.icmp_signed(">", left, ir.Constant(INDEX, 0))):
        counts = llvm.emit_broadcast(builder, left, ROWS)
        lanes = ir.Constant(counts.type, list(range(ROWS)))
        each(builder.mul(whole, width), builder.icmp_signed("<", lanes, counts))


def _rows(builder, X, at, p, column, mask):
    """One vector of each row."""
    for k in range(ROWS):
        offset = builder.add(builder.add(at, builder.mul(p, ir.Constant(INDEX, k))), column)
        value = llvm.emit_load(builder, X, offset, ROWS)
        if mask is not None:
            value = builder.select(mask, value, ir.Constant(KIND, [0.0] * ROWS))
        yield value


def _ask(builder, X, at, column):
    """For as many numbers of the rows to come, which lie behind each other, as `_rows` has read."""
    line = memory.LINE if X.type.pointee == ir.DoubleType() else 2 * memory.LINE
    soon = builder.add(builder.add(at, builder.mul(column, ir.Constant(INDEX, ROWS))), AHEAD)
    for k in range(0, ROWS * ROWS, line):
        place = builder.gep(X, [builder.add(soon, ir.Constant(INDEX, k))])
        memory.emit_prefetch(builder, place)


def sums_of_lanes(builder, values):
    """One vector of the sums of the lanes of each."""
    evens, odds = range(0, 2 * ROWS, 2), range(1, 2 * ROWS, 2)
    while len(values) > 1:  # neighbours are added up, halving what each row has left
        values = [
            builder.fadd(
                llvm.emit_shuffled(builder, a, b, evens), llvm.emit_shuffled(builder, a, b, odds)
            )
            for a, b in zip(values[::2], values[1::2], strict=True)
        ]
    return values[0]


@intrinsic
def dots(typing_context, X, at, p, coef):
    """The products of `ROWS` rows, p long, from the flat index on, with coef: one vector.

    coef is as long as a whole number of vectors. The last row's last vector is read whole.
    """

    def emit(context, builder, signature, arguments):
        _, at, p, _ = arguments
        X, coef = (llvm.emit_data(context, builder, signature, arguments, k) for k in (0, 3))
        zero = ir.Constant(KIND, [0.0] * ROWS)
        totals = [cgutils.alloca_once_value(builder, zero) for _ in range(ROWS)]

        def each(column, mask):
            slopes = llvm.emit_load(builder, coef, column, ROWS)
            _ask(builder, X, at, column)
            for total, row in zip(totals, _rows(builder, X, at, p, column, mask), strict=True):
                builder.store(llvm.emit_fma(builder, row, slopes, builder.load(total)), total)

        _along_the_row(builder, p, each)
        return sums_of_lanes(builder, [builder.load(total) for total in totals])

    return simd.VECTOR(X, types.int64, types.int64, coef), emit


@intrinsic
def add_rows(typing_context, X, at, p, factors, sums):
    """Add to sums (a whole number of vectors) the rows that `dots` takes, each times its factor."""

    def emit(context, builder, signature, arguments):
        _, at, p, factors, _ = arguments
        X, sums = (llvm.emit_data(context, builder, signature, arguments, k) for k in (0, 4))
        spread = [llvm.emit_shuffled(builder, factors, factors, [k] * ROWS) for k in range(ROWS)]

        def each(column, mask):
            place = builder.bitcast(builder.gep(sums, [column]), KIND.as_pointer())
            # By halves: the sums of the rows before have to wait for one addition, not for all.
            rows = list(_rows(builder, X, at, p, column, mask))
            halves = []
            for start in (0, ROWS // 2):
                half = builder.fmul(spread[start], rows[start])
                for k in range(start + 1, start + ROWS // 2):
                    half = llvm.emit_fma(builder, spread[k], rows[k], half)
                halves.append(half)
            total = builder.load(place)
            total.align = llvm.ALIGNMENT
            total = builder.fadd(total, builder.fadd(*halves))
            builder.store(total, place).align = llvm.ALIGNMENT

        _along_the_row(builder, p, each)
        return context.get_dummy_value()

    return types.void(X, types.int64, types.int64, simd.VECTOR, sums), emit
