"""The short way for small plain arrays and default parameters: one compiled call, 10 us in all."""

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.data.moments import Moments
from linreg_fast.kernels import small
from linreg_fast.kernels.interrupt import reveal

FEWEST_ROWS = 128  # up to here double-double takes no longer than the call
MOST_ELEMENTS = 1 << 17  # one block: from here on threads help
DEFAULTS = ("auto", "auto", None, False, True, True)
LARGEST = np.finfo(np.float32).max  # coefficient
FLOATS = (np.dtype(np.float64), np.dtype(np.float32))


def fit_small(model, X, y):
    """Fit the LinearRegression to X (n, p) and y (n,) if both are ordinary; whether it did."""
    parameters = (
        model.solver,
        model.precision,
        model.tol,
        model.positive,
        model.copy_X,
        model.fit_intercept,
    )
    n_jobs = model.n_jobs
    if (
        type(X) is not np.ndarray
        or type(y) is not np.ndarray
        or X.dtype not in FLOATS
        or y.dtype != X.dtype
        or X.ndim != 2
        or y.ndim != 1
        or not max(X.shape[1], FEWEST_ROWS) < len(X) == len(y)
        or not 0 < X.size <= MOST_ELEMENTS
        or not (n_jobs is None or (type(n_jobs) is int and n_jobs != 0))
        or any(a is not b for a, b in zip(parameters, DEFAULTS, strict=True))
    ):
        return False
    try:
        found, weight, mean, comoment, coef, intercept = small.fit(frozen(X), frozen(y[:, None]))
    except SystemError as error:
        reveal(error)
        raise
    if not found or max(abs(coef).max(), abs(intercept[0])) > LARGEST:
        return False
    attributes = vars(model)
    attributes.pop("feature_names_in_", None)
    attributes.update(
        n_features_in_=X.shape[1],
        coef_=coef[:, 0].astype(X.dtype),
        intercept_=X.dtype.type(intercept[0]),
        rank_=X.shape[1],
        solver_="cholesky",
        solver_reason_="the condition number is small",
        moments_=Moments.of_plain_sums(len(X), weight, mean, comoment),
        _condition=None,
        _singular=None,
        _centred=True,
    )
    return True
