"""The short way for plain arrays and default parameters: a few compiled calls and little else.

A small fit takes 10 us so. After larger arrays Python's own data is no longer in the cache, and the
calls of the long way around the sums take 0.5 ms, a fifth of a fit of a million rows of ten.
"""

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.data.look import looks_ill
from linreg_fast.data.moments import Moments
from linreg_fast.data.problem import EPSILON, FREE
from linreg_fast.data.scaling import LARGE, ordinary
from linreg_fast.kernels import few, small, tiled
from linreg_fast.kernels.interrupt import reveal
from linreg_fast.kernels.single import FEWEST_COLUMNS
from linreg_fast.solvers import auto

FEW_ROWS = 128  # up to here, and FREE products, double-double takes as long as all else
CHEAP = 1 << 18  # n (p + 2) (p + 7): double-double takes so many ns, and so does the long way
# One block: from here on threads help. One column is read at the speed of memory by one of them.
MOST_ELEMENTS, MOST_OF_ONE_COLUMN = 1 << 17, 1 << 18
# Squares of condition numbers up to which plain sums of so few rows leave 1e-14: about 3 for four
# columns and 7 for thirty.
LEAST, PER_COLUMN = 4.0, 1.5
WEAK = 4.0  # a target against what the columns contribute to it
DOUBLED_LIMIT = 1e3  # condition number: beyond, it matters what rounding does to the columns
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
    if n <= FEW_ROWS and n * (p + 1) * (p + 2) <= FREE:
        moments, limit, weakest = _doubled(X, Y)
    elif X.size <= (MOST_ELEMENTS if p > 1 else MOST_OF_ONE_COLUMN):
        moments, limit, weakest = _in_plain_sums(X, Y), (LEAST + PER_COLUMN * p) ** 0.5, WEAK
    elif not _large_ones_do(X, n_jobs) or looks_ill(X, 1, True):
        return False, None, None
    else:
        moments, (limit, weakest) = Moments.of_plain_sums(*tiled.moments(X, Y)), auto.limits(n, p)
    found = np.empty((p + 1, 1), X.dtype)
    room = few.room(p)
    condition, weakness = few.solve(moments.mean_parts, moments.comoment_parts, found, room)
    good = condition <= limit and weakness <= weakest
    if (
        not good
        and moments.noise is not None
        and condition < np.inf
        and n * (p + 2) * (p + 7) <= CHEAP
    ):
        moments, limit, _ = _doubled(X, Y)
        good = few.solve(moments.mean_parts, moments.comoment_parts, found, room)[0] <= limit
    if not good and moments.noise is None and not ordinary(moments, X, Y, None):
        moments = None
    return good, moments, found


def _doubled(X, Y):
    """The moments in double-double, and up to which condition number and weakness they do."""
    moments = Moments(len(X), *small.doubled_moments_of(X, Y))
    return moments, _doubled_limit(moments), np.inf


def _in_plain_sums(X, Y):
    *parts, noise = small.moments_of(X, Y)
    return Moments(len(X), *parts, 1, noise)


def _doubled_limit(moments):
    """The condition number up to which no column can be nothing but rounding; 0 for extreme ones.

    As `solvers.cholesky` has it: sqrt(p) times the roundings of the columns as they are stored.
    """
    means, squares = abs(moments.mean_parts[0]), moments.comoment_parts[0].diagonal()
    if not means.max() < LARGE:
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        offset = (means[:-1] / squares[:-1] ** 0.5).max() * moments.n_samples**0.5
    return min(DOUBLED_LIMIT, 1 / (EPSILON * len(means) ** 0.5 * (1 + offset)))


def _large_ones_do(X, n_jobs):
    """Whether few columns are summed in plain doubles, with as many threads as there are."""
    p = X.shape[1]
    in_single = X.dtype == SINGLE and p >= FEWEST_COLUMNS
    return n_jobs is None and p <= few.MOST_COLUMNS and not in_single
