"""Every way to fit that we are compared with: one line each; those not installed are left out.

`linreg-fast bench --peers` and the scripts in benchmarks/ show them.

A peer's `fit(X, y, fit_intercept)` returns (intercept,) + coefficients as one array, without the
intercept where none is fitted.
"""

import importlib.util
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Peer(NamedTuple):
    """Another library's fit."""

    name: str
    needs: str  # the module that must be importable
    fit: Callable
    why: str = ""  # what it does, in a phrase
    reads: int = 1  # times that X is read, temporaries not counted
    rtol: float = 1e-7
    minimum_norm: bool = False


def _of(estimator):
    """The parameters of a scikit-learn-like estimator."""
    return np.append([estimator.intercept_] if estimator.fit_intercept else [], estimator.coef_)


def _design(X, fit_intercept):
    return np.column_stack([np.ones(len(X)), X]) if fit_intercept else X


def ours(X, y, fit_intercept=True):
    from linreg_fast import LinearRegression

    return _of(LinearRegression(fit_intercept=fit_intercept).fit(X, y))


def ours_in_sevens(X, y, fit_intercept=True):
    from linreg_fast import LinearRegression

    model = LinearRegression(fit_intercept=fit_intercept)
    for start in range(0, len(X), 7):
        model.partial_fit(X[start : start + 7], y[start : start + 7])
    return _of(model)


def scikit_learn(X, y, fit_intercept=True):
    from sklearn.linear_model import LinearRegression

    return _of(LinearRegression(fit_intercept=fit_intercept).fit(X, y))


def scikit_learn_no_cut(X, y, fit_intercept=True):
    from sklearn.linear_model import LinearRegression

    return _of(LinearRegression(fit_intercept=fit_intercept, tol=0).fit(X, y))


def ridge_cholesky(X, y, fit_intercept=True):
    from sklearn.linear_model import Ridge

    return _of(Ridge(alpha=1e-12, solver="cholesky", fit_intercept=fit_intercept).fit(X, y))


def scikit_learn_intelex(X, y, fit_intercept=True):
    from sklearnex.linear_model import LinearRegression

    return _of(LinearRegression(fit_intercept=fit_intercept).fit(X, y))


def numpy_lstsq(X, y, fit_intercept=True):
    return np.linalg.lstsq(_design(X, fit_intercept), y, rcond=None)[0]


def numpy_normal_equations(X, y, fit_intercept=True):
    if not fit_intercept:
        return np.linalg.solve(X.T @ X, X.T @ y)
    n, x_mean, y_mean = len(X), X.mean(axis=0), y.mean()
    gram = X.T @ X - n * np.outer(x_mean, x_mean)
    coef = np.linalg.solve(gram, X.T @ y - n * x_mean * y_mean)
    return np.append(y_mean - x_mean @ coef, coef)


def statsmodels_qr(X, y, fit_intercept=True):
    import statsmodels.api

    return statsmodels.api.OLS(y, _design(X, fit_intercept)).fit(method="qr").params


def _frame(X):
    import polars

    names = [f"x{j}" for j in range(X.shape[1])]
    return polars.DataFrame(dict(zip(names, X.T, strict=True))), names


def polars_ds(X, y, fit_intercept=True):
    import polars
    import polars_ds

    frame, names = _frame(X)
    frame = frame.with_columns(y=polars.Series(y))
    found = frame.select(polars_ds.lin_reg(*names, target="y", add_bias=fit_intercept))
    found = found.to_series()[0]
    if found is None:
        return np.full(len(names) + fit_intercept, np.nan)
    found = np.asarray(found, dtype=float)
    return np.roll(found, 1) if fit_intercept else found


def polars_ols(X, y, fit_intercept=True):
    import polars
    import polars_ols

    frame, names = _frame(X)
    frame = frame.with_columns(y=polars.Series(y))
    expression = polars_ols.compute_least_squares(
        polars.col("y"),
        *map(polars.col, names),
        add_intercept=fit_intercept,
        mode="coefficients",
    )
    found = frame.select(expression.alias("c")).unnest("c").row(0)
    return np.roll(np.array(found, dtype=float), 1) if fit_intercept else np.array(found)


OURS = (
    Peer("linreg_fast", "linreg_fast", ours),
    Peer("linreg_fast, partial_fit by 7 rows", "linreg_fast", ours_in_sevens),
)
PEERS = (
    Peer("scikit-learn", "sklearn", scikit_learn, "SVD of a centred copy", 3),
    Peer("scikit-learn, tol=0", "sklearn", scikit_learn_no_cut, "the same, no column dropped", 3),
    Peer(
        "Ridge(alpha=1e-12, cholesky)",
        "sklearn",
        ridge_cholesky,
        "normal equations of a centred copy",
        3,
    ),
    Peer("numpy lstsq", "numpy", numpy_lstsq, "SVD of a copy with a column of ones", 2),
    Peer("numpy normal equations", "numpy", numpy_normal_equations, "X'X by BLAS, then solve", 3),
    Peer("statsmodels, QR", "statsmodels", statsmodels_qr, "QR of a copy, and its statistics", 3),
    Peer("scikit-learn-intelex", "sklearnex", scikit_learn_intelex, "oneDAL's normal equations"),
    Peer("polars-ds", "polars_ds", polars_ds, "normal equations in Rust, and its frame", 2),
    Peer("polars-ols", "polars_ols", polars_ols, "least squares in Rust, and its frame", 2),
)


def installed(peers):
    """(those whose module is there, the names of the others)."""
    found = [peer for peer in peers if importlib.util.find_spec(peer.needs)]
    return found, [peer.name for peer in peers if peer not in found]
