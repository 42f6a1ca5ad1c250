"""The moments of small data in one compiled call: 5 us for 442 rows of ten columns.

What it does is what `tiled` and `centre` do; a call for each of their steps takes six times as
long. With `few.solve` behind it, a fit takes 10 us.
"""

import numpy as np

from linreg_fast.kernels import direct, narrow, simd, tiles
from linreg_fast.kernels import doubledouble as dd
from linreg_fast.kernels.centre import centre_row, spread
from linreg_fast.kernels.compile import inlined, inner, strict

EPSILON = 2.0**-52
# Of the rows looked at for a centre, four threes. Regular ones may all be the special ones of a
# period: of 12,000 rows, one in a thousand special, that cost six digits.
STEPS = tuple(spread(12).tolist())


@inner
def _middle(columns, shift):
    """Per column, about its mean: of twelve rows the middle of each three, and their mean.

    A constant column is taken off exactly, and no single outlier is taken for all. With three rows
    in all the centre is up to 2.5 standard deviations off, and one digit is lost where it is.
    """
    n = len(columns)
    for j in range(columns.shape[1]):
        halves = 0.0
        for half in range(2):
            both = 0.0
            for third in range(2):
                i = 6 * half + 3 * third
                a = np.float64(columns[np.int64(n * STEPS[i]), j])
                b = np.float64(columns[np.int64(n * STEPS[i + 1]), j])
                c = np.float64(columns[np.int64(n * STEPS[i + 2]), j])
                low, high = (a, b) if a < b else (b, a)
                both += 0.25 * (low if c < low else (high if c > high else c))
            halves += both
        shift[j] = halves


@inlined
def _clear(numbers):
    """Zeros: NumPy's would take a third of a second to compile."""
    for i in range(len(numbers)):
        numbers[i] = 0.0


@inlined
def _no_sums(sums):
    """(sums, lows), zeros: the halves of an array."""
    for row in sums:
        _clear(row)
    size = len(sums) // 2
    return sums[:size], sums[size:]


@inlined
def _centre(sums, lows, shift, weight, mean, comoment, noise):
    """Write the moments, of sums about a shift."""
    q = len(noise)
    weight[0], weight[1] = sums[q, q], lows[q, q]
    for j in range(q):
        mean[0, j], mean[1, j] = sums[j, q], lows[j, q]
    for j in range(q):
        centre_row(j, sums[j, j:], lows[j, j:], shift, weight, mean, comoment)
        noise[j] = EPSILON * comoment[0, j, j]
        for k in range(j):
            comoment[0, j, k], comoment[1, j, k] = comoment[0, k, j], comoment[1, k, j]


def moments_of(X, Y):
    """(weight sum, mean, comoment, noise of its diagonal) of the columns, in plain sums."""
    if X.shape[1] == 1:
        found, sums = _arrays(2, 3)
        _moments_of_one(X, Y, X[:, 0], Y[:, 0], np.empty(2), sums, *found)
        return found
    few = narrow.possible(X, Y) or None  # what is compiled depends on it
    q = X.shape[1] + Y.shape[1]
    size = tiles.padded(q + 1)
    found, sums = _arrays(q, size)
    scratch = np.empty(size * (tiles.PIECE + 2) + simd.LINE)
    _moments(X, Y, few, scratch[:size], scratch[size:], sums, *found)
    return found


def doubled_moments_of(X, Y):
    """Likewise of one target in double-double, and no noise."""
    q = X.shape[1] + 1
    size = tiles.padded(q + 1)
    found, sums = _arrays(q, size)
    _doubled_moments(X, Y, *np.empty((3, size)), sums, *found)
    return found[:-1]


def _arrays(q, size):
    """What is found, and the room for sums."""
    found = np.empty(2), np.empty((2, q)), np.empty((2, q, q)), np.empty(q)
    return found, np.empty((2 * size, size))


@strict
def _moments(X, Y, few, shift, scratch, sums, weight, mean, comoment, noise):
    """few: True where `narrow` can sum these rows, or None.

    All arrays are made by the caller: what makes one in compiled code takes longer to compile.
    """
    _clear(shift)
    sums, lows = _no_sums(sums)
    _middle(X, shift)
    _middle(Y, shift[X.shape[1] :])
    if few is None:
        tiles.moments_block(X, Y, None, shift, 0, len(X), scratch, sums, lows)
    else:
        narrow.moments_block(X, Y, None, shift, 0, len(X), scratch, sums, lows)
    _centre(sums, lows, shift, weight, mean, comoment, noise)


@strict
def _moments_of_one(X, Y, x, y, shift, sums, weight, mean, comoment, noise):
    """Of one column and one target, which are x and y (n,)."""
    sums, lows = _no_sums(sums)
    _middle(X, shift)
    _middle(Y, shift[1:])
    direct.block(x, y, shift, 0, len(x), sums, lows)
    _centre(sums, lows, shift, weight, mean, comoment, noise)


@inner
def _add_row_vectors(row, low, count, sums, lows):
    """Add to sums + lows, on and above the diagonal, products of row + low, `count` numbers."""
    size = len(row)
    for j in range(count):
        a, b = simd.splat_wide(row[j]), simd.splat_wide(low[j])
        for k in range(j // simd.WIDE * simd.WIDE, size, simd.WIDE):
            at = j * size + k
            x, h = simd.load_wide(row, k), simd.load_wide(sums, at)
            product = simd.fma_vectors(a, x, simd.zeros_wide())
            lost = simd.fma_vectors(a, x, simd.negative(product))
            lost = simd.fma_vectors(a, simd.load_wide(low, k), simd.fma_vectors(b, x, lost))
            total = simd.add(h, product)
            part = simd.subtract(total, h)
            more = simd.subtract(h, simd.subtract(total, part))
            more = simd.add(more, simd.subtract(product, part))
            simd.store(sums, at, total)
            simd.store(lows, at, simd.add(simd.load_wide(lows, at), simd.add(more, lost)))


@inner
def _add_row_numbers(row, low, count, sums, lows):
    """The same, a number at a time."""
    for j in range(count):
        for k in range(j, count):
            product, lost = dd.two_product(row[j], row[k])
            sums[j, k], more = dd.two_sum(sums[j, k], product)
            lows[j, k] += more + (lost + (row[j] * low[k] + low[j] * row[k]))


_add_row = _add_row_vectors if simd.VECTORS else _add_row_numbers


@strict
def _doubled_moments(X, Y, shift, row, low, sums, weight, mean, comoment, noise):
    """For 128 rows of ten columns the tiles of `compensated` take three times as long, and ten
    times as long to be compiled."""
    n, p = X.shape
    q = p + 1
    _clear(row)
    _clear(low)
    sums, lows = _no_sums(sums)
    _middle(X, shift)
    _middle(Y, shift[p:])
    row[q] = 1.0
    for i in range(n):
        for j in range(p):
            row[j], low[j] = dd.two_sum(np.float64(X[i, j]), -shift[j])
        row[p], low[p] = dd.two_sum(np.float64(Y[i, 0]), -shift[p])
        _add_row(row, low, q + 1, sums, lows)
    _centre(sums, lows, shift, weight, mean, comoment, noise)
