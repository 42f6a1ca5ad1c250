"""The way for small data: its moments in one compiled call, 5 us for 442 x 10 (AVX2).

It does what `by_blocks` does with one block. A call from Python for each of those steps takes six
times as long. With `systems.small.solve` behind it, a fit takes 10 us.
"""

import threading

import numpy as np

from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.kernels.moments import columnwise, one_column, packed, unpacked
from linreg_fast.kernels.moments.centre import spread
from linreg_fast.kernels.moments.finish import centre_row
from linreg_fast.kernels.tiles import macrokernel
from linreg_fast.kernels.tuning import (
    COLUMNWISE_COLUMNS,
    FAST_MOST_ELEMENTS,
    FAST_MOST_OF_ONE_COLUMN,
    ONE_CALL_CENTRE_ROWS,
    ONE_CALL_KEPT_COLUMNS,
)
from linreg_fast.runtime.compile import inlined_part, kernel, kernel_part

# Where the sampled rows stand, as shares of all. Evenly spaced ones may all be the special rows of
# a period: of 12,000 rows, one in a thousand special, that cost six digits.
PLACES = tuple(spread(ONE_CALL_CENTRE_ROWS).tolist())


@kernel_part
def centre_of(columns, shift):
    """Write to shift, per column, about its mean: the mean of four medians of three sampled rows.

    A constant column is subtracted exactly, and no single outlier becomes the centre. With three
    rows in all the centre is up to 2.5 standard deviations off, which costs one digit.
    """
    n = len(columns)
    for j in range(columns.shape[1]):
        halves = 0.0
        for half in range(2):
            both = 0.0
            for third in range(2):
                i = 6 * half + 3 * third
                a = np.float64(columns[np.int64(n * PLACES[i]), j])
                b = np.float64(columns[np.int64(n * PLACES[i + 1]), j])
                c = np.float64(columns[np.int64(n * PLACES[i + 2]), j])
                low, high = (a, b) if a < b else (b, a)
                both += 0.25 * (low if c < low else (high if c > high else c))
            halves += both
        shift[j] = halves


@inlined_part
def clear(numbers):
    """Zeros: NumPy's would take a third of a second to compile."""
    for i in range(len(numbers)):
        numbers[i] = 0.0


@inlined_part
def centre(X, Y, shift):
    """Write to shift what comes off each column; beyond them it is zero."""
    clear(shift)
    centre_of(X, shift)
    centre_of(Y, shift[X.shape[1] :])


@inlined_part
def halves_of(sums):
    """(sums, lows), zeros: the halves of an array."""
    for row in sums:
        clear(row)
    size = len(sums) // 2
    return sums[:size], sums[size:]


@inlined_part
def write_moments(sums, lows, shift, weight, mean, comoment):
    """Write the moments, of sums about a shift."""
    q = mean.shape[1]
    weight[0], weight[1] = sums[q, q], lows[q, q]
    for j in range(q):
        mean[0, j], mean[1, j] = sums[j, q], lows[j, q]
    for j in range(q):
        centre_row(j, sums[j, j:], lows[j, j:], shift, weight, mean, comoment)
        for k in range(j):
            comoment[0, j, k], comoment[1, j, k] = comoment[0, k, j], comoment[1, k, j]


@inlined_part
def write_noise(comoment, noise):
    """What plain sums have lost of each sum of squares."""
    for j in range(len(noise)):
        noise[j] = EPSILON * comoment[0, j, j]


def takes(X, Y, weights=None):
    most = FAST_MOST_ELEMENTS if X.shape[1] > 1 else FAST_MOST_OF_ONE_COLUMN
    return X.size <= most and Y.shape[1] == 1 and weights is None


def sums(X, Y, weights=None):
    return len(X), *moments_of(X, Y)[:3]


def moments_of(X, Y):
    """(weight sum, mean, comoment, noise of its diagonal) of the columns, in plain sums."""
    p = X.shape[1]
    q = p + 1
    found = np.empty(2), np.empty((2, q)), np.empty((2, q, q)), np.empty(q)
    shift, sums, scratch = workspace(macrokernel.padded(q + 1))
    if p == 1:
        _sums_of_one_column(X, Y, X[:, 0], Y[:, 0], shift, sums, *found)
    else:
        if unpacked.takes(X, Y):
            take = _unpacked_sums
        else:
            take = _columnwise_sums if columnwise.takes(X, Y) else _packed_sums
        take(X, Y, shift, scratch, sums, *found)
    return found


_kept = threading.local()


def workspace(size):
    """(shift, sums, scratch) for so many columns, which no call expects anything of.

    A thread keeps those of few columns for its next fit: to make them takes 1 us of 15.
    """
    kept = _kept.__dict__
    found = kept.get(size)
    if found is None:
        few = columnwise.scratch_size(0, min(size, COLUMNWISE_COLUMNS), False)
        scratch = np.empty(max(packed.scratch_size(0, size, False), few))
        found = np.empty(size), np.empty((2 * size, size)), scratch
        if size <= ONE_CALL_KEPT_COLUMNS:
            kept[size] = found
    return found


def _sums_by(moments_block, name):
    """The kernel that writes the moments of the rows that a way takes, by its `moments_block`.

    A kernel for each way and not a choice within one: most processes need one of them, and two take
    1.3 s longer to compile. All arrays are made by the caller: what makes one in compiled code
    takes 0.3 s longer to compile.
    """

    def write(X, Y, shift, scratch, sums, weight, mean, comoment, noise):
        # nine: what goes in, what is overwritten, and the four results
        sums, lows = halves_of(sums)
        centre(X, Y, shift)
        moments_block(X, Y, None, shift, 0, len(X), scratch, sums, lows)
        write_moments(sums, lows, shift, weight, mean, comoment)
        write_noise(comoment, noise)

    write.__name__ = write.__qualname__ = name  # of the code on disk: each has its own
    return kernel(write)


_unpacked_sums = _sums_by(unpacked.moments_block, "_unpacked_sums")
_columnwise_sums = _sums_by(columnwise.moments_block, "_columnwise_sums")
_packed_sums = _sums_by(packed.moments_block, "_packed_sums")


@kernel
def _sums_of_one_column(X, Y, x, y, shift, sums, weight, mean, comoment, noise):
    """Of one column and one target, which are x and y (n,)."""
    # as `_sums_by`
    sums, lows = halves_of(sums)
    centre_of(X, shift)
    centre_of(Y, shift[1:])
    one_column.block(x, y, shift, 0, len(x), sums, lows)
    write_moments(sums, lows, shift, weight, mean, comoment)
    write_noise(comoment, noise)
