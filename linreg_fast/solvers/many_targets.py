"""Many targets: the columns are factored once, and the rows read once for all targets.

Time n p (p + t), and memory for X, Y and the coefficients: products of the targets with each other
are never formed, and no moments are kept (`data.at_once`). What that does not bear, such as columns
that depend on each other, is solved chunk by chunk like problems of their own. `auto` asks for it.
"""

import numpy as np

from linreg_fast.data import at_once, many_target_moments
from linreg_fast.data.gate import frozen
from linreg_fast.data.problem import Problem
from linreg_fast.data.room import check_room
from linreg_fast.kernels.tuning import MANY_TARGETS
from linreg_fast.solvers import Solution

REASON = "many targets: double-double sums of the columns with all of them"


def takes(problem):
    """Whether there are so many targets, and more than columns, in rows at hand."""
    return problem.has_rows and many_target_moments.takes(problem.n_features, problem.n_targets)


def solve(problem, solve_chunk):
    """Solution, by solve_chunk(problem) of targets that are not solved at once."""
    p, t = problem.n_features, problem.n_targets
    check_room(3 * 8 * p * t, f"{t:,} targets of {p:,} columns")
    problem.way = "many_targets"
    found = at_once.solve(problem)
    if found is None:
        problem.check_finite(by_sums=False)
        return _by_chunks(problem, solve_chunk)
    singular, left = found.columns.singular_values(p), np.flatnonzero(~found.good)
    for first in range(0, len(left), MANY_TARGETS):
        few = left[first : first + MANY_TARGETS]
        part = solve_chunk(chunk_of(problem, few))
        found.coef[few], found.intercept[few] = part.coef.T, part.intercept
    return Solution(found.coef.T, found.intercept, p, found.condition, singular, "cholesky", REASON)


def _by_chunks(problem, solve_chunk):
    p, t = problem.n_features, problem.n_targets
    coef, intercept, solution = np.empty((p, t)), np.empty(t), None
    for first in range(0, t, MANY_TARGETS):
        few = slice(first, min(first + MANY_TARGETS, t))
        part = solve_chunk(chunk_of(problem, few))
        coef[:, few], intercept[few] = part.coef, part.intercept
        solution = solution or part
    singular = solution.singular
    if singular is None:
        singular = chunk_of(problem, slice(1)).singular_values(solution.rank)
    reason = f"{solution.reason}, for {MANY_TARGETS} targets at a time"
    return solution._replace(coef=coef, intercept=intercept, singular=singular, reason=reason)


def joined(solutions):
    """The solution of all targets, of those for some targets each."""
    first = solutions[0]
    if len(solutions) == 1:
        return first
    return first._replace(
        coef=np.hstack([solution.coef for solution in solutions]),
        intercept=np.concatenate([solution.intercept for solution in solutions]),
        unfinished=next((s.unfinished for s in solutions if s.unfinished), ""),
    )


def chunk_of(problem, chunk):
    """The problem of some of the targets."""
    return Problem(
        problem.X,
        frozen(np.ascontiguousarray(problem.Y[:, chunk])),  # what kernels are compiled for
        problem.sample_weight,
        fit_intercept=problem.fit_intercept,
        positive=problem.positive,
        tol=problem.tol if problem.tol_is_requested else None,
        rung=problem.rung,
        may_be_float32=problem.may_be_float32,
        names=problem.names,
    )
