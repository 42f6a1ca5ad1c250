"""The short way for small plain arrays and default parameters: one compiled call, 10 us in all."""

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.data.moments import Moments
from linreg_fast.kernels import small
from linreg_fast.kernels.interrupt import reveal

FEWEST_ROWS = 128  # up to here double-double takes no longer than the call
MOST_ELEMENTS = 1 << 17  # one block: from here on threads help
LARGEST = np.finfo(np.float32).max  # coefficient
DOUBLE, SINGLE = np.dtype(np.float64), np.dtype(np.float32)


def fit_small(model, X, y):
    """Fit the LinearRegression to X (n, p) and y (n,) if both are ordinary; whether it did."""
    n_jobs = model.n_jobs
    if (
        type(X) is not np.ndarray
        or type(y) is not np.ndarray
        or (X.dtype != DOUBLE and X.dtype != SINGLE)
        or y.dtype != X.dtype
        or X.ndim != 2
        or y.ndim != 1
        or not max(X.shape[1], FEWEST_ROWS) < len(X) == len(y)
        or not 0 < X.size <= MOST_ELEMENTS
        or not (n_jobs is None or (type(n_jobs) is int and n_jobs != 0))
        or model.solver != "auto"
        or model.precision != "auto"
        or model.tol is not None
        or model.positive is not False
        or model.copy_X is not True
        or model.fit_intercept is not True
    ):
        return False
    try:
        found, flat = small.fit(frozen(X), frozen(y[:, None]))
    except SystemError as error:
        reveal(error)
        raise
    if not found:
        return False
    n, p = X.shape
    q = p + 1
    coef, intercept, rest = flat[:p], flat[p], flat[q:]
    if X.dtype == SINGLE:
        if max(abs(coef).max(), abs(intercept)) > LARGEST:
            return False
        coef, intercept = coef.astype(SINGLE), np.float32(intercept)
    attributes = vars(model)
    attributes.pop("feature_names_in_", None)
    attributes.update(
        n_features_in_=p,
        coef_=coef,
        intercept_=intercept,
        rank_=p,
        solver_="cholesky",
        solver_reason_="the condition number is small",
        moments_=Moments(
            n,
            rest[:2],
            rest[2 : 2 + 2 * q].reshape(2, q),
            rest[2 + 2 * q : -q].reshape(2, q, q),
            1,
            rest[-q:],
        ),
        _condition=None,
        _singular=None,
        _centred=True,
    )
    return True
