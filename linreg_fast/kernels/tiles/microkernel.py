"""Tiles of products in registers: the innermost loop of the moments, emitted as LLVM IR.

A row of a panel is one vector of columns. Of every row, a few numbers are spread over whole
registers and multiplied with up to three vectors, which hold other columns of the same row. The
sums stay in registers for as many rows as a piece has, nothing has to be added up across a register
in the end, and loads are fewer than half of the fused multiply-adds.
"""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import llvm, memory, simd
from linreg_fast.kernels.tiles.prefetch import FRACTION
from linreg_fast.kernels.tuning import ROUND_ROWS, RUN_LINES, TILE_ROWS

# Lines side by side that a round asks for: of a row of ten columns each row of a tile has 0.42, of
# 30 where there is AVX-512 0.7.
LINES_A_ROUND = ROUND_ROWS * tuning.WIDE // 8

INDEX = ir.IntType(64)
DOUBLE, FLOAT = ir.DoubleType(), ir.FloatType()
KIND = simd.VECTOR.llvm


def number(value):
    return ir.Constant(INDEX, value)


def _vector(builder, numbers, offset, kind):
    """The vector that starts at numbers[offset], and where it is."""
    place = builder.bitcast(builder.gep(numbers, [offset]), kind.as_pointer())
    value = builder.load(place)
    value.align = 4 if kind.element == FLOAT else llvm.ALIGNMENT
    return value, place


def products(builder, pairs, numbers, columns, sums):
    """The sums, one for each pair (r, v), plus the number at numbers[r] times vector v."""
    spread = {
        r: llvm.emit_broadcast(builder, builder.load(numbers[r]), sums[0].type.count)
        for r in dict.fromkeys(r for r, _ in pairs)
    }
    return [
        llvm.emit_fma(builder, spread[r], columns[v], total)
        for (r, v), total in zip(pairs, sums, strict=True)
    ]


def _sums_of_rows(builder, pairs, a, panels, rows, ask, kind):
    """The loop over the rows: a holds where each of the numbers to spread stands in the first."""
    before = builder.block
    loop, after = builder.append_basic_block("rows"), builder.append_basic_block("sums")
    builder.branch(loop)
    builder.position_at_end(loop)
    row = builder.phi(INDEX)
    row.add_incoming(number(0), before)
    sums = done = [builder.phi(kind) for _ in pairs]
    ask(row)
    for k in range(ROUND_ROWS):
        offset = builder.mul(builder.add(row, number(k)), number(kind.count))
        columns = [_vector(builder, panel, offset, kind)[0] for panel in panels]
        numbers = [builder.gep(place, [offset]) for place in a]
        done = products(builder, pairs, numbers, columns, done)
        # No instruction, but LLVM would load of the next row what there is no register for.
        builder.fence("acq_rel", "singlethread")
    for total, value in zip(sums, done, strict=True):
        total.add_incoming(ir.Constant(kind, [0.0] * kind.count), before)
        total.add_incoming(value, loop)
    following = builder.add(row, number(ROUND_ROWS))
    row.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, rows), loop, after)
    builder.position_at_end(after)
    return done


def fold(builder, sums, lows, offset, new, kind):
    """Add a vector to sums + lows in double-double (TwoSum)."""
    old, place = _vector(builder, sums, offset, kind)
    low, low_place = _vector(builder, lows, offset, kind)
    total = builder.fadd(old, new)
    part = builder.fsub(total, old)
    lost = builder.fadd(builder.fsub(old, builder.fsub(total, part)), builder.fsub(new, part))
    for value, where in ((total, place), (builder.fadd(low, lost), low_place)):
        builder.store(value, where).align = llvm.ALIGNMENT


def _prefetch_sums(builder, sums, starts, vectors, across):
    """Ask for the sums of a tile, which are wanted when it is done."""
    for start in starts:
        for v in range(vectors):
            place = builder.add(start, builder.mul(across, number(v)))
            memory.emit_prefetch(builder, builder.gep(sums, [place]))


def _add_to_sums(builder, sums, offset, new, kind):
    """Add a vector to sums alone."""
    old, place = _vector(builder, sums, offset, kind)
    builder.store(builder.fadd(old, new), place).align = llvm.ALIGNMENT


def _tile(vectors, corner=False):
    """Of BROADCASTS columns with `vectors` panels; `corner`, of as many of the next panel with the
    last as well."""
    pairs = [(r, v) for r in range(TILE_ROWS) for v in range(vectors)]
    if corner:
        pairs += [(TILE_ROWS + r, vectors - 1) for r in range(TILE_ROWS)]
    count = max(r for r, _ in pairs) + 1

    @intrinsic
    def emit_tile(
        typing_context, a, at, z, to, stride, rows, sums, lows, place, X, ahead, step, asked, pace
    ):
        single = z.dtype == types.float32
        width = tuning.WIDE * (2 if single else 1)
        kind = ir.VectorType(FLOAT if single else DOUBLE, width)
        wide = ir.VectorType(DOUBLE, width)
        line = memory.LINE_BYTES // (4 if X.dtype == types.float32 else 8)

        def emit(context, builder, signature, arguments):
            def data(k):
                return llvm.emit_data(context, builder, signature, arguments, k)

            _, at, _, to, stride, rows, _, _, place, _, ahead, step, asked, pace = arguments
            # From one of the sums to that below, to the next panel's, and to that of its rows.
            shape = context.make_array(signature.args[6])(context, builder, arguments[6]).shape
            down, across = builder.extract_value(shape, 1), number(width)
            panel_down = builder.mul(down, across)
            if signature.args[6].ndim == 4:
                panel_down = number(width * width)
                down, across = across, builder.mul(down, panel_down)
            panels = [
                builder.gep(data(2), [builder.add(to, builder.mul(stride, number(v)))])
                for v in range(vectors)
            ]
            a, soon, sums, lows = data(0), builder.gep(data(9), [ahead]), data(6), data(7)
            numbers, starts = [], []  # of each row of sums: what is spread, and where they begin
            for r in range(count):
                panel, k = divmod(r, TILE_ROWS)
                beside = builder.add(builder.mul(stride, number(panel)), number(k))
                numbers.append(builder.gep(a, [builder.add(at, beside)]))
                below = builder.mul(panel_down, number(panel))
                below = builder.add(below, builder.mul(down, number(k)))
                starts.append(builder.add(place, below))

            def ask(row):
                if X.layout == "A":
                    return
                nth = builder.add(asked, builder.mul(row, pace))
                nth = builder.lshr(nth, number(FRACTION))
                side_by_side = nth if X.layout == "C" else builder.and_(nth, number(RUN_LINES - 1))
                first = builder.and_(side_by_side, number(-LINES_A_ROUND))
                at = builder.gep(soon, [builder.mul(first, number(line))])
                if X.layout == "F":
                    runs = builder.lshr(nth, number(RUN_LINES.bit_length() - 1))
                    at = builder.gep(at, [builder.mul(runs, step)])
                for k in range(LINES_A_ROUND):
                    memory.emit_prefetch(builder, builder.gep(at, [number(k * line)]))

            for wanted in (sums,) if single else (sums, lows):
                _prefetch_sums(builder, wanted, starts, vectors, across)
            found = _sums_of_rows(builder, pairs, numbers, panels, rows, ask, kind)
            for (r, v), value in zip(pairs, found, strict=True):
                offset = builder.add(starts[r], builder.mul(across, number(v)))
                if single:
                    _add_to_sums(builder, sums, offset, builder.fpext(value, wide), wide)
                else:
                    fold(builder, sums, lows, offset, value, wide)
            return context.get_dummy_value()

        index = types.int64
        arguments = [a, index, z, *[index] * 3, sums, lows, index, X, *[index] * 4]
        return types.void(*arguments), emit

    return emit_tile


# (a, at, z, to, stride, rows, sums, lows, place, X, ahead, step, asked, pace): number at + r of
# each row of a is multiplied with the vectors of z from `to` on, `stride` numbers apart. What that
# gives over the rows (whole rounds of them) is added to sums + lows (float64, square or in blocks
# as `shared` has them) from the flat index `place` on, one row of them for each r; where a and z
# are float32, to sums alone. Meanwhile lines of X are brought near, `pace` with each row, from
# `asked` of those on that start at `ahead` (`near.FRACTION`): in F order, after `near.RUN` of them
# follow those `step` numbers further. `tile_corner` takes two vectors and multiplies the second of
# them with the same numbers of the next panel of a as well, for sums a panel further down: a
# triangle, in the time of a whole tile (six cycles a row, where two tiles of eight sums and of four
# take eight).
# Callers are `strict`: fast-math flags would reach in here and drop the lows.
tile_one, tile_two, tile_three = _tile(1), _tile(2), _tile(3)
tile_corner = _tile(2, corner=True)
