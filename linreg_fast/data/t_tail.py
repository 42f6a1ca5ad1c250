"""Two-sided p of many values of Student's t, by one vectorised continued fraction.

Sources: DLMF 8.17.22 (the continued fraction of the incomplete beta function), evaluated by Lentz's
method as in Thompson and Barnett 1986.
"""

import functools
import math

import numpy as np
from scipy import special

from linreg_fast.kernels.arithmetic.beta_fraction import terms, two_tails

TINY = 1e-300
MANY, PIECE = 1000, 8192  # values of t from which a kernel pays, and so many at a time
MOST_TERMS = 400
# Shares of the largest place up to which the upper tail's fraction serves. Between two of them as
# many terms are taken as the larger needs: of 194 degrees of freedom 18, 41 and 85.
SHARES = 0.8, 0.97, 1.0
MOST_DF = 2000  # beyond it the fraction's first terms cancel, and SciPy's function has more digits


def two_sided(t, df):
    """p of every |t|, an array, for df > 0 degrees of freedom."""
    if df == 1:  # of Cauchy's distribution; SciPy's function has nine digits where t is small
        return 2 / np.pi * np.arctan2(1.0, t)
    if t.size < MANY or not 1 <= df <= MOST_DF:
        return 2 * special.stdtr(df, -t)
    given = t.ravel()
    p = np.empty_like(given)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        for start in range(0, len(given), PIECE):  # what lies between stays in a cache
            piece = slice(start, start + PIECE)
            _some_t_p(given[piece], df, p[piece])
    return p.reshape(t.shape)


@functools.lru_cache(maxsize=8)
def _fractions(df):
    """Places up to which fractions of the upper tail serve, and all terms; see `two_tails`."""
    a, b = df / 2, 0.5
    most = (a + 1) / (a + b + 2)
    limits = np.array(SHARES) * most
    parts = [_terms_up_to(a, b, limit) for limit in limits]
    parts.append(_terms_up_to(b, a, 1 - most))
    starts = np.append(0, np.cumsum([len(part) for part in parts]))
    return limits, starts, np.concatenate(parts)


def _some_t_p(t, df, p):
    a = df / 2
    ratio = np.square(t) / df
    x = 1 / (1 + ratio)
    y = ratio * x
    y[np.isinf(ratio)] = 1.0
    front = np.exp(-a * np.log1p(ratio)) * np.sqrt(y) / _beta_of_half(a)
    two_tails(front, x, y, a, *_fractions(df), p)


def _beta_of_half(a):
    """B(a, 1/2); SciPy's own loses three digits at a = 500. Source: DLMF 5.11.13."""
    if a < 100:
        return float(special.beta(a, 0.5))
    series = 1 - 1 / (8 * a) * (1 - 1 / (16 * a) * (1 + 5 / (8 * a) * (1 - 21 / (160 * a))))
    return math.sqrt(math.pi / a) / series


def _terms_up_to(a, b, x):
    """The terms that the fraction of I_x(a, b) needs up to this x, where it is slowest."""
    c, d, found = 1.0, 0.0, terms(a, b, MOST_TERMS)
    for k, term in enumerate((found * x).tolist()):
        d = 1 / (1 + term * d or TINY)
        c = 1 + term / c or TINY
        if abs(c * d - 1) < 1e-16:
            return found[: k + 2]
    return found
