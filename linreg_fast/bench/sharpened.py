"""Least squares with more digits than doubles have, by NumPy and LAPACK alone.

The bench counts digits against it.

Columns are cut into slices of 18 bits, whose products over some rows a product of matrices sums
without any rounding; the sums are added up in pairs of doubles, and LAPACK's factor is corrected
until the normal equations hold in pairs. So the condition number counts by its square, but against
32 digits. Source of the slices: Ozaki, Ogita, Oishi and Rump 2012.
"""

import numpy as np
from scipy.linalg import cho_factor, cho_solve

MOST_NUMBERS, MOST_COLUMNS, ROWS = 30_000_000, 128, 65_536  # 10 million take a second
BITS, SLICES = 18, 5  # two slices and 2**16 rows are 52 bits; more slices than five hold nothing
PASSES, ENOUGH, EXACT = 30, 1e-20, 1e-16
SPLIT = 2.0**27 + 1


def sharpened(X, Y, most=MOST_NUMBERS):
    """(coef (p, t), intercept (t,)), rounded once, of independent columns X (n, p); or None.

    None where there are more numbers than `most`, or LAPACK finds no factor.
    """
    n, p = X.shape
    if n * (p + Y.shape[1]) > most or p > MOST_COLUMNS or p == 0:
        return None
    shift, exponents = _shift(X, Y)
    mean, products = _centred(*_sums(X, Y, shift, exponents), n)
    gram, right = (
        tuple(np.ascontiguousarray(part[:, some]) for part in products)
        for some in (slice(p), slice(p, None))
    )
    coef = _solved(gram, right)
    if coef is None:
        return None
    # The intercept of the scaled, shifted columns, then back in their units.
    rest = tuple(part[p:].copy() for part in mean)
    for j in range(p):
        rest = _add(*rest, *_times(-coef[0][j], -coef[1][j], mean[0][j], mean[1][j]))
    units = np.subtract.outer(-exponents[:p], -exponents[p:])
    high, low = (np.ldexp(part, units) for part in coef)
    rest = tuple(np.ldexp(part, exponents[p:]) for part in rest)
    rest = _add(*rest, shift[p:], np.zeros(Y.shape[1]))
    for j in range(p):
        rest = _add(*rest, *_times(-high[j], -low[j], shift[j], 0.0))
    return high + low, rest[0] + rest[1]


def _shift(X, Y):
    """What is taken off each column, without rounding, and powers of two that then scale it."""
    first = np.concatenate([X[0], Y[0]])
    ends = [np.concatenate([f(X, axis=0), f(Y, axis=0)]) for f in (np.min, np.max)]
    with np.errstate(over="ignore"):
        far = (2 * ends[0] > first) & (first > ends[1] / 2) | (2 * ends[1] < first) & (
            first < ends[0] / 2
        )
        shift = np.where(far, first, 0.0)
        size = np.maximum(np.abs(ends[0] - shift), np.abs(ends[1] - shift))
    return shift, np.frexp(size)[1]


def _sums(X, Y, shift, exponents):
    """(sums (q,), products (p, q) with those of X) of the scaled columns of [X, Y], as pairs."""
    p, q = X.shape[1], len(shift)
    of = [*range(p), q]
    high, low = np.zeros((2, p + 1, q + 1))
    for start in range(0, len(X), ROWS):
        piece = slice(start, start + ROWS)
        rows = np.ldexp(np.column_stack([X[piece], Y[piece]]) - shift, -exponents)
        slices = _slices(np.column_stack([rows, np.ones(len(rows))]))
        for a in slices:
            features = np.ascontiguousarray(a[:, of].T)
            for b in slices:
                high, lost = _two_sum(high, features @ b)
                low = low + lost
    high, low = _two_sum(high, low)
    return (high[p, :q], low[p, :q]), (high[:p, :q], low[:p, :q])


def _slices(rows):
    found, unit = [], 2.0**BITS
    for _ in range(SLICES):
        found.append(np.rint(rows * unit) / unit)
        rows = rows - found[-1]
        if not rows.any():
            break
        unit *= 2.0**BITS
    return found


def _centred(sums, products, n):
    """(means (q,), centred products (p, q)), as pairs."""
    mean, p = _over(*sums, n), len(products[0])
    high, low = _times(*(part[:p, None] for part in sums), *(part[None, :] for part in mean))
    return mean, _add(*products, -high, -low)


def _solved(gram, right):
    """The solution (p, t), as a pair, of equations in pairs; None where that isn't determined."""
    unit = np.sqrt(gram[0].diagonal())
    try:
        factor = cho_factor(gram[0] / np.outer(unit, unit))
    except np.linalg.LinAlgError:
        return None
    if (factor[0].diagonal() ** 2).min() <= len(unit) * np.finfo(float).eps:
        return None  # rounding may be all that keeps the columns apart
    high = low = np.zeros_like(right[0])
    last = np.inf
    for _ in range(PASSES):
        left = right
        for j in range(len(unit)):
            column = gram[0][:, j, None], gram[1][:, j, None]
            left = _add(*left, *_times(*column, -high[j], -low[j]))
        step = cho_solve(factor, left[0] / unit[:, None]) / unit[:, None]
        high, low = _add(high, low, step, 0.0)
        size = np.abs(high * unit[:, None]).max()
        moved = np.abs(step * unit[:, None]).max() / size if size else 0.0
        if not moved < last or moved <= ENOUGH:
            break
        last = moved
    return (high, low) if moved <= EXACT else None


def _two_sum(a, b):
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _add(a, a_lo, b, b_lo):
    total, lost = _two_sum(a, b)
    return _two_sum(total, lost + (a_lo + b_lo))


def _two_product(a, b):
    product = a * b
    a_high, b_high = (SPLIT * v - (SPLIT * v - v) for v in (a, b))
    a_low, b_low = a - a_high, b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _times(a, a_lo, b, b_lo):
    product, lost = _two_product(a, b)
    return _two_sum(product, lost + (a * b_lo + a_lo * b))


def _over(a, a_lo, n):
    first = a / n
    product, lost = _two_product(first, float(n))
    return _two_sum(first, ((a - product) - lost + a_lo) / n)
