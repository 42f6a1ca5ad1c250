"""What the estimators share: validation, predict, and attributes left alone on failure."""

import contextlib
from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from linreg_fast.data.gate import (
    check_finite,
    frozen,
    is_dask,
)
from linreg_fast.estimators.by_name import picked
from linreg_fast.estimators.errors import TooLargeError
from linreg_fast.estimators.validation import ValidatedRows, is_plain
from linreg_fast.kernels import DEFAULT, RUNGS
from linreg_fast.kernels.arithmetic.columns import Columns
from linreg_fast.kernels.steps.predict import predict
from linreg_fast.kernels.tuning import SCORE_COMPENSATED_ELEMENTS
from linreg_fast.runtime.interrupt import reveal
from linreg_fast.sources.recognise import refuse_sources

VALIDATED: set = set()  # parameters that were found valid
REMEMBERED = 1000


@contextlib.contextmanager
def unchanged_on_failure(estimator):
    """Put the attributes back as they were if the block raises, Ctrl-C included."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException as error:
        put_back(estimator, before, error)
        raise


def put_back(estimator, before, error):
    """Put back the attributes that an estimator had before an error."""
    attributes = vars(estimator)
    attributes.clear()
    attributes.update(before)
    if type(error) is SystemError:
        reveal(error)


# In scikit-learn's own form, which its checks read and its messages come from.
CONSTRAINTS = {
    "fit_intercept": ["boolean"],
    "n_jobs": [
        None,
        Interval(Integral, None, -1, closed="right"),
        Interval(Integral, 1, None, closed="left"),
    ],
}


def r2_of_residuals(moments, n_targets):
    """R2, of several targets the mean, by moments of [residuals, targets] of the same rows."""
    squares = np.diag(moments.comoment)
    # Of the residuals about zero, and of the targets about their means.
    left = squares[:n_targets] + moments.weight_sum * moments.mean[:n_targets] ** 2
    spread = squares[n_targets:]
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.where(spread > 0, 1 - left / spread, np.where(left == 0, 1.0, 0.0))
    return float(scores.mean())


class BaseLeastSquares(ValidatedRows, MultiOutputMixin, RegressorMixin, BaseEstimator):
    """A linear model with coef_ and intercept_ that is fitted by least squares."""

    def _check_finite(self, X, Y=None):
        """Raise for the first NaN or infinity, naming its place."""
        if isinstance(X, np.ndarray):
            names = getattr(self, "feature_names_in_", None)
            check_finite(X, "X", None if names is None else list(names))
        if Y is not None:
            check_finite(Y if Y.shape[1] > 1 else Y[:, 0], "y")

    def _targets_as_before(self, Y, one_target):
        """Whether results are of one target in 1-D, as in the first call.

        Of one target, y may be 1-D in one call and a column in another.
        """
        before = 1 if self.coef_.ndim == 1 else len(self.coef_)
        if Y.shape[1] != before:
            raise ValueError(
                f"y has {Y.shape[1]} targets, and in the first call it had {before}: "
                "pass the same targets, or begin with a new or cloned estimator"
            )
        return self.coef_.ndim == 1

    def _validate_params(self):
        """scikit-learn's validation, once for equal parameters: it takes 50 us."""
        try:
            values = frozenset(
                (name, type(value), value)
                for name, value in vars(self).items()
                if name[0] != "_" and name[-1] != "_"
            )
            known = (type(self), values) in VALIDATED
        except TypeError:  # not hashable
            return super()._validate_params()
        if not known:
            super()._validate_params()
            if len(VALIDATED) < REMEMBERED:
                VALIDATED.add((type(self), values))
        return None

    def _store(self, solution, dtype, one_target):
        """Results in X's dtype and in the shape that y had.

        What a descent that diverged leaves may be too large for it, and then is float64.
        """
        largest = max(np.abs(solution.coef).max(), np.abs(solution.intercept).max())
        if not largest <= np.finfo(dtype).max:
            if solution.descent is None or not solution.descent.diverged:
                if not largest < np.inf:
                    columns = np.flatnonzero(~np.isfinite(solution.coef).all(axis=1))
                    raise TooLargeError(columns, getattr(self, "feature_names_in_", None))
                raise ValueError(
                    f"the coefficients, up to {largest:.3g}, are too large for X's {dtype}: "
                    "pass X as float64, or y in larger units"
                )
            dtype = np.dtype(np.float64)
        coef = solution.coef.T.astype(dtype)
        intercept = solution.intercept.astype(dtype)
        self.coef_ = np.ascontiguousarray(coef[0] if one_target else coef)
        if not self.fit_intercept:
            self.intercept_ = 0.0
        else:
            self.intercept_ = intercept[0] if one_target else intercept
        self._condition = solution.condition_number

    def predict(self, X):
        """Predicted targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            In the units of y. For a Dask array or dataframe a lazy one, of the same blocks.
        """
        check_is_fitted(self)
        if type(X) is not np.ndarray and is_dask(X):
            from linreg_fast.estimators import from_dask

            return from_dask.predict(self, X)
        if type(X) is not np.ndarray:
            refuse_sources(X, hint="LinearRegression.predict_to_file(X, path) reads it")
        if type(X) is not np.ndarray and "reading_" in vars(self):
            X = picked(self, X)
        known = is_plain(X, 2) and not hasattr(self, "feature_names_in_")
        if not known or X.shape[1] != getattr(self, "n_features_in_", None):
            frame = self._read_frame(X, reset=False)
            if frame is not None:
                X = frame.X
            else:
                X = self._validate_matrix(X, ["csr", "csc", "coo"], reset=False)
        if sparse.issparse(X):
            return X @ self.coef_.T + self.intercept_
        coef, intercept = self._parameters()
        found = predict(X if type(X) is Columns else frozen(X), coef, intercept)
        with np.errstate(over="ignore", invalid="ignore"):
            suspicious = not np.isfinite(found.sum())
        if suspicious:
            self._check_finite(X.array if type(X) is Columns else X)
        return found if self.coef_.ndim == 2 else found[:, 0]

    def _parameters(self):
        """coef (t, p) and intercept (t,), float64."""
        coef = np.atleast_2d(self.coef_).astype(np.float64)
        intercept = np.broadcast_to(self.intercept_, len(coef)).astype(np.float64)
        return np.ascontiguousarray(coef), intercept

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination, R2, of the predictions for X; of several targets the mean.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
        """
        if is_dask(X) or is_dask(y) or is_dask(sample_weight):
            from linreg_fast.estimators import from_dask

            return from_dask.score(self, X, y, sample_weight)
        plain = is_plain(X, 2) and is_plain(y, 1) and not hasattr(self, "feature_names_in_")
        if not plain or sample_weight is not None or np.ndim(getattr(self, "coef_", 0)) != 1:
            return super().score(X, y, sample_weight)
        if len(X) != len(y) or X.shape[1] != len(self.coef_) or len(y) < 2:
            return super().score(X, y)
        # Two passes without a temporary: the residuals, and the distances from the mean.
        (coef,), (intercept,) = self._parameters()
        mse = (
            RUNGS["compensated"] if X.size <= SCORE_COMPENSATED_ELEMENTS else DEFAULT
        ).kernels.mse
        residual = mse(frozen(X), frozen(y), coef, float(intercept))
        spread = mse(frozen(y[:, None]), frozen(y), np.zeros(1), float(y.mean(dtype=np.float64)))
        if not (np.isfinite(residual) and 0 < spread < np.inf):
            return super().score(X, y)
        return 1 - residual / spread

    def _accepts_sparse(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self._accepts_sparse()
        return tags
