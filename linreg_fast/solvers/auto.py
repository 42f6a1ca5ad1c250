"""solver="auto": the rule that chooses, in one function, with the reason in words."""

import numpy as np

from linreg_fast.data.precision import limits
from linreg_fast.kernels import DEFAULT, tuning
from linreg_fast.kernels.tuning import SPARSE_MOST_COLUMNS
from linreg_fast.solvers import SOLVERS, float32, weakness, wide


def solve(problem):
    """Solve with the fastest method that keeps the digits, and say which and why."""
    n, p = problem.n_samples, problem.n_features
    dependent = "the columns depend on each other"
    if problem.positive:
        return _with("nnls", problem, "the coefficients must not be negative")
    if p > SPARSE_MOST_COLUMNS and problem.has_rows and hasattr(problem.X, "toarray"):
        return _with("lsqr", problem, f"the rows are sparse, and {p} columns squared are too many")
    if problem.has_rows and n <= p:
        dependent = f"there are not more rows ({n}) than columns ({p})"
        solution = wide.solve(problem)
        if solution:
            return _named(solution, "cholesky", f"{dependent}: from the products of the rows")
        if p > tuning.WIDE_MANY_COLUMNS or not problem.can_sharpen:
            return _with("svd", problem, f"{dependent}: minimum-norm solution")
        problem.sharpen()
    if not problem.moments_in_range:
        found = "the squares of the numbers overflow or underflow unscaled"
    elif problem.doubled:
        found = "double-double sums bear any condition number"
    else:
        try:
            if problem.single:
                solution, found = float32.solve(problem)
                if found:
                    return _named(solution, "cholesky", found)
                _check_plain_may_do(problem, solution)
                problem.sum_again(DEFAULT)
            solution = SOLVERS["cholesky"].solve(problem)
            found = _too_much(problem, solution)
            if found:  # by an estimate, which may be sqrt(p) too large
                solution = solution._replace(condition_number=problem.condition_number())
                found = _too_much(problem, solution)
            if not found:
                found = f"the condition number is about {solution.condition_number:.3g}"
                return _named(solution, "cholesky", f"{found}: plain sums have the digits for it")
        except np.linalg.LinAlgError:
            found = "the columns nearly depend on each other"
        found += ": plain sums would leave too few digits"
    if problem.can_sharpen:
        problem.sharpen()
    try:
        by_rows = problem.has_rows and not problem.doubled
        return _with("qr" if by_rows else "cholesky", problem, found)
    except np.linalg.LinAlgError:
        return _with("svd", problem, f"{dependent}: minimum-norm solution")


def _too_much(problem, solution):
    """What leaves plain sums less than about 14 digits of the coefficients; empty if nothing."""
    limit, weakest = limits(problem.n_samples, problem.n_features)
    condition, times = solution.condition_number, weakness(problem, solution)
    # Beyond the user's tol the other solvers decide.
    if not condition <= limit or condition * problem.tol > 1:
        return f"the condition number is about {condition:.3g}"
    if not times <= weakest:
        return f"the targets are {times:.3g} times what the columns explain"
    return ""


def _check_plain_may_do(problem, solution):
    """Raise where plain sums would leave too few digits, though the estimate be sqrt(p) too large.

    That saves a pass.
    """
    least = solution.condition_number / np.sqrt(problem.n_features)
    if _too_much(problem, solution._replace(condition_number=least)):
        raise np.linalg.LinAlgError("nearly dependent columns")


def _with(name, problem, reason):
    return _named(SOLVERS[name].solve(problem), name, reason)


def _named(solution, name, reason):
    return solution._replace(solver=name, reason=reason)
