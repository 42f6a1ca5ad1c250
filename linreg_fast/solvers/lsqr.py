"""LSQR of Paige and Saunders (1982), scipy's: products with the rows only, 4 times their stored
numbers a step.

When: sparse rows of thousands of columns, whose cross-products would fill a dense square. Columns
are centred implicitly, so no zero is filled in. It is run twice, the second time on the residual;
where a `tol` is asked for, once, and until that: as scikit-learn's, whose tol is 1e-6.
Where columns fewer than the rows depend on each other, the solution is the shortest in units of
their norms, and the rank is not told: what is reported counts the columns that vary. Where they are
more, it is the shortest as it stands, and units that differ by 1e9 or more keep steps from it: the
solution says so.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, lsqr

from linreg_fast.data.scaling import above
from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.runtime import blas
from linreg_fast.solvers import Solution

STEPS, FEW_STEPS = 20_000, 300
CLEAR = 1e-4  # a pivot, of a column's norm, that cannot be rounding
LOST = 1e-14  # of the coefficients, about
TOO_ILL, TOO_ILL_FOR_FLOATS = 3, 6  # scipy's reasons to stop
OUT_OF_STEPS = 7  # likewise
SMALLER = 0.1  # the largest norm of a correction, relative to what it corrects
CONSTANT = 4 * EPSILON  # a target that varies by less, relative to its mean, counts as constant
SHORT = 1e-8  # correlation of the residual with a column: above it LSQR stopped too early


def solve(problem, alpha=0.0):
    """alpha: of a ridge penalty on rows at hand, see `solvers.ridge`."""
    tol = _tol(problem)
    with blas.one_thread(1, fewest=1):  # for norms of vectors threads cost more than they save
        as_they_stand = problem.n_samples <= problem.n_features and not alpha
        return _solve(problem, as_they_stand, tol, STEPS, alpha)[0]


def shortest(problem):
    """The shortest coefficients of dependent sparse columns, to all digits, or None.

    None where LSQR takes long or loses digits, or where the rank, that of the double-double factor
    of the cross-products, is not beyond doubt. Two factors of 500 columns of dummies, 20,000 rows:
    a sixth of the time of the singular values.
    """
    if not problem.doubled or problem.is_dense or not problem.has_rows or problem.tol_is_requested:
        return None
    factor = problem.doubled_factor
    if not factor.rank or factor.upper[0, factor.rank - 1, factor.rank - 1] < CLEAR:
        return None
    with blas.one_thread(1, fewest=1):
        found, left, ended = _solve(problem, True, EPSILON, FEW_STEPS)
    if not ended or not left * found.condition_number <= LOST:
        return None
    return found._replace(rank=factor.rank, condition_number=np.inf)


def _solve(problem, as_they_stand, tol, steps, alpha=0.0):
    """(Solution, how what it leaves of the targets correlates with columns, whether it ended)."""
    p = problem.n_features
    rows = _of_rows(problem) if problem.has_rows else _of_moments(problem)
    if alpha:
        rows = _penalised(rows, problem, alpha)
    # Of equal norm the columns are found in fewer steps; where they outnumber the rows, though, the
    # shortest solution is asked for, and that depends on their units. A constant one stays at zero.
    live = rows.sizes > 0
    sizes = np.where(live, rows.sizes, 1.0)
    units = np.ones(p) if as_they_stand else sizes
    operator = LinearOperator(
        (len(rows.targets), p),
        lambda v: rows.forward(live * v / units),
        lambda u: live * rows.backward(u) / units,
        dtype=np.float64,
    )
    coef = np.zeros((p, problem.n_targets))
    condition, left, ended = 1.0, 0.0, True
    for k, target in enumerate(rows.targets.T):
        exponent = above(np.abs(target).max(initial=0.0))  # of a size whose square is a number
        target, scaled = np.ldexp(target, -exponent), np.zeros(p)
        for turn in range(1 if problem.tol_is_requested else 2):
            residual = target - rows.forward(scaled) if turn else target
            step, steps_condition, in_time = _run(operator, residual, tol, steps)
            step = live * step / units
            if turn and np.linalg.norm(step) > SMALLER * np.linalg.norm(scaled):
                break  # the residual is rounding, and so is the step: it corrects nothing
            scaled += step
            condition, ended = max(condition, steps_condition), ended and in_time
        residual, size = target - rows.forward(scaled), np.linalg.norm(target)
        if size > 0 and live.any():
            left = max(left, np.abs((rows.backward(residual) / sizes)[live]).max() / size)
        coef[:, k] = np.ldexp(scaled, exponent)
    intercept = rows.means[p:] - rows.means[:p] @ coef
    rank = min(problem.n_samples - problem.fit_intercept, int(live.sum()))
    unfinished = ""
    if problem.tol_is_requested and problem.tol < EPSILON:
        unfinished = (
            f"tol={problem.tol:.3g} asks LSQR for more digits than numbers have: it stopped at "
            f"{EPSILON:.3g}. Leave tol out for all the digits there are"
        )
    elif not (left <= SHORT or (problem.tol_is_requested and ended)):
        unfinished = (
            "LSQR stopped before the solution: what it leaves of the target still correlates with "
            f"a column, by {left:.1g}. Bring the columns to similar units, or use solver='svd'"
        )
    return Solution(coef, intercept, rank, condition, unfinished=unfinished), left, ended


def _tol(problem):
    """What LSQR may leave, relative to the target and to the columns."""
    if not problem.tol_is_requested:
        return EPSILON
    if not problem.tol < 1:
        raise ValueError(
            f"tol={problem.tol:.3g} would stop LSQR before its first step: pass a tol below 1, as "
            "1e-6, or None for all the digits"
        )
    return max(problem.tol, EPSILON)


def _run(operator, target, tol, steps):
    """(coefficients, condition number, whether it ended by itself) of one run.

    Without a last step along rounding alone.
    """
    options = {"atol": tol, "btol": tol, "conlim": 1 / EPSILON}
    found = lsqr(operator, target, iter_lim=steps, **options)
    if found[1] in (TOO_ILL, TOO_ILL_FOR_FLOATS) and found[2] > 1:
        found = lsqr(operator, target, iter_lim=found[2] - 1, **options)
    return found[0], float(found[6]) / np.sqrt(max(found[2], 1)), found[1] != OUT_OF_STEPS


class CentredRows(NamedTuple):
    """The centred rows as an operator."""

    forward: Callable  # v (p,) -> centred X v
    backward: Callable  # u (n,) -> its transpose times u
    targets: np.ndarray  # (n, t), centred
    sizes: np.ndarray  # (p,): norms of the centred columns
    means: np.ndarray  # (p + t,)


def _of_rows(problem):
    X, Y, weights = problem.X, problem.Y, problem.sample_weight
    if weights is not None:
        X, Y, weights = X[weights > 0], Y[weights > 0], weights[weights > 0]
    root = None if weights is None else np.sqrt(weights / weights.max())
    share = np.full(len(Y), 1 / len(Y)) if weights is None else weights / weights.sum()
    p, intercept = problem.n_features, problem.fit_intercept
    rows = X.astype(np.float64) if sparse.issparse(X) else sparse.csr_array(X, dtype=np.float64)
    columns = sparse.csc_array(rows)
    counts = np.diff(columns.indptr)
    first = np.zeros(p)
    some = counts < len(Y)  # columns with zeros that are not stored
    if intercept:
        # A column without zeros is centred where it is stored, so that no offset costs digits.
        low, high = _of_columns(columns, np.minimum), _of_columns(columns, np.maximum)
        varying = (low != high) | (some & (low != 0))
        varying &= counts > 0
        if not some.all():
            first = np.where(some, 0.0, columns.T @ share)
            columns.data -= np.repeat(first, counts)
            rows = columns.tocsr()
    # What is left of the means. It is subtracted from products, since zeros must not be filled in.
    rest = (columns.T @ share) * intercept
    target_means = share @ Y * intercept

    sizes = _of_columns(columns, np.maximum, np.abs(columns.data))
    top = np.maximum(np.where(counts > 0, sizes, 0.0), np.abs(rest))
    scale = np.where(top > 0, top, 1.0)
    inside = ((columns.data - np.repeat(rest, counts)) / np.repeat(scale, counts)) ** 2
    spread = np.zeros(p)
    of_entries = share[columns.indices]
    spread[counts > 0] = _of_columns(columns, np.add, inside * of_entries)[counts > 0]
    stored = np.where(counts > 0, _of_columns(columns, np.add, of_entries), 0.0)
    spread += np.maximum(1 - stored, 0) * (rest / scale) ** 2  # the zeros
    if intercept:
        spread[~varying] = 0.0

    def forward(v):
        out = rows @ v - rest @ v
        return out if root is None else root * out

    def backward(u):
        u = u if root is None else root * u
        return columns.T @ u - rest * u.sum()

    targets = Y - target_means
    targets[:, np.abs(targets).max(axis=0) <= CONSTANT * np.abs(target_means)] = 0.0
    targets = targets if root is None else root[:, None] * targets
    sizes = scale * np.sqrt(spread * len(Y))
    return CentredRows(forward, backward, targets, sizes, np.append(first + rest, target_means))


def _penalised(rows, problem, alpha):
    """With a row for each column, that holds the root of the penalty and has the target 0."""
    weights, p = problem.sample_weight, problem.n_features
    root, n = np.sqrt(alpha if weights is None else alpha / weights.max()), len(rows.targets)
    return rows._replace(
        forward=lambda v: np.append(rows.forward(v), root * v),
        backward=lambda u: rows.backward(u[:n]) + root * u[n:],
        targets=np.vstack([rows.targets, np.zeros((p, problem.n_targets))]),
        sizes=np.hypot(rows.sizes, root),
    )


def _of_columns(columns, add, numbers=None):
    """add.reduce of the stored numbers of each column, or of others in their place.

    Of a column without any it means nothing.
    """
    numbers = columns.data if numbers is None else numbers
    if not len(numbers):
        return np.zeros(columns.shape[1])
    # A column that is empty would take the first number of the next; the last has none.
    return add.reduceat(numbers, np.minimum(columns.indptr[:-1], len(numbers) - 1))


def _of_moments(problem):
    R, exponents = problem.triangle
    p = problem.n_features
    R = np.ldexp(R, exponents)
    A = R[:, :p]
    means = problem.centre
    return CentredRows(
        lambda v: A @ v, lambda u: A.T @ u, R[:, p:], np.linalg.norm(A, axis=0), means
    )
