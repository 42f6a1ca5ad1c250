"""The microkernel: a tile of products, summed in registers; the innermost loop of the moments.

It is emitted as LLVM IR. A panel is `WIDE` columns of a packed piece of rows; row i of it is one
vector. In memory, panel by panel, for WIDE = 4 and columns a b c d, e f g h:

    z:  a0 b0 c0 d0 | a1 b1 c1 d1 | a2 ...      panel 0, then after `stride` numbers
        e0 f0 g0 h0 | e1 f1 g1 h1 | e2 ...      panel 1

A tile multiplies TILE_ROWS columns of one panel with up to three panels side by side. For each row
of data every one of the TILE_ROWS numbers is broadcast to a whole register and multiplied with the
vectors of the other panels (AVX2, TILE_ROWS = 4, three panels: twelve sums of four numbers):

                 panel p      panel p+1    panel p+2        registers
    a0 broadcast  x [....]     x [....]     x [....]        3 sums
    b0 broadcast  x [....]     x [....]     x [....]        3 sums
    c0 broadcast  x [....]     x [....]     x [....]        3 sums
    d0 broadcast  x [....]     x [....]     x [....]        3 sums    + 3 vectors + 1 broadcast = 16

The sums stay in registers for all rows of a piece, nothing has to be added up across a register in
the end, and there are fewer than half as many loads as fused multiply-adds.
"""

from typing import Any, NamedTuple

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import llvm, memory, simd
from linreg_fast.kernels.tiles.prefetch import FRACTION
from linreg_fast.kernels.tuning import ROUND_ROWS, RUN_LINES, TILE_ROWS

# Lines side by side that one round requests. At an even pace each row of a tile wants 0.42 lines of
# rows of ten columns (AVX2), and 0.7 of 30 (AVX-512).
LINES_A_ROUND = ROUND_ROWS * tuning.WIDE // 8

INDEX = ir.IntType(64)
DOUBLE, FLOAT = ir.DoubleType(), ir.FloatType()
KIND = simd.VECTOR.llvm


class Piece(NamedTuple):
    """A packed piece of rows: panels of `width` columns, `stride` numbers apart."""

    a: Any  # the panels whose numbers are broadcast: z, or z times the weights
    z: Any  # the panels that are loaded as vectors
    width: int
    stride: int
    rows: int  # a whole number of rounds, the rest zeros


def number(value):
    """A constant index."""
    return ir.Constant(INDEX, value)


def _vector(builder, numbers, offset, kind):
    """The vector that starts at numbers[offset], and where it is."""
    place = builder.bitcast(builder.gep(numbers, [offset]), kind.as_pointer())
    value = builder.load(place)
    value.align = 4 if kind.element == FLOAT else llvm.ALIGNMENT
    return value, place


def products(builder, pairs, numbers, columns, sums):
    """The sums, one for each pair (r, v), plus the number at numbers[r] times vector v."""
    broadcast = {
        r: llvm.emit_broadcast(builder, builder.load(numbers[r]), sums[0].type.count)
        for r in dict.fromkeys(r for r, _ in pairs)
    }
    return [
        llvm.emit_fma(builder, broadcast[r], columns[v], total)
        for (r, v), total in zip(pairs, sums, strict=True)
    ]


def _sums_of_rows(builder, pairs, a, panels, rows, request, kind):
    """The loop over the rows. a: where each of the numbers to broadcast stands in the first row."""
    before = builder.block
    loop, after = builder.append_basic_block("rows"), builder.append_basic_block("sums")
    builder.branch(loop)
    builder.position_at_end(loop)
    row = builder.phi(INDEX)
    row.add_incoming(number(0), before)
    sums = done = [builder.phi(kind) for _ in pairs]
    request(row)
    for k in range(ROUND_ROWS):
        offset = builder.mul(builder.add(row, number(k)), number(kind.count))
        columns = [_vector(builder, panel, offset, kind)[0] for panel in panels]
        numbers = [builder.gep(place, [offset]) for place in a]
        done = products(builder, pairs, numbers, columns, done)
        # It is no instruction, but without it LLVM loads of the next row what has no register.
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
    """Prefetch the tile's sums: they are added to when it ends."""
    for start in starts:
        for v in range(vectors):
            place = builder.add(start, builder.mul(across, number(v)))
            memory.emit_prefetch(builder, builder.gep(sums, [place]))


def _add_to_sums(builder, sums, offset, new, kind):
    """Add a vector to sums alone."""
    old, place = _vector(builder, sums, offset, kind)
    builder.store(builder.fadd(old, new), place).align = llvm.ALIGNMENT


class _Record:
    """The fields of a NamedTuple among the arguments of an intrinsic."""

    def __init__(self, context, builder, kind, value):
        self.context, self.builder, self.kind, self.value = context, builder, kind, value

    def get(self, name):
        return self.builder.extract_value(self.value, self.kind.fields.index(name))

    def data(self, name):
        """Where the numbers of an array begin."""
        kind = type_of(self.kind, name)
        return self.context.make_array(kind)(self.context, self.builder, self.get(name)).data


def type_of(record, name):
    """Numba's type of a field."""
    return record.types[record.fields.index(name)]


def _requester(builder, ahead, X):
    """A function of a row's number that emits the prefetches of one round of rows."""
    line = memory.LINE_BYTES // (4 if X.dtype == types.float32 else 8)
    soon = builder.gep(ahead.data("X"), [ahead.get("first")])

    def request(row):
        if X.layout == "A":
            return
        nth = builder.add(ahead.get("requested"), builder.mul(row, ahead.get("pace")))
        nth = builder.lshr(nth, number(FRACTION))
        side_by_side = nth if X.layout == "C" else builder.and_(nth, number(RUN_LINES - 1))
        first = builder.and_(side_by_side, number(-LINES_A_ROUND))
        at = builder.gep(soon, [builder.mul(first, number(line))])
        if X.layout == "F":
            runs = builder.lshr(nth, number(RUN_LINES.bit_length() - 1))
            at = builder.gep(at, [builder.mul(runs, ahead.get("step"))])
        for k in range(LINES_A_ROUND):
            memory.emit_prefetch(builder, builder.gep(at, [number(k * line)]))

    return request


def _tile(vectors, corner=False):
    """A tile of TILE_ROWS columns with `vectors` panels.

    corner: with TILE_ROWS columns of the next panel against the last vector as well.
    """
    pairs = [(r, v) for r in range(TILE_ROWS) for v in range(vectors)]
    if corner:
        pairs += [(TILE_ROWS + r, vectors - 1) for r in range(TILE_ROWS)]
    count = max(r for r, _ in pairs) + 1

    @intrinsic
    def emit_tile(typing_context, piece, at, to, sums, lows, place, ahead):
        in_float32 = type_of(piece, "z").dtype == types.float32
        width = tuning.WIDE * (2 if in_float32 else 1)
        kind = ir.VectorType(FLOAT if in_float32 else DOUBLE, width)
        wide = ir.VectorType(DOUBLE, width)

        def emit(context, builder, signature, arguments):
            packed, at, to, sums, lows, place, coming = arguments
            packed = _Record(context, builder, piece, packed)
            coming = _Record(context, builder, ahead, coming)
            # From one of the sums to that below, to the next panel's, and to that of its rows.
            shape = context.make_array(signature.args[3])(context, builder, sums).shape
            down, across = builder.extract_value(shape, 1), number(width)
            panel_down = builder.mul(down, across)
            if signature.args[3].ndim == 4:
                panel_down = number(width * width)
                down, across = across, builder.mul(down, panel_down)
            a, z, stride = packed.data("a"), packed.data("z"), packed.get("stride")
            panels = [
                builder.gep(z, [builder.add(to, builder.mul(stride, number(v)))])
                for v in range(vectors)
            ]
            sums, lows = (llvm.emit_data(context, builder, signature, arguments, k) for k in (3, 4))
            numbers, starts = [], []  # of each row of sums: what is broadcast, where they begin
            for r in range(count):
                panel, k = divmod(r, TILE_ROWS)
                beside = builder.add(builder.mul(stride, number(panel)), number(k))
                numbers.append(builder.gep(a, [builder.add(at, beside)]))
                below = builder.mul(panel_down, number(panel))
                below = builder.add(below, builder.mul(down, number(k)))
                starts.append(builder.add(place, below))
            request = _requester(builder, coming, type_of(ahead, "X"))
            for wanted in (sums,) if in_float32 else (sums, lows):
                _prefetch_sums(builder, wanted, starts, vectors, across)
            rows = packed.get("rows")
            found = _sums_of_rows(builder, pairs, numbers, panels, rows, request, kind)
            for (r, v), value in zip(pairs, found, strict=True):
                offset = builder.add(starts[r], builder.mul(across, number(v)))
                if in_float32:
                    _add_to_sums(builder, sums, offset, builder.fpext(value, wide), wide)
                else:
                    fold(builder, sums, lows, offset, value, wide)
            return context.get_dummy_value()

        index = types.int64
        return types.void(piece, index, index, sums, lows, index, ahead), emit

    return emit_tile


# (piece, at, to, sums, lows, place, ahead): number at + r of each row of piece.a is multiplied with
# the vectors of piece.z from `to` on. What that gives over the rows is added to sums + lows
# (float64, square or in blocks as `moments.shared` has them) from the flat index `place` on, one
# row of them for each r; where the piece is float32, to sums alone. Meanwhile lines of `ahead` are
# prefetched. `tile_corner` takes two vectors, and multiplies the second of them with the same
# numbers of the next panel of a as well, for sums one panel further down: a triangle, in the time
# of a whole tile (six cycles a row on AVX2, where tiles of eight and of four sums take eight).
# Their callers have no fast-math flags: those would reach in here and drop the lows.
tile_one, tile_two, tile_three = _tile(1), _tile(2), _tile(3)
tile_corner = _tile(2, corner=True)
