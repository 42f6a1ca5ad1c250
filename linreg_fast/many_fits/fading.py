"""Standard errors of fits whose weights fade with age, for errors that have one variance.

A weight that fades is no inverse variance. With S_k = sum(v D^k x x'), v being the rows' own
weights and D what age leaves of them, the coefficients have the covariance
sigma^2 S_1^-1 S_2 S_1^-1, and sum(v D r^2) has the mean sigma^2 (sum(D) - trace(S_1^-1 S_2)).
"""

from typing import NamedTuple

import numpy as np

from linreg_fast.kernels.moments import fading as kernel
from linreg_fast.kernels.systems import one_of_many as of
from linreg_fast.runtime import blas
from linreg_fast.runtime.progress import Progress

LOST = np.finfo(float).eps  # of a diagonal number, left of it by the factor
CHUNK = 1 << 19  # numbers of sums that are held at once


class Faded(NamedTuple):
    """(n,) each, in the order of the fits."""

    sigma: np.ndarray
    freedom: np.ndarray  # Satterthwaite's: of the chi-squared with the mean and variance of the sum


def correct(given, decay, found):
    """`Faded` of fits of all rows up to each; their standard errors in `found` are corrected."""
    coef_errors, numbers = found[1], found[2]
    n, p = given.X.shape
    z, v, back = _rows(given)
    q = z.shape[1]
    step = max(CHUNK // (q * q), 1)
    sums, counts = np.zeros((3, q, q)), np.zeros(3)
    sigma, freedom = np.full(n, np.nan), np.full(n, np.nan)
    told = np.empty((min(step, n), p + 4))
    with Progress("row", n) as progress:
        for start in range(0, n, step):
            own = slice(start, min(start + step, n))
            part, before = told[: own.stop - start], (sums.copy(), counts.copy())
            kernel.spread(z[own], v[own], decay[own], back, sums, counts, part)
            rows = numbers[own, of.SAMPLES] - numbers[own, of.RANK] - given.centred
            full = numbers[own, of.RANK] == p
            wanted = (rows > 0) & ~(full & (part[:, -1] > LOST))
            if wanted.any():
                _by_themselves(z[own], v[own], decay[own], before, wanted, full, back, part)
            shares, tail, left = part[:, :p], part[:, p], part[:, p + 1]
            freedom[own] = part[:, p + 2]
            with np.errstate(invalid="ignore", divide="ignore"):
                sigma[own] = np.where(rows > 0, np.sqrt(numbers[own, of.SSE] / left), np.nan)
                # As they are, with sigma^2 S_1^-1, errors are exact where columns nearly depend.
                change = np.where(rows > 0, np.sqrt(rows / left), np.nan)
                coef_errors[own] *= change[:, None] * shares
                numbers[own, of.INTERCEPT_ERROR] *= change * tail
            progress(own.stop)
    freedom[np.isnan(sigma)] = np.nan
    return Faded(sigma, freedom)


def _by_themselves(z, v, decay, before, wanted, full, back, told):
    """Write to `told` the fits whose columns depend on each other, or nearly do."""
    q, p = z.shape[1], told.shape[1] - 4
    sums = np.empty((3, int(wanted.sum()), q * q + 1))
    kernel.sums_of_each(z, v, decay, *before, wanted, sums)
    with blas.one_thread(q, fewest=1):
        left, shares, tail, freedom = _spread(sums, q, full[wanted], back)
    told[wanted, :p], told[wanted, p], told[wanted, p + 1] = shares, tail, left
    told[wanted, p + 2] = freedom


def _rows(given):
    """(columns (n, q) of about unit size, weights (n,), what makes the intercept of them (q,))."""
    order, X = given.groups.order, np.asarray(given.X, dtype=np.float64)
    v = np.ones(len(X)) if given.weights is None else given.weights
    if given.weights is not None and not v.all():
        X = np.where((v > 0)[:, None], X, 0.0)
    if not given.centred:
        size = np.maximum(X.max(axis=0), -X.min(axis=0))
        return _in_order(X / np.where(size > 0, size, 1.0), order), v[order], np.zeros(X.shape[1])
    first = X[np.argmax(v > 0)]
    middle = first + (X - first)[v > 0].mean(axis=0)
    z = np.empty((len(X), X.shape[1] + 1))
    np.subtract(X, middle, out=z[:, :-1])
    z[:, -1] = 1.0
    z[~(v > 0)] = 0.0
    size = np.maximum(z.max(axis=0), -z.min(axis=0))
    size = np.where(size > 0, size, 1.0)
    z /= size
    return _in_order(z, order), v[order], np.append(-middle / size[:-1], 1.0)


def _in_order(z, order):
    return z if (order[1:] > order[:-1]).all() else z[order]


def _spread(sums, q, full, back):
    """(sum(D) - trace (m,), shares (m, p), that of the intercept (m,), degrees of freedom (m,)).

    shares: standard deviations of S_1^-1 S_2 S_1^-1 over those of S_1^-1.
    """
    S = [each[:, :-1].reshape(-1, q, q) for each in sums]
    size = np.sqrt(np.einsum("kii->ki", S[0]))
    size = np.where(size > 0, size, 1.0)
    both = size[:, :, None] * size[:, None, :]
    S = [each / both for each in S]
    inverse = np.empty_like(S[0])
    try:
        inverse[full] = np.linalg.inv(S[0][full])
    except np.linalg.LinAlgError:
        full = np.zeros_like(full)
    inverse[~full] = np.linalg.pinv(S[0][~full], rcond=1e-13 * q, hermitian=True)
    half = inverse @ S[1]
    spread = half @ inverse
    left = sums[0][:, -1] - np.einsum("kii->k", half)
    squares = sums[1][:, -1] - 2 * (inverse * S[2]).sum(axis=(1, 2))
    squares += (half * half.transpose(0, 2, 1)).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.sqrt(np.einsum("kii->ki", spread) / np.einsum("kii->ki", inverse))
        to = back / size
        own = [np.einsum("ki,kij,kj->k", to, each, to) for each in (spread, inverse)]
        tail = np.sqrt(own[0] / own[1])
        freedom = left * left / squares
    p = q if not back.any() else q - 1
    return left, shares[:, :p], tail, freedom
