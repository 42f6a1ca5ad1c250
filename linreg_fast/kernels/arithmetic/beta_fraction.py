"""The continued fraction of the incomplete beta function, at many places at once.

Evaluated from the last term to the first; the lanes of a vector are places.
Source: DLMF 8.17.22.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.tuning import WIDE
from linreg_fast.runtime.compile import inlined_part, kernel

PIECE = 512  # places, whose lines of numbers stay in a first cache


def terms(a, b, count):
    """(count,) coefficients of the fraction of I_x(a, b)."""
    k = np.arange(1, count + 1)
    m = k // 2
    before = np.where(k == 1, 1.0, a + 2 * m - 1)  # the first term is odd: this one is not used
    even = m * (b - m) / (before * (a + 2 * m))
    odd = -(a + m) * (a + b + m) / ((a + 2 * m) * (a + 2 * m + 1))
    return np.where(k % 2 == 0, even, odd)


@inlined_part
def _fraction(coefficients, start, stop, places, begin, count, above, below):
    """Write 1 + c_1 x / (1 + c_2 x / (1 + ...)) of places from begin on, as above / below.

    What two terms give is a quotient, too, so that one division is left for all of them. Four
    vectors at a time: each waits for its last term.
    """
    # the terms, and places up to a whole number of four vectors, of which there is room
    odd = (stop - start) % 2
    for i in range(0, count, 4 * WIDE):
        x0, x1 = simd.load(places, begin + i), simd.load(places, begin + i + WIDE)
        x2, x3 = (
            simd.load(places, begin + i + 2 * WIDE),
            simd.load(places, begin + i + 3 * WIDE),
        )
        one, last = simd.broadcast(1.0), simd.broadcast(odd * coefficients[stop - 1])
        a0, a1 = simd.fma_vectors(last, x0, one), simd.fma_vectors(last, x1, one)
        a2, a3 = simd.fma_vectors(last, x2, one), simd.fma_vectors(last, x3, one)
        b0 = b1 = b2 = b3 = one
        for k in range(stop - odd - 1, start, -2):
            c, before = simd.broadcast(coefficients[k]), simd.broadcast(coefficients[k - 1])
            b0 = simd.fma_vectors(simd.multiply(c, x0), b0, a0)
            b1 = simd.fma_vectors(simd.multiply(c, x1), b1, a1)
            b2 = simd.fma_vectors(simd.multiply(c, x2), b2, a2)
            b3 = simd.fma_vectors(simd.multiply(c, x3), b3, a3)
            a0 = simd.fma_vectors(simd.multiply(before, x0), a0, b0)
            a1 = simd.fma_vectors(simd.multiply(before, x1), a1, b1)
            a2 = simd.fma_vectors(simd.multiply(before, x2), a2, b2)
            a3 = simd.fma_vectors(simd.multiply(before, x3), a3, b3)
        simd.store(above, i, a0)
        simd.store(above, i + WIDE, a1)
        simd.store(above, i + 2 * WIDE, a2)
        simd.store(above, i + 3 * WIDE, a3)
        simd.store(below, i, b0)
        simd.store(below, i + WIDE, b1)
        simd.store(below, i + 2 * WIDE, b2)
        simd.store(below, i + 3 * WIDE, b3)


@kernel
def two_tails(front, x, y, a, limits, starts, coefficients, out):
    """Write I_x(a, 1/2) to out (n,); front (n,): x^a y^(1/2) / B(a, 1/2), y = 1 - x.

    Up to limits[c] the terms from starts[c] to starts[c + 1] serve, and beyond the last limit the
    last ones, of I_y(1/2, a). NaN stays NaN.
    """
    upper = len(limits)
    own, counts = np.empty((upper + 1, PIECE), dtype=np.int64), np.empty(upper + 1, dtype=np.int64)
    places = np.zeros((upper + 1, PIECE))
    above, below = np.empty(PIECE), np.empty(PIECE)
    for begin in range(0, len(x), PIECE):
        counts[:] = 0
        for i in range(begin, min(begin + PIECE, len(x))):
            c = 0
            for limit in limits:
                c += not x[i] <= limit
            k = counts[c]
            own[c, k] = i
            places[c, k] = x[i] if c < upper else y[i]
            counts[c] = k + 1
        for c in range(upper + 1):
            first, last, count = starts[c], starts[c + 1], counts[c]
            _fraction(coefficients, first, last, places, c * PIECE, count, above, below)
            if c < upper:
                for k in range(count):
                    out[own[c, k]] = front[own[c, k]] * below[k] / (a * above[k])
            else:
                for k in range(count):
                    out[own[c, k]] = 1.0 - 2.0 * front[own[c, k]] * below[k] / above[k]
