"""Singular values of the triangle of the centred data, 2 n p^2 + 12 p^3 flops.

When: columns depend on each other, or there are fewer rows than columns. Of all the solutions it
gives the one of minimum norm. The rank is decided on columns scaled to unit norm, so the units of a
column do not matter; the norm that is made smallest is that of the coefficients as they stand.
"""

import numpy as np
from scipy.linalg import qr, solve_triangular, svd, svdvals

from linreg_fast.solvers import Solution


def solve(problem):
    triangle, exponents = problem.triangle
    p = problem.n_features
    sizes = np.linalg.norm(triangle[:, :p], axis=0)
    constant = sizes == 0
    sizes[constant] = 1.0
    U, values, Vt = svd(triangle[:, :p] / sizes, full_matrices=False)
    kept = values > problem.tol * values[0]
    rank = int(kept.sum())
    right = U[:, kept].T @ triangle[:, p:]
    # In the columns' own units X is U @ rows, with largest power of two taken out.
    top = int(exponents[:p].max())
    rows = np.ldexp(values[kept, None] * Vt[kept] * sizes, exponents[:p] - top)
    if rank == p:
        coef = (Vt.T @ (right / values[:, None])) / sizes[:, None]
        coef = np.ldexp(coef, np.subtract.outer(-exponents[:p], -exponents[p:]))
    elif rank == 0:
        coef = np.zeros((p, problem.n_targets))
    else:
        Q, R = qr(rows.T, mode="economic")
        coef = np.ldexp(Q @ solve_triangular(R, right, trans="T"), exponents[p:] - top)
    coef[constant] = 0.0  # rather than the last bits of the decomposition
    singular = np.ldexp(svdvals(rows), top) if rank else np.zeros(0)
    singular = np.concatenate([singular, np.zeros(len(values) - rank)])
    condition = values[0] / values[-1] if rank == p else np.inf
    return Solution(coef, problem.intercept(coef), rank, float(condition), singular)
