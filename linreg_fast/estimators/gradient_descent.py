"""`GradientDescentRegressor`: least squares step by step, with a truthful stopping rule."""

import sys
import warnings
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from linreg_fast.data.gate import as_floats, check_finite
from linreg_fast.data.problem import Problem
from linreg_fast.estimators.base import CONSTRAINTS, BaseLeastSquares, unchanged_on_failure
from linreg_fast.kernels.launch import threads
from linreg_fast.solvers import gradient_descent


class GradientDescentRegressor(BaseLeastSquares):
    """Linear regression by batch gradient descent on the mean squared error.

    The loss is mean(r^2), so the gradient has the factor 2 / n; for a text that uses (1 / 2n)
    sum(r^2), halve its learning rate.

    Parameters
    ----------
    learning_rate : "auto" or float, default="auto"
        Step size. "auto" is the best constant step for the data's spectrum.
    max_iter : int, default=100_000
        Steps at the most.
    tol : float, default=1e-8
        Stop when the distance to the least-squares solution is below `tol` of the coefficients'
        norm, by a bound from the gradient and the smallest eigenvalue. 0 takes all the steps.
    fit_intercept : bool, default=True
    standardize : bool, default=True
        Step in standardised coordinates. The results are in the data's units either way.
    space : {"auto", "data", "gram"}, default="auto"
        Steps on the rows (one fused pass each), or on their moments (the same iterates, at a cost
        that does not depend on the number of rows). "auto" is gram unless rows are few.
    init : None or (coef, intercept), default=None
        Where to start, in the data's units; None is zeros.
    verbose : int, default=0
        Print the loss every so many steps.
    n_jobs : int or None, default=None
        Threads of the sums: None for Numba's setting, -1 for all, k for at most k.

    Attributes
    ----------
    coef_, intercept_, n_features_in_, feature_names_in_
        As in scikit-learn.
    loss_curve_ : ndarray of shape (n_iter_ + 1,)
        Mean squared error at the start and after each step, in squared units of y.
    n_iter_ : int
    converged_ : bool
    distance_ : float
        Bound on the distance to the least-squares solution at the end, relative to the
        coefficients' norm (both in the coordinates of the steps).
    learning_rate_, max_stable_learning_rate_ : float
        The step taken, and the one from which on the descent diverges.
    condition_number_ : float
        Of the centred columns scaled to unit norm.

    Examples
    --------
    >>> from linreg_fast import GradientDescentRegressor
    >>> model = GradientDescentRegressor().fit([[1.0], [2.0], [3.0]], [3.0, 5.0, 7.0])
    >>> model.coef_.round(6), model.converged_
    (array([2.]), True)
    """

    _parameter_constraints: ClassVar[dict] = {
        **CONSTRAINTS,
        "learning_rate": [
            StrOptions({"auto"}),
            Interval(Real, 0, sys.float_info.max, closed="right"),
        ],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, 1, closed="left")],
        "standardize": ["boolean"],
        "space": [StrOptions({"auto", "data", "gram"})],
        "init": "no_validation",  # its shape depends on the data: `_start`
        "verbose": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        learning_rate="auto",
        max_iter=100_000,
        tol=1e-8,
        fit_intercept=True,
        standardize=True,
        space="auto",
        init=None,
        verbose=0,
        n_jobs=None,
    ):
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.space = space
        self.init = init
        self.verbose = verbose
        self.n_jobs = n_jobs

    def fit(self, X, y, sample_weight=None):
        """Descend from the start point.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), optional
            0 removes a row, 2 counts it twice.

        Returns
        -------
        self

        Warns
        -----
        ConvergenceWarning
            When the loss overflows, or `max_iter` ends before `tol` is reached.
        """
        self._validate_params()
        with unchanged_on_failure(self), threads(self.n_jobs):
            X, Y, weights, one_target = self._validate_rows(X, y, sample_weight)
            self._check_finite(X, Y)
            solution = gradient_descent.solve(
                Problem(X, Y, weights, fit_intercept=self.fit_intercept),
                learning_rate=self.learning_rate,
                max_iter=self.max_iter,
                tol=self.tol,
                standardize=self.standardize,
                space=self.space,
                init=self._start(X.shape[1], Y.shape[1]),
                report=_report if self.verbose else None,
                report_every=int(self.verbose) or None,
            )
            self._store(solution, X.dtype, one_target)
            descent = solution.descent
            self.loss_curve_, self.n_iter_ = descent.loss_curve, descent.n_iter
            self.converged_, self.distance_ = descent.converged, descent.distance
            self.learning_rate_ = descent.learning_rate
            self.max_stable_learning_rate_ = descent.max_stable_learning_rate
            self._warn(descent)
        return self

    @property
    def condition_number_(self):
        check_is_fitted(self)
        return self._condition

    def _warn(self, descent):
        if descent.converged or (self.tol == 0 and not descent.diverged):
            return
        if descent.learning_rate >= descent.max_stable_learning_rate:
            advice = (
                f"learning_rate={descent.learning_rate:.4g} is above the largest stable step, "
                f"{descent.max_stable_learning_rate:.4g}: use 'auto' or a smaller one"
            )
        elif descent.learning_rate == self.learning_rate or not self.standardize:
            advice = "use learning_rate='auto' and standardize=True, a larger max_iter or tol"
        else:
            advice = "use a larger max_iter or tol, or LinearRegression"
        if descent.diverged:
            what = f"the loss overflowed after {descent.n_iter} steps"
        else:
            what = (
                f"not converged after {descent.n_iter} steps, within {descent.distance:.2g} of the "
                "least-squares solution (relative)"
            )
        warnings.warn(f"{what}: {advice}", ConvergenceWarning, stacklevel=3)

    def _accepts_sparse(self):
        return self.space != "data"  # the gradient kernels read dense rows

    def _start(self, p, t):
        if self.init is None:
            return None
        try:
            coef, intercept = self.init
        except (TypeError, ValueError):
            raise ValueError("init must be None or a pair (coef, intercept)") from None
        coef = as_floats(coef, "init's coef").astype(np.float64)
        intercept = np.atleast_1d(as_floats(intercept, "init's intercept")).astype(np.float64)
        check_finite(np.atleast_1d(coef), "init's coef")
        check_finite(intercept, "init's intercept")
        if coef.size != p * t or intercept.shape != (t,):
            raise ValueError(
                f"init must be (coef of {p} features x {t} targets, intercept of {t}), "
                f"got shapes {coef.shape} and {intercept.shape}"
            )
        if intercept.any() and not self.fit_intercept:
            raise ValueError("init has an intercept and fit_intercept is False")
        return coef.reshape(t, p).T, intercept


def _report(step, loss):
    print(f"step {step}  mean squared error {loss:.6g}", flush=True)
