"""solver="auto": the rule that chooses, in one function, with the reason in words."""

import numpy as np

from linreg_fast.solvers import SOLVERS

# Cholesky loses twice the digits of the condition number: 2e-10 of relative error is left here.
CHOLESKY_CONDITION = 1e3


def solve(problem):
    """Solve with the fastest method that keeps the digits, and say which and why."""
    n, p = problem.n_samples, problem.n_features
    if problem.positive:
        return _with("nnls", problem, "the coefficients must not be negative")
    if problem.has_rows and n <= p:
        return _with("svd", problem, f"there are not more rows ({n}) than columns ({p})")
    if not problem.moments_in_range:
        return _with("svd", problem, "the squares of the numbers overflow or underflow")
    try:
        solution = SOLVERS["cholesky"].solve(problem)
        found = f"the condition number is about {solution.condition_number:.3g}"
        # Where the user's tol calls columns dependent that this condition number tells apart,
        # the other solvers decide.
        limit = min(CHOLESKY_CONDITION, 1 / problem.tol if problem.tol > 0 else np.inf)
        if solution.condition_number <= limit:
            return _named(solution, "cholesky", f"{found}, within {limit:g}")
    except np.linalg.LinAlgError:
        found = "Cholesky found no pivot above rounding"
    try:
        return _with("qr", problem, f"{found}: too much for Cholesky")
    except np.linalg.LinAlgError:
        return _with("svd", problem, "the columns depend on each other: minimum-norm solution")


def _with(name, problem, reason):
    return _named(SOLVERS[name].solve(problem), name, reason)


def _named(solution, name, reason):
    return solution._replace(solver=name, reason=reason)
