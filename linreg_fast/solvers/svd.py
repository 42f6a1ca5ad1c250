"""Singular values of the triangle of the centred data, 2 n p^2 + 12 p^3 flops.

When: columns depend on each other, or there are fewer rows than columns. Of all the solutions it
gives the one of minimum norm. The rank is decided on columns scaled to unit norm, so the units of a
column do not matter; the norm that is made smallest is that of the coefficients as they stand.
"""

from functools import partial

import numpy as np
from scipy.linalg import svd

from linreg_fast.kernels import factor, graded
from linreg_fast.kernels.blas import factored
from linreg_fast.kernels.interrupt import interruptible
from linreg_fast.solvers import ILL, Solution, inflation

ROUNDING = 16 * np.finfo(np.float64).eps  # of a direction's entries
MANY = 100  # columns: of fewer, null directions cost nothing
FEW = 0.8  # rows of a triangle, relative: below, those of zeros are left out
UNITS_APART = 900  # binary digits that the units of columns may differ by: products stay numbers


def solve(problem):
    triangle, exponents = problem.triangle
    p = problem.n_features
    sizes = np.linalg.norm(triangle[:, :p], axis=0)
    constant = sizes == 0
    sizes[constant] = 1.0
    exponents = exponents.copy()  # a constant column is not far from the others
    if not constant.all():
        exponents[:p][constant] = exponents[:p][~constant].max()
    U, values, Vt, beyond = _decomposed(triangle[:, :p] / sizes)
    kept = problem.kept(values, Vt)
    rank = int(kept.sum())
    U, values_kept, rows = U[:, kept], values[kept], Vt[kept]
    coefficients = partial(np.matmul, rows.T)
    if 0 < rank < p:
        units = np.maximum(exponents[:p] - exponents[:p].max(), -UNITS_APART)
        null = None if beyond is None else np.vstack([Vt[~kept], beyond]).T
        coefficients = _shortest(rows, null, np.ldexp(sizes, units))
    in_rows = (U.T @ triangle[: len(U), p:]) / values_kept[:, None]
    scaled = coefficients(in_rows)
    if rank:
        scaled = _corrected(problem, scaled, in_rows, sizes, rows, values_kept, coefficients)
    scaled[constant] = 0.0  # rather than the last bits of the decomposition
    coef = np.ldexp(scaled / sizes[:, None], np.subtract.outer(-exponents[:p], -exponents[p:]))
    condition = values[0] / values[-1] if rank == p else np.inf
    # In double-double they are at hand when they are asked for.
    singular = None if problem.doubled else problem.singular_values(rank)
    blame = None
    if ILL < condition < np.inf:
        unit = triangle[:, :p] / sizes
        blame = inflation(Vt.T / values, unit, np.arange(p))
    intercept = problem.intercept(coef)
    return Solution(coef, intercept, rank, float(condition), singular, inflation=blame)


def _decomposed(columns):
    """U, values, Vt, and what of the null directions is not in Vt.

    None for many columns where few rows of the triangle are not zero.
    """
    p = columns.shape[1]
    rows = len(columns) - int(columns[::-1].any(axis=1).argmax())
    if rows < FEW * p and p > MANY:
        return *factored(rows, svd, columns[:rows], full_matrices=False), None
    U, values, Vt = factored(p, svd, columns, full_matrices=True)
    found = len(values)
    return U[:, :found], values, Vt[:found], Vt[found:]


def _shortest(rows, null, units):
    """A function of targets (rank, t): scaled coefficients (p, t) for which rows @ them = targets.

    Of all that are, the shortest once divided by the units (p,): what the rows span in those units,
    or what is at right angles to the null directions (p, p - rank), where these are at hand.
    """
    by_null = null is not None and (len(units) <= MANY or null.shape[1] < len(rows))
    lines, sizes = (null, 1 / units) if by_null else (rows.T, units)
    lines = np.ascontiguousarray(np.where(np.abs(lines) < ROUNDING, 0.0, lines) * sizes[:, None])
    order, factors = interruptible(len(units), graded.factor, lines, ROUNDING * sizes)
    found = len(factors)
    reflections = np.ascontiguousarray(lines[:, :found].T)
    gone = slice(found) if by_null else slice(found, None)

    def coefficients(targets):
        own = ((targets.T @ rows) / units)[:, order]
        graded.turn(reflections, factors, True, own)
        own[:, gone] = 0.0
        graded.turn(reflections, factors, False, own)
        scaled = np.empty_like(own)
        scaled[:, order] = own
        return (units * scaled).T

    return coefficients


def _corrected(problem, scaled, in_rows, sizes, rows, values, coefficients):
    """The same solution, corrected twice by what it leaves; in double-double, if that is known."""
    for _ in range(2):
        if problem.doubled:
            rest = _residual(problem, scaled, sizes)
            rest = rows @ (rest / sizes[:, None]) / (values**2)[:, None]
        else:
            rest = in_rows - rows @ scaled
        scaled = scaled + coefficients(rest)
    return scaled


def _residual(problem, scaled, sizes):
    """What the normal equations leave of their right sides."""
    coef = scaled / sizes[:, None]
    found = np.array([coef, np.zeros_like(coef)])
    return factor.residual(problem.normal_equations.products, found, problem.n_features)
