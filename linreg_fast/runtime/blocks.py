"""Blocks of rows, taken by whichever thread is free, a turn at a time.

A driver is called for one turn after the other, so that Python can answer Ctrl-C in between. In
each turn every block has its next rows summed. Which rows those are depends on nothing but the
block, so neither the number of turns nor who takes a block changes a bit of the result.
"""

from llvmlite import ir
from numba import prange
from numba.core import types
from numba.extending import intrinsic, overload

from linreg_fast.runtime.compile import driver, kernel_part
from linreg_fast.runtime.tuning import GRAIN_ROWS


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


@kernel_part
def rows_of(block, blocks, n_rows, turn, turns):
    """(start, stop): the rows of a block that are due in a turn."""
    start, stop = n_rows * block // blocks, n_rows * (block + 1) // blocks
    grains = (stop - start) // GRAIN_ROWS
    end = stop if turn == turns - 1 else start + grains * (turn + 1) // turns * GRAIN_ROWS
    return start + grains * turn // turns * GRAIN_ROWS, end


def over_blocks(block):
    """The driver that calls block(b, start, stop, scratch, *args) for the rows of every block.

    scratch is the thread's own. `launch.run` calls the driver. This is the one loop over blocks of
    the package; only `moments.shared`, whose threads share tiles and not rows, has another.
    """

    def loop(n_rows, blocks, turn, turns, taken, scratch, *args):
        for thread in prange(len(scratch)):
            b = take(taken)
            while b < blocks:
                start, stop = rows_of(b, blocks, n_rows, turn, turns)
                block(b, start, stop, scratch[thread], *args)
                b = take(taken)

    # The name of the code on disk: a loop belongs to its block.
    loop.__module__ = block.__module__
    loop.__name__ = loop.__qualname__ = f"{block.__name__}_over_blocks"
    return driver(loop)
