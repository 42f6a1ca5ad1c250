"""From float32 sums to coefficients that are right to float32, or better: `auto` asks for it.

The sums of squares keep some eight digits. Where the condition number leaves too few of them, one
pass over the rows in float64 finds what the coefficients leave of the gradient, and the same factor
turns that into a correction. It squares the error.
"""

import numpy as np
from scipy.linalg.lapack import dpotrs

from linreg_fast.kernels import DEFAULT, blas, lapack
from linreg_fast.solvers import Solution, weakness

EPSILON = np.finfo(np.float64).eps
ENOUGH = 2.0**-24  # relative: the rounding of float32 itself
CORRECTABLE = 1e-4  # whose square is below it
TELLING = 1e-4  # reciprocal condition number: smaller ones are rounding


def solve(problem):
    """(Solution, reason); the reason is empty where these sums have too few digits.

    Raises LinAlgError where they tell nothing.
    """
    (matrix, _), exponents, _ = problem.normal_equations
    p = problem.n_features
    live = np.flatnonzero(matrix.diagonal()[:p] > 0)  # a constant column has coefficient zero
    gram = matrix[np.ix_(live, live)] if len(live) < p else matrix[:p, :p]
    with blas.one_thread(len(live)):
        upper, reciprocal = lapack.cholesky(gram) if len(live) else (None, 0.0)
    if not reciprocal > max(problem.tol, TELLING) ** 2:
        raise np.linalg.LinAlgError("nearly dependent columns")

    def coefficients(right):  # (p, t), in the units of the scaled columns of X, and of Y
        scaled = np.zeros_like(right)
        scaled[live] = dpotrs(upper, right[live])[0]
        return np.ldexp(scaled, -exponents[:p, None])

    coef = np.ldexp(coefficients(matrix[:p, p:]), exponents[p:])
    condition = float(1 / np.sqrt(reciprocal))
    solution = Solution(coef, problem.intercept(coef), len(live), condition)
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


def _error(problem, solution):
    """About the relative error of the coefficients.

    Sums of squares are off by `kernels.single.rounding`, products by a seventh of it where columns
    are unrelated, which the condition number tells: p of them add up like p random numbers.
    """
    relative = problem.single_rounding * (2 + 0.3 * np.sqrt(problem.n_features))
    return relative * solution.condition_number**2 * max(weakness(problem, solution), 1.0)


def _corrected(problem, solution, coefficients):
    coef, intercept = solution.coef.copy(), solution.intercept.copy()
    matrix, exponents = problem.normal_equations.matrix, problem.normal_equations.exponents
    p, weight = problem.n_features, problem.moments.weight_sum
    mean, sizes = problem.centre[:p], exponents[:p, None]
    squares = np.ldexp(matrix.diagonal()[:p], 2 * exponents[:p])
    for k in range(problem.n_targets):
        loss, by_coef, by_intercept = DEFAULT.kernels.gradient(
            problem.X, problem.Y[:, k], coef[:, k], float(intercept[k]), problem.sample_weight
        )
        rest = -0.5 * weight * (by_coef - mean * by_intercept)
        step = coefficients(np.ldexp(rest[:, None], -sizes))
        # What rounding leaves of the rest of a column far from zero, at most.
        rounding = EPSILON * weight * np.sqrt(loss) * np.abs(mean)
        rounding = np.divide(rounding, squares, out=np.zeros(p), where=squares > 0)[:, None]
        for units in (0, sizes):
            moved, unsure, whole = (
                np.linalg.norm(np.ldexp(part, units)) for part in (step, rounding, coef[:, [k]])
            )
            if not moved <= np.sqrt(ENOUGH) * whole or not unsure <= ENOUGH * whole:
                return None
        coef[:, k] += step[:, 0]
        if problem.fit_intercept:
            intercept[k] -= 0.5 * by_intercept + mean @ step[:, 0]
    return solution._replace(coef=coef, intercept=intercept)
