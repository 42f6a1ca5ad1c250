"""Tail probabilities and quantiles with their digits from p = 1 down to 1e-300; log p below.

Sources: DLMF 8.17.22 (the continued fraction of the incomplete beta function), evaluated by Lentz's
method as in Thompson and Barnett 1986.
"""

import math

import numpy as np
from scipy import special

from linreg_fast.data.t_tail import two_sided

SMALLEST = 1e-290  # below, the logarithm is found by itself
TERMS, TINY = 500, 1e-300


def t_p_alone(t, df):
    """Two-sided p of Student's t, an array like t."""
    t = np.abs(np.asarray(t, dtype=float))
    return two_sided(t, df) if df > 0 else np.full(t.shape, np.nan)


def t_p(t, df):
    """The same and its logarithm."""
    t, p = np.abs(np.asarray(t, dtype=float)), t_p_alone(t, df)
    if not df > 0:
        return p, p.copy()
    return p, _logs(
        p, lambda place: log_beta_tail(df / 2, 0.5, float(t[place]) / df * float(t[place]))
    )


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
