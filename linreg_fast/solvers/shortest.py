"""The shortest of the coefficients that fit dependent columns, in any units of the columns."""

from typing import NamedTuple

import numpy as np

from linreg_fast.data.problem import Problem
from linreg_fast.kernels.systems import doubled_cholesky, rowwise_qr
from linreg_fast.kernels.tuning import NULL_SPACE_COLUMNS
from linreg_fast.runtime.interrupt import interruptible

ROUNDING = 16 * np.finfo(np.float64).eps  # of a direction's entries
ALIKE = 10  # units that differ by at most 2**ALIKE do no harm, of however many columns
# Units may differ by 2**APART[0]: beyond that, products overflow. If rounding makes coefficients in
# such units miss the rows, units that differ by less are tried, one of these after the other.
APART = (900, 60, 40, 20, 10, 0)
FITS, BETTER = 1e-12, 1e3  # share of a target left over; how much less of it is worth longer coef
STEPS, ALMOST = 10, 4  # corrections at the most; times the least residual that still counts as good
WEAK = 1e-4  # share of a target: what columns explain below it is not known to all its digits


class RowSpace(NamedTuple):
    """Orthogonal `rows` (rank, p) that span those of columns of unit norm, with their U and values.

    Coefficients are those of such columns, and targets (rank, t) are what `rows` times them is.
    """

    problem: Problem
    columns: np.ndarray  # (k, p): the triangle, over its columns' sizes (p,)
    targets: np.ndarray  # (k, t)
    sizes: np.ndarray
    U: np.ndarray
    values: np.ndarray
    rows: np.ndarray

    def left(self, scaled):
        """What coefficients (p, t) leave of the targets.

        Exactly, where the products are in double-double.
        """
        if self.problem.doubled:
            return self._left_of(self.problem.normal_equations.products, scaled)
        return self._left_of_rows(self.columns[: len(self.U)] @ scaled)

    def _left_of_rows(self, explained):
        rest = self.targets[: len(self.U)] - explained
        return (self.U.T @ rest) / self.values[:, None]

    def without_rows(self, null):
        """Null directions (p, k), less what double-double products find of the rows in them."""
        p, k = null.shape
        system = np.zeros((2, p, p + k))
        system[:, :, :p] = self.problem.normal_equations.products[:, :p, :p]
        return null + self.rows.T @ self._left_of(system, null)

    def _left_of(self, system, scaled):
        coef = scaled / self.sizes[:, None]
        found = np.array([coef, np.zeros_like(coef)])
        rest = doubled_cholesky.residual(system, found, len(coef)) / self.sizes[:, None]
        return self.rows @ rest / (self.values**2)[:, None]

    def solution(self, coefficients):
        """Coefficients (p, t), corrected while that helps; and the share of each target left (t,).

        coefficients: a function of targets. The first ones are found from the rows, whose rounding
        counts by the condition number, not by its square: at 1e13 corrections could not mend that.
        """
        rest = self._left_of_rows(0.0)
        size = np.maximum(self._norms(rest), WEAK * self._whole_targets())
        best, least = np.zeros((len(self.sizes), len(size))), np.full(len(size), np.inf)
        scaled = best
        for step in range(STEPS):
            scaled = scaled + coefficients(rest)
            rest = self.left(scaled)
            left = self._norms(rest)
            # As good as the best but for rounding: small coefficients may have been corrected.
            good = left <= np.maximum(ALMOST * least, ROUNDING * size)
            helped = left < least / 2
            best, least = np.where(good, scaled, best), np.minimum(left, least)
            if step >= 2 and not (helped & (left > FITS * size)).any():
                break
        return best, np.divide(least, size, out=np.zeros_like(size), where=size > 0)

    def _norms(self, targets):
        return np.linalg.norm(self.values[:, None] * targets, axis=0)

    def _whole_targets(self):
        """Norms (t,) of the targets, with what no coefficients explain."""
        if self.problem.doubled:
            return np.sqrt(self.problem.normal_equations.matrix.diagonal()[len(self.sizes) :])
        return np.linalg.norm(self.targets, axis=0)


def shortest(space, null, exponents):
    """Coefficients that fit, the shortest where units are 2**exponents (p,), at most zeros."""
    digits = -int(exponents.min())
    if (
        null is not None
        and space.problem.doubled
        and (digits > ALIKE or len(null) <= NULL_SPACE_COLUMNS)
    ):
        null = space.without_rows(null)
    found = []
    for apart in (min(digits, APART[0]), *(limit for limit in APART[1:] if limit < digits)):
        units = np.ldexp(space.sizes, np.maximum(exponents, -apart))
        found.append(space.solution(_by_units(space.rows, null, units)))
        if (found[-1][1] <= FITS).all():
            break
    left = np.array([left for _, left in found])  # (units, targets)
    first = (left <= np.maximum(BETTER * left.min(axis=0), FITS)).argmax(axis=0)
    return np.column_stack([found[level][0][:, k] for k, level in enumerate(first)])


def _by_units(rows, null, units):
    """A function of targets (rank, t): coefficients (p, t) for which rows @ them = targets.

    Of all that are, the shortest once divided by the units (p,): what the rows span in those units,
    or what is at right angles to the null directions (p, p - rank), where these are at hand.
    """
    by_null = null is not None and (len(units) <= NULL_SPACE_COLUMNS or null.shape[1] < len(rows))
    lines, sizes = (null, 1 / units) if by_null else (rows.T, units)
    lines = np.ascontiguousarray(lines * sizes[:, None])
    order, factors = interruptible(len(units), rowwise_qr.factor, lines, ROUNDING * sizes)
    found = len(factors)
    reflections = np.ascontiguousarray(lines[:, :found].T)
    gone = slice(found) if by_null else slice(found, None)

    def coefficients(targets):
        own = ((targets.T @ rows) / units)[:, order]
        rowwise_qr.reflect(reflections, factors, True, own)
        own[:, gone] = 0.0
        rowwise_qr.reflect(reflections, factors, False, own)
        scaled = np.empty_like(own)
        scaled[:, order] = own
        return (units * scaled).T

    return coefficients
