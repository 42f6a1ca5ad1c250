"""Tiles of products in registers: the innermost loop of the moments, emitted as LLVM IR.

A row of a panel is one vector of columns. Of every row, a few numbers are spread over whole
registers and multiplied with up to three vectors, which hold other columns of the same row. The
sums stay in registers for as many rows as a piece has, nothing has to be added up across a register
in the end, and loads are fewer than half of the fused multiply-adds.
"""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from linreg_fast.kernels import simd

# Sums of 3 vectors x 8 are 24 of the 32 registers of AVX-512, 3 x 4 are 12 of the 16 of AVX2; two
# multiply-adds at a time, each four cycles long, want eight of them.
BROADCASTS = 8 if simd.WIDE == 8 else 4

INDEX, LANE = ir.IntType(64), ir.IntType(32)
DOUBLE, FLOAT = ir.DoubleType(), ir.FloatType()


def _number(value):
    return ir.Constant(INDEX, value)


def _vector(builder, numbers, offset, kind):
    """The vector that starts at numbers[offset], and where it is."""
    place = builder.bitcast(builder.gep(numbers, [offset]), kind.as_pointer())
    value = builder.load(place)
    value.align = 4 if kind.element == FLOAT else simd.ALIGNMENT
    return value, place


def _spread(builder, numbers, offset, kind):
    """numbers[offset] in every place of a vector."""
    number = builder.load(builder.gep(numbers, [offset]))
    nothing = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(LANE, 0))
    everywhere = ir.Constant(ir.VectorType(LANE, kind.count), [0] * kind.count)
    return builder.shuffle_vector(first, nothing, everywhere)


def _products(builder, a, panels, rows, soon, step, groups, kind):
    """The loop over the rows: the sums, by group, row of the tile and vector."""
    shape = [
        (g, r, v) for g, vectors in enumerate(groups) for r in range(BROADCASTS) for v in vectors
    ]
    before = builder.block
    loop, after = builder.append_basic_block("rows"), builder.append_basic_block("sums")
    builder.branch(loop)
    builder.position_at_end(loop)
    row, line = builder.phi(INDEX), builder.phi(soon.type)
    row.add_incoming(_number(0), before)
    line.add_incoming(soon, before)
    sums = [builder.phi(kind) for _ in shape]
    offset = builder.mul(row, _number(kind.count))
    columns = [_vector(builder, panel, offset, kind)[0] for panel in panels]
    simd.emit_prefetch(builder, line)
    done, spread = [], {}
    for (g, r, v), total in zip(shape, sums, strict=True):
        total.add_incoming(ir.Constant(kind, [0.0] * kind.count), before)
        if (g, r) not in spread:
            spread[g, r] = _spread(builder, a[g], builder.add(offset, _number(r)), kind)
        done.append(simd.emit_fma(builder, spread[g, r], columns[v], total))
        total.add_incoming(done[-1], loop)
    following = builder.add(row, _number(1))
    row.add_incoming(following, loop)
    line.add_incoming(builder.gep(line, [step]), loop)
    builder.cbranch(builder.icmp_signed("<", following, rows), loop, after)
    builder.position_at_end(after)
    return zip(shape, done, strict=True)


def _fold(builder, sums, lows, offset, new, kind):
    """Add a vector to sums + lows in double-double (TwoSum)."""
    old, place = _vector(builder, sums, offset, kind)
    low, low_place = _vector(builder, lows, offset, kind)
    total = builder.fadd(old, new)
    part = builder.fsub(total, old)
    lost = builder.fadd(builder.fsub(old, builder.fsub(total, part)), builder.fsub(new, part))
    for value, where in ((total, place), (builder.fadd(low, lost), low_place)):
        builder.store(value, where).align = simd.ALIGNMENT


def _add(builder, sums, offset, new, kind):
    """Add a vector to sums alone."""
    old, place = _vector(builder, sums, offset, kind)
    builder.store(builder.fadd(old, new), place).align = simd.ALIGNMENT


def _tile(*groups):
    """groups: for each `BROADCASTS` rows of the tile, which of its vectors they are taken with."""

    @intrinsic
    def emit_tile(typing_context, a, at, z, to, stride, rows, sums, lows, place, X, ahead, step):
        single = z.dtype == types.float32
        width = simd.WIDE * (2 if single else 1)
        kind = ir.VectorType(FLOAT if single else DOUBLE, width)
        wide = ir.VectorType(DOUBLE, width)

        def emit(context, builder, signature, arguments):
            def data(k):
                return simd.emit_data(context, builder, signature, arguments, k)

            _, at, _, to, stride, rows, _, _, place, _, ahead, step = arguments
            columns = context.make_array(signature.args[6])(context, builder, arguments[6]).shape
            columns = builder.extract_value(columns, 1)
            panels = [
                builder.gep(data(2), [builder.add(to, builder.mul(stride, _number(v)))])
                for v in range(1 + max(max(vectors) for vectors in groups))
            ]
            rows_of_tile = [
                builder.gep(data(0), [builder.add(at, builder.mul(stride, _number(g)))])
                for g in range(len(groups))
            ]
            soon = builder.gep(data(9), [ahead])
            found = _products(builder, rows_of_tile, panels, rows, soon, step, groups, kind)
            sums, lows = data(6), data(7)
            for (g, r, v), value in found:
                down = builder.mul(columns, _number(g * BROADCASTS + r))
                offset = builder.add(builder.add(place, down), _number(v * width))
                if single:
                    _add(builder, sums, offset, builder.fpext(value, wide), wide)
                else:
                    _fold(builder, sums, lows, offset, value, wide)
            return context.get_dummy_value()

        integers = [types.int64] * 2
        return types.void(
            a, types.int64, z, *integers, types.int64, sums, lows, types.int64, X, *integers
        ), emit

    return emit_tile


# (a, at, z, to, stride, rows, sums, lows, place, X, ahead, step): number at + r of each row of a is
# multiplied with the vectors of z from `to` on, `stride` numbers apart. What that gives over the
# rows (1 or more) is added to sums + lows (C order, float64) from the flat index `place` on, one
# row of them for each r; where a and z are float32, to sums alone. Meanwhile the lines of X at
# ahead, ahead + step, ... are brought near.
# Callers are `strict`: fast-math flags would reach in here and drop the lows.
tile_one, tile_two, tile_three = _tile([0]), _tile([0, 1]), _tile([0, 1, 2])
# All of two panels with themselves: the second's rows are `stride` numbers behind the first's.
triangle_of_two = _tile([0, 1], [1])
