"""Several doubles in one register, as values that compiled functions can hold.

LLVM's portable vectors, written once for all machines: four numbers are one register where there is
AVX2 and two where there is SSE2 or NEON; `WIDE` numbers are the widest register of this machine.
LLVM does not vectorise a compensated sum by itself, since that needs several sums in the place of
one, nor does it keep the twelve sums of a tile in registers.

`fma` takes plain numbers too. With NUMBA_DISABLE_JIT only that one works, as Python.
"""

from fractions import Fraction

import numba
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, models, overload, register_model

from linreg_fast.kernels.arithmetic.llvm import (
    emit_broadcast,
    emit_data,
    emit_fma,
    emit_load,
    emit_shuffled,
    emit_store,
)
from linreg_fast.kernels.tuning import WIDE
from linreg_fast.runtime.compile import kernel

VECTORS = not vars(numba.config)["DISABLE_JIT"]
WIDTH = 4


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


@intrinsic
def zeros(typing_context):
    """All zero."""

    def emit(context, builder, signature, arguments):
        return ir.Constant(wide_type.llvm, [0.0] * WIDE)

    return wide_type(), emit


@intrinsic
def broadcast(typing_context, value):
    """One number everywhere."""

    def emit(context, builder, signature, arguments):
        return emit_broadcast(builder, arguments[0], WIDE)

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


@kernel
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
