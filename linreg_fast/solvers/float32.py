"""From float32 sums to coefficients that are right to float32, or better: `auto` asks for it.

The sums of squares keep some eight digits. Where the condition number leaves too few of them, one
pass over the rows in float64 finds the gradient at these coefficients, and the same factor turns
that into a correction. The correction squares the relative error.
"""

from functools import partial

import numpy as np
from scipy.linalg.lapack import dpotrs

from linreg_fast.kernels import DEFAULT
from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.kernels.systems import lapack, small
from linreg_fast.kernels.tuning import FLOAT32_COMPILED_COLUMNS
from linreg_fast.runtime import blas
from linreg_fast.solvers import Solution, target_to_signal

ENOUGH = 2.0**-24  # relative: the rounding of float32 itself
CORRECTABLE = 1e-4  # relative error that one correction, which squares it, brings below ENOUGH
TELLING = 1e-4  # reciprocal condition number: smaller ones are rounding


def solve(problem):
    """(Solution, reason); the reason is empty where these sums have too few digits.

    Raises LinAlgError where they tell nothing.
    """
    least = max(problem.tol, TELLING)
    found = _compiled(problem) if problem.n_features <= FLOAT32_COMPILED_COLUMNS else None
    solution, coefficients = found or _of_lapack(problem, least)
    condition = solution.condition_number
    if not condition * least < 1:
        raise _dependent()
    error = _error(problem, solution)
    if not error <= CORRECTABLE:
        return solution, ""
    reason = f"the condition number is at most {condition:.3g}: "
    if error <= ENOUGH:
        return solution, reason + "sums in float32 have its digits"
    corrected = _corrected(problem, solution, coefficients)
    if corrected is None:  # there was more to correct than was expected
        return solution, ""
    return corrected, reason + "sums in float32, corrected on the rows, have more than its digits"


def _compiled(problem):
    """(Solution, a function: the coefficients for another right side (p, t)), or None.

    None where a column is constant, or columns nearly depend on each other.
    """
    p = problem.n_features
    found, room = np.empty((p + 1, problem.n_targets)), small.scratch(p)
    mean, products = problem.moments.mean_parts, problem.products
    condition, times = small.solve(mean, products, found, room)
    if condition == np.inf:
        return None
    if not problem.fit_intercept:
        found[p] = 0.0
    solution = Solution(found[:p], found[p], p, condition, target_to_signal=times)
    return solution, partial(small.solve_again, room)


def _of_lapack(problem, least):
    """The same; raises where columns nearly depend on each other."""
    (matrix, _), exponents, _ = problem.normal_equations
    p = problem.n_features
    live = np.flatnonzero(matrix.diagonal()[:p] > 0)  # a constant column has coefficient zero
    gram = matrix[np.ix_(live, live)] if len(live) < p else matrix[:p, :p]
    with blas.one_thread(len(live)):
        upper, reciprocal = lapack.cholesky(gram) if len(live) else (None, 0.0)
    if not reciprocal > least**2:
        raise _dependent()

    def coefficients(right):
        scaled = np.zeros_like(right)
        scaled[live] = dpotrs(upper, np.ldexp(right, -exponents[:p, None])[live])[0]
        return np.ldexp(scaled, -exponents[:p, None])

    coef = coefficients(problem.products[0, :p, p:])
    condition = float(1 / np.sqrt(reciprocal))
    return Solution(coef, problem.intercept(coef), len(live), condition), coefficients


def _dependent():
    return np.linalg.LinAlgError("nearly dependent columns")


def _error(problem, solution):
    """About the relative error of the coefficients.

    Sums of squares are off by `kernels.moments.float32.rounding`, products by a seventh of it where
    columns are unrelated, which the condition number tells: p of them add up like random numbers.
    """
    relative = problem.float32_rounding * (2 + 0.3 * np.sqrt(problem.n_features))
    return relative * solution.condition_number**2 * max(target_to_signal(problem, solution), 1.0)


def _corrected(problem, solution, coefficients):
    coef, intercept = solution.coef.copy(), solution.intercept.copy()
    p, weight = problem.n_features, problem.moments.weight_sum
    mean, squares = problem.centre[:p], problem.products[0].diagonal()[:p]
    sizes = np.sqrt(squares)[:, None]
    for k in range(problem.n_targets):
        loss, by_coef, by_intercept = DEFAULT.kernels.gradient(
            problem.X, problem.Y[:, k], coef[:, k], float(intercept[k]), problem.sample_weight
        )
        rest = -0.5 * weight * (by_coef - mean * by_intercept)
        step = coefficients(rest[:, None])
        # What rounding leaves of the rest of a column far from zero, at most.
        rounding = EPSILON * weight * np.sqrt(loss) * np.abs(mean)
        rounding = np.divide(rounding, squares, out=np.zeros(p), where=squares > 0)[:, None]
        for units in (1.0, sizes):
            moved, unsure, whole = (
                np.linalg.norm(part * units) for part in (step, rounding, coef[:, [k]])
            )
            if not moved <= np.sqrt(ENOUGH) * whole or not unsure <= ENOUGH * whole:
                return None
        coef[:, k] += step[:, 0]
        if problem.fit_intercept:
            intercept[k] -= 0.5 * by_intercept + mean @ step[:, 0]
    return solution._replace(coef=coef, intercept=intercept)
