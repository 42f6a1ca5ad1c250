"""The rows that come next, asked for while the present ones are packed and multiplied.

A line or two at a time, spread evenly over all that is done with a piece of rows: memory then works
all the while. Asked for all at once they fill the processor's list of what it waits for, and the
multiplications wait too (600,000 x 100 on one thread: 237 ms, and 203 so); within the first half of
the multiplications, as a pace of powers of two may have it, memory rests for the other half (a
million rows of 30 columns: 1.12 times as long).
"""

from linreg_fast.kernels import simd
from linreg_fast.kernels.compile import chosen, inlined

RUN = 32  # lines that are asked for one after the other; a power of two
# Bits of a number of lines that are for parts of one: a pace is less than a line for each row.
FRACTION = 20
PANELS_OF_TILE = 3  # that are packed in the time of one tile, for as many rows


def by_rows(X):
    """Whether X is in C order, by its type: flags are found out by code of their own."""
    return X.flags.c_contiguous


def by_columns(X):
    """Likewise in F order."""
    return X.flags.f_contiguous and not X.flags.c_contiguous


@chosen(by_rows)
def _compiled_by_rows(X):
    found = X.layout == "C"
    return lambda X: found


@chosen(by_columns)
def _compiled_by_columns(X):
    found = X.layout == "F"
    return lambda X: found


@inlined
def lines_of(X, begin, end):
    """How many lines rows begin..end have; none where columns and rows lie apart."""
    if by_rows(X):
        return (end - begin) * X.shape[1] * X.itemsize // simd.LINE_BYTES
    if by_columns(X) and begin < end:
        return X.shape[1] * RUN
    return 0


@inlined
def first_and_step(X, begin):
    """(flat index of the first number of these rows, numbers from one run of lines to the next)."""
    if by_rows(X):
        return begin * X.shape[1], RUN * simd.LINE_BYTES // X.itemsize
    return begin, len(X)


@inlined
def in_packing(X, begin, end, panels, tiles):
    """What to ask for of the lines of rows begin..end while the rows before are packed: the share
    that this has of the time. Nothing in F order, where rows come from many places already."""
    if by_rows(X):
        lines = lines_of(X, begin, end) << FRACTION
        return lines * panels // (panels + PANELS_OF_TILE * tiles)
    return 0


@inlined
def ask(X, ahead, asked, until):
    """Ask for lines of C-contiguous rows, counted from the flat index `ahead` on."""
    simd.bring_lines(X, ahead, asked >> FRACTION, until >> FRACTION)
