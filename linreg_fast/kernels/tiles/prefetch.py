"""Software prefetch: cache lines of the next rows are requested while the current ones are used.

They are requested at an even pace, a line or two at a time, over all that is done with a piece of
rows, so that memory is busy throughout. Requested all at once they fill the processor's list of
outstanding loads, and the multiplications wait too (600,000 x 100 on one thread, AVX2: 237 ms, and
203 at an even pace). Requested within the first half of the multiplications, memory rests for the
other half (1M x 30: 1.12 times as long).
"""

from typing import Any, NamedTuple

from linreg_fast.kernels.arithmetic import memory
from linreg_fast.kernels.arithmetic.columns import is_table
from linreg_fast.kernels.tuning import PANELS_PER_TILE_TIME, RUN_LINES
from linreg_fast.runtime.compile import by_type, inlined_part

# Counts of lines are fixed-point numbers with so many bits behind the point: a pace is less than
# one line for each row.
FRACTION = 20


class Prefetch(NamedTuple):
    """Which lines of X are requested during a tile, and how fast."""

    X: Any
    first: int  # flat index of the first number of the rows to come
    step: int  # F order: numbers from one run of `RUN_LINES` lines to the next
    requested: int  # lines requested so far, fixed-point
    pace: int  # lines for each row that is multiplied, fixed-point


def is_c_order(X):
    """Whether X is in C order, known by its type: asking the flags compiles code of its own."""
    return X.flags.c_contiguous


def is_f_order(X):
    """Whether X is in F order, or a table of columns, and not in C order, known by its type."""
    return X.dtype.kind != "f" or (X.flags.f_contiguous and not X.flags.c_contiguous)


@by_type(is_c_order)
def _compiled_is_c_order(X):
    found = X.layout == "C"
    return lambda X: found


@by_type(is_f_order)
def _compiled_is_f_order(X):
    found = is_table(X) or X.layout == "F"
    return lambda X: found


@inlined_part
def lines_of(X, begin, end):
    """How many cache lines rows begin..end have; none where neither rows nor columns are runs."""
    if is_c_order(X):
        return (end - begin) * X.shape[1] * X.itemsize // memory.LINE_BYTES
    if is_f_order(X) and begin < end:
        return X.shape[1] * RUN_LINES
    return 0


@inlined_part
def first_and_step(X, begin):
    """`Prefetch.first` and `Prefetch.step` for the rows from `begin` on."""
    if is_c_order(X):
        return begin * X.shape[1], RUN_LINES * memory.LINE_BYTES // X.itemsize
    return begin, len(X)


@inlined_part
def while_packing(X, begin, end, panels, tiles):
    """How many lines (fixed-point) of rows begin..end to request while the rows before are packed.

    It is the share that packing has of the time. None in F order, where packing itself reads from
    as many places as there are columns.
    """
    if is_c_order(X):
        lines = lines_of(X, begin, end) << FRACTION
        return lines * panels // (panels + PANELS_PER_TILE_TIME * tiles)
    return 0


@inlined_part
def request(X, first, requested, until):
    """Request lines requested..until (fixed-point) of C-contiguous rows, counted from `first`."""
    memory.prefetch_lines(X, first, requested >> FRACTION, until >> FRACTION)
