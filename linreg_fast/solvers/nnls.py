"""Non-negative least squares: scipy's active-set method on a small factor of the data.

When: coefficients that must not be negative. scipy scans all rows at each step; on a factor R with
R'R = X'X, from the moments or the triangle, the problem is the same and a step costs p^2. Columns
have unit norm there, so neither their units nor how rows are weighted changes the path it takes.
What is then known to be positive is solved once more by Cholesky, for its digits.
"""

import contextlib

import numpy as np
import scipy.optimize

from linreg_fast.runtime.blas import factored
from linreg_fast.runtime.interrupt import interruptible
from linreg_fast.solvers import Solution
from linreg_fast.solvers.cholesky import solve_system

PLAIN_CONDITION = 1e3  # above it the choice of columns, too, needs more digits than plain sums have


def solve(problem):
    p = problem.n_features
    small = problem.n_samples > p or not problem.has_rows  # enough rows for cross-products
    plain = small and problem.moments_in_range and not _nearly_dependent(problem)
    if small and not plain and problem.can_sharpen:
        problem.sharpen()
    factor, exponents = problem.moments_root() if plain else problem.triangle
    columns = factor[:, :p]
    sizes = np.linalg.norm(columns, axis=0)
    live = np.flatnonzero(sizes > 0)  # a constant column has coefficient zero
    scaled = np.zeros((2, p, problem.n_targets))
    values = np.ones(1)
    if len(live):
        columns = columns[:, live] / sizes[live]
        values = factored(columns.shape[1], np.linalg.svd, columns, compute_uv=False)
        found = [_nnls(columns, target) for target in factor[:, p:].T]
        scaled[0, live] = np.column_stack(found) / sizes[live, None]
    units = np.subtract.outer(-exponents[:p], -exponents[p:])
    if small and (plain or problem.doubled):
        scaled = _polished(problem, scaled)
        coef, intercept = np.ldexp(scaled[0], units), problem.intercepts(scaled)
    else:
        coef = np.ldexp(scaled[0], units)
        intercept = problem.intercept(coef)
    cut = max(problem.tol, np.sqrt(p * np.finfo(np.float64).eps)) if plain else problem.tol
    rank = min(int((values > cut * values[0]).sum()), len(live))
    condition = values[0] / values[-1] if rank == p else np.inf
    singular = None if plain else problem.singular_values(rank)
    return Solution(coef, intercept, rank, float(condition), singular)


def _nnls(columns, target):
    try:
        return interruptible(columns.shape[1], scipy.optimize.nnls, columns, target)[0]
    except RuntimeError:
        raise np.linalg.LinAlgError(
            "the columns nearly depend on each other, and the search for coefficients that are not "
            "negative goes round in circles: drop some of the columns, or centre them before "
            "taking powers of them"
        ) from None


def _nearly_dependent(problem):
    if problem.doubled:
        return True  # double-double sums are there: `solve` uses them
    p = problem.n_features
    spectrum = factored(p, np.linalg.eigvalsh, problem.normal_equations.matrix[:p, :p])
    return problem.has_rows and spectrum[0] <= spectrum[-1] / PLAIN_CONDITION**2


def _polished(problem, scaled):
    """Least squares on the columns found to be positive: (2, p, t), hi and lo."""
    products, p = problem.normal_equations.products, problem.n_features
    polished = scaled.copy()
    for k in range(problem.n_targets):
        positive = np.flatnonzero(scaled[0, :, k])
        kept = np.append(positive, p + k)
        system = np.ascontiguousarray(products[:, kept[:, None], kept])
        with contextlib.suppress(np.linalg.LinAlgError):  # dependent: what was found stands
            if len(positive):
                found = solve_system(system, len(positive), problem.tol)[0][:, :, 0]
                if (found[0] > 0).all():
                    polished[:, positive, k] = found
    return polished
