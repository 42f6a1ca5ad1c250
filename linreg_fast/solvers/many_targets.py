"""Many targets: the columns are factored once, and the rows read once for all targets.

Time n p (p + t), and memory for X, Y and the coefficients: products of the targets with each other
are never formed, and no moments are kept. The products of the columns with the targets, and of the
columns with each other, are summed in double-double, and the latter inverted in it: with 32 digits
the inverse is as good as a factor, and all targets are multiplied with it as the rows were. What
that does not bear, such as columns that depend on each other, is solved chunk by chunk like
problems of their own. `auto` asks for it.
"""

import numpy as np

from linreg_fast.data import many_target_moments
from linreg_fast.data.gate import frozen
from linreg_fast.data.precision import INVERSE_OFFSET, INVERSE_ROUNDING, REFINED_ERROR
from linreg_fast.data.problem import Problem
from linreg_fast.data.room import check_room
from linreg_fast.kernels.arithmetic.rounding import SAFE_LARGE, SAFE_SMALL
from linreg_fast.kernels.moments.with_targets import products_with_targets
from linreg_fast.kernels.systems.inverse import inverse_with_ones
from linreg_fast.kernels.tuning import MANY_TARGETS
from linreg_fast.runtime import blas
from linreg_fast.solvers import Solution, refined

NOTHING = 1e-8  # of a target: columns that contribute less are as good as none
REASON = "many targets: double-double sums of the columns with all of them"


def takes(problem):
    """Whether there are so many targets, and more than columns, in rows at hand."""
    return problem.has_rows and many_target_moments.takes(problem.n_features, problem.n_targets)


def solve(problem, solve_chunk):
    """Solution, by solve_chunk(problem) of targets that are not solved at once."""
    p, t = problem.n_features, problem.n_targets
    check_room(3 * 8 * p * t, f"{t:,} targets of {p:,} columns")
    problem.way = "many_targets"
    found = _at_once(problem)
    if found is None:
        problem.check_finite(by_sums=False)
        coef, intercept, left, solution = np.empty((p, t)), np.empty(t), np.arange(t), None
    else:
        solution, left = found
        coef, intercept = solution.coef, solution.intercept
    for first in range(0, len(left), MANY_TARGETS):
        few = left[first : first + MANY_TARGETS]
        if found is None:
            few = slice(int(few[0]), int(few[-1]) + 1)
        part = solve_chunk(chunk_of(problem, few))
        coef[:, few], intercept[few] = part.coef, part.intercept
        solution = solution or part
    if found is not None:
        return solution
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
    return _with_targets(problem, problem.Y[:, chunk])


def _with_targets(problem, Y):
    return Problem(
        problem.X,
        Y,
        problem.sample_weight,
        fit_intercept=problem.fit_intercept,
        positive=problem.positive,
        tol=problem.tol if problem.tol_is_requested else None,
        rung=problem.rung,
        may_be_float32=problem.may_be_float32,
        names=problem.names,
    )


def _at_once(problem):
    """(Solution, the places of targets that it does not hold), or None."""
    columns = _columns(problem)
    system = None if columns is None else refined.system_of(columns)
    if system is None:
        return None
    p, moments, weights = problem.n_features, columns.moments, problem.sample_weight
    products, exponents, mean = columns.normal_equations
    centred = problem.fit_intercept
    squares = products[0].diagonal()[:p]
    sizes, far = np.sqrt(squares), 1.0
    if centred:
        far += (np.abs(mean[0, :p]) / sizes).max() * moments.weight_sum**0.5
    lost = (system.condition * far) ** 2
    if not lost <= INVERSE_OFFSET:
        return None
    gram, middle = np.ascontiguousarray(products[:, :p, :p]), np.ascontiguousarray(mean[:, :p])
    inverse = inverse_with_ones(gram, middle, moments.weight_parts if centred else None)
    if inverse is None:
        return None
    # Columns, and the ones, of about unit norm: scaled by powers of two.
    ones = np.frexp(moments.weight_sum**0.5)[1]
    powers = np.append(np.ldexp(1.0, -exponents[:p]), np.ldexp(1.0, -ones))
    inverse[:, p] *= np.ldexp(1.0, ones)
    inverse[:, :, p] *= np.ldexp(1.0, ones)
    with np.errstate(over="ignore", invalid="ignore"):
        sums, largest = products_with_targets(problem.X, problem.Y, weights)
        sums *= powers[:, None]
        total = _times(inverse, sums)
    if not np.isfinite(total).all():
        problem.check_finite(by_sums=False)
    total *= powers[:, None]
    coef, intercept = total[:p], total[p]
    norms = largest * moments.weight_sum**0.5
    signal = np.sqrt(((coef / powers[:p, None] * sizes[:, None]) ** 2).sum(axis=0))
    good = INVERSE_ROUNDING * lost * norms <= REFINED_ERROR * np.maximum(signal, NOTHING * norms)
    good &= ((largest > SAFE_SMALL) & (largest < SAFE_LARGE)) | (largest == 0)
    good &= np.isfinite(total).all(axis=0)
    if centred:  # of a target that does not vary rounding would be left
        for k in np.flatnonzero(good & (signal <= NOTHING * norms)):
            if problem.Y[:, k].max() == problem.Y[:, k].min():
                coef[:, k], intercept[k] = 0.0, problem.Y[0, k]
    singular = columns.singular_values(p)
    found = Solution(coef, intercept, p, system.condition, singular, "cholesky", REASON)
    return found, np.flatnonzero(~good)


def _columns(problem):
    """The problem of the columns alone, in double-double; None where that is not ordinary."""
    dense = problem.is_dense and not problem.positive and problem.n_samples > problem.n_features
    if not dense or not problem.can_sharpen or problem.tol_is_requested:
        return None
    ones = frozen(np.ones((problem.n_samples, 1), problem.X.dtype))
    found = _with_targets(problem, ones)
    found.sharpen()
    squares = found.products[0].diagonal()
    return found if found.moments.exponents is None and np.isfinite(squares).all() else None


def _times(inverse, sums):
    """inverse (2, q, q) times sums (2, q, t), rounded."""
    high, low = (frozen(np.ascontiguousarray(part)) for part in inverse)
    found, _ = products_with_targets(high, frozen(sums[0]), None, low)
    with blas.one_thread(len(high), fewest=1):
        return found[0, :-1] + (found[1, :-1] + high @ sums[1])
