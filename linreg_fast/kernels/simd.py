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


class VectorType(types.Type):
    """Numba's type of a vector of four doubles."""

    def __init__(self):
        super().__init__(name="f64x4")


vector_type = VectorType()


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, _llvm)


def _address(context, builder, array_type, array, index):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _llvm.as_pointer())


@intrinsic
def load(typing_context, array, index):
    """The four numbers of a flat float64 array from index on (not checked)."""

    def emit(context, builder, signature, arguments):
        value = builder.load(_address(context, builder, signature.args[0], *arguments))
        value.align = ALIGNMENT
        return value

    return vector_type(array, types.int64), emit


@intrinsic
def store(typing_context, array, index, vector):
    """Write the four numbers to a flat float64 array from index on (not checked)."""

    def emit(context, builder, signature, arguments):
        place = _address(context, builder, signature.args[0], *arguments[:2])
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
