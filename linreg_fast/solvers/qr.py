"""QR with column pivoting of the triangle of the centred data, 2 n p^2 flops.

When: columns that are nearly dependent. The condition number c is not squared: about
16 - log10(c) digits are right.
"""

import numpy as np
from scipy.linalg import qr, solve_triangular, svdvals

from linreg_fast.runtime.blas import factored
from linreg_fast.solvers import ILL, Solution, inflation


def solve(problem):
    triangle, exponents = problem.triangle
    p = problem.n_features
    sizes = np.linalg.norm(triangle[:, :p], axis=0)
    live = np.flatnonzero(sizes > 0)  # a constant column has coefficient zero
    scaled = np.zeros((p, problem.n_targets))
    condition, inflated = 1.0, None
    if len(live):
        Q, R, order = factored(
            len(live), qr, triangle[:, live] / sizes[live], mode="economic", pivoting=True
        )
        diagonal = np.abs(np.diag(R))
        if len(live) > len(R) or not diagonal[-1] > problem.tol * diagonal[0]:
            rank = int((diagonal > problem.tol * diagonal[0]).sum())
            raise np.linalg.LinAlgError(
                f"the columns of X depend on each other (rank {rank} of {p}): "
                "use solver='svd' (or 'auto')"
            )
        values = factored(len(R), svdvals, R)
        condition = values[0] / values[-1]
        if condition > ILL:
            inflated = inflation(solve_triangular(R, np.eye(len(R))), R, live[order])
        solution = solve_triangular(R, Q.T @ triangle[:, p:])
        scaled[live[order]] = solution / sizes[live[order], None]
    coef = np.ldexp(scaled, np.subtract.outer(-exponents[:p], -exponents[p:]))
    singular = problem.singular_values(len(live))
    return Solution(
        coef, problem.intercept(coef), len(live), float(condition), singular, inflation=inflated
    )
