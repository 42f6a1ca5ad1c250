"""Ridge regression: least squares plus alpha |coef|^2, by every solver.

The penalty is alpha on the diagonal of the cross-products, whose columns are centred where there is
an intercept: that is not penalised. So `Penalised` is one more `Problem`, made of moments, and
`auto` or the solver that was asked for solves it. Three kinds of rows have no moments and go other
ways: dense ones of more than 500 columns and fewer rows (singular values of the rows), sparse ones
of thousands of columns (LSQR), and many targets (least squares, then shrunk).
"""

import numpy as np
from scipy.linalg.lapack import dpotrs

from linreg_fast.data.moments import Moments
from linreg_fast.data.problem import Problem
from linreg_fast.kernels.systems import lapack
from linreg_fast.kernels.tuning import MANY_TARGETS, SPARSE_MOST_COLUMNS, WIDE_MANY_COLUMNS
from linreg_fast.runtime import blas
from linreg_fast.solvers import SOLVERS, Solution, auto, many_targets

FAR = 900  # an exponent from which on a penalty might overflow: its column's unit is made larger
SHRINKABLE = 1e-6  # reciprocal condition number of the cross-products that plain doubles bear


class Penalised(Problem):
    """A problem with alpha > 0 on the diagonal of its cross-products; the rows are not at hand."""

    def __init__(self, problem, alpha):
        super().__init__(
            None,
            None,
            moments=penalised(problem.moments, alpha),
            fit_intercept=problem.fit_intercept,
            positive=problem.positive,
            tol=problem.tol if problem.tol_is_requested else None,
            names=problem.names,
        )

    def roundings(self):
        """None: what the rounding of a column leaves open, the penalty decides."""
        return np.zeros(self.n_features)


def penalised(moments, alpha):
    """`Moments` whose sums of squares of the features are larger by alpha, in their own units."""
    p, exponents = moments.n_features, moments.exponents
    products, means = moments.comoment_parts.copy(), moments.mean_parts
    noise, penalties = moments.noise, np.full(p, float(alpha))
    if exponents is not None:
        mantissa, power = np.frexp(alpha)
        powers = int(power) - 2 * exponents[:p] - exponents[-1]
        larger = np.zeros(len(exponents) - 1, dtype=np.int64)
        larger[:p] = np.maximum((powers - FAR + 1) // 2, 0)
        with np.errstate(under="ignore"):
            products = np.ldexp(products, -larger - larger[:, None])
            means = np.ldexp(means, -larger)
            noise = None if noise is None else np.ldexp(noise, -2 * larger)
            penalties = np.ldexp(mantissa, powers - 2 * larger[:p])
        exponents = exponents + np.append(larger, 0)
    add_penalties(products, penalties)
    weight, n_samples = moments.weight_parts, moments.n_samples
    return Moments(n_samples, weight, means, products, moments.n_targets, noise, exponents)


def add_penalties(products, penalties):
    """Add penalties (p,) to the diagonal of products (2, q, q), hi and lo, in place."""
    place = np.arange(len(penalties))
    before = products[0, place, place]
    total = before + penalties
    part = total - before
    products[1, place, place] += (before - (total - part)) + (penalties - part)
    products[0, place, place] = total


def solve(problem, alpha, solver="auto"):
    """Solution of a problem with a penalty above zero.

    The rank is p: the penalty determines every coefficient. Zero is that of a constant column.
    """
    solution = _solution(problem, alpha, solver)
    reason = solution.reason if solver == "auto" else "it was asked for"
    name = solution.solver if solver == "auto" else solver
    return solution._replace(
        rank=problem.n_features, solver=name, singular=None, reason=f"{reason}, alpha={alpha:g}"
    )


def _solution(problem, alpha, solver):
    p, rows = problem.n_features, problem.has_rows
    wide = problem.n_samples <= p and p > WIDE_MANY_COLUMNS
    if rows and problem.is_dense and wide and solver in ("auto", "svd") and not problem.positive:
        return _of_wide_rows(problem, alpha)
    sparse = rows and not problem.is_dense and not problem.positive
    if (rows and solver == "lsqr") or (sparse and p > SPARSE_MOST_COLUMNS and solver == "auto"):
        problem.check_finite()
        reason = f"the rows are sparse, and {p} columns squared are too many"
        return SOLVERS["lsqr"].solve(problem, alpha)._replace(solver="lsqr", reason=reason)
    if many_targets.takes(problem):
        return _of_many_targets(problem, alpha, solver)
    return _of_moments(problem, alpha, solver)


def _of_moments(problem, alpha, solver):
    if problem.has_rows:
        problem.check_finite()
        plain = solver in ("auto", "cholesky") and not problem.positive
        if problem.can_sharpen and not (plain and problem.moments_in_range):
            problem.sharpen()
    problem.check_range()
    found = Penalised(problem, alpha)
    if problem.can_sharpen and not problem.doubled and _lacks_digits(found):
        problem.sharpen()
        found = Penalised(problem, alpha)
    with np.errstate(over="ignore"):
        return auto.solve(found) if solver == "auto" else SOLVERS[solver].solve(found)


def _lacks_digits(problem):
    """Whether plain sums leave less than about 14 digits."""
    try:
        return bool(auto.lacks_digits(problem, SOLVERS["cholesky"].solve(problem)))
    except np.linalg.LinAlgError:
        return True


def _of_wide_rows(problem, alpha):
    """From the singular values of the rows: X' (X X' + alpha)^-1 y, n^2 p flops."""
    problem.check_finite(by_sums=False)
    p = problem.n_features
    R, exponents = problem.triangle
    top = int(exponents[:p].max())
    columns = np.ldexp(R[:, :p], exponents[:p] - top)
    U, values, _ = blas.factored(len(columns), np.linalg.svd, columns, full_matrices=False)
    squares = values**2 + np.ldexp(alpha, -2 * top)
    coef = columns.T @ (U @ (U.T @ R[:, p:] / squares[:, None]))
    coef = np.ldexp(coef, exponents[p:] - top)
    condition = float(np.sqrt(squares[0] / squares[-1]))
    reason = f"there are not more rows ({problem.n_samples}) than columns ({p})"
    return Solution(coef, problem.intercept(coef), p, condition, None, "svd", reason)


def _of_many_targets(problem, alpha, solver):
    """Least squares of all targets, shrunk: (G + alpha)^-1 G coef, G the products of the columns.

    Where the columns are ill-conditioned, or coefficients bounded, chunks of targets one by one.
    """
    first = many_targets.chunk_of(problem, slice(1))
    if not problem.positive and first.can_sharpen:
        first.sharpen()
        found = _shrunk(problem, first, alpha)
        if found is not None:
            return found
    p, t = problem.n_features, problem.n_targets
    coef, intercept = np.empty((p, t)), np.empty(t)
    for start in range(0, t, MANY_TARGETS):
        few = slice(start, min(start + MANY_TARGETS, t))
        solution = _of_moments(many_targets.chunk_of(problem, few), alpha, solver)
        coef[:, few], intercept[few] = solution.coef, solution.intercept
    reason = f"{solution.reason}, for {MANY_TARGETS} targets at a time"
    return solution._replace(coef=coef, intercept=intercept, reason=reason)


def _shrunk(problem, first, alpha):
    """Solution, or None."""
    p = problem.n_features
    whole = Penalised(first, alpha)
    products, exponents, _ = whole.normal_equations
    upper, reciprocal = lapack.cholesky(products[0, :p, :p])
    if not reciprocal > SHRINKABLE:
        return None
    free = auto.solve(problem)  # refuses what is not finite, too
    problem.way = "many_targets"
    units = exponents[:p, None]
    gram = products[0, :p, :p].copy()  # less the penalties: in the same units
    gram[np.diag_indices(p)] -= np.ldexp(alpha, -2 * exponents[:p])
    right = gram @ np.ldexp(free.coef, units)
    with blas.one_thread(p, fewest=1):
        scaled = dpotrs(upper, right)[0]
        scaled += dpotrs(upper, right - products[0, :p, :p] @ scaled)[0]
    coef = np.ldexp(scaled, -units)
    centre = first.centre[:p]
    intercept = free.intercept + centre @ (free.coef - coef)
    if not problem.fit_intercept:
        intercept = np.zeros(problem.n_targets)
    condition = float(1 / np.sqrt(reciprocal))
    reason = f"{free.reason}; shrunk"
    return Solution(coef, intercept, p, condition, None, "cholesky", reason)


def condition_number(problem, alpha):
    """Of the columns with the penalty, if any, scaled to unit norm."""
    return (Penalised(problem, alpha) if alpha else problem).condition_number()
