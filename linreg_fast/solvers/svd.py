"""Singular values of the triangle of the centred data, 2 n p^2 + 12 p^3 flops.

When: columns depend on each other, or there are fewer rows than columns. Of all the solutions it
gives the one of minimum norm. The rank is decided on columns scaled to unit norm, so the units of a
column do not matter; the norm that is made smallest is that of the coefficients as they stand.
"""

from functools import partial

import numpy as np
from scipy.linalg import lstsq, qr, svd

from linreg_fast.kernels import factor
from linreg_fast.kernels.blas import factored
from linreg_fast.solvers import ILL, Solution, inflation

ZERO = 16 * np.finfo(np.float64).eps  # entries of a null direction below this are rounding
FEW, EASY = 0.8, 100.0  # rows of a triangle, relative; condition number
MANY = 32  # columns: of fewer, null directions cost nothing
ALIKE = 2  # binary digits that the units of columns differ by
UNITS_APART = 40  # binary digits: columns whose units differ by more need the null directions


def solve(problem):
    triangle, exponents = problem.triangle
    p = problem.n_features
    sizes = np.linalg.norm(triangle[:, :p], axis=0)
    constant = sizes == 0
    sizes[constant] = 1.0
    exponents = exponents.copy()  # a constant column is not far from the others
    if not constant.all():
        exponents[:p][constant] = exponents[:p][~constant].max()
    top = int(exponents[:p].max())
    digits = top - int(exponents[:p].min())
    apart = digits > UNITS_APART
    U, values, Vt = _decomposed(triangle[:, :p] / sizes, digits <= ALIKE)
    kept = problem.kept(values, Vt)
    rank = int(kept.sum())
    units = np.ldexp(1 / sizes, exponents[:p].min() - exponents[:p])
    rows, null = Vt[kept], Vt[~kept].T
    if rank in (0, p):
        shorten = None
    elif len(Vt) == p and (apart or rank > p // 4):
        if problem.doubled:
            null = null + _correction(problem, null, sizes, rows, values[kept], of_targets=False)
        shorten = partial(_without_null, null=null, units=units)
    else:  # few independent rows: what they span is less work, and the rest may not be at hand
        lines = np.ldexp(rows * sizes, exponents[:p] - top)
        span = factored(rank, qr, lines.T, mode="economic")[0]
        shorten = partial(_within_span, span=span, units=np.ldexp(sizes, exponents[:p] - top))
    scaled = rows.T @ ((U[:, kept].T @ triangle[: len(U), p:]) / values[kept, None])
    scaled = shorten(scaled) if shorten else scaled
    if problem.doubled and rank:
        scaled = _corrected(problem, scaled, sizes, rows, values[kept], shorten)
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


def _decomposed(columns, alike):
    """U, values, Vt; without null directions where few rows of the triangle are not zero.

    Unless they are needed for the digits: columns that are not alike, or nearly dependent rows.
    """
    rows = len(columns) - int(columns[::-1].any(axis=1).argmax())
    if rows < FEW * len(columns) and len(columns) > MANY and alike:
        U, values, Vt = factored(rows, svd, columns[:rows], full_matrices=False)
        if values[0] < EASY * values[-1]:
            return U, values, Vt
    return factored(columns.shape[1], svd, columns, full_matrices=False)


def _corrected(problem, scaled, sizes, rows, values, shorten):
    """The same solution, corrected twice by what its residual leaves in double-double."""
    for _ in range(2):
        scaled = scaled + _correction(problem, scaled, sizes, rows, values, of_targets=True)
        scaled = shorten(scaled) if shorten else scaled
    return scaled


def _correction(problem, found, sizes, rows, values, of_targets):
    """What to add to found (p, k), so that the normal equations give the targets, or zero."""
    p = problem.n_features
    gram, right = np.split(problem.normal_equations.products[:, :p], [p], axis=2)
    if not of_targets:
        right = np.zeros((2, p, found.shape[1]))
    coef = found / sizes[:, None]
    system = np.concatenate([gram, right], axis=2)
    rest = factor.residual(system, np.array([coef, np.zeros_like(coef)]), p)
    return rows.T @ (rows @ (rest / sizes[:, None]) / (values**2)[:, None])


def _without_null(scaled, null, units):
    """scaled + null @ z with z such that its product with the units (p,) is shortest.

    Whatever z is, the fit stays the same. Rows go in by decreasing size: the orthogonal
    factorisation is then stable row by row, however different the units.
    """
    null = np.where(np.abs(null) < ZERO, 0.0, null)
    A, b = units[:, None] * null, -units[:, None] * scaled
    order = np.argsort(-np.abs(A).max(axis=1), kind="stable")
    z = factored(A.shape[1], lstsq, A[order], b[order], cond=ZERO, lapack_driver="gelsy")[0]
    return scaled + null @ z


def _within_span(scaled, span, units):
    """The part of the coefficients scaled / units (p,) that the rows span, scaled again."""
    return units[:, None] * (span @ (span.T @ (scaled / units[:, None])))
