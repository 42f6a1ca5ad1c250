"""Cache lines: where they begin, and software prefetching."""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

from linreg_fast.kernels.arithmetic.llvm import BYTE, LANE, emit_data
from linreg_fast.runtime.compile import by_type

PREFETCH = (0, 2, 1)  # LLVM's codes: to be read, into L2, data
LINE = 8  # doubles in a cache line, which come from memory together
LINE_BYTES = 8 * LINE


def emit_prefetch(builder, address):
    """Prefetch a line into L2. An address that is not ours does no harm."""
    signature = ir.FunctionType(ir.VoidType(), [BYTE, LANE, LANE, LANE])
    function = builder.module.declare_intrinsic("llvm.prefetch", [BYTE], signature)
    kind = [ir.Constant(LANE, value) for value in PREFETCH]
    builder.call(function, [builder.bitcast(address, BYTE), *kind])


@intrinsic
def _prefetch(typing_context, array, index):
    def emit(context, builder, signature, arguments):
        data = emit_data(context, builder, signature, arguments, 0)
        emit_prefetch(builder, builder.gep(data, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(array, types.int64), emit


def prefetch(array, index):
    """Prefetch the line of a flat index, within the array or not, into L2; plain Python cannot."""


@by_type(prefetch)
def _compiled_prefetch(array, index):
    return lambda array, index: _prefetch(array, index)


@intrinsic
def _prefetch_lines(typing_context, array, index, first, last):
    def emit(context, builder, signature, arguments):
        _, index, first, last = arguments
        start = builder.gep(emit_data(context, builder, signature, arguments, 0), [index])
        start, one = builder.bitcast(start, BYTE), ir.Constant(first.type, 1)
        with cgutils.for_range_slice(builder, first, last, one) as (nth, _):
            place = builder.mul(nth, ir.Constant(nth.type, LINE_BYTES))
            emit_prefetch(builder, builder.gep(start, [place]))
        return context.get_dummy_value()

    return types.void(array, *[types.int64] * 3), emit


def prefetch_lines(array, index, first, last):
    """Prefetch the lines first..last, counted from the line of a flat index; as `prefetch`."""


@by_type(prefetch_lines)
def _compiled_prefetch_lines(array, index, first, last):
    return lambda array, index, first, last: _prefetch_lines(array, index, first, last)


def emit_aligned_frame(builder):
    """Align the stack frame to a cache line, so that spilled vectors do not straddle two.

    A frame starts at 16 bytes unless something in it asks for more. What does is not used, but LLVM
    does not know. (Five columns took up to 1.2 times as long, by chance in some processes.)
    """
    place = cgutils.alloca_once(builder, LANE)
    place.align = LINE_BYTES
    kind = ir.FunctionType(ir.VoidType(), [place.type])
    builder.asm(kind, "", "r", [place], side_effect=True)


@intrinsic
def _line_start(typing_context, array):
    def emit(context, builder, signature, arguments):
        index = ir.IntType(64)
        place = builder.ptrtoint(emit_data(context, builder, signature, arguments, 0), index)
        beyond = builder.and_(builder.neg(place), ir.Constant(index, 8 * LINE - 1))
        return builder.lshr(beyond, ir.Constant(index, 3))

    return types.int64(array), emit


def line_start(array):
    """The index of the first number of a float64 array that begins a cache line."""
    return -array.ctypes.data // 8 % LINE


@overload(line_start)
def _compiled_line_start(array):
    return lambda array: _line_start(array)
