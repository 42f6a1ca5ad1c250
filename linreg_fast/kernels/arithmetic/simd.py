"""Several doubles in one register, as values that compiled functions can hold.

They are LLVM's portable vectors, written once for all machines: `tuning.WIDE` numbers are one
register where there is AVX2 or AVX-512, and two where there is SSE2 or NEON. LLVM does not
vectorise a compensated sum by itself, since that needs several sums in the place of one, nor does
it keep the twelve sums of a tile in registers.

`fma` takes plain numbers too. With NUMBA_DISABLE_JIT it is Python, and of the rest
`plain_vectors` has what kernels without a way by numbers use.
"""

from fractions import Fraction

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, models, overload, register_model

from linreg_fast.kernels.arithmetic import plain_vectors
from linreg_fast.kernels.arithmetic.llvm import (
    emit_broadcast,
    emit_call,
    emit_data,
    emit_fma,
    emit_load,
    emit_store,
)
from linreg_fast.kernels.tuning import WIDE
from linreg_fast.runtime.compile import kernel
from linreg_fast.runtime.numba_internals import configured

VECTORS = not configured("DISABLE_JIT")


class VectorType(types.Type):
    """Numba's type of a vector of `WIDE` doubles."""

    llvm = ir.VectorType(ir.DoubleType(), WIDE)

    def __init__(self):
        super().__init__(name=f"f64x{WIDE}")


VECTOR = VectorType()


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, numba_type.llvm)


@intrinsic
def load(typing_context, array, index):
    """Numbers of a contiguous float64 or float32 array from a flat index on (not checked)."""

    def emit(context, builder, signature, arguments):
        data = emit_data(context, builder, signature, arguments, 0)
        return emit_load(builder, data, arguments[1], WIDE)

    return VECTOR(array, types.int64), emit


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
        return ir.Constant(VECTOR.llvm, [0.0] * WIDE)

    return VECTOR(), emit


@intrinsic
def broadcast(typing_context, value):
    """One number everywhere."""

    def emit(context, builder, signature, arguments):
        return emit_broadcast(builder, arguments[0], WIDE)

    return VECTOR(types.float64), emit


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
    """The numbers of a vector, added up in order."""
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
divide = _lanewise("fdiv")


@intrinsic
def larger(typing_context, a, b):
    """The larger number of each lane; b's where one of them is NaN."""

    def emit(context, builder, signature, arguments):
        return builder.select(builder.fcmp_ordered(">", *arguments), *arguments)

    return a(a, b), emit


@intrinsic
def where_not_zero(typing_context, values, weights):
    """The values, but zero where the weight is."""

    def emit(context, builder, signature, arguments):
        values, weights = arguments
        nothing = ir.Constant(VECTOR.llvm, [0.0] * WIDE)
        return builder.select(builder.fcmp_ordered("==", weights, nothing), nothing, values)

    return values(values, weights), emit


def _of_each(name):
    @intrinsic
    def emit_function(typing_context, vector):
        def emit(context, builder, signature, arguments):
            return emit_call(builder, name, *arguments)

        return vector(vector), emit

    return emit_function


root = _of_each("sqrt")
absolute = _of_each("fabs")


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


if not VECTORS:
    globals().update({name: getattr(plain_vectors, name) for name in plain_vectors.NAMES})
    globals()["fma_vectors"] = np.vectorize(fma, otypes=[float])
