"""Non-negative least squares: scipy's active-set method on a small factor of the data.

When: coefficients that must not be negative. scipy scans all rows at each step; on a factor R with
R'R = X'X, from the moments or the triangle, the problem is the same and a step costs p^2. Columns
have unit norm there, so neither their units nor how rows are weighted changes the path it takes.
"""

import numpy as np
import scipy.optimize

from linreg_fast.solvers import Solution

MOMENTS_CONDITION = 1e3  # above it the triangle is worth its price


def solve(problem):
    p = problem.n_features
    on_moments = problem.n_samples > p and problem.moments_in_range
    if on_moments:
        # The moments keep half the digits of the condition number, as for Cholesky.
        spectrum = np.linalg.eigvalsh(problem.normal_equations.matrix[:p, :p])
        on_moments = not problem.has_rows or spectrum[0] > spectrum[-1] / MOMENTS_CONDITION**2
    factor, exponents = problem.moments_root() if on_moments else problem.triangle
    columns = factor[:, :p]
    sizes = np.linalg.norm(columns, axis=0)
    live = np.flatnonzero(sizes > 0)  # a constant column has coefficient zero
    scaled = np.zeros((p, problem.n_targets))
    values = np.ones(1)
    if len(live):
        columns = columns[:, live] / sizes[live]
        values = np.linalg.svd(columns, compute_uv=False)
        found = [scipy.optimize.nnls(columns, target)[0] for target in factor[:, p:].T]
        scaled[live] = np.column_stack(found) / sizes[live, None]
    coef = np.ldexp(scaled, np.subtract.outer(-exponents[:p], -exponents[p:]))
    cut = np.sqrt(p * np.finfo(np.float64).eps) if on_moments else problem.tol
    rank = min(int((values > cut * values[0]).sum()), len(live))
    condition = values[0] / values[-1] if rank == p else np.inf
    singular = None if on_moments else problem.singular_values()
    return Solution(coef, problem.intercept(coef), rank, float(condition), singular)
