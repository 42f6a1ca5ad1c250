"""Tail probabilities and quantiles with their digits from p = 1 down to 1e-300; log p below.

Sources: DLMF 8.17.22 (the continued fraction of the incomplete beta function), evaluated by Lentz's
method as in Thompson and Barnett 1986.
"""

import functools
import math

import numpy as np
from scipy import special

from linreg_fast.kernels.arithmetic.beta_fraction import fraction, terms

SMALLEST = 1e-290  # below, the logarithm is found by itself
TERMS, TINY = 500, 1e-300
MANY, PIECE = 1000, 8192  # values of t from which a kernel pays, and so many at a time
MOST_TERMS = 400
MOST_DF = 2000  # beyond it the fraction's first terms cancel, and SciPy's function has more digits


def t_p(t, df):
    """Two-sided p of Student's t, and its logarithm; arrays like t."""
    t = np.abs(np.asarray(t, dtype=float))
    if not df > 0:
        return np.full(t.shape, np.nan), np.full(t.shape, np.nan)
    p = _many_t_p(t, df) if t.size >= MANY and df <= MOST_DF else None
    if p is None:
        p = 2 * special.stdtr(df, -t)
    return p, _logs(
        p, lambda place: log_beta_tail(df / 2, 0.5, float(t[place]) / df * float(t[place]))
    )


def _many_t_p(t, df):
    """Two-sided p of many |t|."""
    given = t.ravel()
    p = np.empty_like(given)
    split, far, near = _fractions(df)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        for start in range(0, len(given), PIECE):  # what lies between stays in a cache
            piece = slice(start, start + PIECE)
            p[piece] = _some_t_p(given[piece], df, split, far, near)
    return p.reshape(t.shape)


@functools.lru_cache(maxsize=8)
def _fractions(df):
    """(x up to which the upper tail's fraction serves, its terms, those of what is left of 1)."""
    a, b = df / 2, 0.5
    split = (a + 1) / (a + b + 2)
    return split, _terms_up_to(a, b, split), _terms_up_to(b, a, 1 - split)


def _some_t_p(t, df, split, far, near):
    a = df / 2
    ratio = np.square(t) / df
    log_x = -np.log1p(ratio)
    front = np.exp(a * log_x + 0.5 * (np.log(ratio) + log_x)) / _beta_of_half(a)
    front[np.isinf(ratio)] = 0.0
    x = 1 / (1 + ratio)
    p, is_upper = np.empty_like(t), x <= split  # False for NaN
    upper, lower = np.flatnonzero(is_upper), np.flatnonzero(~is_upper)
    found = np.empty(len(upper))
    fraction(far, x[upper], found)
    p[upper] = front[upper] / a * found
    found = np.empty(len(lower))
    fraction(near, (ratio * x)[lower], found)
    p[lower] = 1 - front[lower] / 0.5 * found
    return p


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


def f_p(f, df1, df2):
    """Upper p of Fisher's F, a number, and its logarithm."""
    if not (df1 > 0 and df2 > 0 and f >= 0):
        return math.nan, math.nan
    p = np.asarray(special.fdtrc(df1, df2, f))
    log_p = _logs(p, lambda place: log_beta_tail(df2 / 2, df1 / 2, f * df1 / df2))
    return float(p), float(log_p)


def chi2_p(value, df):
    """Upper p of chi-squared."""
    return float(special.chdtrc(df, value)) if df > 0 and value >= 0 else math.nan


def t_quantile(level, df):
    """What |t| stays below with this probability."""
    if not df > 0:
        return math.nan
    tail = (1 - level) / 2
    t = -float(special.stdtrit(df, tail))
    # One step of Newton's method: SciPy's inverse alone is good to about 1e-11.
    log_density = special.gammaln((df + 1) / 2) - special.gammaln(df / 2)
    log_density -= 0.5 * math.log(df * math.pi) + (df + 1) / 2 * math.log1p(t * t / df)
    step = (float(special.stdtr(df, -t)) - tail) / math.exp(log_density)
    return t + step if abs(step) < 1e-6 * t else t


def _logs(p, exactly):
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.array(np.log(p))
    for place in (
        zip(*np.nonzero(p < SMALLEST), strict=True) if p.ndim else [()] * bool(p < SMALLEST)
    ):
        found[place] = exactly(place)
    return found


def log_beta_tail(a, b, ratio):
    """log I_x(a, b) for x = 1 / (1 + ratio), where it is far below one."""
    if math.isinf(ratio):
        return -math.inf
    log_x = -math.log1p(ratio)
    log_rest = math.log(ratio) + log_x
    front = a * log_x + b * log_rest - float(special.betaln(a, b)) - math.log(a)
    x = math.exp(log_x)
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > TINY else TINY)
    fraction = d
    for m in range(1, TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / (1 + step * d or TINY)
            c = 1 + step / c or TINY
            fraction *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return front + math.log(fraction)
