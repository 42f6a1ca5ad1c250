"""Small, well-conditioned data in one compiled call: moments, Cholesky and intercept in 10 us.

What it does is what `tiled`, `centre` and the Cholesky solver do; a call for each of their steps
would take eight times as long. Whatever is out of the ordinary is left to them.
"""

import numpy as np

from linreg_fast.kernels import doubledouble as dd
from linreg_fast.kernels import simd
from linreg_fast.kernels.centre import centred
from linreg_fast.kernels.compile import compiled, inner, strict
from linreg_fast.kernels.tiles import PIECE, moments_block

# norm * trace, less p - 1, is not below the square of the condition number. Of unrelated columns it
# is p and a little; up to this, about 3 for four columns and 7 for thirty, plain sums leave 1e-14.
LEAST, PER_COLUMN = 3.0, 2.5
WEAK = 4.0  # a target against what the columns contribute to it
EPSILON = 2.0**-52
SMALLEST, LARGEST = 1e-200, 1e200  # sums of squares whose products with 32 digits are numbers


@inner
def _middle(columns, first, shift):
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
                a = np.float64(columns[i * n // 12, j])
                b = np.float64(columns[(i + 1) * n // 12, j])
                c = np.float64(columns[(i + 2) * n // 12, j])
                low, high = (a, b) if a < b else (b, a)
                both += 0.25 * (low if c < low else (high if c > high else c))
            halves += both
        shift[first + j] = halves


@compiled
def _inverse_factor(A):
    """Make the lower half of A the inverse of its Cholesky factor; whether the pivots allow it."""
    m = len(A)
    for j in range(m):
        row = A[j]
        for i in range(j, m):
            other = A[i]
            value = other[j]
            for k in range(j):
                value -= row[k] * other[k]
            if i > j:
                other[j] = value / row[j]
            elif value > 1e-8:
                row[j] = np.sqrt(value)
            else:
                return False
    for i in range(m):
        row = A[i]
        reciprocal = 1.0 / row[i]
        for j in range(i):
            value = 0.0
            for k in range(j, i):
                value -= row[k] * A[k, j]
            row[j] = value * reciprocal
        row[i] = reciprocal
    return True


@compiled
def _solve(inverse, scale, rest, out):
    """out (p, t): the solution of the scaled system for the right side rest (p, t)."""
    p = len(scale)
    half = np.zeros(p)
    for t in range(rest.shape[1]):
        for i in range(p):
            row, value = inverse[i], 0.0
            for j in range(i + 1):
                value += row[j] * (scale[j] * rest[j, t])
            half[i] = value
        for j in range(p):
            out[j, t] = 0.0
        for i in range(p):
            row, value = inverse[i], half[i]
            for j in range(i + 1):
                out[j, t] += row[j] * value
        for j in range(p):
            out[j, t] *= scale[j]


@inner
def _finish(mean, comoment, coef, low, intercept, rest):
    """rest: what coef + low leave of the targets, exactly; intercept: what belongs to them."""
    p, t = coef.shape
    for k in range(t):
        for i in range(p):
            total, lost = comoment[0, i, p + k], comoment[1, i, p + k]
            for j in range(p):
                product, error = dd.two_product(comoment[0, i, j], coef[j, k])
                total, more = dd.two_sum(total, -product)
                lost += (
                    more - error - comoment[1, i, j] * coef[j, k] - comoment[0, i, j] * low[j, k]
                )
            rest[i, k] = total + lost
        total, lost = mean[0, p + k], mean[1, p + k]
        for j in range(p):
            product, error = dd.two_product(mean[0, j], coef[j, k])
            total, more = dd.two_sum(total, -product)
            lost += more - error - mean[1, j] * coef[j, k] - mean[0, j] * low[j, k]
        intercept[k] = total + lost


@strict
def fit(X, Y):
    """(found, flat): least squares of X (n, p) and Y (n, t), in one array (to return an array takes
    half a microsecond).

    flat holds coef (p, t), intercept (t,), weight sum (2,), mean (2, q), comoment (2, q, q) and the
    noise (q,) of its diagonal, one after the other. found is False where the columns depend on each
    other too much for plain sums, one is constant, or anything is not finite or extreme: the rest
    then says nothing.
    """
    p = X.shape[1]
    q = p + Y.shape[1]
    size = (q // simd.WIDE + 1) * simd.WIDE  # `padded` and `room`, whose compilation this saves
    scratch = np.empty(size * (PIECE + 1) + simd.LINE)
    sums, lows = np.zeros((size, size)), np.zeros((size, size))
    shift = np.zeros(size)
    _middle(X, 0, shift)
    _middle(Y, p, shift)
    moments_block(X, Y, None, shift, 0, len(X), scratch, sums, lows)
    weight, mean, comoment = centred(sums, lows, shift[:q])
    flat = np.zeros((p + 1) * (q - p) + 2 + 3 * q + 2 * q * q)
    at = (p + 1) * (q - p)
    flat[at], flat[at + 1] = weight
    for part in range(2):
        for j in range(q):
            flat[at + 2 + part * q + j] = mean[part, j]
            for k in range(q):
                flat[at + 2 + 2 * q + (part * q + j) * q + k] = comoment[part, j, k]
    for j in range(q):
        flat[len(flat) - q + j] = EPSILON * comoment[0, j, j]
    coef, intercept = np.zeros((p, q - p)), np.zeros(q - p)
    low, step, rest = np.zeros((p, q - p)), np.empty((p, q - p)), np.empty((p, q - p))
    for j in range(p):
        for k in range(q - p):
            rest[j, k] = comoment[0, j, p + k]

    found = True
    scale = np.zeros(p)
    for j in range(q):
        square = comoment[0, j, j]
        found &= square < LARGEST and (square > SMALLEST or j >= p)
        if j < p and found:
            scale[j] = 1.0 / np.sqrt(square)
    if not found:
        return False, flat
    gram = np.empty((p, p))
    norm = 0.0
    for j in range(p):
        total = 0.0
        for k in range(p):
            gram[j, k] = comoment[0, j, k] * (scale[j] * scale[k])
            total += abs(gram[j, k])
        if total > norm:
            norm = total
    found = _inverse_factor(gram)
    if found:
        trace = 0.0  # of the inverse: not below its largest eigenvalue
        for j in range(p):
            for k in range(j + 1):
                trace += gram[j, k] * gram[j, k]
        found = norm * trace <= LEAST + PER_COLUMN * p
    if found:
        for _ in range(2):  # the second leaves the square of what Cholesky left: nothing
            _solve(gram, scale, rest, step)
            for j in range(p):
                for k in range(q - p):
                    coef[j, k], lost = dd.two_sum(coef[j, k], step[j, k])
                    low[j, k] += lost
            _finish(mean, comoment, coef, low, intercept, rest)
        for k in range(q - p):  # a weak signal has fewer digits than its sums
            share = 0.0
            for j in range(p):
                part = coef[j, k] / scale[j]
                share += part * part
            found &= comoment[0, p + k, p + k] <= WEAK * WEAK * share
    for k in range(q - p):
        for j in range(p):
            flat[j * (q - p) + k] = coef[j, k]
        flat[p * (q - p) + k] = intercept[k]
    return found, flat
