"""Packing: pieces of rows as panels of `WIDE` columns, one vector for each row.

z is flat: panel v begins at v * stride, and row i of it at i * WIDE (drawn in `microkernel`). Its
first columns are [X, Y, 1] less a shift; what stands behind them is never looked at.
"""

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import llvm, memory, simd
from linreg_fast.kernels.arithmetic.columns import element, is_table
from linreg_fast.kernels.tiles import prefetch
from linreg_fast.kernels.tiles.microkernel import DOUBLE, FLOAT, KIND, number
from linreg_fast.kernels.tiles.transposing import transpose
from linreg_fast.kernels.tuning import PACKING_ROWS, PACKING_TARGET_AHEAD, ROUND_ROWS
from linreg_fast.runtime.compile import by_type, inlined_part, kernel_part

FLOAT32_VECTOR = ir.VectorType(FLOAT, 2 * tuning.WIDE)


@kernel_part
def _pack_numbers(X, Y, first, shift, start, stop, stride, z):
    """Pack the columns from `first` on, one number after the other, in any layout."""
    p, q = X.shape[1], X.shape[1] + Y.shape[1]
    for c in range(first, q + 1):
        to, centre = c // tuning.WIDE * stride + c % tuning.WIDE, shift[c]
        for i in range(stop - start):
            number = 1.0
            if c < p:
                number = np.float64(element(X, start + i, c)) - centre
            elif c < q:
                number = np.float64(Y[start + i, c - p]) - centre
            z[to + i * tuning.WIDE] = number


def packer(kind):
    """The function that packs PACKING_ROWS rows of C order into panels of such vectors.

    Rows are read side by side, in order, and written in runs of some lines. Column by column of a
    piece every line would be fetched for the half of it (500,000 x 100, AVX2: a third of the whole
    time).
    """

    @intrinsic
    def emit_pack(typing_context, X, Y, row, shift, centre, stride, z, to):
        # as numbers and pointers: an intrinsic takes no objects
        def emit(context, builder, signature, arguments):
            def array(k):
                return context.make_array(signature.args[k])(context, builder, arguments[k])

            X, shift, z = (array(k).data for k in (0, 3, 6))
            _, _, row, _, _, stride, _, to = arguments
            p = builder.extract_value(array(0).shape, 1)
            width, one = number(kind.count), ir.Constant(kind, [1.0] * kind.count)
            starts = [builder.gep(X, [builder.mul(row, p)])]
            for _ in range(1, PACKING_ROWS):
                starts.append(builder.gep(starts[-1], [p]))
            whole, own = builder.sdiv(p, width), builder.srem(p, width)
            places = llvm.emit_broadcast(builder, own, kind.count)
            lanes = ir.Constant(places.type, list(range(kind.count)))
            inside, at_end = (builder.icmp_signed(sign, lanes, places) for sign in ("<", "=="))

            def write(panel, off, changed):
                column = builder.mul(panel, width)
                place = builder.gep(z, [builder.add(to, builder.mul(panel, stride))])
                for k, start in enumerate(starts):
                    found = llvm.emit_load(
                        builder, start, column, kind.count, kind == FLOAT32_VECTOR
                    )
                    found = builder.fsub(changed(k, found), off)
                    at = builder.gep(place, [number(k * kind.count)])
                    llvm.emit_store(
                        builder, found, at, llvm.ALIGNMENT // (2 if kind == FLOAT32_VECTOR else 1)
                    )

            def off(panel):
                column = builder.mul(panel, width)
                return llvm.emit_load(builder, shift, column, kind.count, single=True)

            with cgutils.for_range(builder, whole) as loop:
                write(loop.index, off(loop.index), lambda k, found: found)
            targets = _targets(builder, array(1), row)
            last = off(whole)
            if kind == FLOAT32_VECTOR:  # the target's centre has more digits: subtracted in double
                before = builder.load(builder.gep(array(4).data, [p]))
                targets = [
                    builder.fptrunc(builder.fsub(target, before), FLOAT) for target in targets
                ]
                last = builder.select(inside, last, ir.Constant(kind, [0.0] * kind.count))

            def with_target(k, found):  # what was read beyond the row's end belongs to the next
                others = llvm.emit_broadcast(builder, targets[k], kind.count)
                return builder.select(inside, found, builder.select(at_end, others, one))

            write(whole, last, with_target)
            return context.get_dummy_value()

        index = types.int64
        return types.void(X, Y, index, shift, centre, index, z, index), emit

    return emit_pack


def _targets(builder, Y, row):
    """The first target of PACKING_ROWS rows, in double; targets of rows to come are prefetched."""
    step = builder.extract_value(Y.strides, 0)
    place = builder.gep(builder.bitcast(Y.data, llvm.BYTE), [builder.mul(row, step)])
    soon = builder.gep(place, [builder.mul(step, number(PACKING_TARGET_AHEAD))])
    memory.emit_prefetch(builder, soon)
    targets = []
    for _ in range(PACKING_ROWS):
        found = builder.load(builder.bitcast(place, Y.data.type))
        targets.append(builder.fpext(found, DOUBLE) if found.type != DOUBLE else found)
        place = builder.gep(place, [step])
    return targets


# (X, Y, row, shift, centre, stride, z, to): packs rows of [X, Y, 1] less the shift, Y having one
# column (of float32 panels less `centre`), to z from `to` on. They must end a vector before X does.
_pack_rows = packer(KIND)


def _pack_any_layout(X, Y, shift, start, stop, stride, z, pace):
    _pack_numbers(X, Y, 0, shift, start, stop, stride, z)


@inlined_part
def safe_rows(X, start, stop, width):
    """The row up to which `packer`'s functions read no vector beyond the end of X."""
    safe = len(X) - width
    safe = stop if stop < safe else safe
    return start + (safe - start) // PACKING_ROWS * PACKING_ROWS if safe > start else start


def _pack_c_order(X, Y, shift, start, stop, stride, z, pace):
    p, safe = X.shape[1], safe_rows(X, start, stop, tuning.WIDE)
    for row in range(start, safe, PACKING_ROWS):
        _pack_rows(X, Y, row, shift, shift, stride, z, (row - start) * tuning.WIDE)
        prefetch.request(X, stop * p, (row - start) * pace, (row - start + PACKING_ROWS) * pace)
    if safe < stop:  # int64: a literal zero is a type of its own, and would compile once more
        _pack_numbers(
            X, Y, np.int64(0), shift, safe, stop, stride, z[(safe - start) * tuning.WIDE :]
        )
    if Y.shape[1] > 1 or (p + 1) % tuning.WIDE == 0:
        _pack_numbers(X, Y, p, shift, start, safe, stride, z)


def _pack_f_order(X, Y, shift, start, stop, stride, z, pace):
    p, whole = X.shape[1], (stop - start) // tuning.WIDE * tuning.WIDE
    one = Y.shape[1] == 1 and (Y.flags.c_contiguous or Y.flags.f_contiguous)
    columns = p + 2 if one else p // tuning.WIDE * tuning.WIDE
    for j in range(0, columns, tuning.WIDE):
        to = j // tuning.WIDE * stride
        for i in range(0, whole, tuning.WIDE):
            transpose(X, Y, j, shift, start + i, z, to + i * tuning.WIDE)
    rest = start + whole
    _pack_numbers(X, Y, np.int64(0), shift, rest, stop, stride, z[whole * tuning.WIDE :])
    if not one:
        _pack_numbers(X, Y, columns, shift, start, rest, stride, z)


def pack(X, Y, shift, start, stop, stride, z, pace):
    """Pack rows start..stop of [X, Y, 1], less the shift.

    pace: lines (fixed-point, see `prefetch`) of the rows behind them that are requested with each
    row meanwhile, in C order.
    """
    _pack_any_layout(X, Y, shift, start, stop, stride, z, pace)


@by_type(pack)
def _pack_by_layout(X, Y, shift, start, stop, stride, z, pace):
    layout = "F" if is_table(X) else X.layout
    return {"C": _pack_c_order, "F": _pack_f_order}.get(layout, _pack_any_layout)


@kernel_part
def _multiply_vectors(weights, start, stop, count, stride, z, a):
    for j in range(count):
        for i in range(stop - start):
            place = j * stride + i * tuning.WIDE
            weight = weights[start + i]
            if weight == 0.0:
                simd.store(z, place, simd.zeros())
            row = simd.multiply(simd.load(z, place), simd.broadcast(weight))
            simd.store(a, place, row)


@kernel_part
def _multiply_numbers(weights, start, stop, count, stride, z, a):
    for j in range(count):
        for i in range(stop - start):
            for k in range(j * stride + i * tuning.WIDE, j * stride + (i + 1) * tuning.WIDE):
                z[k] = z[k] if weights[start + i] != 0.0 else 0.0
                a[k] = z[k] * weights[start + i]


# (weights, start, stop, count, stride, z, a): a becomes `count` panels of z, each row times its
# weight; rows of weight zero become zeros in both, whatever they were.
multiply_by_weights = _multiply_vectors if simd.VECTORS else _multiply_numbers


@inlined_part
def rows_of_rounds(rows):
    """The number of rows, and of the rows of zeros that fill the last round of a tile."""
    return -(-rows // ROUND_ROWS) * ROUND_ROWS


@kernel_part
def pad_to_round(rows, panels, width, stride, z):
    """Write these rows of zeros; returns how many rows there are then."""
    whole = rows_of_rounds(rows)
    for panel in range(panels):
        for k in range(panel * stride + rows * width, panel * stride + whole * width):
            z[k] = 0.0
    return whole
