"""Pieces of float32 rows as panels of float32: twice the columns that a vector of doubles has."""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from linreg_fast.kernels import simd
from linreg_fast.kernels.compile import chosen, inner

WIDE = 2 * simd.WIDE
KIND = ir.VectorType(ir.FloatType(), WIDE)
PIECE = 128  # rows: three panels of them are half of a first cache of 48 KB


def _place(builder, pointer, offset, more=0):
    offset = builder.add(offset, ir.Constant(ir.IntType(64), more))
    return builder.bitcast(builder.gep(pointer, [offset]), KIND.as_pointer())


def _load(builder, pointer, offset):
    value = builder.load(_place(builder, pointer, offset))
    value.align = 4
    return value


@intrinsic
def _row(typing_context, X, of, shift, at, z, to):
    """A row's next WIDE numbers from the flat index on, less the shift, to z."""

    def emit(context, builder, signature, arguments):
        X, shift, z = (simd.emit_data(context, builder, signature, arguments, k) for k in (0, 2, 4))
        _, of, _, at, _, to = arguments
        value = builder.fsub(_load(builder, X, of), _load(builder, shift, at))
        builder.store(value, _place(builder, z, to)).align = 4
        return context.get_dummy_value()

    index = types.int64
    return types.void(X, index, shift, index, z, index), emit


@intrinsic
def _turned(typing_context, X, of, n, shift, at, z, to):
    """WIDE rows of WIDE columns, n numbers apart, less the shift, as rows of a panel."""

    def emit(context, builder, signature, arguments):
        X, shift, z = (simd.emit_data(context, builder, signature, arguments, k) for k in (0, 3, 5))
        _, of, n, _, at, _, to = arguments
        rows = []
        for k in range(WIDE):
            offset = builder.add(of, builder.mul(n, ir.Constant(ir.IntType(64), k)))
            rows.append(_load(builder, X, offset))
            soon = builder.add(offset, ir.Constant(ir.IntType(64), PIECE))
            simd.emit_prefetch(builder, builder.gep(X, [soon]))
        centre = _load(builder, shift, at)
        for k, row in enumerate(simd.emit_turned(builder, rows)):
            place = _place(builder, z, to, k * WIDE)
            builder.store(builder.fsub(row, centre), place).align = 4
        return context.get_dummy_value()

    index = types.int64
    return types.void(X, index, index, shift, index, z, index), emit


@inner
def _numbers(columns, first, last, shift, at, start, stop, stride, z):
    for j in range(first, last):
        c = at + j
        to = c // WIDE * stride + c % WIDE
        for i in range(stop - start):
            z[to + i * WIDE] = columns[start + i, j] - shift[c]


def _c_order(X, whole, shift, start, stop, stride, z):
    p = X.shape[1]
    for j in range(0, whole, WIDE):
        for i in range(stop - start):
            _row(X, (start + i) * p + j, shift, j, z, j // WIDE * stride + i * WIDE)


def _f_order(X, whole, shift, start, stop, stride, z):
    n = X.shape[0]
    rows = (stop - start) // WIDE * WIDE
    for j in range(0, whole, WIDE):
        to = j // WIDE * stride
        for i in range(0, rows, WIDE):
            _turned(X, j * n + start + i, n, shift, j, z, to + i * WIDE)
    _numbers(X, 0, whole, shift, 0, start + rows, stop, stride, z[rows * WIDE :])


def _panels(X, whole, shift, start, stop, stride, z):
    _numbers(X, 0, whole, shift, 0, start, stop, stride, z)


@chosen(_panels)
def _panels_by_layout(X, whole, shift, start, stop, stride, z):
    return _f_order if X.layout == "F" else _c_order


@inner
def pack(X, Y, shift, start, stop, stride, z):
    """Rows start..stop of [X, Y, 1], less the shift, as `panels.pack` lays them out."""
    p, q = X.shape[1], X.shape[1] + Y.shape[1]
    whole = p // WIDE * WIDE
    _panels(X, whole, shift, start, stop, stride, z)
    _numbers(X, whole, p, shift, 0, start, stop, stride, z)
    _numbers(Y, 0, q - p, shift, p, start, stop, stride, z)
    to = q // WIDE * stride + q % WIDE
    for i in range(stop - start):
        z[to + i * WIDE] = 1.0
