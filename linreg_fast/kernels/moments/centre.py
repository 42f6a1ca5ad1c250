"""The provisional centre that is subtracted from the columns before they are summed."""

import numpy as np

from linreg_fast.kernels.arithmetic.columns import Columns
from linreg_fast.kernels.tuning import CENTRE_ROWS, WEIGHTS_PIECE
from linreg_fast.runtime.compile import fast_kernel, kernel, kernel_part

GOLDEN = (5**0.5 - 1) / 2


def spread(count):
    """Places from 0 to 1, spread evenly but not regularly: regular ones may all hit one phase of a
    period."""
    steps = np.arange(count)
    return (steps + steps * GOLDEN % 1.0) / count


STEPS = spread(CENTRE_ROWS)


def provisional_centre(X, Y, weights, exponents, far=0.0):
    """The median of CENTRE_ROWS rows spread over the data: near the mean, robust to any one row.

    Rows are sampled by their weight. It is zero for a column whose median is below `far` times its
    spread, and the constant for a column that is constant, since the number of rows is odd.
    """
    if weights is None:
        rows = (len(X) * STEPS).astype(np.int64)
    else:
        rows = _rows_by_weight(weights, STEPS)
    if type(X) is Columns:
        X, Y, rows = X[rows], Y[rows], np.arange(len(rows))
        Y.flags.writeable = False
    q = X.shape[1] + Y.shape[1]
    some, medians = np.empty((len(rows), q)), np.zeros(q)
    _medians(X, Y, rows, exponents, far, some, medians)
    return medians


@fast_kernel
def _sums_of_pieces(weights, unit):
    sums = np.zeros(-(-len(weights) // WEIGHTS_PIECE))
    for piece in range(len(sums)):
        start = piece * WEIGHTS_PIECE
        for i in range(start, min(start + WEIGHTS_PIECE, len(weights))):
            sums[piece] += weights[i] * unit
    return sums


@kernel
def heaviest_of(weights):
    """The first row of the largest weight. (NumPy's argmax copies a read-only array.)"""
    found = 0
    for i in range(len(weights)):
        if weights[i] > weights[found]:
            found = i
    return found


def _rows_by_weight(weights, steps):
    """The rows at which the running sum of the weights passes these shares of the whole."""
    heaviest = heaviest_of(weights)
    unit = 1.0 / max(float(weights[heaviest]), 1e-300)
    return _rows_within(weights, unit, heaviest, _sums_of_pieces(weights, unit), steps)


@kernel
def _rows_within(weights, unit, heaviest, sums, steps):
    total = 0.0
    for piece in sums:
        total += piece
    rows = np.full(len(steps), heaviest)
    running, found = 0.0, 0
    for piece in range(len(sums)):
        behind = running + sums[piece]
        if found < len(steps) and behind > total * steps[found]:
            for i in range(piece * WEIGHTS_PIECE, min((piece + 1) * WEIGHTS_PIECE, len(weights))):
                running += weights[i] * unit
                while weights[i] > 0 and found < len(steps) and running > total * steps[found]:
                    rows[found] = i
                    found += 1
        running = behind
    return rows


@kernel_part
def _sort_columns(some):
    """Sort every column, by exchanging pairs of rows in an order that no number decides.

    It is Batcher's merge exchange (Knuth 5.2.2 M), which LLVM vectorises over the columns: a fifth
    of the time that sorting one column after the other takes.
    """
    m = len(some)
    most = 1
    while 2 * most < m:
        most *= 2
    apart = most
    while apart > 0:
        bit, distance, following = 0, apart, most
        while distance > 0:
            for i in range(m - distance):
                if i & apart == bit:
                    upper, lower = some[i], some[i + distance]
                    for j in range(some.shape[1]):
                        a, b = upper[j], lower[j]
                        upper[j], lower[j] = (b, a) if b < a else (a, b)
            bit, distance, following = apart, following - apart, following // 2
        apart //= 2


@kernel
def _medians(X, Y, rows, exponents, far, some, medians):
    """Write medians (q,), which are zero on entry. some: scratch for the rows."""
    p, q, m = X.shape[1], len(medians), len(rows)
    for j in range(q):
        scale = 2.0 ** -np.float64(exponents[j] // 2)
        rest = 2.0 ** -np.float64(exponents[j] - exponents[j] // 2)
        for i in range(m):
            value = np.float64(X[rows[i], j] if j < p else Y[rows[i], j - p])
            some[i, j] = value * scale * rest
    _sort_columns(some)
    middle, low, high = some[m // 2], some[m // 4], some[3 * m // 4]
    for j in range(q):
        if not abs(middle[j]) <= far * (high[j] - low[j]):
            medians[j] = middle[j]
