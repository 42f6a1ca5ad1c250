"""Tests of the residuals. Sources: Durbin and Watson 1950; Breusch and Pagan 1979; Koenker 1981;
White 1980; Jarque and Bera 1987."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.data.moments import Moments
from linreg_fast.inference import checks, tails
from linreg_fast.inference.basis import Basis
from linreg_fast.inference.numbers_as_text import number, p_as_text
from linreg_fast.inference.pieces import pieces
from linreg_fast.kernels import DEFAULT, RUNGS
from linreg_fast.kernels.second_pass import rows as kernel
from linreg_fast.kernels.tuning import SECOND_PASS_PIECE

DOUBLED_PRODUCTS = 10_000_000  # up to so many, sums in double-double take some milliseconds
LEAST_DOUBLED, LEAST_PLAIN = 1e-20, 1e-12  # pivots of products of columns that are rounding


class LagrangeTest(NamedTuple):
    """n R2 of an auxiliary fit, and its p by chi-squared of `df`."""

    lm: float
    df: int
    p: float


class JarqueBera(NamedTuple):
    """n / 6 (skew^2 + (kurtosis - 3)^2 / 4), and its p by chi-squared of 2."""

    statistic: float
    p: float


@dataclass(frozen=True)
class Diagnostics:
    """Of the residuals, times the root of their weights.

    Attributes
    ----------
    durbin_watson : float
        2 for residuals that do not depend on the row before.
    breusch_pagan, breusch_pagan_original, white : LagrangeTest
        Of one variance for all rows: Koenker's form (R, statsmodels), that for normal errors
        (Stata's hettest has it on fitted values), and on all squares and products of columns (None
        where it was left out, nan where there are more of them than rows).
    jarque_bera : JarqueBera
        Of normal errors.
    skew, kurtosis : float
        0 and 3 for normal errors.
    quantiles : ndarray of shape (5,)
        Smallest, quarters and largest.
    """

    durbin_watson: float
    breusch_pagan: LagrangeTest
    breusch_pagan_original: LagrangeTest
    white: LagrangeTest | None
    jarque_bera: JarqueBera
    skew: float
    kurtosis: float
    quantiles: np.ndarray

    def to_dict(self):
        """Plain numbers and lists."""
        found = {}
        for name, value in vars(self).items():
            if hasattr(value, "_asdict"):
                value = value._asdict()
            found[name] = value.tolist() if isinstance(value, np.ndarray) else value
        return found

    def __repr__(self):
        lines = [
            "Residuals " + "".join(f"{n:>13}" for n in ("min", "25%", "median", "75%", "max")),
            "          " + "".join(f"{number(float(q), 11, 5):>13}" for q in self.quantiles),
            f"{'Durbin-Watson':<34}{number(self.durbin_watson, 10, 5):>12}",
        ]
        for name, test in (
            ("Breusch-Pagan (Koenker)", self.breusch_pagan),
            ("Breusch-Pagan (normal errors)", self.breusch_pagan_original),
            ("White", self.white),
        ):
            if test is not None:
                lines.append(
                    f"{name:<34}{number(test.lm, 10, 5):>12}  df {test.df:<5} p {p_as_text(test.p)}"
                )
        bera = self.jarque_bera
        lines.append(
            f"{'Jarque-Bera':<34}{number(bera.statistic, 10, 5):>12}  df 2     "
            f"p {p_as_text(bera.p)}"
        )
        lines.append(
            f"{'skew, kurtosis':<34}{number(self.skew, 10, 5):>12}"
            f"{number(self.kurtosis, 10, 5):>12}"
        )
        return "\n".join(lines)


def diagnostics(fitted, target, rows, white=True):
    """The `Diagnostics` of the rows (X, Y, weights) of a fit, in their order."""
    basis = fitted.basis(target, rows)
    checks.check_counts(basis, rows)
    X, Y, weights = rows
    u = np.empty(X.shape[0])
    for start, *piece, own in pieces(X, Y, weights):
        kernel.residuals(*piece, target, own, basis.fit, u[start : start + len(piece[0])])
    rss = checks.check_residuals(basis, u, weights, rows, fitted.names)
    if weights is not None:
        u *= np.sqrt(weights)
        if not weights.all():
            kept = weights > 0
            X, u = X[kept], u[kept]
    n = len(u)
    watson = _watson(u, rss)
    skew, kurtosis, bera = _normality(u)
    squares = frozen((u * u)[:, None])
    breusch, explained = _lagrange(_moments(X, squares), basis.rank - 1 if basis.centred else None)
    spread = rss / n
    original = explained / (2 * spread**2) if spread > 0 else math.nan
    df = breusch.df
    return Diagnostics(
        watson,
        breusch,
        LagrangeTest(original, df, tails.chi2_p(original, df)),
        _white(X, squares, basis) if white else None,
        bera,
        skew,
        kurtosis,
        np.quantile(u, [0, 0.25, 0.5, 0.75, 1]),
    )


def _watson(u, rss):
    steps = np.diff(u)
    return float(steps @ steps / rss) if rss > 0 else math.nan


def _normality(u):
    off = u - u.mean()
    squares = off * off
    second = squares.sum() / len(u)
    if not second > 0:
        return math.nan, math.nan, JarqueBera(math.nan, math.nan)
    skew = float(squares @ off / len(u) / second**1.5)
    kurtosis = float(squares @ squares / len(u) / second**2)
    statistic = len(u) / 6 * (skew**2 + (kurtosis - 3) ** 2 / 4)
    return skew, kurtosis, JarqueBera(statistic, math.exp(-statistic / 2))


def _moments(X, squares):
    products = X.shape[0] * (X.shape[1] + 1) ** 2
    doubled = products <= DOUBLED_PRODUCTS or not isinstance(X, np.ndarray)
    return Moments.of(X, squares, None, RUNGS["compensated"] if doubled else DEFAULT)


def _lagrange(moments, rank=None):
    """The test of a fit to squared residuals, with an intercept, and what it explains of them."""
    least = LEAST_DOUBLED if moments.doubled else LEAST_PLAIN
    basis = Basis.of(moments, True, rank, np.zeros(moments.n_features), least=least)
    df = basis.rank - 1
    if not basis.tss > 0 or basis.rank >= basis.n_samples or df == 0:
        return LagrangeTest(math.nan, df, math.nan), math.nan
    lm = moments.n_samples * basis.explained / basis.tss
    return LagrangeTest(lm, df, tails.chi2_p(lm, df)), basis.explained


def _white(X, squares, basis):
    """On the columns and their products, which with an intercept may as well be centred."""
    p = X.shape[1]
    first, second = np.triu_indices(p)
    step = max(SECOND_PASS_PIECE // (4 * max(len(first), 1)), 16)
    total = 0
    for start in range(0, len(squares), step):
        part = slice(start, start + step)
        columns = X[part]
        columns = columns.toarray() if hasattr(columns, "toarray") else columns
        columns = (np.asarray(columns, dtype=float) - basis.mean[0]) - basis.mean[1]
        products = columns[:, first] * columns[:, second]
        rows = np.hstack([columns, products]) if basis.centred else products
        total = total + _moments(frozen(rows), squares[part])
    return _lagrange(total)[0]
