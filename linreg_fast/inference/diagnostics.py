"""Tests of the residuals. Sources: Durbin and Watson 1950; Breusch and Pagan 1979; Koenker 1981;
White 1980; Jarque and Bera 1987. Where weights are frequencies, those of the rows written out."""

import functools
import math
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.data.moments import Moments
from linreg_fast.inference import checks, tails
from linreg_fast.inference.basis import Basis
from linreg_fast.inference.choices import check_repeated
from linreg_fast.inference.numbers_as_text import number, p_as_text
from linreg_fast.inference.residual_sums import Residuals
from linreg_fast.kernels import DEFAULT, RUNGS
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
    """Of the residuals, times the root of their weights; of each of w equal rows for frequencies.

    Attributes
    ----------
    durbin_watson : float
        2 for residuals that do not depend on the row before; nan where weights are frequencies,
        which leave the order of the rows open.
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
    repeated = False  # whether weights were frequencies

    def to_dict(self):
        """Plain numbers and lists."""
        found = {}
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if hasattr(value, "_asdict"):
                value = value._asdict()
            found[name] = value.tolist() if isinstance(value, np.ndarray) else value
        return found

    def __repr__(self):
        lines = [
            "Residuals " + "".join(f"{n:>13}" for n in ("min", "25%", "median", "75%", "max")),
            "          " + "".join(f"{number(float(q), 11, 5):>13}" for q in self.quantiles),
            f"{'Durbin-Watson':<34}{number(self.durbin_watson, 10, 5):>12}"
            + "  undefined: rows have no order" * self.repeated,
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


class RepeatedDiagnostics(Diagnostics):
    """Likewise of rows whose weights are frequencies: as of the rows written out."""

    repeated = True


def diagnostics(fitted, target, rows, white=True, meaning="analytic"):
    """The `Diagnostics` of the rows (X, Y, weights) of a fit, in their order.

    meaning: of the weights, "analytic" or "frequency".
    """
    check_repeated(meaning, rows[2])
    basis = fitted.basis(target, rows)
    checks.check_counts(basis, rows)
    return _of(basis, target, lambda use: use(*rows), white, meaning, rows, fitted.names)


def of_source(fitted, target, each, white=True, meaning="analytic"):
    """Likewise of rows that are read in batches; each(use): use(X, Y, weights) of each batch."""
    return _of(fitted.basis(target), target, each, white, meaning)


def _of(basis, target, each, white, meaning, rows=None, names=None):
    found = residuals_of(basis, target, white, meaning)
    each(found.add)
    return finished(found, rows, names)


def residuals_of(basis, target, white, meaning, keep=math.inf):
    """Empty `Residuals` of a fit, to which its rows are added. keep: most residuals kept."""
    auxiliary = functools.partial(_auxiliary, basis=basis, white=white)
    return Residuals(basis, target, meaning, auxiliary, keep)


def _auxiliary(X, squares, counts, basis, white):
    """Moments of the columns, and of their products, with squared residuals."""
    found = [_moments(X, squares, counts, basis.n_samples)]
    return [*found, _products(X, squares, counts, basis)] if white else found


def finished(residuals, rows=None, names=None, chosen=None):
    """The `Diagnostics` of the `Residuals` of all rows.

    rows, names: for messages. chosen: those of a second pass, where not all were kept.
    """
    basis, rss, n = residuals.how[0], residuals.rss, residuals.count
    if rows is None:
        checks.check_number(basis, residuals.rows)
    if not np.isfinite(rss) and rows is not None:
        checks.refuse_not_finite(*rows[:2], names)
    checks.check_sums(basis, float(np.ldexp(rss, 2 * residuals.size)))
    repeated = residuals.repeated
    watson = residuals.steps / rss if rss > 0 and not repeated else math.nan
    skew, kurtosis, bera = _normality(n, residuals.about)
    breusch, explained = _lagrange(residuals.sums[0], n, basis.rank - 1 if basis.centred else None)
    spread = rss / n
    original = explained / spread / spread / 2 if spread > 0 else math.nan
    df = breusch.df
    kind = RepeatedDiagnostics if repeated else Diagnostics
    return kind(
        watson,
        breusch,
        LagrangeTest(original, df, tails.chi2_p(original, df)),
        _lagrange(residuals.sums[1], n)[0] if len(residuals.sums) > 1 else None,
        bera,
        skew,
        kurtosis,
        np.ldexp(residuals.quantiles(chosen), residuals.size),
    )


def _normality(n, about):
    second = about[0] / n
    if not second > 0:
        return math.nan, math.nan, JarqueBera(math.nan, math.nan)
    skew = float(about[1] / n / second**1.5)
    kurtosis = float(about[2] / n / second**2)
    statistic = n / 6 * (skew**2 + (kurtosis - 3) ** 2 / 4)
    return skew, kurtosis, JarqueBera(statistic, math.exp(-statistic / 2))


def _moments(X, squares, counts, rows):
    """rows: how many there are in all, which decides how they are summed."""
    products = rows * (X.shape[1] + 1) ** 2
    doubled = products <= DOUBLED_PRODUCTS or not isinstance(X, np.ndarray)
    return Moments.of(X, squares, counts, RUNGS["compensated"] if doubled else DEFAULT)


def _lagrange(moments, n, rank=None):
    """The test of a fit to squared residuals, with an intercept, and what it explains of them."""
    least = LEAST_DOUBLED if moments.doubled else LEAST_PLAIN
    basis = Basis.of(moments, True, rank, np.zeros(moments.n_features), least=least)
    df = basis.rank - 1
    if not basis.tss > 0 or basis.rank >= n or df == 0:
        return LagrangeTest(math.nan, df, math.nan), math.nan
    lm = n * basis.explained / basis.tss
    return LagrangeTest(lm, df, tails.chi2_p(lm, df)), basis.explained


def _products(X, squares, counts, basis):
    """Moments of columns and their products, which with an intercept may as well be centred."""
    p = X.shape[1]
    first, second = np.triu_indices(p)
    step = max(SECOND_PASS_PIECE // (4 * max(len(first), 1)), 16)
    total = 0
    for start in range(0, len(squares), step):
        part = slice(start, start + step)
        columns = X[part]
        columns = columns.toarray() if hasattr(columns, "toarray") else columns
        columns = (np.asarray(columns, dtype=float) - basis.mean[0]) - basis.mean[1]
        columns = np.ldexp(columns, -basis.sizes)  # so that no product overflows
        products = columns[:, first] * columns[:, second]
        rows = np.hstack([columns, products]) if basis.centred else products
        own = None if counts is None else counts[part]
        total = total + _moments(frozen(rows), squares[part], own, len(rows))
    return total
