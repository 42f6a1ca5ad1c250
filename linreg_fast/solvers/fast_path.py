"""The short way for plain arrays and default parameters: a few compiled calls and little else.

A small fit takes 10 us so. After larger arrays Python's own data is no longer in the cache, and the
calls of the long way around the sums take 0.5 ms, a fifth of a fit of a million rows of ten.
"""

import numpy as np

from linreg_fast.data import precision
from linreg_fast.data.gate import frozen
from linreg_fast.data.moments import Moments
from linreg_fast.data.precision import (
    FREE_PRODUCTS,
    LEAST,
    PER_COLUMN,
    WEAK_OF_SMALL,
    doubled_limit,
    looks_ill,
)
from linreg_fast.data.scaling import ordinary
from linreg_fast.kernels import tuning
from linreg_fast.kernels.moments import doubled_rows, one_call, ways
from linreg_fast.kernels.systems import small
from linreg_fast.kernels.tuning import (
    FAST_DOUBLED_AGAIN,
    FAST_DOUBLED_ROWS,
    FAST_MOST_ELEMENTS,
    FAST_MOST_OF_ONE_COLUMN,
    FLOAT32_FEWEST_COLUMNS,
)
from linreg_fast.runtime.interrupt import reveal

PLAIN = "the condition number is small: plain sums have the digits for it"
DOUBLED = "double-double sums bear any condition number, and take no time here"
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
        or not X.shape[1] < len(X) == len(y)
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
    X, Y = frozen(X), frozen(y[:, None])
    try:
        done, moments, found = _solved(X, Y, n_jobs)
    except SystemError as error:
        reveal(error)
        raise
    if not done:
        return False, moments
    p = X.shape[1]
    coef, intercept = found[:p, 0], found[p, 0]
    attributes = vars(model)
    attributes.pop("feature_names_in_", None)
    attributes.update(
        n_features_in_=p,
        coef_=coef,
        intercept_=intercept,
        rank_=p,
        solver_="cholesky",
        solver_reason_=PLAIN if moments.noise is not None else DOUBLED,
        moments_=moments,
        _condition=None,
        _singular=None,
        _centred=True,
    )
    return True, None


def _solved(X, Y, n_jobs):
    """Whether it is, the moments or None, and coefficients and intercept (p + 1, 1)."""
    n, p = X.shape
    if n <= FAST_DOUBLED_ROWS and n * (p + 1) * (p + 2) <= FREE_PRODUCTS:
        moments, limit, weakest = _doubled(X, Y)
    elif X.size <= (FAST_MOST_ELEMENTS if p > 1 else FAST_MOST_OF_ONE_COLUMN):
        moments, limit, weakest = (
            _in_plain_sums(X, Y),
            (LEAST + PER_COLUMN * p) ** 0.5,
            WEAK_OF_SMALL,
        )
    elif not _large_ones_do(X, n_jobs) or looks_ill(X, 1, True):
        return False, None, None
    else:
        moments, (limit, weakest) = (
            Moments.of_plain_sums(*ways.choose(X, Y).sums(X, Y)),
            precision.limits(n, p),
        )
    found = np.empty((p + 1, 1), X.dtype)
    room = small.scratch(p)
    condition, weakness = small.solve(moments.mean_parts, moments.comoment_parts, found, room)
    good = condition <= limit and weakness <= weakest
    if (
        not good
        and moments.noise is not None
        and condition < np.inf
        and n * (p + 2) * (p + 7) <= FAST_DOUBLED_AGAIN
    ):
        moments, limit, _ = _doubled(X, Y)
        good = small.solve(moments.mean_parts, moments.comoment_parts, found, room)[0] <= limit
    if not good and moments.noise is None and not ordinary(moments, X, Y, None):
        moments = None
    return good, moments, found


def _doubled(X, Y):
    """The moments in double-double, and up to which condition number and weakness they do."""
    moments = Moments(len(X), *doubled_rows.moments_of(X, Y))
    return moments, doubled_limit(moments), np.inf


def _in_plain_sums(X, Y):
    *parts, noise = one_call.moments_of(X, Y)
    return Moments(len(X), *parts, 1, noise)


def _large_ones_do(X, n_jobs):
    """Whether few columns are summed in plain doubles, with as many threads as there are."""
    p = X.shape[1]
    in_single = X.dtype == SINGLE and p >= FLOAT32_FEWEST_COLUMNS
    return n_jobs is None and p <= tuning.SMALL_SYSTEM_COLUMNS and not in_single
