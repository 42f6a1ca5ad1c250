"""solver="auto": stages that are tried in order; the first that returns a solution decides.

1. `fast_path`: ordinary dense data, one target, in two compiled calls.
2. NaN and infinity are refused here: they show in the sums of the columns.
3. Many targets: `many_targets`, which asks the stages below chunk by chunk if it must, and finds
   what is not finite in sums of its own.
4. Coefficients that must not be negative: `nnls`.
5. Sparse rows of thousands of columns: `lsqr`.
6. Not more rows than columns: the products of the rows with each other (`wide`), else `svd`.
7. `float32` sums, where they were taken and have the digits of a float32 result.
8. `cholesky` of plain sums, where `precision.plain_limits` says that they have the digits.
9. `refined`: plain sums, corrected with residuals in double-double, where that converges.
10. `sums_of_others`: dummies and other columns of whole numbers that add up to each other.
11. `cholesky` of double-double sums; `qr` of the rows where those are not possible.
12. Columns that depend on each other: `lsqr` of sparse rows, where it has all digits; `svd`.

A stage is a function of the problem and of `why`, what earlier stages found, in words.
"""

import numpy as np

from linreg_fast.data.precision import plain_limits
from linreg_fast.kernels import DEFAULT
from linreg_fast.kernels.tuning import SPARSE_MOST_COLUMNS, WIDE_MANY_COLUMNS
from linreg_fast.solvers import (
    SOLVERS,
    fast_path,
    float32,
    lsqr,
    many_targets,
    refined,
    sums_of_others,
    target_to_signal,
    wide,
)

DEPENDENT = "the columns depend on each other"
OUT_OF_RANGE = "the squares of the numbers overflow or underflow unscaled"
DOUBLED = "double-double sums bear any condition number"
NEARLY_DEPENDENT = "the columns nearly depend on each other"


def solve(problem):
    """Solve with the fastest method that keeps the digits, and say which and why."""
    solution = fast_path.solve(problem)
    if solution is not None:
        return solution
    if many_targets.takes(problem):
        with np.errstate(over="ignore", invalid="ignore"):
            return many_targets.solve(problem, _by_stages)
    if problem.has_rows:
        problem.check_finite()
    return _by_stages(problem)


def _by_stages(problem):
    why = Why()
    with np.errstate(over="ignore"):  # coefficients that no float holds are told of later
        for stage in STAGES:
            solution = stage(problem, why)
            if solution is not None:
                return solution
    raise AssertionError("the last stage takes every problem")


class Why:
    """What the stages found on the way."""

    dependent = DEPENDENT  # what to say where the columns are not independent
    doubled = DOUBLED  # what to say of double-double sums
    solution = None  # of plain sums, which lacks digits


def _positive(problem, why):
    if problem.positive:
        return _by("nnls", problem, "the coefficients must not be negative")
    return None


def _sparse(problem, why):
    p = problem.n_features
    if p > SPARSE_MOST_COLUMNS and problem.has_rows and not problem.is_dense:
        return _by("lsqr", problem, f"the rows are sparse, and {p} columns squared are too many")
    return None


def _not_more_rows_than_columns(problem, why):
    n, p = problem.n_samples, problem.n_features
    if not problem.has_rows or n > p:
        return None
    why.dependent = f"there are not more rows ({n}) than columns ({p})"
    solution = wide.solve(problem)
    if solution:
        return _named(solution, "cholesky", f"{why.dependent}: from the products of the rows")
    if p > WIDE_MANY_COLUMNS or not problem.can_sharpen:
        return _by("svd", problem, f"{why.dependent}: minimum-norm solution")
    problem.sharpen()
    return None


def _float32_sums(problem, why):
    if not problem.moments_in_range or problem.doubled or not problem.in_float32:
        return None
    try:
        solution, reason = float32.solve(problem)
        if reason:
            return _named(solution, "cholesky", reason)
        # Summed again in float64 only where those sums may do: the estimate of the condition may be
        # sqrt(p) too large.
        least = solution.condition_number / np.sqrt(problem.n_features)
        if not lacks_digits(problem, solution._replace(condition_number=least)):
            problem.sum_again(DEFAULT)
            return None
    except np.linalg.LinAlgError:
        pass
    problem.sharpen()
    why.doubled = f"{NEARLY_DEPENDENT}: plain sums would leave too few digits"
    return None


def _plain_sums(problem, why):
    if not problem.moments_in_range:
        why.doubled = OUT_OF_RANGE
        return None
    if problem.doubled:
        return None
    why.doubled = f"{NEARLY_DEPENDENT}: plain sums would leave too few digits"
    if problem.looks_related:
        return None
    try:
        solution = SOLVERS["cholesky"].solve(problem)
        lacking = lacks_digits(problem, solution)
        if lacking:  # by an estimate, which may be sqrt(p) too large
            solution = solution._replace(condition_number=problem.condition_number())
            lacking = lacks_digits(problem, solution)
    except np.linalg.LinAlgError:
        lacking, solution = NEARLY_DEPENDENT, None
    why.solution = solution
    if not lacking:
        found = f"the condition number is about {solution.condition_number:.3g}"
        return _named(solution, "cholesky", f"{found}: plain sums have the digits for it")
    why.doubled = f"{lacking}: plain sums would leave too few digits"
    return None


def by_plain_sums(problem):
    """The solution by the plain sums of a problem; None where they lack digits."""
    with np.errstate(over="ignore"):
        return _plain_sums(problem, Why())


def _refined(problem, why):
    if problem.doubled or not problem.moments_in_range or why.solution is None:
        return None
    found = refined.solve(problem)
    if found is None:
        return None
    solution, passes = found
    reason = f"{why.doubled.partition(':')[0]}: plain sums, refined in {passes} pass"
    return _named(solution, "cholesky", reason + ("es" if passes > 1 else ""))


def _sums_of_others(problem, why):
    if problem.doubled or not problem.moments_in_range:
        return None
    found = sums_of_others.solve(problem)
    if found is None:
        return None
    solution, aside, how = found
    reason = f"{aside} of the columns are sums of others: minimum-norm solution of {how}"
    return _named(solution, "cholesky", reason)


def _double_double_or_rows(problem, why):
    if problem.can_sharpen:
        problem.sharpen()
    by_rows = problem.has_rows and not problem.doubled
    try:
        return _by("qr" if by_rows else "cholesky", problem, why.doubled)
    except np.linalg.LinAlgError:
        return None


def _dependent(problem, why):
    solution = lsqr.shortest(problem)
    if solution is not None:
        return _named(solution, "lsqr", f"{why.dependent}: minimum-norm solution of sparse rows")
    return _by("svd", problem, f"{why.dependent}: minimum-norm solution")


STAGES = (
    _positive,
    _sparse,
    _not_more_rows_than_columns,
    _float32_sums,
    _plain_sums,
    _refined,
    _sums_of_others,
    _double_double_or_rows,
    _dependent,
)


def lacks_digits(problem, solution):
    """What leaves plain sums less than about 14 digits of the coefficients; empty if nothing."""
    limit, most = plain_limits(problem.n_samples, problem.n_features)
    condition, times = solution.condition_number, target_to_signal(problem, solution)
    # Beyond the user's tol the other solvers decide.
    if not condition <= limit or condition * problem.tol > 1:
        return f"the condition number is about {condition:.3g}"
    if not times <= most:
        return f"the targets are {times:.3g} times what the columns explain"
    return ""


def _by(name, problem, reason):
    return _named(SOLVERS[name].solve(problem), name, reason)


def _named(solution, name, reason):
    return solution._replace(solver=name, reason=reason)
