"""`RidgeCV`: ridge regression whose penalty is chosen by how well it predicts."""

from typing import ClassVar

import numpy as np

from linreg_fast.data.many_target_moments import moments_of
from linreg_fast.estimators.base import CONSTRAINTS, BaseLeastSquares, unchanged_on_failure
from linreg_fast.kernels import RUNGS
from linreg_fast.many_fits.folds import moments_of_folds, split, warn_of_groups
from linreg_fast.many_fits.leave_out import leave_one_out, leaves_one_out
from linreg_fast.many_fits.ridge import as_alphas, solve_paths
from linreg_fast.many_fits.scores import SCORES, fold_scores
from linreg_fast.many_fits.validation_result import best_of
from linreg_fast.runtime.launch import threads
from linreg_fast.solvers import Solution


class RidgeCV(BaseLeastSquares):
    """Ridge regression with the penalty that predicts left-out rows best, from one pass.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
        Penalties to choose from, 0 or more.
    fit_intercept : bool, default=True
    scoring : {"neg_mean_squared_error", "neg_root_mean_squared_error", "r2"} or None, default=None
        None: the negative mean squared error.
    cv : int, "loo", splitter, iterable or None, default=None
        As in `cross_validate`; None leaves out each row in turn, as scikit-learn's RidgeCV.
    n_jobs : int or None, default=None
        Threads of the sums: None for Numba's setting, -1 for all, k for at most k.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray of shape (n_targets,)
    alpha_ : float
        The penalty chosen; of equally good ones the first.
    best_score_ : float
        Its mean score.
    scores_ : ndarray of shape (n_alphas,)
        The mean score of each penalty.
    moments_ : Moments, or ManyTargetMoments
        Of all rows.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> from linreg_fast import RidgeCV
    >>> model = RidgeCV(alphas=[0.0, 1.0]).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0])
    >>> model.alpha_, model.coef_.round(12)
    (0.0, array([1.]))
    """

    _parameter_constraints: ClassVar[dict] = {
        **CONSTRAINTS,
        "alphas": "no_validation",
        "scoring": [str, None],
        "cv": "no_validation",
    }

    def __init__(
        self, alphas=(0.1, 1.0, 10.0), *, fit_intercept=True, scoring=None, cv=None, n_jobs=None
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.n_jobs = n_jobs

    def fit(self, X, y, sample_weight=None, groups=None):
        """Choose the penalty and fit all rows with it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), optional
        groups : array-like of shape (n_samples,), optional
            For splitters that ask for them.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For unusable input, naming what and where; the estimator is left as it was.
        """
        self._validate_params()
        alphas = as_alphas(self.alphas)
        scoring = self.scoring or SCORES[0]
        if scoring not in SCORES:
            raise ValueError(f"unknown scoring {scoring!r}: choose one of {', '.join(SCORES)}")
        with unchanged_on_failure(self), threads(self.n_jobs):
            X, Y, weights, one_target = self._validate_rows(X, y, sample_weight)
            self._check_finite(X, Y)
            if self.cv is None or leaves_one_out(self.cv):
                if groups is not None:
                    warn_of_groups(self.cv)
                scores, moments = leave_one_out(
                    X, Y, weights, alphas, self.fit_intercept, scoring, mean_only=True
                )
            else:
                pairs = split(self.cv, X, Y[:, 0] if one_target else Y, groups)
                folds, moments = moments_of_folds(pairs, X, Y, weights)
                moments = moments or moments_of(X, Y, weights, RUNGS["compensated"])
                scores = fold_scores(folds, alphas, self.fit_intercept, scoring)
            self.scores_ = scores.mean(axis=1)
            best = best_of(self.scores_, scoring)
            self.alpha_, self.best_score_ = float(alphas[best]), float(self.scores_[best])
            coef, intercept = solve_paths(moments, alphas[best : best + 1], self.fit_intercept)
            found = Solution(coef[0], intercept[0], X.shape[1], np.nan)
            self._store(found, X.dtype, one_target)
            self.moments_ = moments
        return self

    def _accepts_sparse(self):
        return False
