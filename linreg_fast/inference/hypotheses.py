"""Tests of linear restrictions, L b = r, with the covariance of the fit; nested models; Chow."""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr, solve_triangular

from linreg_fast.inference import tails
from linreg_fast.inference.basis import Basis
from linreg_fast.inference.choices import InferenceWarning
from linreg_fast.inference.numbers_as_text import p_as_text, short
from linreg_fast.inference.triangle import unit_rows

DEPENDENT = 1e-10  # of the length of a restriction, what the others leave of it
CONSISTENT = 1e-8


@dataclass(frozen=True)
class Test:
    """Of restrictions L b = r.

    Attributes
    ----------
    estimate, r, se, t : ndarray of shape (q,)
        L b of each, what it is compared with, its standard error, (estimate - r) / se.
    f, df, p, log_p : float, (int, float), float, float
        Of all together; df[0] is the number of independent restrictions.
    chi2, chi2_p : float
        df[0] * f, and its p where the errors' variance is taken as known.
    """

    estimate: np.ndarray
    r: np.ndarray
    se: np.ndarray
    f: float
    df: tuple
    p: float
    log_p: float

    __test__ = False  # for pytest, which takes the name for one of its own

    @property
    def t(self):
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.estimate - self.r) / self.se

    @property
    def chi2(self):
        return self.f * self.df[0]

    @property
    def chi2_p(self):
        return tails.chi2_p(self.chi2, self.df[0])

    def __repr__(self):
        p = p_as_text(self.p, self.log_p)
        sign = "" if p.startswith("<") else "= "
        return f"F({self.df[0]}, {short(self.df[1])}) = {self.f:.6g}, p {sign}{p}"

    def to_dict(self):
        """Plain numbers and lists."""
        return {
            "estimate": self.estimate.tolist(),
            "r": self.r.tolist(),
            "se": self.se.tolist(),
            "f": self.f,
            "df": list(self.df),
            "p": self.p,
            "log_p": self.log_p,
            "chi2": self.chi2,
            "chi2_p": self.chi2_p,
        }


def wald(result, L, r):
    """The `Test` of L (q, P) b = r (q,) with the covariance of an `Inference`."""
    estimate, se = L @ result.coef, result.standard_errors(L)
    A, sizes = unit_rows(L @ result.basis.root)
    off = np.ldexp(estimate - r, -sizes)
    lengths = np.sqrt((A * A).sum(axis=1))
    unit = np.divide(A, lengths[:, None], out=np.zeros_like(A), where=lengths[:, None] > 0)
    if np.isnan(se).any():
        determined = result.basis.estimable(L)
        if not determined.all():
            _warn(f"restriction {int(np.argmin(determined))} is not determined by the data")
        return _test(estimate, r, se, math.nan, int(np.linalg.matrix_rank(L)), result.df)
    _, R, order = qr(unit.T, mode="economic", pivoting=True)
    q = int((abs(np.diag(R)) > DEPENDENT).sum())
    kept = order[:q]
    if q < len(L):
        _check_consistent(R, order, q, off / np.where(lengths > 0, lengths, 1.0))
    f = _statistic(A[kept] @ result.meat @ A[kept].T, off[kept], A[kept], result)
    if math.isnan(f) and result.df > 0:
        _warn(
            f"the covariance has not the rank for {q} restrictions at once (too few clusters, or "
            "it is not positive definite): their F is not defined"
        )
    return _test(estimate, r, se, f, q, result.df)


def _statistic(V, d, A, result):
    """d' V^-1 d / q; nan where V has no inverse."""
    q = len(d)
    if q == 0 or not result.df > 0:
        return math.nan
    if result.choice.cov == "classical":
        if result.sigma == 0:
            return math.inf if (d != 0).any() else math.nan
        R = qr((A * result.sigma).T, mode="r")[0][:q]
    else:
        if result.largest_rank < q:
            return math.nan
        values, vectors = np.linalg.eigh(result.meat)
        if values[0] < -1e-12 * values[-1]:
            spread = np.sqrt(np.diag(V))
            if (np.linalg.eigvalsh(V / np.outer(spread, spread)) <= 0).any():
                return math.nan
            return float(d @ np.linalg.solve(V, d)) / q
        half = (A @ vectors) * np.sqrt(np.maximum(values, 0))
        R = qr(half.T, mode="r")[0][:q]
    sizes = np.sqrt((R * R).sum(axis=0))
    if len(R) < q or (abs(np.diag(R)) <= 1e-12 * sizes).any():
        return math.nan
    z = solve_triangular(R, d, trans="T")
    return float(z @ z) / q


def _check_consistent(R, order, q, estimate):
    """The rows that depend on others must ask for what these imply."""
    first = solve_triangular(R[:q, :q], R[:q, q:]) if q else np.zeros((0, len(order)))
    implied = first.T @ estimate[order[:q]]
    off = abs(implied - estimate[order[q:]]) > CONSISTENT * (1 + abs(estimate).max())
    if off.any():
        row = int(order[q:][off][0])
        raise ValueError(
            f"the restrictions contradict each other: row {row} of L depends on the others, and "
            "its r is not what they imply"
        )


def _test(estimate, r, se, f, q, df):
    p, log_p = tails.f_p(f, q, df)
    return Test(estimate, r, se, f, (q, df), p, log_p)


def _warn(message):
    warnings.warn(message, InferenceWarning, stacklevel=5)


def chow(a, b, *, fit_intercept=True):
    """Whether two pieces of the data have the same coefficients: Chow's test of their `Moments`.

    Parameters
    ----------
    a, b : Moments
        Of the same columns and one target, of different rows, each with more rows than parameters.
    fit_intercept : bool, default=True

    Returns
    -------
    Test
        `estimate` and `se` are empty; f, df, p are of "the coefficients are the same", for errors
        of the same variance in both.

    Source: Chow, Econometrica 28 (1960).

    Examples
    --------
    >>> import numpy as np
    >>> from linreg_fast import chow, moments
    >>> x = np.arange(20.0)
    >>> y = np.where(x < 10, x, 2 * x) + np.sin(x)
    >>> a, b = moments(x[:10], y[:10]), moments(x[10:], y[10:])
    >>> chow(a, b)
    F(2, 16) = 130.25, p = 1.26e-10
    """
    bases = [Basis.of(moments, fit_intercept) for moments in (a, b, a + b)]
    first, second, whole = bases
    if a.n_targets != 1:
        raise ValueError(f"a Chow test is of one target, and these moments have {a.n_targets}")
    for name, basis in (("a", first), ("b", second)):
        if basis.n_samples <= basis.rank:
            raise ValueError(
                f"{name} has {basis.n_samples} rows for {basis.rank} parameters: more are needed"
            )
    q = first.rank + second.rank - whole.rank
    df = whole.n_samples - first.rank - second.rank
    apart = first.rss + second.rss
    more = max(whole.rss - apart, 0.0)
    f = more / q / (apart / df) if apart > 0 and q > 0 else math.nan if more == 0 else math.inf
    return _test(np.zeros(0), np.zeros(0), np.zeros(0), f, q, df)
