"""Coefficients and squares of many targets, from their sums with the columns and one inverse.

The lanes of a vector are targets: what is found of one of them stays in registers and in a first
cache until its coefficients, its residual squares and its flags are written.
"""

import math

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.arithmetic.rounding import SAFE_LARGE, SAFE_SMALL
from linreg_fast.kernels.tuning import WIDE
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import inlined_part, kernel_part

GOOD, WEAK, LOST = 1, 2, 4  # with all digits; hardly explained; squares with too few digits


@inlined_part
def _product(a, a_lo, b, b_lo):
    """Of vectors in double-double; the parts are not renormalised."""
    product = simd.multiply(a, b)
    lost = simd.fma_vectors(a, b, simd.negative(product))
    return product, simd.fma_vectors(a, b_lo, simd.fma_vectors(a_lo, b, lost))


@kernel_part
def _solve(inverse, powers, sums, lows, k, found):
    """Write the inverse (2, q, q) times scaled sums of the vector of targets k to found, hi, lo."""
    q, apart = len(powers), sums.shape[1]
    for j in range(q):
        high, low = simd.zeros(), simd.zeros()
        for c in range(q):
            power = simd.broadcast(powers[c])
            own = simd.multiply(simd.load(sums, c * apart + k), power)
            own_lo = simd.multiply(simd.load(lows, c * apart + k), power)
            a, a_lo = simd.broadcast(inverse[0, j, c]), simd.broadcast(inverse[1, j, c])
            product, lost = _product(a, a_lo, own, own_lo)
            high, more = dd.two_sum_of_vectors(high, product)
            low = simd.add(low, simd.add(more, lost))
        total = simd.add(high, low)
        simd.store(found, j * WIDE, total)
        simd.store(found, (q + j) * WIDE, simd.subtract(low, simd.subtract(total, high)))


@kernel_part
def _squares(powers, weight, sums, lows, k, found, out):
    """Write to out the squares less what is explained, those about the mean, the largest part."""
    q, apart = len(powers), sums.shape[1]
    at = (len(sums) - 1) * apart + k
    square, square_lo = simd.load(sums, at), simd.load(lows, at)
    left, left_lo, largest = square, square_lo, simd.zeros()
    for j in range(q):
        power = simd.broadcast(powers[j])
        own = simd.multiply(simd.load(sums, j * apart + k), power)
        own_lo = simd.multiply(simd.load(lows, j * apart + k), power)
        solved, solved_lo = simd.load(found, j * WIDE), simd.load(found, (q + j) * WIDE)
        product, lost = _product(solved, solved_lo, own, own_lo)
        largest = simd.larger(simd.absolute(product), largest)
        left, more = dd.two_sum_of_vectors(left, simd.negative(product))
        left_lo = simd.add(left_lo, simd.subtract(more, lost))
    total, total_lo = simd.load(sums, (q - 1) * apart + k), simd.load(lows, (q - 1) * apart + k)
    each, each_lo = dd.divide(1.0, 0.0, weight[0], weight[1])
    mean, mean_lo = _product(total, total_lo, simd.broadcast(each), simd.broadcast(each_lo))
    product, lost = _product(mean, mean_lo, total, total_lo)
    about, more = dd.two_sum_of_vectors(square, simd.negative(product))
    about_lo = simd.add(simd.subtract(more, lost), square_lo)
    simd.store(out, 0, simd.add(left, left_lo))
    simd.store(out, WIDE, simd.add(about, about_lo))
    simd.store(out, 2 * WIDE, largest)
    simd.store(out, 3 * WIDE, square)


@kernel_part
def _write(found, c, powers, sizes, limits, largest, i, coef, intercept):
    """Write target i, of lane c; its flags."""
    # the lane, the columns' scales, how much may be lost, and where the target goes
    p, signal, finite = len(sizes), 0.0, True
    for j in range(p):
        value = found[j * WIDE + c]
        signal += (value * sizes[j]) ** 2
        coef[i, j] = value * powers[j]
        finite = finite and abs(coef[i, j]) < np.inf
    intercept[i] = found[p * WIDE + c] * powers[p]
    finite = finite and abs(intercept[i]) < np.inf
    rounding, root, error, nothing = limits[0], limits[1], limits[2], limits[3]
    signal, norm = math.sqrt(signal), largest * root
    weak = signal <= nothing * norm
    good = rounding * norm <= error * max(signal, nothing * norm)
    safe = largest == 0.0 or SAFE_SMALL < largest < SAFE_LARGE
    return (GOOD if good and safe and finite else 0) | (WEAK if weak else 0)


@kernel_part
def _write_squares(left, c, centred, columns, limits, i, rss, tss, about, flags):
    """Write what is left of target i, of lane c; whether that has too few digits."""
    # the lane, how much may be lost, and where it goes
    rest, mean_square, square = left[c], left[WIDE + c], left[3 * WIDE + c]
    about[i] = max(mean_square, 0.0)
    tss[i] = about[i] if centred else max(square, 0.0)
    rss[i] = max(rest, 0.0)
    if rest <= limits[4] * columns * tss[i]:  # what rounding leaves of nothing
        rss[i] = 0.0
    # Far from zero the parts that are subtracted are larger than the squares.
    lost = limits[0] * max(left[2 * WIDE + c], square) > limits[5] * rss[i]
    lost = lost or limits[6] * square > limits[5] * about[i]
    if (lost and square > 0.0) or not flags[i] & GOOD:
        flags[i] |= LOST


@kernel_part
def _block(
    b,
    start,
    stop,
    scratch,
    inverse,
    powers,
    sizes,
    weight,
    centred,
    limits,
    sums,
    lows,
    solved,
    solved_lo,
    largest,
    coef,
    intercept,
    rss,
    tss,
    about,
    flags,
):
    # four from `over_blocks`, then the arrays: a record would be taken apart at each call
    q, t = len(powers), len(coef)
    found, left = scratch[: 2 * q * WIDE], scratch[2 * q * WIDE :]
    for k in range(start * WIDE, stop * WIDE, WIDE):
        if len(solved) > 0:
            for j in range(q):
                for c in range(WIDE):
                    found[j * WIDE + c] = solved[j, k + c]
                    found[(q + j) * WIDE + c] = solved_lo[j, k + c]
        else:
            _solve(inverse, powers, sums, lows, k, found)
        if len(rss) > 0:
            _squares(powers, weight, sums, lows, k, found, left)
        for c in range(min(WIDE, t - k)):
            i = k + c
            flags[i] = _write(found, c, powers, sizes, limits, largest[i], i, coef, intercept)
            if len(rss) > 0:
                _write_squares(left, c, centred, q, limits, i, rss, tss, about, flags)


_blocks = over_blocks(_block)
NONE = np.zeros((0, 0))


def solved_targets(
    inverse, powers, sizes, weight, centred, limits, sums, largest, t, squares, solved=(NONE, NONE)
):
    """coef (t, p), intercept, rss, tss, squares about the mean, and flags (t,).

    inverse (2, q, q), hi and lo, of q columns that powers (q,) scale; sizes (p,): their norms.
    weight (2,): the sum of the weights. limits: rounding of the inverse, root of the weights'
    sum, and REFINED_ERROR, NOTHING, RSS_ROUNDING, RSS_ERROR, TSS_ROUNDING of `data.precision`.
    sums, largest: of `products_with_targets`. squares: without them rss, tss and about are empty.
    solved (q, T), hi and lo: the inverse times scaled sums, where that is known.
    """
    # the columns, what rounding may do, and the targets
    (sums, lows), q = sums, len(powers)
    coef, intercept, flags = np.empty((t, q - 1)), np.empty(t), np.empty(t, dtype=np.int8)
    rss, tss, about = (np.empty(t if squares else 0) for _ in range(3))
    vectors = sums.shape[1] // WIDE
    blocks = min(launch.count_blocks(t, 2 * q * q), 1 << vectors.bit_length() - 1)
    columns = inverse, powers, sizes, weight, centred, limits
    targets = sums, lows, *solved, largest, coef, intercept, rss, tss, about, flags
    launch.run(_blocks, vectors, blocks, 10 * q * q * t, (2 * q + 4) * WIDE, *columns, *targets)
    return coef, intercept, rss, tss, about, flags
