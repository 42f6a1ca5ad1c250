"""`cross_validate`: how well penalties predict rows that were left out, from one pass."""

from linreg_fast.data.gate import check_finite
from linreg_fast.data.many_target_moments import moments_of
from linreg_fast.data.room import check_room
from linreg_fast.kernels import RUNGS
from linreg_fast.many_fits.folds import (
    check_splitter,
    moments_of_folds,
    split,
    warn_of_groups,
)
from linreg_fast.many_fits.leave_out import leave_one_out, leaves_one_out
from linreg_fast.many_fits.ridge import as_alphas
from linreg_fast.many_fits.scores import SCORES, fold_scores
from linreg_fast.many_fits.table import LEAVE_OUT, check_missing, table_given
from linreg_fast.many_fits.validation_result import CrossValidation
from linreg_fast.runtime import launch
from linreg_fast.runtime.interrupt import as_keyboard_interrupt


def cross_validate(
    X,
    y,
    cv=5,
    alphas=0.0,
    *,
    groups=None,
    features=None,
    sample_weight=None,
    fit_intercept=True,
    scoring=None,
    missing="raise",
    n_jobs=None,
):
    """Score ridge penalties, or least squares, on rows that were left out.

    The rows are read once, for all folds and penalties: moments of each fold are joined for those
    that train on it. (Where a splitter cuts the rows into more sets than that pays for, such as
    shuffled splits that overlap, each fold's rows are read.) Scores equal those of a loop over
    scikit-learn's `LinearRegression` and `Ridge`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), a data frame, or a source
        A source as in `fit_groups`; the others are names then.
    y : array-like of shape (n_samples,) or (n_samples, n_targets), or names of columns of X
    cv : int, "loo", splitter, or iterable of (train, test), default=5
        A number: so many folds of rows in order, as `sklearn.model_selection.KFold`. "loo", or
        scikit-learn's LeaveOneOut: each row is left out, in closed form. Anything with a
        ``split(X, y, groups)``, or pairs of row numbers.
    alphas : float or array-like of shape (n_alphas,), default=0.0
        Penalties, 0 or more; see `ridge_path`. Zero is least squares.
    groups : array-like of shape (n_samples,), or the name of a column of X, optional
        For splitters that ask for them.
    features : list of str, optional
        Of a frame or a source: the columns to explain y by. None: all others.
    sample_weight : array-like of shape (n_samples,), or the name of a column of X, optional
        Of the fits and of the scores.
    fit_intercept : bool, default=True
    scoring : {"neg_mean_squared_error", "neg_root_mean_squared_error", "r2"}, optional
        None: "neg_mean_squared_error".
    missing : {"raise", "drop"}, default="raise"
        What a row does that lacks a number (of X, y, the weights and what goes beside them): stop
        it, or stay out.
    n_jobs : int or None, default=None
        Threads: None for Numba's setting, -1 for all, k for at most k.

    Returns
    -------
    CrossValidation

    Raises
    ------
    ValueError
        For negative penalties, folds without rows, and numbers that will not do; it says where.
    TypeError
        For a cv that is no splitter.

    Examples
    --------
    >>> from linreg_fast import cross_validate
    >>> x = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]]
    >>> found = cross_validate(x, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], cv=3, alphas=[0.0, 1.0])
    >>> found.best_alpha, found.scores.shape
    (0.0, (2, 3))
    """
    threads = launch.threads(n_jobs)
    scoring = scoring or SCORES[0]
    if scoring not in SCORES:
        raise ValueError(f"unknown scoring {scoring!r}: choose one of {', '.join(SCORES)}")
    check_missing(missing)
    alphas = as_alphas(alphas)
    each = leaves_one_out(cv)
    if not each:
        check_splitter(cv)
    given = table_given(X, y, features, sample_weight, missing, keys={"groups": groups})
    y, weights = given.y, given.weights
    Y = y[:, None] if y.ndim == 1 else y
    check_finite(given.X, "X", given.features, advice=LEAVE_OUT)
    if each:
        check_room(8 * len(alphas) * len(Y), f"{len(alphas)} penalties x {len(Y)} rows left out")
    with as_keyboard_interrupt(), threads:
        if each:
            if groups is not None:
                warn_of_groups(cv)
            scores, moments = leave_one_out(given.X, Y, weights, alphas, fit_intercept, scoring)
        else:
            pairs = split(cv, given.table, y, given.named["groups"])
            folds, moments = moments_of_folds(pairs, given.X, Y, weights)
            moments = moments or moments_of(given.X, Y, weights, RUNGS["compensated"])
            scores = fold_scores(folds, alphas, fit_intercept, scoring)
    return CrossValidation(alphas, scores, scoring, moments, given.library)
