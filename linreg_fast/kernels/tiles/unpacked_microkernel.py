"""The innermost loop for rows of at most two vectors: from memory to registers, without panels.

Reading one number from a vector that was just stored stalls, since the store has not reached the
cache, so rows pass through a small ring buffer first (ten columns on AVX2: 4.7 ns a row without the
ring, 3.5 ns with it).
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import llvm, memory
from linreg_fast.kernels.tiles.microkernel import KIND, fold, number, products
from linreg_fast.kernels.tuning import UNPACKED_AHEAD, UNPACKED_RING_ROWS, WIDE

NOTHING = ir.Constant(KIND, [0.0] * WIDE)


def _double(builder, pointer, offset):
    value = builder.load(builder.gep(pointer, [offset]))
    return builder.fpext(value, ir.DoubleType()) if value.type == ir.FloatType() else value


class _Emitter:
    """Emits the code for rows start..start + rows: into the ring buffer, and from there to sums."""

    def __init__(self, context, builder, signature, arguments, panels):
        def data(k):
            return llvm.emit_data(context, builder, signature, arguments, k)

        def shape(k):
            array = context.make_array(signature.args[k])(context, builder, arguments[k])
            return cgutils.unpack_tuple(builder, array.shape)

        self.builder, self.panels = builder, panels
        self.X, self.y, self.ring = data(0), data(1), data(6)
        self.start, self.rows = arguments[4:6]
        self.weights = None if signature.args[2] == types.none else data(2)
        self.centres = [
            llvm.emit_load(builder, data(3), number(v * WIDE), WIDE) for v in range(panels)
        ]
        (_, self.p), (_, self.size) = shape(0), shape(7)
        self.sums, self.lows = data(7), data(8)
        self.stride = panels * WIDE * (1 if self.weights is None else 2)
        self.pairs = [(r, v) for r in range(panels * WIDE) for v in range(r // WIDE, panels)]
        self.totals = [cgutils.alloca_once_value(builder, NOTHING) for _ in self.pairs]

    def slot(self, row):
        return self.builder.gep(self.ring, [self.builder.mul(row, number(self.stride))])

    def store(self, values, place):
        for v, value in enumerate(values):
            at = self.builder.gep(place, [number(v * WIDE)])
            llvm.emit_store(self.builder, value, at, 8 * WIDE)

    def write(self, row, values, place):
        """Store the vectors of a row; where rows have weights, also those times the weight."""
        values, builder = list(values), self.builder
        if self.weights is not None:
            weight = _double(builder, self.weights, row)
            out = builder.fcmp_ordered("==", weight, ir.Constant(weight.type, 0.0))
            values = [builder.select(out, NOTHING, value) for value in values]
            weight = llvm.emit_broadcast(builder, weight, WIDE)
            values += [builder.fmul(value, weight) for value in values]
        self.store(values, place)

    def multiply(self, place):
        """Add the products of a row with itself."""
        builder, width = self.builder, self.panels * WIDE
        own = [llvm.emit_load(builder, place, number(v * WIDE), WIDE) for v in range(self.panels)]
        times = self.stride - width
        numbers = [builder.gep(place, [number(times + r)]) for r in range(width)]
        old = [builder.load(total) for total in self.totals]
        new = products(builder, self.pairs, numbers, own, old)
        for value, total in zip(new, self.totals, strict=True):
            builder.store(value, total)

    def across(self):
        """One row is written to the ring, and one written some rows ago is multiplied."""
        builder, last = self.builder, number(2 * UNPACKED_RING_ROWS - 1)
        masks = list(self.masks())
        for row in range(UNPACKED_RING_ROWS, 2 * UNPACKED_RING_ROWS):  # multiplied first: zeros
            self.store([NOTHING] * (self.stride // WIDE), self.slot(number(row)))
        with cgutils.for_range(builder, builder.add(self.rows, number(UNPACKED_RING_ROWS))) as one:
            row = builder.add(self.start, one.index)
            self.write(row, self.read(row, masks), self.slot(builder.and_(one.index, last)))
            before = builder.and_(builder.add(one.index, number(UNPACKED_RING_ROWS)), last)
            self.multiply(self.slot(before))

    def masks(self):
        """Per vector, masks of the places of columns of X, and of the target's place."""
        own = llvm.emit_broadcast(self.builder, self.p, WIDE)
        for v in range(self.panels):
            places = ir.Constant(own.type, [v * WIDE + k for k in range(WIDE)])
            yield tuple(self.builder.icmp_signed(sign, places, own) for sign in ("<", "=="))

    def read(self, row, masks):
        """The vectors of a row, read beyond its end; the target and a one take those places."""
        builder, offset = self.builder, self.builder.mul(row, self.p)
        for array, place in (
            (self.X, builder.add(offset, number(tuning.ROWS_AHEAD))),
            (self.y, builder.add(row, number(UNPACKED_AHEAD))),
        ):
            memory.emit_prefetch(builder, builder.gep(array, [place]))
        single = self.X.type == self.y.type  # float32 is assembled first, and converted once
        if single:
            target = builder.load(builder.gep(self.y, [row]))
        else:
            target = _double(builder, self.y, row)
        target = llvm.emit_broadcast(builder, target, WIDE)
        one = ir.Constant(target.type, [1.0] * WIDE)
        for v, (inside, at_end) in enumerate(masks):
            place = builder.add(offset, number(v * WIDE))
            found = llvm.emit_load(builder, self.X, place, WIDE, single)
            found = builder.select(inside, found, builder.select(at_end, target, one))
            found = found if found.type == KIND else builder.fpext(found, KIND)
            yield builder.fsub(found, self.centres[v])

    def finish(self):
        builder = self.builder
        for (r, v), total in zip(self.pairs, self.totals, strict=True):
            offset = builder.add(builder.mul(self.size, number(r)), number(v * WIDE))
            fold(builder, self.sums, self.lows, offset, builder.load(total), KIND)


def _piece(panels):
    @intrinsic
    def emit_piece(typing_context, X, Y, weights, shift, start, rows, ring, sums, lows):
        # as numbers and pointers: an intrinsic takes no objects
        def emit(context, builder, signature, arguments):
            memory.emit_aligned_frame(builder)
            emitter = _Emitter(context, builder, signature, arguments, panels)
            emitter.across()
            emitter.finish()
            return context.get_dummy_value()

        integers = [types.int64] * 2
        return types.void(X, Y, weights, shift, *integers, ring, sums, lows), emit

    return emit_piece


rows_of_one_vector, rows_of_two_vectors = _piece(1), _piece(2)
