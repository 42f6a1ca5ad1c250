"""From float32 sums to coefficients that are right to float32, or better: `auto` asks for it.

The sums of squares keep some eight digits. Where the condition number leaves too few of them, one
pass over the rows in float64 finds what the coefficients leave of the gradient, and the same sums
turn that into a correction. It squares the error.
"""

import numpy as np
from scipy.sparse.linalg import cg

from linreg_fast.kernels import DEFAULT, blas
from linreg_fast.kernels.single import rounding
from linreg_fast.solvers import SOLVERS, weakness

ENOUGH = 2.0**-24  # relative: the rounding of float32 itself
CORRECTABLE = 1e-4  # whose square is below it
TOLERANCE = 1e-6  # of the correction


def solve(problem):
    """(Solution, reason), or (None, "") where float64 sums are wanted."""
    try:
        solution = SOLVERS["cholesky"].solve(problem)
    except np.linalg.LinAlgError:
        return None, ""
    error = _error(problem, solution)
    if not error <= CORRECTABLE or solution.condition_number * problem.tol > 1:
        return None, ""
    reason = f"the condition number is at most {solution.condition_number:.3g}: "
    if error <= ENOUGH:
        return solution, reason + "sums in float32 have its digits"
    corrected = _corrected(problem, solution)
    return corrected, reason + "sums in float32, corrected on the rows, have more than its digits"


def _error(problem, solution):
    """About the relative error of the coefficients.

    Sums of squares are off by `rounding`, products by a seventh of it where columns are unrelated,
    which the condition number tells: p of them add up like p random numbers.
    """
    relative = rounding(problem.n_samples) * (2 + 0.3 * np.sqrt(problem.n_features))
    return relative * solution.condition_number**2 * max(weakness(problem, solution), 1.0)


def _corrected(problem, solution):
    p = problem.n_features
    coef, intercept = solution.coef.copy(), solution.intercept.copy()
    products, exponents, _ = problem.normal_equations
    scaled = np.ldexp(coef, exponents[:p, None])
    gram, mean = np.ascontiguousarray(products[0, :p, :p]), problem.centre[:p]
    np.fill_diagonal(gram, np.where(gram.diagonal() == 0, 1.0, gram.diagonal()))  # constant columns
    for k in range(problem.n_targets):
        _, by_coef, by_intercept = DEFAULT.kernels.gradient(
            problem.X, problem.Y[:, k], coef[:, k], float(intercept[k])
        )
        rest = -0.5 * problem.n_samples * (by_coef - mean * by_intercept)
        rest[products[0].diagonal()[:p] == 0] = 0.0
        with blas.one_thread(p):
            step, _ = cg(gram, np.ldexp(rest, -exponents[:p]), rtol=TOLERANCE)
        if not np.linalg.norm(step) <= np.sqrt(ENOUGH) * np.linalg.norm(scaled[:, k]):
            return None  # there was more to correct than was expected
        step = np.ldexp(step, -exponents[:p])
        coef[:, k] += step
        if problem.fit_intercept:
            intercept[k] -= 0.5 * by_intercept + mean @ step
    return solution._replace(coef=coef, intercept=intercept)
