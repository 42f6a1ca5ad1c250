"""Four doubles in one register, as values that compiled functions can hold.

LLVM's portable vectors, written once for all machines: one instruction where there is AVX2, two
where there is SSE2 or NEON. LLVM does not vectorise a compensated sum by itself, since that needs
four sums in the place of one; written with these, it is four times as fast.

`fma` takes plain numbers too. With NUMBA_DISABLE_JIT only that one works, as Python.
"""

from fractions import Fraction

import numba
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, models, overload, register_model

WIDTH = 4
ALIGNMENT = 8  # bytes: NumPy promises no more for an element
VECTORS = not vars(numba.config)["DISABLE_JIT"]

_llvm = ir.VectorType(ir.DoubleType(), WIDTH)
_singles = ir.VectorType(ir.FloatType(), WIDTH)


class VectorType(types.Type):
    """Numba's type of a vector of four doubles."""

    def __init__(self):
        super().__init__(name="f64x4")


vector_type = VectorType()


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, _llvm)


def _address(context, builder, array_type, array, index, memory):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), memory.as_pointer())


@intrinsic
def load(typing_context, array, index):
    """Four numbers of a contiguous float64 or float32 array, from a flat index on (not checked)."""
    single = array.dtype == types.float32

    def emit(context, builder, signature, arguments):
        memory = _singles if single else _llvm
        address = _address(context, builder, signature.args[0], *arguments, memory)
        value = builder.load(address)
        value.align = ALIGNMENT // 2 if single else ALIGNMENT
        return builder.fpext(value, _llvm) if single else value

    return vector_type(array, types.int64), emit


@intrinsic
def store(typing_context, array, index, vector):
    """Write the four numbers to a contiguous float64 array, from a flat index on (not checked)."""

    def emit(context, builder, signature, arguments):
        place = _address(context, builder, signature.args[0], *arguments[:2], _llvm)
        builder.store(arguments[2], place).align = ALIGNMENT
        return context.get_dummy_value()

    return types.void(array, types.int64, vector_type), emit


@intrinsic
def zeros(typing_context):
    """Four zeros."""

    def emit(context, builder, signature, arguments):
        return ir.Constant(_llvm, [0.0] * WIDTH)

    return vector_type(), emit


@intrinsic
def splat(typing_context, value):
    """One number four times."""

    def emit(context, builder, signature, arguments):
        nothing = ir.Constant(_llvm, ir.Undefined)
        zero = ir.Constant(ir.IntType(32), 0)
        one = builder.insert_element(nothing, arguments[0], zero)
        mask = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
        return builder.shuffle_vector(one, nothing, mask)

    return vector_type(types.float64), emit


@intrinsic
def negative(typing_context, vector):
    """All four with the other sign."""

    def emit(context, builder, signature, arguments):
        return builder.fneg(arguments[0])

    return vector_type(vector_type), emit


@intrinsic
def lane(typing_context, vector, index):
    """One of the four numbers."""

    def emit(context, builder, signature, arguments):
        return builder.extract_element(*arguments)

    return types.float64(vector_type, types.int64), emit


def _lanewise(operation):
    @intrinsic
    def emit_operation(typing_context, a, b):
        def emit(context, builder, signature, arguments):
            return getattr(builder, operation)(*arguments)

        return vector_type(vector_type, vector_type), emit

    return emit_operation


add = _lanewise("fadd")
subtract = _lanewise("fsub")
multiply = _lanewise("fmul")


def _shuffled(*lanes):
    @intrinsic
    def emit_shuffle(typing_context, a, b):
        def emit(context, builder, signature, arguments):
            mask = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), lanes)
            return builder.shuffle_vector(*arguments, mask)

        return vector_type(vector_type, vector_type), emit

    return emit_shuffle


evens = _shuffled(0, 4, 2, 6)  # (a0, b0, a2, b2)
odds = _shuffled(1, 5, 3, 7)
lower = _shuffled(0, 1, 4, 5)  # (a0, a1, b0, b1)
upper = _shuffled(2, 3, 6, 7)


@intrinsic
def _fma(typing_context, a, b, c):
    def emit(context, builder, signature, arguments):
        kind = arguments[0].type
        name = "llvm.fma.v4f64" if kind == _llvm else "llvm.fma.f64"
        function = builder.module.globals.get(name)
        if function is None:
            function = ir.Function(builder.module, ir.FunctionType(kind, [kind] * 3), name)
        return builder.call(function, arguments)

    return a(a, a, a), emit


def fma(a, b, c):
    """a * b + c, rounded once."""
    exact = a * b + c
    if exact - exact != 0.0:  # not finite, or it only looked so
        return exact
    return float(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)))


@overload(fma, inline="never")
def _compiled_fma(a, b, c):
    return lambda a, b, c: _fma(a, b, c)
