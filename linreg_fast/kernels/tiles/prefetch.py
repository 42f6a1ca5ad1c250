"""The rows that come next, asked for while the present ones are packed and multiplied.

A line or two at a time, spread evenly over all that is done with a piece of rows: memory then works
all the while. Asked for all at once they fill the processor's list of what it waits for, and the
multiplications wait too (600,000 x 100 on one thread: 237 ms, and 203 so); within the first half of
the multiplications, as a pace of powers of two may have it, memory rests for the other half (a
million rows of 30 columns: 1.12 times as long).
"""

from linreg_fast.kernels.arithmetic import memory
from linreg_fast.kernels.tuning import PANELS_PER_TILE_TIME, RUN_LINES
from linreg_fast.runtime.compile import by_type, inlined_part

# Bits of a number of lines that are for parts of one: a pace is less than a line for each row.
FRACTION = 20


def is_c_order(X):
    """Whether X is in C order, by its type: flags are found out by code of their own."""
    return X.flags.c_contiguous


def is_f_order(X):
    """Likewise in F order."""
    return X.flags.f_contiguous and not X.flags.c_contiguous


@by_type(is_c_order)
def _compiled_is_c_order(X):
    found = X.layout == "C"
    return lambda X: found


@by_type(is_f_order)
def _compiled_is_f_order(X):
    found = X.layout == "F"
    return lambda X: found


@inlined_part
def lines_of(X, begin, end):
    """How many lines rows begin..end have; none where columns and rows lie apart."""
    if is_c_order(X):
        return (end - begin) * X.shape[1] * X.itemsize // memory.LINE_BYTES
    if is_f_order(X) and begin < end:
        return X.shape[1] * RUN_LINES
    return 0


@inlined_part
def first_and_step(X, begin):
    """(flat index of the first number of these rows, numbers from one run of lines to the next)."""
    if is_c_order(X):
        return begin * X.shape[1], RUN_LINES * memory.LINE_BYTES // X.itemsize
    return begin, len(X)


@inlined_part
def while_packing(X, begin, end, panels, tiles):
    """What to ask for of the lines of rows begin..end while the rows before are packed: the share
    that this has of the time. Nothing in F order, where rows come from many places already."""
    if is_c_order(X):
        lines = lines_of(X, begin, end) << FRACTION
        return lines * panels // (panels + PANELS_PER_TILE_TIME * tiles)
    return 0


@inlined_part
def request(X, ahead, asked, until):
    """Ask for lines of C-contiguous rows, counted from the flat index `ahead` on."""
    memory.prefetch_lines(X, ahead, asked >> FRACTION, until >> FRACTION)
