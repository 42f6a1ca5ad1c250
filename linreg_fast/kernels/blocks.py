"""Blocks of rows, taken by whichever thread is free, a turn at a time.

A driver is called for one turn after the other, so that Python can answer Ctrl-C in between. In
each turn every block has its next rows summed. Which rows those are depends on nothing but the
block, so neither the number of turns nor who takes a block changes a bit of the result.
"""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, overload

from linreg_fast.kernels.compile import inner

GRAIN = 1024  # rows: a turn ends where a piece of any kernel does


@intrinsic
def _fetch_add(typing_context, array):
    def emit(context, builder, signature, arguments):
        counter = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.atomic_rmw("add", counter, ir.Constant(ir.IntType(64), 1), "seq_cst")

    return types.int64(array), emit


def take(taken):
    """The next block that no thread has taken: counts taken[0] up by one."""
    taken[0] += 1
    return taken[0] - 1


@overload(take)
def _compiled_take(taken):
    return lambda taken: _fetch_add(taken)


@inner
def rows_of(block, blocks, n_rows, turn, turns):
    """(start, stop): the rows of a block that are due in a turn."""
    start, stop = n_rows * block // blocks, n_rows * (block + 1) // blocks
    grains = (stop - start) // GRAIN
    end = stop if turn == turns - 1 else start + grains * (turn + 1) // turns * GRAIN
    return start + grains * turn // turns * GRAIN, end
