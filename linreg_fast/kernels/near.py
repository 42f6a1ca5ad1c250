"""The rows that come next, asked for while tiles of the present ones are multiplied.

A line at a time, spread evenly over the multiplications: memory then works all the while. Asked for
all at once they fill the processor's list of what it waits for, and the multiplications wait too
(600,000 x 100 on one thread: 237 ms, and 203 so).
"""

from linreg_fast.kernels import simd
from linreg_fast.kernels.compile import inlined

RUN = 32  # lines that are asked for one after the other; a power of two
SLOWEST = 10


@inlined
def lines_of(X, begin, end):
    """How many lines rows begin..end have; none where columns and rows lie apart."""
    if X.flags.c_contiguous:
        return (end - begin) * X.shape[1] * X.itemsize // simd.LINE_BYTES
    if X.flags.f_contiguous and begin < end:
        return X.shape[1] * RUN
    return 0


@inlined
def first_and_step(X, begin):
    """(flat index of the first number of these rows, numbers from one run of lines to the next)."""
    if X.flags.c_contiguous:
        return begin * X.shape[1], RUN * simd.LINE_BYTES // X.itemsize
    return begin, len(X)


@inlined
def halvings(rows, lines):
    """s, where asking for a line with each 2**s of these rows is enough for all of the lines."""
    found = 0
    while found < SLOWEST and lines << (found + 1) <= rows:
        found += 1
    return found
