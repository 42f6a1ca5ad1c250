"""Pieces of rows as panels: a few columns side by side, one vector for each row.

A panel is `simd.WIDE` columns. z is flat: panel v from v * stride on, row i of it at i * WIDE. Its
first columns are [X, Y, 1] less a shift; whatever stands behind them is never looked at.
"""

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from linreg_fast.kernels import near, simd
from linreg_fast.kernels.compile import chosen, inlined, inner
from linreg_fast.kernels.registers import DOUBLE, FLOAT, KIND, ROUND, number
from linreg_fast.kernels.turned import turn

TOGETHER = 8  # rows: half as many take 4 to 40% longer to pack, twice as many no less
TARGET_AHEAD = 256  # rows
SINGLE = ir.VectorType(FLOAT, 2 * simd.WIDE)


@inner
def _columns(X, Y, first, shift, start, stop, stride, z):
    """Columns `first` and on, one number after the other, whatever the layout."""
    p, q = X.shape[1], X.shape[1] + Y.shape[1]
    for c in range(first, q + 1):
        to, centre = c // simd.WIDE * stride + c % simd.WIDE, shift[c]
        for i in range(stop - start):
            number = 1.0
            if c < p:
                number = np.float64(X[start + i, c]) - centre
            elif c < q:
                number = np.float64(Y[start + i, c - p]) - centre
            z[to + i * simd.WIDE] = number


def packer(kind):
    """A function for panels of such vectors: `TOGETHER` rows of C order at a time.

    They are read side by side, in order, and written in runs of some lines: column by column of a
    piece every line would be fetched for the half of it (500,000 x 100: a third of the whole time).
    """

    @intrinsic
    def emit_pack(typing_context, X, Y, row, shift, centre, stride, z, to):
        def emit(context, builder, signature, arguments):
            def array(k):
                return context.make_array(signature.args[k])(context, builder, arguments[k])

            X, shift, z = (array(k).data for k in (0, 3, 6))
            _, _, row, _, _, stride, _, to = arguments
            p = builder.extract_value(array(0).shape, 1)
            width, one = number(kind.count), ir.Constant(kind, [1.0] * kind.count)
            starts = [builder.gep(X, [builder.mul(row, p)])]
            for _ in range(1, TOGETHER):
                starts.append(builder.gep(starts[-1], [p]))
            whole, own = builder.sdiv(p, width), builder.srem(p, width)
            places = simd.emit_spread(builder, own, kind.count)
            lanes = ir.Constant(places.type, list(range(kind.count)))
            inside, at_end = (builder.icmp_signed(sign, lanes, places) for sign in ("<", "=="))

            def write(panel, off, changed):
                column = builder.mul(panel, width)
                place = builder.gep(z, [builder.add(to, builder.mul(panel, stride))])
                for k, start in enumerate(starts):
                    found = simd.emit_load(builder, start, column, kind.count, kind == SINGLE)
                    found = builder.fsub(changed(k, found), off)
                    at = builder.gep(place, [number(k * kind.count)])
                    simd.emit_store(
                        builder, found, at, simd.ALIGNMENT // (2 if kind == SINGLE else 1)
                    )

            def off(panel):
                column = builder.mul(panel, width)
                return simd.emit_load(builder, shift, column, kind.count, single=True)

            with cgutils.for_range(builder, whole) as loop:
                write(loop.index, off(loop.index), lambda k, found: found)
            targets = _targets(builder, array(1), row)
            last = off(whole)
            if kind == SINGLE:  # the target's centre has more digits: it is off already
                before = builder.load(builder.gep(array(4).data, [p]))
                targets = [
                    builder.fptrunc(builder.fsub(target, before), FLOAT) for target in targets
                ]
                last = builder.select(inside, last, ir.Constant(kind, [0.0] * kind.count))

            def with_target(k, found):  # what was read over the row's end is the next row's
                others = simd.emit_spread(builder, targets[k], kind.count)
                return builder.select(inside, found, builder.select(at_end, others, one))

            write(whole, last, with_target)
            return context.get_dummy_value()

        index = types.int64
        return types.void(X, Y, index, shift, centre, index, z, index), emit

    return emit_pack


def _targets(builder, Y, row):
    """The first target of `TOGETHER` rows, in double; those of rows to come are asked for."""
    step = builder.extract_value(Y.strides, 0)
    place = builder.gep(builder.bitcast(Y.data, simd.BYTE), [builder.mul(row, step)])
    soon = builder.gep(place, [builder.mul(step, number(TARGET_AHEAD))])
    simd.emit_prefetch(builder, soon)
    targets = []
    for _ in range(TOGETHER):
        found = builder.load(builder.bitcast(place, Y.data.type))
        targets.append(builder.fpext(found, DOUBLE) if found.type != DOUBLE else found)
        place = builder.gep(place, [step])
    return targets


# (X, Y, row, shift, centre, stride, z, to): rows of [X, Y, 1] less the shift, Y having one column
# (of float32 panels less `centre`), to z from `to` on. They must end a vector before X does.
_pack_rows = packer(KIND)


def _any_layout(X, Y, shift, start, stop, stride, z, pace):
    _columns(X, Y, 0, shift, start, stop, stride, z)


@inlined
def safe_rows(X, start, stop, width):
    """Up to where `packer`'s functions read no vector over the end of X."""
    safe = len(X) - width
    safe = stop if stop < safe else safe
    return start + (safe - start) // TOGETHER * TOGETHER if safe > start else start


def _c_order(X, Y, shift, start, stop, stride, z, pace):
    p, safe = X.shape[1], safe_rows(X, start, stop, simd.WIDE)
    for row in range(start, safe, TOGETHER):
        _pack_rows(X, Y, row, shift, shift, stride, z, (row - start) * simd.WIDE)
        near.ask(X, stop * p, (row - start) * pace, (row - start + TOGETHER) * pace)
    if safe < stop:  # a literal zero would be a type of its own, and compiled for itself
        _columns(X, Y, np.int64(0), shift, safe, stop, stride, z[(safe - start) * simd.WIDE :])
    if Y.shape[1] > 1 or (p + 1) % simd.WIDE == 0:
        _columns(X, Y, p, shift, start, safe, stride, z)


def _f_order(X, Y, shift, start, stop, stride, z, pace):
    p, whole = X.shape[1], (stop - start) // simd.WIDE * simd.WIDE
    one = Y.shape[1] == 1 and (Y.flags.c_contiguous or Y.flags.f_contiguous)
    columns = p + 2 if one else p // simd.WIDE * simd.WIDE
    for j in range(0, columns, simd.WIDE):
        to = j // simd.WIDE * stride
        for i in range(0, whole, simd.WIDE):
            turn(X, Y, j, shift, start + i, z, to + i * simd.WIDE)
    rest = start + whole
    _columns(X, Y, np.int64(0), shift, rest, stop, stride, z[whole * simd.WIDE :])
    if not one:
        _columns(X, Y, columns, shift, start, rest, stride, z)


def pack(X, Y, shift, start, stop, stride, z, pace):
    """Rows start..stop of [X, Y, 1], less the shift.

    Of C order the rows behind them are asked for meanwhile, so much of a line with each (`near`).
    """
    _any_layout(X, Y, shift, start, stop, stride, z, pace)


@chosen(pack)
def _pack_by_layout(X, Y, shift, start, stop, stride, z, pace):
    return {"C": _c_order, "F": _f_order}.get(X.layout, _any_layout)


@inner
def _weighted_vectors(weights, start, stop, count, stride, z, a):
    for j in range(count):
        for i in range(stop - start):
            place = j * stride + i * simd.WIDE
            weight = weights[start + i]
            if weight == 0.0:
                simd.store(z, place, simd.zeros_wide())
            row = simd.multiply(simd.load_wide(z, place), simd.splat_wide(weight))
            simd.store(a, place, row)


@inner
def _weighted_numbers(weights, start, stop, count, stride, z, a):
    for j in range(count):
        for i in range(stop - start):
            for k in range(j * stride + i * simd.WIDE, j * stride + (i + 1) * simd.WIDE):
                z[k] = z[k] if weights[start + i] != 0.0 else 0.0
                a[k] = z[k] * weights[start + i]


# (weights, start, stop, count, stride, z, a): a becomes `count` panels of z, each row times its
# weight; rows of weight zero are zeros in both, whatever they were.
weighted = _weighted_vectors if simd.VECTORS else _weighted_numbers


@inlined
def whole_rounds(rows):
    """So many rows and those of zeros that the last round of a tile's wants behind them."""
    return -(-rows // ROUND) * ROUND


@inner
def fill_round(rows, panels, width, stride, z):
    """Put these zeros there; how many rows there are then."""
    whole = whole_rounds(rows)
    for panel in range(panels):
        for k in range(panel * stride + rows * width, panel * stride + whole * width):
            z[k] = 0.0
    return whole
