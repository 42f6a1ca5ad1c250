"""Several doubles in one register, as values that compiled functions can hold.

LLVM's portable vectors, written once for all machines: four numbers are one register where there is
AVX2 and two where there is SSE2 or NEON; `WIDE` numbers are the widest register of this machine.
LLVM does not vectorise a compensated sum by itself, since that needs several sums in the place of
one, nor does it keep the twelve sums of a tile in registers.

`fma` takes plain numbers too. With NUMBA_DISABLE_JIT only that one works, as Python.
"""

from fractions import Fraction

import llvmlite.binding
import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model

from linreg_fast.kernels.compile import strict

VECTORS = not vars(numba.config)["DISABLE_JIT"]
WIDTH = 4
# Numba's cache is keyed by the processor and its features, so code for another is never run.
WIDE = 8 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 4
PREFETCH = (0, 2, 1)  # to be read, into the second cache, data
ALIGNMENT = 8  # bytes: NumPy promises no more for an element
LINE = 8  # numbers that come from memory together
LINE_BYTES = 8 * LINE
AHEAD = 768  # numbers, of rows in C order: the processor alone stops at the end of a page
LANE = ir.IntType(32)
BYTE = ir.IntType(8).as_pointer()


class VectorType(types.Type):
    """Numba's type of a vector of doubles."""

    def __init__(self, width):
        self.llvm = ir.VectorType(ir.DoubleType(), width)
        super().__init__(name=f"f64x{width}")


narrow_type = VectorType(WIDTH)
wide_type = VectorType(WIDE) if WIDE != WIDTH else narrow_type


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, numba_type.llvm)


def emit_data(context, builder, signature, arguments, k):
    """Where the numbers of the k-th argument, an array, begin."""
    return context.make_array(signature.args[k])(context, builder, arguments[k]).data


def _loader(vector_type):
    @intrinsic
    def emit_vector(typing_context, array, index):
        def emit(context, builder, signature, arguments):
            data = emit_data(context, builder, signature, arguments, 0)
            return emit_load(builder, data, arguments[1], vector_type.llvm.count)

        return vector_type(array, types.int64), emit

    return emit_vector


# (array, index): numbers of a contiguous float64 or float32 array from a flat index on, unchecked.
load = _loader(narrow_type)
load_wide = _loader(wide_type)


@intrinsic
def store(typing_context, array, index, vector):
    """Write to a contiguous float64 array from a flat index on (not checked)."""

    def emit(context, builder, signature, arguments):
        data = emit_data(context, builder, signature, arguments, 0)
        emit_store(builder, arguments[2], builder.gep(data, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(array, types.int64, vector), emit


def emit_load(builder, pointer, offset, count, single=False):
    """A vector from an offset on: of doubles whatever the numbers are or, `single`, as they are."""
    element = pointer.type.pointee
    place = builder.bitcast(
        builder.gep(pointer, [offset]), ir.VectorType(element, count).as_pointer()
    )
    value = builder.load(place)
    if element == ir.DoubleType():
        value.align = ALIGNMENT
        return value
    value.align = ALIGNMENT // 2
    return value if single else builder.fpext(value, ir.VectorType(ir.DoubleType(), count))


def emit_store(builder, vector, pointer, alignment=ALIGNMENT):
    """Write a vector to where a pointer to its first number points."""
    place = builder.bitcast(pointer, vector.type.as_pointer())
    builder.store(vector, place).align = alignment


def emit_turned(builder, rows):
    """Vectors, as many as they have numbers, as the columns of what they are the rows of.

    Blocks of half the size change places, then blocks of a quarter, down to numbers.
    """
    rows, count = list(rows), len(rows)
    half = count // 2
    while half:
        first = [k if not k & half else k - half + count for k in range(count)]
        second = [k + half if not k & half else k + count for k in range(count)]
        for i in (i for i in range(count) if not i & half):
            a, b = rows[i], rows[i + half]
            rows[i] = emit_shuffled(builder, a, b, first)
            rows[i + half] = emit_shuffled(builder, a, b, second)
        half //= 2
    return rows


def emit_shuffled(builder, a, b, lanes):
    """The numbers of a and b, counted one after the other, that stand at these places."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(LANE, len(lanes)), list(lanes)))


def emit_spread(builder, number, count):
    """A number in every place of a vector."""
    nothing = ir.Constant(ir.VectorType(number.type, count), ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(LANE, 0))
    return emit_shuffled(builder, first, nothing, [0] * count)


def emit_prefetch(builder, address):
    """Bring a line into the second cache. An address that is not ours does no harm."""
    signature = ir.FunctionType(ir.VoidType(), [BYTE, LANE, LANE, LANE])
    function = builder.module.declare_intrinsic("llvm.prefetch", [BYTE], signature)
    kind = [ir.Constant(LANE, value) for value in PREFETCH]
    builder.call(function, [builder.bitcast(address, BYTE), *kind])


@intrinsic
def bring_near(typing_context, array, index):
    """Have the line of a flat index, within the array or not, read into the second cache."""

    def emit(context, builder, signature, arguments):
        data = emit_data(context, builder, signature, arguments, 0)
        emit_prefetch(builder, builder.gep(data, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(array, types.int64), emit


@intrinsic
def bring_lines(typing_context, array, index, first, last):
    """Likewise the lines first..last, counted from the one of that index."""

    def emit(context, builder, signature, arguments):
        _, index, first, last = arguments
        start = builder.gep(emit_data(context, builder, signature, arguments, 0), [index])
        start, one = builder.bitcast(start, BYTE), ir.Constant(first.type, 1)
        with cgutils.for_range_slice(builder, first, last, one) as (nth, _):
            place = builder.mul(nth, ir.Constant(nth.type, LINE_BYTES))
            emit_prefetch(builder, builder.gep(start, [place]))
        return context.get_dummy_value()

    return types.void(array, *[types.int64] * 3), emit


def emit_own_lines(builder):
    """Have no vector on the stack cross lines, where there are more than registers.

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
    """The index of the first number of a float64 array that stands at the start of a line."""
    return -array.ctypes.data // 8 % LINE


@overload(line_start)
def _compiled_line_start(array):
    return lambda array: _line_start(array)


@intrinsic
def zeros_wide(typing_context):
    """All zero."""

    def emit(context, builder, signature, arguments):
        return ir.Constant(wide_type.llvm, [0.0] * WIDE)

    return wide_type(), emit


@intrinsic
def splat_wide(typing_context, value):
    """One number everywhere."""

    def emit(context, builder, signature, arguments):
        return emit_spread(builder, arguments[0], WIDE)

    return wide_type(types.float64), emit


@intrinsic
def negative(typing_context, vector):
    """With the other sign."""

    def emit(context, builder, signature, arguments):
        return builder.fneg(arguments[0])

    return vector(vector), emit


@intrinsic
def lane(typing_context, vector, index):
    """One of the numbers."""

    def emit(context, builder, signature, arguments):
        return builder.extract_element(*arguments)

    return types.float64(vector, types.int64), emit


@strict
def total(vector):
    """The numbers of a wide vector, added up in order."""
    found = 0.0
    for place in range(WIDE):
        found += lane(vector, place)
    return found


def _lanewise(operation):
    @intrinsic
    def emit_operation(typing_context, a, b):
        def emit(context, builder, signature, arguments):
            return getattr(builder, operation)(*arguments)

        return a(a, b), emit

    return emit_operation


add = _lanewise("fadd")
subtract = _lanewise("fsub")
multiply = _lanewise("fmul")


def _shuffled(*lanes):
    @intrinsic
    def emit_shuffle(typing_context, a, b):
        def emit(context, builder, signature, arguments):
            return emit_shuffled(builder, *arguments, lanes)

        return narrow_type(a, b), emit

    return emit_shuffle


evens = _shuffled(0, 4, 2, 6)  # (a0, b0, a2, b2)
odds = _shuffled(1, 5, 3, 7)
lower = _shuffled(0, 1, 4, 5)  # (a0, a1, b0, b1)
upper = _shuffled(2, 3, 6, 7)


@intrinsic
def narrow(typing_context, vector):
    """A wide vector as one of four, its halves added up."""

    def emit(context, builder, signature, arguments):
        if WIDE == WIDTH:
            return arguments[0]
        nothing = ir.Constant(wide_type.llvm, ir.Undefined)
        halves = (range(start, start + WIDTH) for start in (0, WIDTH))
        return builder.fadd(*(emit_shuffled(builder, arguments[0], nothing, h) for h in halves))

    return narrow_type(vector), emit


def emit_fma(builder, a, b, c):
    """LLVM's fused multiply-add of numbers or vectors."""
    kind = a.type
    element = kind.element if isinstance(kind, ir.VectorType) else kind
    bits = "f32" if element == ir.FloatType() else "f64"
    name = f"llvm.fma.v{kind.count}{bits}" if element is not kind else f"llvm.fma.{bits}"
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(kind, [kind] * 3), name)
    return builder.call(function, [a, b, c])


@intrinsic
def fma_vectors(typing_context, a, b, c):
    """a * b + c, rounded once; of numbers or of vectors."""

    def emit(context, builder, signature, arguments):
        return emit_fma(builder, *arguments)

    return a(a, b, c), emit


def fma(a, b, c):
    """a * b + c of numbers, rounded once."""
    exact = a * b + c
    if exact - exact != 0.0:  # not finite, or it only looked so
        return exact
    return float(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)))


@overload(fma)
def _compiled_fma(a, b, c):
    return lambda a, b, c: fma_vectors(a, b, c)
