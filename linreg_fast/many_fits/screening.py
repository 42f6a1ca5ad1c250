"""`screen`: every column alone against y, and the score functions for scikit-learn's selectors."""

import numpy as np

from linreg_fast.data.room import check_room
from linreg_fast.data.t_tail import two_sided
from linreg_fast.many_fits.frames import target_names
from linreg_fast.many_fits.screen_result import Screen
from linreg_fast.many_fits.screen_sparse import screened
from linreg_fast.many_fits.screen_sums import ROUNDING, basis_of, sums_of
from linreg_fast.many_fits.table import check_missing, table_given
from linreg_fast.runtime import launch
from linreg_fast.runtime.interrupt import as_keyboard_interrupt


def screen(
    X,
    y,
    covariates=None,
    *,
    features=None,
    sample_weight=None,
    fit_intercept=True,
    missing="raise",
    n_jobs=None,
):
    """Regress y on every column of X alone, or beside the same covariates, in one pass over X.

    Covariates are projected out of y once, and of the columns by their products with an orthogonal
    basis (Frisch, Waugh and Lovell), so a million columns cost one reading of X. X may be
    memory-mapped: it is read by blocks of columns, and nothing of its size is made.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), a data frame, or a source
        float32 or float64, in C or F order, as it is. A source as in `fit_groups`; the others are
        names then.
    y : array-like of shape (n_samples,) or (n_samples, n_targets), or names of columns of X
    covariates : array-like of shape (n_samples, n_covariates), or names of columns of X, optional
        Columns that are in every regression. They may depend on each other.
    features : list of str, optional
        Of a frame or a source: the columns to screen. None: all others.
    sample_weight : array-like of shape (n_samples,), or the name of a column of X, optional
        0 removes a row. Columns are weighted some at a time, at a third of the speed.
    missing : {"raise", "drop"}, default="raise"
        What a row does that lacks a number (of X, y, the weights and what goes beside them): stop
        it, or stay out.
    fit_intercept : bool, default=True
    n_jobs : int or None, default=None
        Threads: None for Numba's setting, -1 for all, k for at most k. The bits are the same.

    Returns
    -------
    Screen

    Raises
    ------
    ValueError
        For shapes that do not fit, too few rows, and numbers that are not finite; it says where.

    Examples
    --------
    >>> from linreg_fast import screen
    >>> found = screen([[1.0, 5.0], [2.0, 3.0], [3.0, 4.0], [4.0, 4.0]], [1.0, 2.0, 2.0, 4.0])
    >>> found.coef.round(12).tolist(), found.top(1).tolist()
    ([0.9, -0.5], [0])
    """
    threads = launch.threads(n_jobs)
    check_missing(missing)
    names, targets = {"covariates": covariates}, target_names(y)
    given = table_given(X, y, features, sample_weight, missing, numbers=names)
    X, n = given.X, len(given.X)
    one, Y = given.y.ndim == 1, np.asarray(given.y, dtype=np.float64)
    Y = Y[:, None] if one else Y
    root, n_rows = None, n
    if given.weights is not None:
        root = np.sqrt(given.weights / given.weights.max())
        n_rows = int(np.count_nonzero(given.weights))
        Y = Y if fit_intercept is False else Y - Y[np.argmax(root)]
        Y = Y * root[:, None]
    Q = basis_of(given.named["covariates"], n, fit_intercept, root)
    freedom = n_rows - Q.shape[1] - 1
    if freedom < 0:
        raise ValueError(
            f"{n_rows} rows are too few for {Q.shape[1] + 1} coefficients: a column, "
            "the intercept and the covariates"
        )
    check_room(32 * X.shape[1] * (Q.shape[1] + Y.shape[1] + 1), f"{X.shape[1]} columns")
    rest = Y - Q @ (Q.T @ Y)
    rest -= Q @ (Q.T @ rest)
    flat = np.abs(rest).max(axis=0) <= ROUNDING * np.abs(Y).max(axis=0)
    rest[:, flat] = 0.0
    with as_keyboard_interrupt(), threads:
        found = sums_of(X, Q, rest, given.features, root)
    squares = (rest**2).sum(axis=0)
    rest = given.features, given.library, targets
    return Screen(*found, squares, freedom, one, *rest)


def r_regression(X, y, *, center=True, force_finite=True):
    """Correlation of each column with y, as `sklearn.feature_selection.r_regression`.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    center : bool, default=True
    force_finite : bool, default=True
        0 instead of NaN for a column, or a y, that is constant.

    Returns
    -------
    ndarray of shape (n_features,)

    Raises
    ------
    ValueError
        As `screen` does.

    Examples
    --------
    >>> from linreg_fast import r_regression
    >>> r_regression([[1.0], [2.0], [3.0]], [1.0, 3.0, 2.0]).round(12).tolist()
    [0.5]
    """
    found = screened(X, y, center, screen).correlation
    return np.nan_to_num(found, nan=0.0) if force_finite else found


def f_regression(X, y, *, center=True, force_finite=True):
    """F statistic and p value of each column alone, as `sklearn.feature_selection.f_regression`.

    A score function for SelectKBest and its kin.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    center : bool, default=True
    force_finite : bool, default=True
        F of 0 with p of 1 for a column, or a y, that is constant, and the largest number for one
        that explains all, instead of NaN and infinity.

    Returns
    -------
    f_statistic, p_values : ndarrays of shape (n_features,)

    Raises
    ------
    ValueError
        As `screen` does.

    Examples
    --------
    >>> from linreg_fast import f_regression
    >>> f, p = f_regression([[1.0], [2.0], [3.0]], [1.0, 3.0, 2.0])
    >>> f.round(12).tolist(), p.round(6).tolist()
    ([0.333333333333], [0.666667])
    """
    found = screened(X, y, center, screen)
    freedom, r2 = found.degrees_of_freedom, found.r2
    with np.errstate(divide="ignore", invalid="ignore"):
        f = r2 / (1 - r2) * freedom
    p = two_sided(np.sqrt(f), freedom)  # F of one column is the square of t
    if force_finite:
        p[np.isinf(f)], p[np.isnan(f)] = 0.0, 1.0
        f = np.nan_to_num(f, nan=0.0, posinf=np.finfo(f.dtype).max)
    return f, p
