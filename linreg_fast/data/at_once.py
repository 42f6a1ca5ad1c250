"""Least squares of many targets at once: one pass over them, and one inverse for all.

Products of the columns with the targets, and of the columns with each other, are summed in
double-double, and the latter inverted in it: with 32 digits the inverse is as good as a factor, and
the targets' sums are multiplied with it as the rows were.
"""

from typing import NamedTuple

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.data.precision import (
    INVERSE_OFFSET,
    INVERSE_ROUNDING,
    NOTHING,
    REFINED_ERROR,
    RSS_ERROR,
    RSS_ROUNDING,
    TSS_ROUNDING,
)
from linreg_fast.data.problem import Problem
from linreg_fast.kernels.moments.with_targets import products_with_targets
from linreg_fast.kernels.systems import lapack
from linreg_fast.kernels.systems.inverse import inverse_with_ones
from linreg_fast.kernels.systems.solved_targets import GOOD, LOST, WEAK, solved_targets
from linreg_fast.kernels.tuning import SOLVED_COLUMNS
from linreg_fast.runtime import blas


class AtOnce(NamedTuple):
    """What `solve` finds of p columns and t targets; squares are empty if they were not asked."""

    columns: Problem  # with ones for a target, and moments in double-double
    condition: float
    spreads: np.ndarray  # (p + 1,): standard errors for a sigma of one, last the intercept's
    coef: np.ndarray  # (t, p)
    intercept: np.ndarray  # (t,)
    rss: np.ndarray  # (t,)
    tss: np.ndarray  # (t,): about the mean, or about zero where there is no intercept
    about: np.ndarray  # (t,): about the mean, in any case
    good: np.ndarray  # (t,) of bool: with all digits
    doubtful: np.ndarray  # targets whose squares have too few digits


def solve(problem, squares=False, refuse=None):
    """`AtOnce`, or None where it does not do for these columns; what is not finite is refused.

    refuse(): raises for numbers that are not finite, in the caller's words; it is called where
    sums are not.
    """
    columns = _columns(problem)
    found = None if columns is None else _inverse(columns)
    if found is None:
        return None
    inverse, powers, sizes, condition, rounding = found
    moments, t = columns.moments, problem.n_targets
    root = moments.weight_sum**0.5
    left = RSS_ROUNDING, RSS_ERROR, TSS_ROUNDING
    limits = np.array([rounding, root, REFINED_ERROR, NOTHING, *left])
    with np.errstate(over="ignore", invalid="ignore"):
        sums, largest = products_with_targets(
            frozen(problem.X), frozen(problem.Y), problem.sample_weight, squares=squares
        )
        solved = () if len(powers) <= SOLVED_COLUMNS else (_times(inverse, powers, sums),)
    system = inverse, powers, sizes, moments.weight_parts, problem.fit_intercept, limits
    coef, intercept, *parts, flags = solved_targets(*system, sums, largest, t, squares, *solved)
    good = (flags & GOOD) > 0
    if not (good.all() or (np.isfinite(coef).all() and np.isfinite(intercept).all())):
        refuse() if refuse else problem.check_finite(by_sums=False)
    if problem.fit_intercept:  # of a target that does not vary rounding would be left
        for k in np.flatnonzero((flags & (GOOD | WEAK)) == (GOOD | WEAK)):
            if problem.Y[:, k].max() == problem.Y[:, k].min():
                coef[k], intercept[k] = 0.0, problem.Y[0, k]
    spreads = np.sqrt(inverse[0].diagonal()) * powers
    doubtful = np.flatnonzero(flags & LOST)
    return AtOnce(columns, condition, spreads, coef, intercept, *parts, good, doubtful)


def _columns(problem):
    """The problem of the columns alone, in double-double; None where that is not ordinary."""
    dense = problem.is_dense and not problem.positive and problem.n_samples > problem.n_features
    if not dense or not problem.can_sharpen or problem.tol_is_requested:
        return None
    ones = frozen(np.ones((problem.n_samples, 1), problem.X.dtype))
    found = Problem(
        frozen(problem.X), ones, problem.sample_weight, fit_intercept=problem.fit_intercept
    )
    found.sharpen()
    squares = found.products[0].diagonal()[: problem.n_features]
    ordinary = found.moments.exponents is None and np.isfinite(squares).all()
    return found if ordinary and (squares > 0).all() else None


def _inverse(columns):
    """(inverse, powers, sizes, condition, rounding) of columns and ones scaled by powers."""
    p, moments, centred = columns.n_features, columns.moments, columns.fit_intercept
    products, exponents, mean = columns.normal_equations
    gram, middle = (np.ascontiguousarray(part) for part in (products[:, :p, :p], mean[:, :p]))
    with blas.one_thread(p):
        _, reciprocal = lapack.cholesky(gram[0])
    sizes, far = np.sqrt(gram[0].diagonal()), 1.0
    if centred:
        far += (np.abs(middle[0]) / sizes).max() * moments.weight_sum**0.5
    if not far**2 <= INVERSE_OFFSET * reciprocal:
        return None
    inverse = inverse_with_ones(gram, middle, moments.weight_parts if centred else None)
    if inverse is None:
        return None
    ones = np.frexp(moments.weight_sum**0.5)[1]
    inverse[:, p] *= np.ldexp(1.0, ones)
    inverse[:, :, p] *= np.ldexp(1.0, ones)
    powers = np.ldexp(1.0, -np.append(exponents[:p], ones))
    rounding = INVERSE_ROUNDING * far**2 / reciprocal
    return inverse, powers, sizes, float(1 / np.sqrt(reciprocal)), rounding


def _times(inverse, powers, sums):
    """(q, T), hi and lo: inverse (2, q, q) times sums (q, T) times powers, hi as good as both."""
    high, low = (frozen(np.ascontiguousarray(part)) for part in inverse)
    scaled, scaled_lo = (part[: len(powers)] * powers[:, None] for part in sums)
    (found, found_lo), _ = products_with_targets(high, frozen(scaled), None, low)
    found, found_lo = found[: len(powers)], found_lo[: len(powers)]
    with blas.one_thread(len(high), fewest=1):
        found_lo += high @ scaled_lo
    total = found + found_lo  # parts far larger may have cancelled, and left most of it in lo
    return total, found_lo - (total - found)
