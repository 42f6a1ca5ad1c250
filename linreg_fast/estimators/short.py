"""The short way for plain arrays and default parameters: a few compiled calls and little else.

A small fit takes 10 us so. After larger arrays Python's own data is no longer in the cache, and the
calls of the long way around the sums take 0.5 ms, a fifth of a fit of a million rows of ten.
"""

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.data.look import looks_ill
from linreg_fast.data.moments import Moments
from linreg_fast.kernels import RUNGS, few, narrow, small, tiled
from linreg_fast.kernels.interrupt import reveal
from linreg_fast.kernels.single import FEWEST_COLUMNS
from linreg_fast.solvers import auto

FEWEST_ROWS = 128  # up to here double-double takes no longer than the call
CHEAP = 1 << 17  # products: double-double takes 50 us for them
MOST_ELEMENTS = 1 << 17  # one block: from here on threads help
# Squares of condition numbers up to which plain sums of so few rows leave 1e-14: about 3 for four
# columns and 7 for thirty.
LEAST, PER_COLUMN = 4.0, 1.5
WEAK = 4.0  # a target against what the columns contribute to it
LARGEST = np.finfo(np.float32).max  # coefficient
DOUBLE, SINGLE = np.dtype(np.float64), np.dtype(np.float32)


def fit_short(model, X, y):
    """Fit the LinearRegression to X (n, p) and y (n,) if both are ordinary.

    Whether it did, and if not the `Moments`, or None where nothing was summed.
    """
    n_jobs = model.n_jobs
    if (
        type(X) is not np.ndarray
        or type(y) is not np.ndarray
        or (X.dtype != DOUBLE and X.dtype != SINGLE)
        or y.dtype != X.dtype
        or X.ndim != 2
        or y.ndim != 1
        or not max(X.shape[1], FEWEST_ROWS) < len(X) == len(y)
        or X.size == 0
        or not (n_jobs is None or (type(n_jobs) is int and n_jobs != 0))
        or model.solver != "auto"
        or model.precision != "auto"
        or model.tol is not None
        or model.positive is not False
        or model.copy_X is not True
        or model.fit_intercept is not True
    ):
        return False, None
    n, p = X.shape
    X, Y = frozen(X), frozen(y[:, None])
    try:
        if X.size <= MOST_ELEMENTS:
            moments = _of_one_block(X, Y)
            limit, weakest = (LEAST + PER_COLUMN * p) ** 0.5, WEAK
        elif not _large_ones_do(X, n_jobs) or looks_ill(X, 1, True):
            return False, None
        else:
            moments = Moments.of_plain_sums(*tiled.moments(X, Y))
            limit, weakest = auto.limits(n, p)
        found = np.empty((p + 1, 1))
        condition, weakness = few.solve(moments.mean_parts, moments.comoment_parts, found)
    except SystemError as error:
        reveal(error)
        raise
    if not (condition <= limit and weakness <= weakest):
        if condition < np.inf and n * p * p <= CHEAP:  # in plain sums they would be for nothing
            moments = Moments.of(X, Y, None, RUNGS["compensated"])
        return False, moments
    coef, intercept = found[:p, 0], found[p, 0]
    if X.dtype == SINGLE:
        if max(abs(coef).max(), abs(intercept)) > LARGEST:
            return False, moments
        coef, intercept = coef.astype(SINGLE), np.float32(intercept)
    attributes = vars(model)
    attributes.pop("feature_names_in_", None)
    attributes.update(
        n_features_in_=p,
        coef_=coef,
        intercept_=intercept,
        rank_=p,
        solver_="cholesky",
        solver_reason_="the condition number is small: plain sums have the digits for it",
        moments_=moments,
        _condition=None,
        _singular=None,
        _centred=True,
    )
    return True, None


def _of_one_block(X, Y):
    flat = small.moments(X, Y, narrow.possible(X, Y) or None)
    q = X.shape[1] + 1
    mean, comoment = flat[2 : 2 + 2 * q].reshape(2, q), flat[2 + 2 * q : -q].reshape(2, q, q)
    return Moments(len(X), flat[:2], mean, comoment, 1, flat[-q:])


def _large_ones_do(X, n_jobs):
    """Whether few columns are summed in plain doubles, with as many threads as there are."""
    p = X.shape[1]
    in_single = X.dtype == SINGLE and p >= FEWEST_COLUMNS
    return n_jobs is None and p <= few.MOST_COLUMNS and not in_single
