"""The continued fraction of the incomplete beta function, at many places at once.

Evaluated from the last term to the first, term by term for all places, so that LLVM vectorises it.
Source: DLMF 8.17.22.
"""

import numpy as np

from linreg_fast.runtime.compile import inlined_part, kernel

PIECE = 512  # places, so that two lines of numbers stay in a first cache


def terms(a, b, count):
    """(count,) coefficients of the fraction of I_x(a, b)."""
    k = np.arange(1, count + 1)
    m = k // 2
    before = np.where(k == 1, 1.0, a + 2 * m - 1)  # the first term is odd: this one is not used
    even = m * (b - m) / (before * (a + 2 * m))
    odd = -(a + m) * (a + b + m) / ((a + 2 * m) * (a + 2 * m + 1))
    return np.where(k % 2 == 0, even, odd)


@inlined_part
def _fraction(coefficients, places, above, below):
    """Write 1 + c_1 x / (1 + c_2 x / (1 + ...)) of every place x, as above / below.

    What two terms give is a quotient, too, so that one division is left for all of them.
    """
    odd = len(coefficients) % 2
    for i in range(len(places)):
        above[i] = 1.0 + odd * coefficients[-1] * places[i]
        below[i] = 1.0
    for k in range(len(coefficients) - odd - 1, 0, -2):
        c, before = coefficients[k], coefficients[k - 1]
        for i in range(len(places)):
            below[i] = above[i] + c * places[i] * below[i]
            above[i] = below[i] + before * places[i] * above[i]


@kernel
def two_tails(front, x, y, a, limits, starts, coefficients, out):
    """Write I_x(a, 1/2) to out (n,); front (n,): x^a y^(1/2) / B(a, 1/2), y = 1 - x.

    Up to limits[c] the terms from starts[c] to starts[c + 1] serve, and beyond the last limit the
    last ones, of I_y(1/2, a). NaN stays NaN.
    """
    upper = len(limits)
    own = np.empty(PIECE, dtype=np.int64)
    places, above, below = np.empty(PIECE), np.empty(PIECE), np.empty(PIECE)
    for begin in range(0, len(x), PIECE):
        end = min(begin + PIECE, len(x))
        for c in range(upper + 1):
            count = 0
            for i in range(begin, end):
                within = x[i] <= limits[c] if c < upper else not x[i] <= limits[upper - 1]
                if within and (c == 0 or not x[i] <= limits[c - 1]):
                    own[count] = i
                    places[count] = x[i] if c < upper else y[i]
                    count += 1
            _fraction(coefficients[starts[c] : starts[c + 1]], places[:count], above, below)
            for k in range(count):
                i = own[k]
                if c < upper:
                    out[i] = front[i] * below[k] / (a * above[k])
                else:
                    out[i] = 1.0 - 2.0 * front[i] * below[k] / above[k]
