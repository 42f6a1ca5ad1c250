"""Rows of C order as columns: as many numbers of as many rows, turned in registers."""

from numba.core import types
from numba.extending import intrinsic

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import llvm

COUNT = tuning.WIDE


@intrinsic
def turn(typing_context, X, at, step, out, to, stride):
    """out[to + c * stride : ... + COUNT] = X[at + c + k * step] of COUNT rows k, for COUNT columns.

    Both are flat indices of float64 arrays; all that is read and written must be there.
    """

    def emit(context, builder, signature, arguments):
        _, at, step, _, to, stride = arguments
        source, goal = (llvm.emit_data(context, builder, signature, arguments, k) for k in (0, 3))
        rows = []
        for _ in range(COUNT):
            rows.append(llvm.emit_load(builder, source, at, COUNT))
            at = builder.add(at, step)
        for column in llvm.emit_transposed(builder, rows):
            llvm.emit_store(builder, column, builder.gep(goal, [to]))
            to = builder.add(to, stride)
        return context.get_dummy_value()

    return types.void(X, types.int64, types.int64, out, types.int64, types.int64), emit
