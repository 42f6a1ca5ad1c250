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
)
from linreg_fast.data.problem import Problem
from linreg_fast.kernels.arithmetic.rounding import SAFE_LARGE, SAFE_SMALL
from linreg_fast.kernels.moments.with_targets import products_with_targets
from linreg_fast.kernels.systems import lapack
from linreg_fast.kernels.systems.inverse import inverse_with_ones, squares_left
from linreg_fast.runtime import blas


class AtOnce(NamedTuple):
    """What `solve` finds of p columns and t targets; powers scale the columns and the ones."""

    columns: Problem  # with ones for a target, and moments in double-double
    condition: float
    rounding: float  # of the inverse, relative to a target
    powers: np.ndarray  # (p + 1,): of two, by which they are scaled
    sums: np.ndarray  # (2, p + 1 or p + 2, t): of the targets with [X, 1] scaled, and squares
    total: np.ndarray  # (2, p + 1, t): coefficients of [X, 1] scaled
    coef: np.ndarray  # (p, t)
    intercept: np.ndarray  # (t,)
    good: np.ndarray  # (t,) of bool: with all digits


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
    p, moments = problem.n_features, columns.moments
    with np.errstate(over="ignore", invalid="ignore"):
        sums, largest = products_with_targets(
            frozen(problem.X), frozen(problem.Y), problem.sample_weight, squares=squares
        )
        sums[:, : p + 1] *= powers[:, None]
        total = _times(inverse, sums[:, : p + 1])
        rounded = total.sum(axis=0)
        if not np.isfinite(rounded).all():
            refuse() if refuse else problem.check_finite(by_sums=False)
        norms = largest * moments.weight_sum**0.5
        signal = np.sqrt(((rounded[:p] * sizes[:, None]) ** 2).sum(axis=0))
        good = rounding * norms <= REFINED_ERROR * np.maximum(signal, NOTHING * norms)
        good &= ((largest > SAFE_SMALL) & (largest < SAFE_LARGE)) | (largest == 0)
        good &= np.isfinite(rounded).all(axis=0)
    rounded *= powers[:, None]
    coef, intercept = rounded[:p], rounded[p]
    if problem.fit_intercept:  # of a target that does not vary rounding would be left
        for k in np.flatnonzero(good & (signal <= NOTHING * norms)):
            if problem.Y[:, k].max() == problem.Y[:, k].min():
                coef[:, k], intercept[k] = 0.0, problem.Y[0, k]
    return AtOnce(columns, condition, rounding, powers, sums, total, coef, intercept, good)


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


def _times(inverse, sums):
    """(2, q, t), hi and lo: inverse (2, q, q) times sums (2, q, t)."""
    high, low = (frozen(np.ascontiguousarray(part)) for part in inverse)
    found, _ = products_with_targets(high, frozen(np.ascontiguousarray(sums[0])), None, low)
    found = found[:, :-1]
    with blas.one_thread(len(high), fewest=1):
        found[1] += high @ sums[1]
    return found


def squares_about_means(found):
    """(t,): the targets' squares about their means, whether or not there is an intercept."""
    p, weight = found.columns.n_features, found.columns.moments.weight_parts
    squares = np.ascontiguousarray(found.sums[:, p + 1])
    own, about = np.zeros((2, *squares.shape))
    none = np.zeros((2, 0, squares.shape[1]))
    squares_left(squares, none, none, found.sums[:, p] / found.powers[p], weight, own, about)
    return np.maximum(about[0], 0.0)


def squares_of(found):
    """(rss (t,), tss (t,), targets of which these have too few digits), of sums with squares."""
    p, moments = found.columns.n_features, found.columns.moments
    squares = np.ascontiguousarray(found.sums[:, p + 1])
    rss, tss = np.zeros((2, *squares.shape))
    weight = moments.weight_parts if found.columns.fit_intercept else np.zeros(2)
    sums = np.ascontiguousarray(found.sums[:, : p + 1])
    total = sums[:, p] / found.powers[p]  # as the target is
    squares_left(squares, found.total, sums, total, weight, rss, tss)
    left, all_of_it = np.maximum(rss[0], 0.0), np.maximum(tss[0], 0.0)
    left[rss[0] <= RSS_ROUNDING * (p + 1) * all_of_it] = 0.0  # what rounding leaves of nothing
    # Far from zero the parts that are subtracted are larger than the squares.
    parts = np.abs(found.total[0, : p + 1] * sums[0]).max(axis=0)
    lost = found.rounding * np.maximum(parts, squares[0]) > RSS_ERROR * left
    return left, all_of_it, np.flatnonzero(lost & (squares[0] > 0) | ~found.good)
