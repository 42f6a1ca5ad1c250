"""Cross-products of rows that fit two vectors: from memory to registers, without panels.

A row stays in a short ring for as long as it takes to write the next few: a number that is read
right after the vector it stands in was written waits for that to reach the cache (ten columns: 4.7
ns a row, and 3.5 so). With panels, memory rests while they are multiplied.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from linreg_fast.kernels import simd
from linreg_fast.kernels.compile import chosen
from linreg_fast.kernels.registers import KIND, fold, number, products, vector
from linreg_fast.kernels.simd import WIDE
from linreg_fast.kernels.turned import emit_rows, emit_starts

PANELS = 2  # vectors to a row at most: their sums and the row itself fill the registers
ROWS = WIDE  # of C order: ahead of those that are multiplied; of F order: turned at a time
DEPTH = 8 * ROWS  # of F order: written, then multiplied
PIECE = 256  # rows whose sums are plain
# Numbers of rows, and of the target beside them. The processor alone stops reading ahead at the end
# of a page, and not having asked for the target costs as much as for the rows (five columns).
AHEAD, AHEAD_DOWN = 768, 256
NOTHING = ir.Constant(KIND, [0.0] * WIDE)


def _write(builder, values, weight, place):
    """The vectors of a row, and where it has a weight those times the weight behind them."""
    if weight is not None:
        out = builder.fcmp_ordered("==", weight, ir.Constant(weight.type, 0.0))
        values = [builder.select(out, NOTHING, value) for value in values]
        weight = simd.emit_spread(builder, weight, WIDE)
        values += [builder.fmul(value, weight) for value in values]
    for v, value in enumerate(values):
        at = builder.gep(place, [number(v * WIDE)])
        builder.store(value, builder.bitcast(at, KIND.as_pointer())).align = 8 * WIDE


def _steps(builder, stop, step):
    return cgutils.for_range_slice(builder, number(0), stop, number(step))


def _double(builder, pointer, offset):
    value = builder.load(builder.gep(pointer, [offset]))
    return builder.fpext(value, ir.DoubleType()) if value.type == ir.FloatType() else value


def _row_reader(builder, X, y, p, centres):
    """Of C order: a row's vectors read over its end, and the target and a one take that place."""
    lanes = [
        ir.Constant(ir.VectorType(ir.IntType(64), WIDE), [v * WIDE + k for k in range(WIDE)])
        for v in range(len(centres))
    ]
    own = simd.emit_spread(builder, p, WIDE)
    masks = [(builder.icmp_signed("<", k, own), builder.icmp_signed("==", k, own)) for k in lanes]
    one = ir.Constant(KIND, [1.0] * WIDE)

    def values(row):
        offset = builder.mul(row, p)
        simd.emit_prefetch(builder, builder.gep(X, [builder.add(offset, number(AHEAD))]))
        simd.emit_prefetch(builder, builder.gep(y, [builder.add(row, number(AHEAD_DOWN))]))
        target = simd.emit_spread(builder, _double(builder, y, row), WIDE)
        for v, (inside, at_end) in enumerate(masks):
            read = simd.emit_load(builder, X, builder.add(offset, number(v * WIDE)), WIDE)
            read = builder.select(inside, read, builder.select(at_end, target, one))
            yield builder.fsub(read, centres[v])

    return values


def _piece(panels):
    pairs = [(r, v) for r in range(panels * WIDE) for v in range(r // WIDE, panels)]

    @intrinsic
    def emit_piece(typing_context, X, Y, weights, shift, start, rows, ring, sums, lows):
        def emit(context, builder, signature, arguments):
            def data(k):
                return simd.emit_data(context, builder, signature, arguments, k)

            def shape(k):
                array = context.make_array(signature.args[k])(context, builder, arguments[k])
                return cgutils.unpack_tuple(builder, array.shape)

            start, rows, ring = arguments[4], arguments[5], data(6)
            weighted, down = weights != types.none, X.layout == "F"
            stride = panels * WIDE * (2 if weighted else 1)
            centres = [vector(builder, data(3), number(v * WIDE), KIND)[0] for v in range(panels)]
            totals = [cgutils.alloca_once_value(builder, NOTHING) for _ in pairs]

            def slot(row):
                return builder.gep(ring, [builder.mul(row, number(stride))])

            def write(row, found, place):
                weight = _double(builder, data(2), row) if weighted else None
                _write(builder, list(found), weight, place)

            def multiply(place):
                own = [vector(builder, place, number(v * WIDE), KIND)[0] for v in range(panels)]
                times = stride - panels * WIDE
                numbers = [builder.gep(place, [number(times + r)]) for r in range(panels * WIDE)]
                old = [builder.load(total) for total in totals]
                for value, total in zip(
                    products(builder, pairs, numbers, own, old), totals, strict=True
                ):
                    builder.store(value, total)

            X_data, y_data = data(0), data(1)
            n, p = shape(0)

            def ask_for_columns(row, soon):
                """With each row that is multiplied, for lines of one of the columns."""
                rows_of_each = DEPTH // (panels * WIDE)
                lines = max(DEPTH // simd.LINE // rows_of_each, 1)
                part = builder.srem(row, number(rows_of_each))
                column = builder.sdiv(row, number(rows_of_each))
                there = builder.icmp_signed("<", column, p)
                column = builder.mul(n, builder.select(there, column, number(0)))
                at = builder.add(
                    builder.add(column, soon), builder.mul(part, number(lines * simd.LINE))
                )
                for k in range(lines):
                    place = builder.add(at, number(k * simd.LINE))
                    simd.emit_prefetch(builder, builder.gep(X_data, [place]))

            if down:
                starts = [
                    emit_starts(builder, X_data, y_data, n, p, number(v * WIDE))
                    for v in range(panels)
                ]
                with _steps(builder, rows, DEPTH) as (piece, _):
                    left = builder.sub(rows, piece)
                    more = builder.icmp_signed("<", number(DEPTH), left)
                    count = builder.select(more, number(DEPTH), left)
                    with _steps(builder, count, ROWS) as (turn, _):
                        first = builder.add(start, builder.add(piece, turn))
                        soon = builder.gep(y_data, [builder.add(first, number(AHEAD_DOWN))])
                        simd.emit_prefetch(builder, soon)
                        parts = [
                            emit_rows(builder, columns, y_data, first, centre)
                            for columns, centre in zip(starts, centres, strict=True)
                        ]
                        for k, found in enumerate(zip(*parts, strict=True)):
                            row = builder.add(turn, number(k))
                            write(builder.add(first, number(k)), found, slot(row))
                    with cgutils.for_range(builder, count) as row:
                        soon = builder.add(builder.add(start, piece), number(AHEAD_DOWN))
                        ask_for_columns(row.index, soon)
                        multiply(slot(row.index))
            else:
                values = _row_reader(builder, X_data, y_data, p, centres)
                for row in range(ROWS, 2 * ROWS):  # what is multiplied first
                    _write(builder, [NOTHING] * (stride // WIDE), None, slot(number(row)))
                with cgutils.for_range(builder, builder.add(rows, number(ROWS))) as one:
                    last = number(2 * ROWS - 1)
                    row = builder.add(start, one.index)
                    write(row, values(row), slot(builder.and_(one.index, last)))
                    multiply(slot(builder.and_(builder.add(one.index, number(ROWS)), last)))
            size = shape(7)[1]
            for (r, v), total in zip(pairs, totals, strict=True):
                offset = builder.add(builder.mul(size, number(r)), number(v * WIDE))
                fold(builder, data(7), data(8), offset, builder.load(total), KIND)
            return context.get_dummy_value()

        integers = [types.int64] * 2
        return types.void(X, Y, weights, shift, *integers, ring, sums, lows), emit

    return emit_piece


_one_vector, _two_vectors = _piece(1), _piece(2)


def _in_registers(X, Y, weights, shift, start, stop, ring, sums, lows):
    # The last rows' vectors would read over the end of X, and the ring is filled ahead.
    last = min(stop, len(X) - 2 * ROWS)
    while start + ROWS <= last and Y.shape[1] == 1:
        rows = min(PIECE, last - start) // ROWS * ROWS
        if len(sums) == WIDE:
            _one_vector(X, Y, weights, shift, start, rows, ring, sums, lows)
        else:
            _two_vectors(X, Y, weights, shift, start, rows, ring, sums, lows)
        start += rows
    return start


def summed(X, Y, weights, shift, start, stop, ring, sums, lows):
    """Add to sums + lows what `tiles.moments_block` does, where sums has at most two vectors.

    ring: scratch as there, the first number at the start of a line. Returns the first row left.
    """
    return start


@chosen(summed)
def _summed_by_layout(X, Y, weights, shift, start, stop, ring, sums, lows):
    layouts = [array.layout for array in (X, Y, weights) if array != types.none]
    possible = simd.VECTORS and all(layout in "CF" for layout in layouts)
    return _in_registers if possible else summed
