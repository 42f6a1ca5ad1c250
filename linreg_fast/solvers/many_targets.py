"""Many targets: the columns are factored once, and the targets solved chunk by chunk.

Time n p (p + t), and memory for X, Y and the coefficients: products of the targets with each other
are never formed, and no moments are kept. Of long rows, each chunk of targets is solved like a
problem of its own, so digits are decided chunk by chunk. Of few rows, where the calls would cost
more than the sums, coefficients of larger chunks start from BLAS's products and are refined on the
rows in double-double (`refined`). `auto` asks for it.
"""

import numpy as np

from linreg_fast.data import many_target_moments
from linreg_fast.data.problem import Problem
from linreg_fast.data.room import check_room
from linreg_fast.kernels.tuning import MANY_TARGETS, MANY_TARGETS_ROWS, TARGET_ELEMENTS
from linreg_fast.runtime import blas
from linreg_fast.runtime.interrupt import as_keyboard_interrupt
from linreg_fast.solvers import Solution, refined


def takes(problem):
    """Whether there are so many targets, and more than columns, in rows at hand."""
    return problem.has_rows and many_target_moments.takes(problem.n_features, problem.n_targets)


def solve(problem, solve_chunk):
    """Solution, by solve_chunk(problem) where refinement does not do for a chunk."""
    p, t = problem.n_features, problem.n_targets
    check_room(3 * 8 * p * t, f"{t:,} targets of {p:,} columns")
    coef, intercept, found = np.empty((p, t)), np.empty(t), None
    problem.way = "many_targets"
    factored = _factored(problem) if problem.n_samples < MANY_TARGETS_ROWS else None
    length = max(MANY_TARGETS, TARGET_ELEMENTS // problem.n_samples)
    for start in range(0, t, length):
        chunk = slice(start, min(start + length, t))
        # Two BLAS threads wait for each other 20 ms a product where another process has a core.
        with as_keyboard_interrupt(), blas.one_thread(p, fewest=1):
            solved = _refined(problem, chunk, factored)
        if solved is not None:
            coef[:, chunk], intercept[chunk] = solved
            continue
        for first in range(chunk.start, chunk.stop, MANY_TARGETS):
            few = slice(first, min(first + MANY_TARGETS, chunk.stop))
            solution = solve_chunk(chunk_of(problem, few))
            coef[:, few], intercept[few] = solution.coef, solution.intercept
            found = found or solution
    if found is None:
        first, system = factored
        singular = Problem(
            None, None, moments=first.moments, fit_intercept=problem.fit_intercept
        ).singular_values(p)
        reason = "many targets: plain sums of the columns, refined on the rows"
        return Solution(coef, intercept, p, system.condition, singular, "cholesky", reason)
    singular = found.singular
    if singular is None:
        singular = chunk_of(problem, slice(1)).singular_values(found.rank)
    reason = f"{found.reason}, for {MANY_TARGETS} targets at a time"
    return found._replace(coef=coef, intercept=intercept, singular=singular, reason=reason)


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
        problem.Y[:, chunk],
        problem.sample_weight,
        fit_intercept=problem.fit_intercept,
        positive=problem.positive,
        tol=problem.tol if problem.tol_is_requested else None,
        rung=problem.rung,
        may_be_float32=problem.may_be_float32,
        names=problem.names,
    )


def _factored(problem):
    """(the problem of the first target, its system), or None where plain sums do not do."""
    first = chunk_of(problem, slice(1))
    if not (first.is_dense and first.can_sharpen and first.n_samples > first.n_features):
        return None
    if problem.positive or not first.moments_in_range:
        return None
    system = refined.system_of(first)
    return None if system is None else (first, system)


def _refined(problem, chunk, factored):
    """(coef (p, c), intercept (c,)) of a chunk, or None."""
    if factored is None:
        return None
    first, system = factored
    p, X, Y = problem.n_features, problem.X, problem.Y[:, chunk]
    weights, mean = problem.sample_weight, first.moments.mean_parts
    weight_sum = first.moments.weight_sum
    share = 1 / weight_sum if weights is None else weights / weight_sum
    with np.errstate(over="ignore", invalid="ignore"):
        middle = np.zeros((2, p + Y.shape[1]))
        if problem.fit_intercept:
            middle[:, :p] = mean[:, :p]
            middle[0, p:] = (Y * share).sum(axis=0) if weights is None else share @ Y
        centred = Y - middle[0, p:]
        weighted = centred if weights is None else centred * weights[:, None]
        right = X.T @ weighted - middle[0, :p, None] * weighted.sum(axis=0)
        targets = np.sqrt((weighted * centred).sum(axis=0))
        if not np.isfinite(right).all() or not np.isfinite(targets).all():
            return None
    sizes = np.sqrt(first.products[0].diagonal()[:p])
    rows = refined.Refinable(X, Y, weights, middle, weight_sum, sizes, targets)
    start = system.solve(right)
    found = refined.refine(rows, start, system.condition, system.solve)
    if found is None:
        return None
    coef, intercept, _ = found
    if problem.fit_intercept:  # of a target that does not vary rounding would be left
        constant = np.flatnonzero(Y.max(axis=0) == Y.min(axis=0))
        coef[:, constant], intercept[constant] = 0.0, Y[0, constant]
    return coef, intercept
