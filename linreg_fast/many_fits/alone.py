"""One fit by the solvers, with what `fit_groups` tells of every group: for the few hard ones."""

import numpy as np

from linreg_fast.data.problem import Problem
from linreg_fast.kernels.systems import one_of_many as found
from linreg_fast.runtime import blas
from linreg_fast.solvers import auto

IN_THE_SPAN = 1e-10  # what may be missing of a coefficient that the rows determine


def fit_alone(X, y, weights, centred):
    """(coef (p,), errors (p,), numbers (NUMBERS,)) of rows with a weight, in their own units."""
    problem = Problem(X, y[:, None], weights, fit_intercept=centred)
    with np.errstate(over="ignore", under="ignore"):
        solution = auto.solve(problem)
        if problem.can_sharpen:
            problem.sharpen()
        numbers = np.full(found.NUMBERS, np.nan)
        coef, p = solution.coef[:, 0], problem.n_features
        numbers[found.INTERCEPT] = solution.intercept[0]
        numbers[found.SAMPLES] = len(y)
        numbers[found.RANK], numbers[found.CONDITION] = solution.rank, solution.condition_number
        products, exponents, _ = problem.normal_equations
        units = exponents[:p] - exponents[p]
        sse = found.left(products, np.ldexp(coef, units))
        numbers[found.SSE] = np.ldexp(sse, 2 * exponents[p])
        numbers[found.TSS] = problem.moments.comoment[p, p]
        freedom = len(y) - solution.rank - centred
        sigma = np.sqrt(sse / freedom) if freedom > 0 else np.nan
        errors, lever = errors_of(problem)
        errors = np.ldexp(sigma * errors, exponents[p] - exponents[:p])
        if centred:
            total = problem.moments.weight_sum
            numbers[found.INTERCEPT_ERROR] = np.ldexp(
                sigma * np.sqrt(lever + 1.0 / total), exponents[p]
            )
    return coef, errors, numbers


def errors_of(problem):
    """Standard errors (p,) of scaled columns for a sigma of one, and the means' part of one.

    NaN for what the rows do not determine.
    """
    p = problem.n_features
    triangle, exponents = problem.triangle
    columns = triangle[:, :p]
    sizes = np.linalg.norm(columns, axis=0)
    varies = sizes > 0
    errors = np.full(p, np.nan)
    if not varies.any():
        return errors, 0.0
    unit = columns[:, varies] / sizes[varies]
    _, values, Vt = blas.factored(unit.shape[1], np.linalg.svd, unit, full_matrices=False)
    # As the solver decided, for all columns.
    kept = (
        values
        > max(problem.tol, np.sqrt(len(values)) * problem.roundings()[varies].max()) * (values[0])
    )
    values, Vt = values[kept], Vt[kept]
    parts = Vt / values[:, None]
    own = np.sqrt((parts**2).sum(axis=0))
    own[1.0 - (Vt**2).sum(axis=0) > IN_THE_SPAN] = np.nan
    errors[varies] = own / sizes[varies]
    mean = np.ldexp(problem.moments.mean[:p], -exponents[:p])[varies] * (1 / sizes[varies])
    if not problem.fit_intercept:
        return errors, np.nan
    along = Vt @ mean
    inside = mean @ mean - along @ along <= IN_THE_SPAN * (mean @ mean)
    return errors, float(((parts @ mean) ** 2).sum()) if inside else np.nan
