"""A centre to sum about, found before the pass, and the step from it to the means after."""

import numpy as np

from linreg_fast.kernels import doubledouble as dd
from linreg_fast.kernels.compile import compiled, inner, strict

SAMPLE = 33  # rows looked at
GOLDEN = (5**0.5 - 1) / 2
PIECE = 256  # weights that are added up before a row is looked for among them
BLOCKS = 4  # of sums, one below the other, that are made rows at a time
TURNED = 32  # rows and columns of a piece that is mirrored: 8 KB, and as much again


def spread(count):
    """Places from 0 to 1, evenly but not regularly: all may be one part of a period otherwise."""
    steps = np.arange(count)
    return (steps + steps * GOLDEN % 1.0) / count


STEPS = spread(SAMPLE)


def provisional_centre(X, Y, weights, exponents, far=0.0):
    """The median of some rows spread over the data: near the mean, and no single row moves it.

    Rows count by their weight. Zero for a column whose median is below `far` times its spread. An
    odd number of rows: of a column that is constant, it is the constant.
    """
    if weights is None:
        rows = (len(X) * STEPS).astype(np.int64)
    else:
        rows = _rows_by_weight(weights, STEPS)
    return _medians(X, Y, rows, exponents, far)


@compiled
def _sums_of_pieces(weights, unit):
    sums = np.zeros(-(-len(weights) // PIECE))
    for piece in range(len(sums)):
        start = piece * PIECE
        for i in range(start, min(start + PIECE, len(weights))):
            sums[piece] += weights[i] * unit
    return sums


@strict
def heaviest_of(weights):
    """The first row of the largest weight. NumPy's argmax copies an array that is read-only."""
    found = 0
    for i in range(len(weights)):
        if weights[i] > weights[found]:
            found = i
    return found


def _rows_by_weight(weights, steps):
    """The rows where the sum of the weights passes these shares of the whole."""
    heaviest = heaviest_of(weights)
    unit = 1.0 / max(float(weights[heaviest]), 1e-300)
    return _rows_within(weights, unit, heaviest, _sums_of_pieces(weights, unit), steps)


@strict
def _rows_within(weights, unit, heaviest, sums, steps):
    total = 0.0
    for piece in sums:
        total += piece
    rows = np.full(len(steps), heaviest)
    running, found = 0.0, 0
    for piece in range(len(sums)):
        behind = running + sums[piece]
        if found < len(steps) and behind > total * steps[found]:
            for i in range(piece * PIECE, min((piece + 1) * PIECE, len(weights))):
                running += weights[i] * unit
                while weights[i] > 0 and found < len(steps) and running > total * steps[found]:
                    rows[found] = i
                    found += 1
        running = behind
    return rows


@inner
def _sort_columns(some):
    """Each column by itself: pairs of rows change places, in an order that no number decides.

    Batcher's merge exchange (Knuth 5.2.2 M), which LLVM makes vectors of: a fifth of the time that
    sorting one column after the other takes.
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


@strict
def _medians(X, Y, rows, exponents, far):
    p, q, m = X.shape[1], X.shape[1] + Y.shape[1], len(rows)
    some, medians = np.empty((m, q)), np.zeros(q)
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
    return medians


@strict
def join(sums, lows):
    """Add all blocks' matrices to the first's, in order, on and above the diagonal."""
    size = sums.shape[2]
    for b in range(1, len(sums)):
        for j in range(sums.shape[1]):  # rows by themselves, or LLVM makes no vectors of them
            S, L, more, more_lo = sums[0, j, j:], lows[0, j, j:], sums[b, j, j:], lows[b, j, j:]
            for k in range(size - j):
                S[k], L[k] = dd.add(S[k], L[k], more[k], more_lo[k])


@inner
def _number(sums, j, k):
    if sums.ndim == 2:
        return sums[j, k]
    width = sums.shape[3]
    return sums[k // width, j // width, j % width, k % width]


@inner
def _row(sums, j, room):
    """Row j of sums, from its diagonal on. Of blocks, some rows are copied at a time, in order."""
    if sums.ndim == 2:
        return sums[j, j:]
    width = sums.shape[3]
    if j % len(room) == 0:
        first = j // width
        for panel in range(first, len(sums)):
            for down in range(first, min(first + BLOCKS, panel + 1)):
                block = sums[panel, down]
                for r in range(width):
                    for c in range(width):
                        room[(down - first) * width + r, panel * width + c] = block[r, c]
    return room[j % len(room), j:]


def centred(sums, lows, shift):
    """(weight sum, means, comoment), each (hi, lo), of sums about a shift.

    sums, lows: square, or a square of square blocks (`shared`); what is below the diagonal means
    nothing.
    """
    q, width = len(shift), sums.shape[-1]
    weight, mean, comoment = np.empty(2), np.empty((2, q)), np.empty((2, q, q))
    rooms = comoment if sums.ndim == 2 else np.empty((2, BLOCKS * width, q + width))
    _fill(sums, lows, shift, weight, mean, comoment, rooms)
    return weight, mean, comoment


@inner
def centre_row(j, sums, lows, shift, weight, mean, comoment):
    """Write row j of mean and, from its diagonal on, of comoment. sums, lows: row j from there on.

    mean holds the totals of the columns before, and still does from the next one on.
    """
    step, step_lo = dd.divide(mean[0, j], mean[1, j], weight[0], weight[1])
    to, to_lo = comoment[0, j, j:], comoment[1, j, j:]
    total, total_lo = mean[0, j:], mean[1, j:]
    for k in range(len(to)):
        product, product_lo = dd.multiply(step, step_lo, total[k], total_lo[k])
        to[k], to_lo[k] = dd.add(sums[k], lows[k], -product, -product_lo)
    mean[0, j], mean[1, j] = dd.add(shift[j], 0.0, step, step_lo)


@strict
def _fill(sums, lows, shift, weight, mean, comoment, rooms):
    """Write what `centred` returns. rooms: scratch for sums in blocks, not looked at for others."""
    q = len(shift)
    weight[0], weight[1] = _number(sums, q, q), _number(lows, q, q)
    for j in range(q):  # the totals at first: side by side, for the vectors of the next loop
        mean[0, j], mean[1, j] = _number(sums, j, q), _number(lows, j, q)
    for j in range(q):
        row, row_lo = _row(sums, j, rooms[0]), _row(lows, j, rooms[1])
        centre_row(j, row, row_lo, shift, weight, mean, comoment)
    for part in comoment:  # below the diagonal: piece by piece, or each number misses the cache
        for start in range(0, q, TURNED):
            for first in range(start, q, TURNED):
                for j in range(start, min(start + TURNED, q)):
                    for k in range(max(first, j + 1), min(first + TURNED, q)):
                        part[k, j] = part[j, k]
