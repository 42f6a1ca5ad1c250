"""Rows of C order as columns: as many numbers of as many rows, turned in registers.

Places are flat indices of float64 or float32 arrays; all that is read and written must be there.
"""

from numba.core import types
from numba.extending import intrinsic

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import llvm

COUNT = tuning.WIDE
INDEX = types.int64


def _emit(context, builder, signature, arguments, side, centre=None):
    """LLVM for `side` rows of `side` numbers, less a vector, written as columns."""
    _, at, step, _, to, stride = arguments[:6]
    source, goal = (llvm.emit_data(context, builder, signature, arguments, k) for k in (0, 3))
    rows = []
    for _ in range(side):
        row = llvm.emit_load(builder, source, at, side)
        rows.append(row if centre is None else builder.fsub(row, centre))
        at = builder.add(at, step)
    for column in llvm.emit_transposed(builder, rows):
        llvm.emit_store(builder, column, builder.gep(goal, [to]))
        to = builder.add(to, stride)
    return context.get_dummy_value()


@intrinsic
def turn(typing_context, X, at, step, out, to, stride):
    """out[to + c * stride + k] = X[at + c + k * step], of COUNT rows k and columns c."""

    def emit(context, builder, signature, arguments):
        return _emit(context, builder, signature, arguments, COUNT)

    return types.void(X, INDEX, INDEX, out, INDEX, INDEX), emit


@intrinsic
def turn_four(typing_context, X, at, step, out, to, stride):
    """The same of four rows and four columns."""

    def emit(context, builder, signature, arguments):
        return _emit(context, builder, signature, arguments, 4)

    return types.void(X, INDEX, INDEX, out, INDEX, INDEX), emit


@intrinsic
def turn_four_less(typing_context, X, at, step, out, to, stride, shift, place):
    """The same, less four numbers of `shift` from `place` on."""
    # what `turn` is given, and what comes off

    def emit(context, builder, signature, arguments):
        centre = llvm.emit_data(context, builder, signature, arguments, 6)
        centre = llvm.emit_load(builder, centre, arguments[7], 4)
        return _emit(context, builder, signature, arguments, 4, centre)

    return types.void(X, INDEX, INDEX, out, INDEX, INDEX, shift, INDEX), emit
