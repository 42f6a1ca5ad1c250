"""Singular values of the triangle of the centred data, 2 n p^2 + 12 p^3 flops.

When: columns depend on each other, or there are fewer rows than columns. Of all the solutions it
gives the one of minimum norm. The rank is decided on columns scaled to unit norm, so the units of a
column do not matter; the norm that is made smallest is that of the coefficients as they stand.
"""

from functools import partial

import numpy as np
from scipy.linalg import svd

from linreg_fast.kernels.tuning import NULL_SPACE_COLUMNS, ZERO_ROWS_SHARE
from linreg_fast.runtime.blas import factored
from linreg_fast.solvers import ILL, Solution, inflation
from linreg_fast.solvers.shortest import RowSpace, shortest


def solve(problem):
    triangle, exponents = problem.triangle
    p = problem.n_features
    sizes = np.linalg.norm(triangle[:, :p], axis=0)
    constant = sizes == 0
    sizes[constant] = 1.0
    exponents = exponents.copy()  # a constant column must not widen the range of the units
    if not constant.all():
        exponents[:p][constant] = exponents[:p][~constant].max()
    columns = triangle[:, :p] / sizes
    U, values, Vt, beyond = _decomposed(columns)
    kept = problem.kept(values, Vt)
    rank = int(kept.sum())
    space = RowSpace(problem, columns, triangle[:, p:], sizes, U[:, kept], values[kept], Vt[kept])
    if 0 < rank < p:
        null = None if beyond is None else np.vstack([Vt[~kept], beyond]).T
        scaled = shortest(space, null, exponents[:p] - exponents[:p].max())
    else:
        scaled, _ = space.solution(partial(np.matmul, space.rows.T))
    scaled[constant] = 0.0  # rather than the last bits of the decomposition
    coef = np.ldexp(scaled / sizes[:, None], np.subtract.outer(-exponents[:p], -exponents[p:]))
    condition = values[0] / values[-1] if rank == p else np.inf
    # In double-double they are at hand when they are asked for.
    singular = None if problem.doubled else problem.singular_values(rank)
    inflated = None
    # Of more columns than rows it would be the rows that nearly depend on each other.
    if rank and problem.n_samples > p and values[kept][0] > ILL * values[kept][-1]:
        inflated = inflation(Vt[kept].T / values[kept], columns, np.arange(p))
    intercept = problem.intercept(coef)
    return Solution(coef, intercept, rank, float(condition), singular, inflation=inflated)


def _decomposed(columns):
    """U, values, Vt, and what of the null directions is not in Vt.

    None for many columns where few rows of the triangle are not zero.
    """
    p = columns.shape[1]
    rows = len(columns) - int(columns[::-1].any(axis=1).argmax())
    if rows < ZERO_ROWS_SHARE * p and p > NULL_SPACE_COLUMNS:
        return *factored(rows, svd, columns[:rows], full_matrices=False), None
    U, values, Vt = factored(p, svd, columns, full_matrices=True)
    found = len(values)
    return U[:, :found], values, Vt[:found], Vt[found:]
