"""The first stage of `auto`: ordinary dense data in two compiled calls, the sums and the system.

With it a fit of 442 x 10 takes 15 us (AVX-512). Large X pushes Python's own data out of the cache:
then what the later stages do around the sums takes 0.5 ms, a fifth of a fit of 1M x 10 (AVX2).
"""

from functools import partial

import numpy as np

from linreg_fast.data.moments import Moments
from linreg_fast.data.precision import (
    FREE_PRODUCTS,
    doubled_limit,
    plain_limits,
)
from linreg_fast.data.scaling import ordinary
from linreg_fast.kernels.arithmetic.columns import Columns
from linreg_fast.kernels.moments import doubled_rows, one_call, ways
from linreg_fast.kernels.systems import small
from linreg_fast.kernels.tuning import (
    FAST_DOUBLED_AGAIN,
    FAST_DOUBLED_ROWS,
    FAST_MOST_ELEMENTS,
    FAST_MOST_OF_ONE_COLUMN,
    FLOAT32_FEWEST_COLUMNS,
    SMALL_SYSTEM_COLUMNS,
)
from linreg_fast.solvers import Solution, refined

PLAIN = "the condition number is small: plain sums have the digits for it"
REFINED = "plain sums, refined in {} {}, have the digits for the condition number"
DOUBLED = "double-double sums bear any condition number, and take no time here"
SINGLE = np.dtype(np.float32)


def takes(problem):
    """Whether the problem is ordinary: dense, one target, an intercept, and nothing asked for."""
    return (
        problem.may_be_float32
        and problem.n_targets == 1
        and problem.sample_weight is None
        and problem.fit_intercept
        and problem.rung is None
        and not problem.tol_is_requested
        and problem.way is None  # nothing has been summed
        and type(problem.table) in (np.ndarray, Columns)
        and problem.table.dtype is problem.Y.dtype
        and problem.n_samples > problem.n_features
    )


def solve(problem):
    """Solution, or None. Sums that were taken stay with the problem."""
    if not takes(problem):
        return None
    X, Y = problem.table, problem.Y
    n, p = problem.n_samples, problem.n_features
    signal = np.inf
    if n <= FAST_DOUBLED_ROWS and n * (p + 1) * (p + 2) <= FREE_PRODUCTS:
        way, moments, limit = _double_double(X, Y)
    elif X.size <= (FAST_MOST_ELEMENTS if p > 1 else FAST_MOST_OF_ONE_COLUMN):
        *parts, noise = one_call.moments_of(X, Y)
        way, moments = "one_call", Moments(n, *parts, 1, noise)
        limit, signal = plain_limits(n, p)
    elif not _few_columns(X) or problem.looks_ill:
        return None
    else:
        chosen = ways.choose(X, Y)
        way, moments = chosen.name, Moments.of_plain_sums(*chosen.sums(X, Y))
        limit, signal = plain_limits(n, p)
    found, scratch = np.empty((p + 1, 1), X.dtype), small.scratch(p)
    condition, times = small.solve(moments.mean_parts, moments.comoment_parts, found, scratch)
    good = condition <= limit and times <= signal
    if not good and moments.noise is not None:
        solution = _refined(problem, moments, way, condition, found, scratch)
        if solution is not None:
            return solution
    if not good and _cheap_again(moments, condition, n, p):
        way, moments, limit = _double_double(X, Y)
        parts = moments.mean_parts, moments.comoment_parts
        good = small.solve(*parts, found, scratch)[0] <= limit
    if good or moments.noise is not None or ordinary(moments, X, Y, None):
        problem.moments, problem.way = moments, way
    if not good:
        return None
    reason = PLAIN if moments.noise is not None else DOUBLED
    return Solution(found[:p], found[p], p, None, None, "cholesky", reason)


def _double_double(X, Y):
    """(way, moments, the condition number up to which they do)."""
    moments = Moments(len(X), *doubled_rows.moments_of(X, Y))
    return "doubled_rows", moments, doubled_limit(moments)


def _few_columns(X):
    """Whether `systems.small` solves so few columns, and they are not summed in float32."""
    p = X.shape[1]
    maybe_float32 = X.dtype == SINGLE and p >= FLOAT32_FEWEST_COLUMNS
    return p <= SMALL_SYSTEM_COLUMNS and not maybe_float32


def _refined(problem, moments, way, condition, found, factor):
    """Solution of plain sums with passes over the rows, or None."""
    X, Y, p = problem.table, problem.Y, problem.n_features
    if X.dtype == SINGLE:
        return None
    if X.size <= FAST_MOST_ELEMENTS:
        passes = refined.refine_small(X, Y, moments, condition, found, factor)
        coef, intercept = found[:p], found[p]
    else:
        problem.moments, problem.way = moments, way
        start = np.ascontiguousarray(found[:p])
        rows = refined.Refinable.of(problem)
        refining = refined.refine(rows, start, condition, partial(small.solve_again, factor))
        if refining is None:
            return None
        coef, intercept, passes = refining
    if not passes:
        return None
    problem.moments, problem.way = moments, way
    reason = REFINED.format(passes, "pass" if passes == 1 else "passes")
    return Solution(coef, intercept, p, None, None, "cholesky", reason)


def _cheap_again(moments, condition, n, p):
    """Whether double-double sums row by row cost no more than the later stages would."""
    plain = moments.noise is not None
    return plain and condition < np.inf and n * (p + 2) * (p + 7) <= FAST_DOUBLED_AGAIN
