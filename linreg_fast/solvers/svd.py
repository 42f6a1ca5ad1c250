"""Singular values of the triangle of the centred data, 2 n p^2 + 12 p^3 flops.

When: columns depend on each other, or there are fewer rows than columns. Of all the solutions it
gives the one of minimum norm. The rank is decided on columns scaled to unit norm, so the units of a
column do not matter; the norm that is made smallest is that of the coefficients as they stand.
"""

import numpy as np
from scipy.linalg import lstsq, qr, solve_triangular, svd

from linreg_fast.kernels import factor
from linreg_fast.solvers import Solution

ZERO = 16 * np.finfo(np.float64).eps  # entries of a null direction below this are rounding


def solve(problem):
    triangle, exponents = problem.triangle
    p = problem.n_features
    sizes = np.linalg.norm(triangle[:, :p], axis=0)
    constant = sizes == 0
    sizes[constant] = 1.0
    U, values, Vt = svd(triangle[:, :p] / sizes, full_matrices=False)
    kept = values > problem.tol * values[0]
    units = np.ldexp(1 / sizes, exponents[:p].min() - exponents[:p])
    rank = int(kept.sum())
    right = U[:, kept].T @ triangle[:, p:]
    if rank == 0:
        scaled = np.zeros((p, problem.n_targets))
    elif rank == p:
        scaled = Vt.T @ (right / values[:, None])
    elif len(Vt) == p:
        scaled = _shortest(Vt[kept].T @ (right / values[kept, None]), Vt[~kept].T, units)
    else:  # fewer rows than columns: the null directions would be a (p, p) matrix
        top = int(exponents[:p].max())
        rows = np.ldexp(values[kept, None] * Vt[kept] * sizes, exponents[:p] - top)
        Q, R = qr(rows.T, mode="economic")
        shortest = Q @ solve_triangular(R, right, trans="T")
        scaled = np.ldexp(shortest * sizes[:, None], (exponents[:p] - top)[:, None])
    if problem.doubled and rank and len(Vt) == p:
        scaled = _corrected(problem, scaled, sizes, Vt[kept], values[kept], Vt[~kept].T, units)
    scaled[constant] = 0.0  # rather than the last bits of the decomposition
    coef = np.ldexp(scaled / sizes[:, None], np.subtract.outer(-exponents[:p], -exponents[p:]))
    condition = values[0] / values[-1] if rank == p else np.inf
    singular = problem.singular_values()
    singular[rank:] = 0.0
    return Solution(coef, problem.intercept(coef), rank, float(condition), singular)


def _corrected(problem, scaled, sizes, Vt, values, null, units):
    """The same solution, corrected by what its residual leaves in double-double; twice.

    The null directions likewise: what they should be orthogonal to, they otherwise are only up to
    rounding times the condition number of the rest.
    """
    products, p = problem.normal_equations.products, problem.n_features
    gram, right = products[:, :p, :p], products[:, :p, p:]

    def correction(target, found):
        system = np.concatenate([gram, target], axis=2)
        coef = found / sizes[:, None]
        rest = factor.residual(system, np.array([coef, np.zeros_like(coef)]), p)
        return Vt.T @ (Vt @ (rest / sizes[:, None]) / (values**2)[:, None])

    if null.size:
        null = null + correction(np.zeros((2, p, null.shape[1])), null)
    for _ in range(2):
        scaled = scaled + correction(right, scaled)
        scaled = _shortest(scaled, null, units) if null.size else scaled
    return scaled


def _shortest(scaled, null, units):
    """scaled + null @ z with z such that its product with the units (p,) is shortest.

    Whatever z is, the fit stays the same. Rows go in by decreasing size: the orthogonal
    factorisation is then stable row by row, however different the units.
    """
    null = np.where(np.abs(null) < ZERO, 0.0, null)
    A, b = units[:, None] * null, -units[:, None] * scaled
    order = np.argsort(-np.abs(A).max(axis=1), kind="stable")
    z = lstsq(A[order], b[order], cond=ZERO, lapack_driver="gelsy")[0]
    return scaled + null @ z
