"""A fitted model as one of scikit-learn's own classes."""

import numpy as np
from sklearn import linear_model


def as_sklearn(fitted):
    """scikit-learn's model with the coefficients of a `LinearRegression`."""
    shared = {
        "fit_intercept": fitted.fit_intercept,
        "copy_X": fitted.copy_X,
        "positive": fitted.positive,
    }
    model = _ridge(fitted, shared) if fitted._alpha else _least_squares(fitted, shared)
    model.coef_, model.intercept_ = fitted.coef_.copy(), np.copy(fitted.intercept_)[()]
    model.n_features_in_ = fitted.n_features_in_
    if hasattr(fitted, "feature_names_in_"):
        model.feature_names_in_ = fitted.feature_names_in_.copy()
    return model


def _least_squares(fitted, shared):
    model = linear_model.LinearRegression(n_jobs=fitted.n_jobs, **shared)
    model.rank_ = fitted.rank_
    if hasattr(model, "tol"):  # scikit-learn 1.7 and later; its default would drop columns
        model.tol = np.finfo(float).eps if fitted.tol is None else fitted.tol
    if hasattr(fitted, "singular_"):  # which LSQR does not find
        model.singular_ = fitted.singular_.copy()
    return model


def _ridge(fitted, shared):
    model = linear_model.Ridge(alpha=fitted._alpha, **shared)
    model.n_iter_, model.solver_ = None, "lbfgs" if fitted.positive else "cholesky"
    return model
