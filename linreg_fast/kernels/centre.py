"""A centre to sum about, found before the pass, and the step from it to the means after."""

import numpy as np

from linreg_fast.kernels import doubledouble as dd
from linreg_fast.kernels.compile import strict

SAMPLE = 33  # rows looked at
GOLDEN = (5**0.5 - 1) / 2


def provisional_centre(X, Y, weights, exponents, far=0.0):
    """The median of some rows spread over the data: near the mean, and no single row moves it.

    Rows count by their weight. Zero for a column whose median is below `far` times its spread. An
    odd number of rows: of a column that is constant, it is the constant.
    """
    n = len(X)
    # Spread evenly but not regularly: rows of a period would be no sample.
    steps = (np.arange(SAMPLE) + np.arange(SAMPLE) * GOLDEN % 1.0) / SAMPLE
    if weights is None:
        rows = (n * steps).astype(np.int64)
    else:
        rows = _rows_by_weight(weights, steps)
    return _medians(X, Y, rows, exponents, far)


@strict
def _rows_by_weight(weights, steps):
    """The rows where the sum of the weights passes these shares of the whole."""
    heaviest = 0
    for i in range(len(weights)):
        if weights[i] > weights[heaviest]:
            heaviest = i
    unit = 1.0 / max(weights[heaviest], 1e-300)
    total = running = 0.0
    for i in range(len(weights)):
        total += weights[i] * unit
    rows = np.full(len(steps), heaviest)
    found = 0
    for i in range(len(weights)):
        running += weights[i] * unit
        while found < len(steps) and running > total * steps[found]:
            rows[found] = i
            found += 1
    return rows


@strict
def _medians(X, Y, rows, exponents, far):
    p, q, m = X.shape[1], X.shape[1] + Y.shape[1], len(rows)
    some, medians = np.empty(m), np.zeros(q)
    for j in range(q):
        scale = 2.0 ** -np.float64(exponents[j] // 2)
        rest = 2.0 ** -np.float64(exponents[j] - exponents[j] // 2)
        for i in range(m):  # insertion sort
            value = np.float64(X[rows[i], j] if j < p else Y[rows[i], j - p]) * scale * rest
            k = i
            while k > 0 and some[k - 1] > value:
                some[k] = some[k - 1]
                k -= 1
            some[k] = value
        if not abs(some[m // 2]) <= far * (some[3 * m // 4] - some[m // 4]):
            medians[j] = some[m // 2]
    return medians


@strict
def centred(sums, lows, shift):
    """(weight sum, means, comoment), each (hi, lo), of what the blocks have summed."""
    q = len(shift)
    for b in range(1, len(sums)):
        for j in range(q + 1):
            for k in range(j, q + 1):
                sums[0, j, k], lows[0, j, k] = dd.add(
                    sums[0, j, k], lows[0, j, k], sums[b, j, k], lows[b, j, k]
                )
    S, L = sums[0], lows[0]
    weight, weight_lo = S[q, q], L[q, q]
    mean, comoment = np.empty((2, q)), np.empty((2, q, q))
    for j in range(q):
        step, step_lo = dd.divide(S[j, q], L[j, q], weight, weight_lo)
        mean[0, j], mean[1, j] = dd.add(shift[j], 0.0, step, step_lo)
        for k in range(j, q):
            product, product_lo = dd.multiply(step, step_lo, S[k, q], L[k, q])
            value, low = dd.add(S[j, k], L[j, k], -product, -product_lo)
            comoment[0, j, k] = comoment[0, k, j] = value
            comoment[1, j, k] = comoment[1, k, j] = low
    return np.array([weight, weight_lo]), mean, comoment
