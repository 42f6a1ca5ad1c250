"""Cholesky factor of the centred, scaled cross-products: one pass over the data, p^3/3 flops.

When: columns that do not depend on each other. It squares the condition number c. Of plain sums
about 16 - 2 log10(c) digits are right, all that matter below c = 100 and none from 1e8 on; of sums
in double-double all 16 up to c = 1e8, and 32 - 2 log10(c) beyond.

The system itself is solved exactly either way: a factor in double precision corrects its own
answer until the residual, in double-double, is nil; where that does not converge (c beyond 1e6)
the factor is taken in double-double.
"""

import numpy as np
from scipy.linalg import svd, svdvals
from scipy.linalg.lapack import dpotrs, dtrtri

from linreg_fast.data.rank import above_rounding
from linreg_fast.kernels import tuning
from linreg_fast.kernels.systems import doubled_cholesky, lapack, small
from linreg_fast.runtime import blas
from linreg_fast.runtime.interrupt import interruptible
from linreg_fast.solvers import ILL, Solution, inflation

CORRECTABLE = 1e-12  # reciprocal condition number of the cross-products: a step gains 3 digits
STEPS, ENOUGH = 12, 1e-24  # corrections at the most; the relative change at which they end
DOUBTFUL = 1e-3  # reciprocal condition number: below it a column may be rounding of the others


def solve(problem):
    problem.check_range()
    return _of_few_columns(problem) or _of_any(problem)


def _of_few_columns(problem):
    """In one call; None where the columns are many, or not independent beyond doubt."""
    p, moments = problem.n_features, problem.moments
    if p > tuning.SMALL_SYSTEM_COLUMNS or moments.exponents is not None:
        return None
    found = np.empty((p + 1, problem.n_targets))
    condition, times = small.solve(moments.mean_parts, problem.products, found, small.scratch(p))
    doubtful = max(_smallest(problem), DOUBTFUL)
    if problem.doubled:
        doubtful = max(doubtful, np.sqrt(p) * problem.roundings().max())
    if not condition * doubtful < 1:
        return None
    if not problem.fit_intercept:
        found[p] = 0.0
    return Solution(found[:p], found[p], p, condition, target_to_signal=times)


def _smallest(problem):
    """Relative size of the singular values that count as zero."""
    return max(problem.tol, np.sqrt(problem.n_features * problem.moments.relative_noise))


def _of_any(problem):
    products, exponents, _ = problem.normal_equations
    p = problem.n_features
    live = np.flatnonzero(np.diag(products[0])[:p] > 0)  # a constant column has coefficient zero
    scaled = np.zeros((2, p, problem.n_targets))
    condition, inflated = 1.0, None
    if len(live):
        system = products
        if len(live) < p:
            kept = np.append(live, np.arange(p, products.shape[1]))
            system = np.ascontiguousarray(products[:, kept[:, None], kept])
        roundings = problem.roundings()[live] if problem.doubled else np.zeros(len(live))
        # Of all columns in double-double the factor serves the next solver too, if this one fails.
        shared = problem.doubled and len(live) == p
        with blas.one_thread(len(live)):
            found, condition, inflated = solve_system(
                system, len(live), _smallest(problem), roundings, problem if shared else None
            )
        scaled[:, live] = found
    units = np.subtract.outer(-exponents[:p], -exponents[p:])
    return Solution(
        np.ldexp(scaled[0], units),
        problem.intercepts(scaled),
        len(live),
        float(condition),
        inflation=inflated and {int(live[j]): value for j, value in inflated.items()},
    )


def solve_system(system, m, smallest, roundings=0.0, problem=None):
    """Coefficients (2, m, t), hi and lo, condition number, and `inflation` or None.

    system (2, m + t, m + t): cross-products of columns of about unit norm; the last t are targets.
    Raises LinAlgError where a singular value of the columns is below `smallest` of the largest, or
    could be nothing but the roundings (m,) of the columns, which are relative to their norms.
    problem: whose normal equations the system is, for its factor in double-double.
    """
    gram = system[0, :m, :m]
    upper, reciprocal = lapack.cholesky(gram)
    if reciprocal > max(CORRECTABLE, m * np.max(roundings) ** 2):
        if not reciprocal > smallest**2:
            raise _dependent()
        found = np.array([dpotrs(upper, system[0, :m, m:])[0], np.zeros((m, system.shape[1] - m))])
        last = np.inf
        for _ in range(STEPS):
            step = dpotrs(upper, doubled_cholesky.residual(system, found, m))[0]
            found = doubled_cholesky.corrected(found, step)
            size = np.abs(found[0]).max(axis=0) + np.finfo(np.float64).tiny
            change = (np.abs(step).max(axis=0) / size).max()
            if change < ENOUGH or change > last / 2:
                break
            last = change
        return found, 1 / np.sqrt(reciprocal), None
    if problem is not None and smallest**2 >= problem.doubled_factor.smallest:
        system, order, rank, _ = problem.doubled_factor
        rank = problem.doubled_factor.rank_above(smallest**2)
    else:
        system = system.copy()
        order, rank = interruptible(m, doubled_cholesky.cholesky, system, m, smallest**2)
    return _by_factor(system, order, rank, m, smallest, roundings)


def _by_factor(system, order, rank, m, smallest, roundings):  # a factor and its limits
    if rank < m:
        raise _dependent()
    R = np.triu(system[0, :m, :m])
    unit = R / np.linalg.norm(R, axis=0)
    values = interruptible(m, svdvals, unit)
    if not values[-1] > smallest * values[0]:
        raise _dependent()
    doubtful = values[-1] <= np.sqrt(m) * np.max(roundings)
    if (
        doubtful
        and not above_rounding(values, interruptible(m, svd, unit)[2], roundings[order[:m]]).all()
    ):
        raise _dependent()
    found = np.empty((2, m, system.shape[1] - m))
    found[:, order[:m]] = interruptible(m, doubled_cholesky.back_substitute, system, m)
    condition = values[0] / values[-1]
    return found, condition, inflation(dtrtri(R)[0], R, order[:m]) if condition > ILL else None


def _dependent():
    return np.linalg.LinAlgError(
        "the columns of X depend on each other, or so nearly that the Cholesky factor has no "
        "digits left: use solver='svd' (or 'auto')"
    )
