"""solver="auto": the rule that chooses, in one function, with the reason in words."""

import numpy as np

from linreg_fast.solvers import SOLVERS

# Up to these condition numbers plain sums leave about 1e-14 of relative error (measured: 3e-15 at
# 10, a few 1e-14 at 100 of large data). Double-double takes twice the time.
PLAIN_CONDITION = 12.0
PLAIN_CONDITION_OF_LARGE = 150.0
SPARSE_COLUMNS = 2000  # whose cross-products, hi and lo, take 64 MB
LARGE = 10_000_000  # elements of X


def solve(problem):
    """Solve with the fastest method that keeps the digits, and say which and why."""
    n, p = problem.n_samples, problem.n_features
    if problem.positive:
        return _with("nnls", problem, "the coefficients must not be negative")
    if p > SPARSE_COLUMNS and problem.has_rows and hasattr(problem.X, "toarray"):
        return _with("lsqr", problem, f"the rows are sparse, and {p} columns squared are too many")
    if problem.has_rows and n <= p:
        return _with("svd", problem, f"there are not more rows ({n}) than columns ({p})")
    if not problem.moments_in_range:
        found = "the squares of the numbers overflow or underflow unscaled"
    elif problem.doubled:
        found = "double-double sums bear any condition number"
    else:
        try:
            solution = SOLVERS["cholesky"].solve(problem)
            limit = _limit(problem)
            if solution.condition_number > limit:  # an estimate that may be sqrt(p) too large
                solution = solution._replace(condition_number=problem.condition_number())
            found = f"the condition number is about {solution.condition_number:.3g}"
            if solution.condition_number <= limit:
                return _named(solution, "cholesky", f"{found}, within {limit:g}")
        except np.linalg.LinAlgError:
            found = "Cholesky found no pivot above rounding"
        found += ": too much for plain sums"
    if problem.can_sharpen:
        problem.sharpen()
    try:
        return _with("cholesky" if problem.doubled else "qr", problem, found)
    except np.linalg.LinAlgError:
        return _with("svd", problem, "the columns depend on each other: minimum-norm solution")


def _limit(problem):
    """Up to which condition number plain sums will do."""
    large = problem.n_samples * problem.n_features >= LARGE
    limit = PLAIN_CONDITION_OF_LARGE if large else PLAIN_CONDITION
    # Where the user's tol calls columns dependent that this tells apart, the others decide.
    return min(limit, 1 / problem.tol if problem.tol > 0 else np.inf)


def _with(name, problem, reason):
    return _named(SOLVERS[name].solve(problem), name, reason)


def _named(solution, name, reason):
    return solution._replace(solver=name, reason=reason)
