"""Dummies of whole factors and other columns of whole numbers that add up to each other.

`data.relations` proves it. The other columns are solved by plain sums, refined where these lack
digits; then the coefficients move along the relations, which changes no prediction, to the
shortest ones.
"""

import numpy as np

from linreg_fast.data import relations
from linreg_fast.data.precision import plain_limits
from linreg_fast.data.problem import Problem
from linreg_fast.runtime import blas
from linreg_fast.solvers import SOLVERS, Solution, refined, target_to_signal

MOST_CONDITION = 1e4  # of the columns that are kept; beyond it double-double sums take over


def solve(problem):
    """As `_solve`, with one BLAS thread for all of its small calls."""
    if not problem.may_be_related:
        return None
    with blas.one_thread(problem.n_features, fewest=1):
        return _solve(problem)


def _solve(problem):
    """(Solution, columns set aside, how the others were solved, in words), or None."""
    p, moments = problem.n_features, problem.moments
    mean, gram = moments.mean_parts[0, :p], problem.products[0, :p, :p]
    found = relations.find(problem.table, mean, gram, problem.fit_intercept)
    if found is None:
        return None
    kept = found.kept
    part = moments.of_columns(kept)
    independent = Problem(None, None, moments=part, fit_intercept=problem.fit_intercept)
    try:
        solution = SOLVERS["cholesky"].solve(independent)
    except np.linalg.LinAlgError:
        return None
    condition = solution.condition_number
    if not condition <= MOST_CONDITION:
        return None
    limit, most = plain_limits(problem.n_samples, len(kept))
    if condition > limit:  # by an estimate, which may be sqrt(p) too large
        condition = independent.condition_number()
    coef, intercept, how = np.zeros((p, problem.n_targets)), solution.intercept, "plain sums"
    coef[kept] = solution.coef
    if condition > limit or target_to_signal(independent, solution) > most:
        refining = _refined(problem, kept, coef, condition)
        if refining is None:
            return None
        coef, intercept, passes = refining
        how += f", refined in {passes} pass{'es' if passes > 1 else ''}"
    # X @ (signs[r] * a) + b is the same for all rows where b is -sums[r] * a.
    along = np.linalg.lstsq(found.signs.T.astype(np.float64), coef, rcond=None)[0]
    coef -= found.signs.T @ along
    intercept = intercept + found.sums @ along
    return Solution(coef, intercept, len(kept), np.inf), len(found.signs), how


def _refined(problem, kept, start, condition):
    """`refined.refine` of all columns, of which only those that are kept move."""
    system = refined.system_of(problem, kept)
    if system is None:
        return None

    def solve_again(right):
        step = np.zeros_like(right)
        step[kept] = system.solve(right[kept])
        return step

    return refined.refine(refined.Refinable.of(problem), start, condition, solve_again)
