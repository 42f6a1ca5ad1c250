"""`GradientDescentRegressor`: least squares step by step, with a truthful stopping rule."""

import sys
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from linreg_fast.data.forgetting import fading_weights, joined, rows_left
from linreg_fast.data.problem import Problem
from linreg_fast.estimators.base import CONSTRAINTS, BaseLeastSquares, unchanged_on_failure
from linreg_fast.estimators.gradient_descent import advice, history, start
from linreg_fast.estimators.gradient_descent.history import History
from linreg_fast.estimators.gradient_descent.progress import Progress
from linreg_fast.estimators.inference import InferenceMixin
from linreg_fast.kernels import RUNGS
from linreg_fast.runtime.launch import threads
from linreg_fast.solvers import Solution
from linreg_fast.solvers.gradient_descent import descent, rules, stream

STEPS, PASSES = 100_000, 1000  # at the most, where max_iter is None


def _learns_by_batches(model):
    if model.method != "sgd":
        raise AttributeError("partial_fit needs method='sgd'; LinearRegression has an exact one")
    return True


class GradientDescentRegressor(InferenceMixin, History, BaseLeastSquares):
    """Linear regression by descent on the mean squared error.

    The loss is mean(r^2), so the gradient has the factor 2 / n; for a text that uses (1 / 2n)
    sum(r^2), halve its learning rate.

    Parameters
    ----------
    method : {"gd", "momentum", "nesterov", "sgd", "cg"}, default="gd"
        Constant steps along the gradient; with heavy-ball momentum; with Nesterov's; a step for
        every `batch_size` rows; or conjugate gradients, which compute each step.
    learning_rate : "auto" or float, default="auto"
        Step size. "auto" is the best constant step for the data's spectrum, without directions so
        flat that they would take a thousand times as long as the others; of sgd, a step that is
        stable for every batch, and falls as 1 / (steps) once the noise of the batches has the
        upper hand, which a number does not.
    momentum : "auto" or float in [0, 1), default="auto"
        Share of the last step, of "momentum" and "nesterov". "auto" is the best for the spectrum.
    max_iter : int or None, default=None
        Steps at the most, of sgd passes over the rows. None is 100 000, of sgd 1000.
    tol : float, default=1e-10
        Stop when coefficients and intercept are within `tol` of the least-squares solution,
        relative to their size, coefficients in the coordinates of the steps. The distance is
        measured: the moments, which the step size is from, have the solution too. 0 takes all the
        steps.
    fit_intercept : bool, default=True
    standardize : bool, default=True
        Step in standardised coordinates. The results are in the data's units either way; the
        learning rate and the gradient are those of the coordinates of the steps.
    init : None, "zeros", "random" or (coef, intercept), default=None
        Where to start, in the data's units, shaped as `coef_` and `intercept_`; None is zeros.
    warm_start : bool, default=False
        Go on from the last `fit`: after one on the same data with the same options exactly as if
        it had not stopped, else from its coefficients.
    space : {"auto", "data", "gram"}, default="auto"
        Steps on the rows (one fused pass each), or on their moments (the same iterates, at a cost
        that does not depend on the number of rows). "auto" is gram, except for sgd.
    batch_size : int or None, default=None
        Rows a step of sgd; None is 32, or all where there are fewer.
    shuffle : bool, default=True
        Whether sgd takes the rows in a new random order in each pass.
    random_state : int, RandomState or None, default=None
        Of that order, and of init="random".
    record_path : bool, default=False
        Keep the coefficients of every step in `coef_path_` and `intercept_path_`.
    verbose : int, default=0
        Print the loss every so many steps. With 0, a run of more than two seconds shows how far it
        is, where standard error is a terminal: a bar if rich is installed.
    n_jobs : int or None, default=None
        Threads of the sums: None for Numba's setting, -1 for all, k for at most k.
    decay : float in (0, 1] or None, default=None
        Forgetting in `partial_fit`, as of `LinearRegression`: a row that is k rows old has decay**k
        of its weight in the moments, and with that in the loss that is descended.

    Attributes
    ----------
    coef_, intercept_, n_features_in_, feature_names_in_
        As in scikit-learn.
    loss_curve_ : ndarray of shape (n_iter_ + 1,)
        Mean squared error at the start and after each step (of sgd: pass), in squared units of y.
    grad_norm_curve_ : ndarray of shape (n_iter_ + 1,)
        Norm of its gradient, in the coordinates of the steps.
    seconds_curve_ : ndarray of shape (n_iter_ + 1,)
        When each was reached, since the start of the descent.
    coef_path_, intercept_path_ : ndarray of shape (n_iter_ + 1, n_features), (n_iter_ + 1,)
        With `record_path`; of several targets (n_iter_ + 1, n_targets, n_features) and so on.
    n_iter_ : int
    converged_ : bool
    diverged_ : bool
        Whether the loss overflowed: the parameters are the last finite ones.
    distance_ : float
        Distance to the least-squares solution at the end, relative to its size: of coefficients (in
        the coordinates of the steps) and of intercepts (in units of y), the larger. Where columns
        depend on each other, to the solution that is nearest to the start.
    learning_rate_, momentum_ : float
        The constants of the steps; of `partial_fit` with "auto", what the last step has taken of
        the gradient.
    max_stable_learning_rate_ : float
        The step from which on the descent diverges, 2 / the largest eigenvalue of the Hessian for
        gd; of sgd, up to which none of its batches can make it diverge: of `partial_fit`, batches
        of all rows so far, as large as those of the last call.
    condition_number_ : float
        Of the centred columns scaled to unit norm.
    hessian_condition_number_ : float
        Largest / smallest eigenvalue of the loss in the coordinates of the steps: what decides how
        many gd takes. Standardised, the square of the other.
    lowest_loss_ : float
        Mean squared error of the least-squares solution.
    moments_ : Moments
        Of the data.

    Examples
    --------
    >>> from linreg_fast import GradientDescentRegressor
    >>> model = GradientDescentRegressor().fit([[1.0], [2.0], [3.0]], [3.0, 5.0, 7.0])
    >>> model.coef_.round(6), model.converged_
    (array([2.]), True)
    """

    _parameter_constraints: ClassVar[dict] = {
        **CONSTRAINTS,
        "method": [StrOptions(set(rules.METHODS))],
        "learning_rate": [
            StrOptions({"auto"}),
            Interval(Real, 0, sys.float_info.max, closed="right"),
        ],
        "momentum": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
        "max_iter": [None, Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, 1, closed="left")],
        "standardize": ["boolean"],
        "init": "no_validation",  # its shape depends on the data: `start`
        "warm_start": ["boolean"],
        "space": [StrOptions({"auto", "data", "gram"})],
        "batch_size": [None, Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "record_path": ["boolean"],
        "verbose": [Interval(Integral, 0, None, closed="left")],
        "decay": [None, Interval(Real, 0, 1, closed="right")],
    }

    def __init__(
        self,
        *,
        method="gd",
        learning_rate="auto",
        momentum="auto",
        max_iter=None,
        tol=1e-10,
        fit_intercept=True,
        standardize=True,
        init=None,
        warm_start=False,
        space="auto",
        batch_size=None,
        shuffle=True,
        random_state=None,
        record_path=False,
        verbose=0,
        n_jobs=None,
        decay=None,
    ):
        self.method = method
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.max_iter = max_iter
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.init = init
        self.warm_start = warm_start
        self.space = space
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.record_path = record_path
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.decay = decay

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

        Raises
        ------
        ValueError
            For unusable input or options that contradict each other, naming them; the estimator is
            left as it was.

        Warns
        -----
        ConvergenceWarning
            Before the run, when `learning_rate` is too large for this data; after it, when the loss
            overflowed or `max_iter` ended it before `tol` was reached, with the distance that is
            left and the steps that it would take.
        """
        self.check_options()
        with unchanged_on_failure(self), threads(self.n_jobs):
            again = self.warm_start and hasattr(self, "coef_")
            X, Y, weights, one_target = self._validate_rows(X, y, sample_weight)
            problem = self._problem(X, Y, weights)
            total = self.max_iter or (PASSES if self.method == "sgd" else STEPS)
            known = self._known(problem) if again else None
            if known is None:
                self._draw_seed()
            begin = self._start(problem, one_target, again)
            before = f"finding the spectrum of {problem.n_features:,} columns"
            with Progress(total, self.verbose, before) as progress, np.errstate(over="ignore"):
                solution = descent.solve(
                    problem,
                    method=self.method,
                    learning_rate=self.learning_rate,
                    momentum=self.momentum,
                    max_iter=total,
                    tol=self.tol,
                    standardize=self.standardize,
                    space=self.space,
                    init=begin,
                    batch_size=self.batch_size,
                    shuffle=self.shuffle,
                    seed=self._seed,
                    record_path=self.record_path,
                    resume=known,
                    announce=advice.announcer(self),
                    report=progress,
                    report_every=int(self.verbose) or None,
                )
            self._store(solution, X.dtype, one_target)  # tells of coefficients that overflow
            self._store_descent(solution.descent, problem, one_target, known is not None)
            advice.warn(self, solution.descent)
        return self

    @available_if(_learns_by_batches)
    def partial_fit(self, X, y, sample_weight=None):
        """With method="sgd": learn from these rows, and go on from where the last call ended.

        What it promises is about all rows so far (since the first call, or the last `fit`), each
        with its weight and with `decay`, and never about the rows of one call. Their moments are
        kept in `moments_`, in double-double, so the following holds however a stream is cut into
        calls, weighted or ordered, and however far from zero its columns are:

        - With learning_rate="auto" a call takes a step for each row, or for 32 rows where there are
          more than 1000 (`batch_size` rows where that is given). Each step goes to the lowest point
          of the loss of all rows so far in the space of its gradient, the last step and the
          coefficients, with the intercept that fits them best. So the loss of all rows so far never
          rises within a call and never is above that of predicting their mean, no step is too
          large, and as one row of n moves the solution by about 1 / n, steps become shorter like
          that too. After two passes over ordinary data R2 is within 0.05, mostly within 0.001, of
          that of `fit`.
        - With a number for it, the call is one pass of mini-batches over its rows, as the textbooks
          have it: each step is along the gradient of its batch alone. `max_stable_learning_rate_`
          is the rate up to which no batch that the rows so far could make grows the loss.
        - A ConvergenceWarning tells, before the steps, of a rate above that; after a call, that the
          steps overflowed and were undone, or that the coefficients are not near: with more than
          three rows a parameter, where R2 of the rows so far is more than 0.05 below the best.

        `loss_curve_` has an entry a call, for all rows so far; `n_iter_` counts calls. Distances,
        condition numbers and the largest stable rate are found when they are asked for. A call
        takes 2 (n_features)**2 flops a step, and adding the rows to the moments takes more.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Of one target it may be a column, too.
        sample_weight : array-like of shape (n_samples,), optional
            0 removes a row, 2 counts it twice.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For unusable input, or where the moments of earlier rows were dropped; the estimator is
            left as it was.

        Warns
        -----
        ConvergenceWarning
            As said above.

        Examples
        --------
        >>> import numpy as np
        >>> from linreg_fast import GradientDescentRegressor
        >>> x = np.random.default_rng(0).normal(100.0, 1.0, 50)
        >>> model = GradientDescentRegressor(method="sgd")
        >>> for row in x:
        ...     model = model.partial_fit([[row]], [3 * row + 1])
        >>> model.coef_.round(6), round(float(model.intercept_), 4)
        (array([3.]), 1.0)
        """
        self.check_options()
        with unchanged_on_failure(self), threads(self.n_jobs):
            first = not hasattr(self, "coef_")
            if not first and sample_weight is not None and not np.any(sample_weight):
                return self  # no row of weight above zero: nothing is learned
            if not first and not hasattr(self, "moments_"):
                raise ValueError(
                    "no moments of earlier rows are kept to learn on from (forget_rows() drops "
                    "them, and fit() of fewer rows than columns, more than 500, keeps none): "
                    "call partial_fit from the start, on a new or cloned estimator"
                )
            X, Y, weights, one_target = self._validate_rows(X, y, sample_weight, reset=first)
            if first:
                self._draw_seed()
            else:
                one_target = self._targets_as_before(Y, one_target)
            faded, share = fading_weights(weights, len(X), self.decay)
            rows = self._problem(X, Y, faded)
            self._learn(rows, (X, Y, weights), share, one_target, first)
        return self

    def _problem(self, X, Y, weights):
        """Of these rows, whose moments will be in double-double; raises where one is not finite."""
        problem = Problem(
            X,
            Y,
            weights,
            fit_intercept=self.fit_intercept,
            rung=RUNGS["compensated"],
            names=getattr(self, "feature_names_in_", None),
        )
        problem.check_finite()
        return problem

    def _learn(self, problem, rows, share, one_target, first):
        """Take the steps of one call; `problem` has the moments of its rows, with their weights."""
        moments = joined(None if first else self.moments_, problem.moments, share)
        at = None if first else self._stream
        if at is None:
            begin = self._start(problem, one_target, not first)
            if begin is None:
                p, t = problem.n_features, problem.n_targets
                begin = np.zeros((p, t)), np.zeros(t)
            earlier = 0 if first else self.moments_.n_samples
            at = stream.Stream.begin(begin[0].T, begin[1], earlier, 0 if first else self.n_iter_)
        count = len(rows[0]) if rows[2] is None else int(np.count_nonzero(rows[2]))
        count = at.rows * share + rows_left(count, self.decay)
        at = at._replace(rows=count, wide_weights=at.wide_weights * share)
        options = stream.Options(
            self.fit_intercept,
            self.standardize,
            self.learning_rate,
            self.batch_size,
            self.shuffle,
            self._seed,
        )
        learnt = stream.learn(moments, rows, at, options, advice.announcer(self))
        dtype = rows[0].dtype if first else self.coef_.dtype
        coef, intercept = learnt.stream.coef, learnt.stream.intercept
        self._store(Solution(coef.T, intercept, 0, np.nan, descent=learnt), dtype, one_target)
        self._store_learnt(learnt, moments, options, first)
        advice.warn_of_stream(self, learnt)

    def predicted_iterations(self, tol=None):
        """Steps from the start until the distance to the solution is below `tol`, by the spectrum.

        Parameters
        ----------
        tol : float, optional
            Relative, as the parameter `tol`, which None stands for.

        Returns
        -------
        int, or inf for steps that never arrive
            Exact but for rounding up to 200 000 steps. Above, where the distance goes up and down,
            as with "momentum", about; of "gd" to some in 100 000.
        """
        check_is_fitted(self)
        tol = self.tol if tol is None else tol
        if not isinstance(tol, Real) or not 0 < tol < 1:
            raise ValueError(f"tol must be between 0 and 1, got {tol!r}")
        if self.method == "sgd" or self._descent is None:
            raise ValueError("method='sgd' has no rate to predict by: its batches are random")
        return self._run().predicted(tol)

    def check_options(self):
        """Raise for parameters that `fit` would refuse, or their combination."""
        self._validate_params()
        rules.check_options(
            self.method, self.learning_rate, self.momentum, self.space, self.batch_size
        )
        start.check(self.init)

    def _draw_seed(self):
        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))

    def _options(self):
        """What must be the same for a descent to go on."""
        names = ("method", "learning_rate", "momentum", "fit_intercept", "standardize", "space")
        return [getattr(self, name) for name in (*names, "batch_size", "shuffle")]

    def _known(self, problem):
        """The state of the last descent, where this is its problem; else None."""
        if self._descent is None or self._went_by != self._options():
            return None
        same = self._data is not None and history.identity(problem) == self._data
        if hasattr(self, "moments_"):
            parts = (*problem.moments.parts, problem.moments.n_samples)
            same = all(
                np.array_equal(a, b)
                for a, b in zip(parts, (*self.moments_.parts, self.moments_.n_samples), strict=True)
            )
        return self._descent.state if same else None

    def _start(self, problem, one_target, again):
        """(coef (p, t), intercept (t,)) in the data's units, or None for zeros."""
        if again:
            p, t = problem.n_features, problem.n_targets
            coef, intercept = self._parameters()
            if coef.shape != (t, p) or one_target != (self.coef_.ndim == 1):
                raise ValueError(
                    f"warm_start=True goes on from coef_ of shape {np.shape(self.coef_)}, and this "
                    f"data has {p} features and {t} targets: use a new estimator"
                )
            return coef.T, intercept if self.fit_intercept else np.zeros(t)
        return start.of_init(self.init, problem, self._seed)

    def _accepts_sparse(self):
        # The gradient kernels read dense rows.
        return self.space != "data" and self.method != "sgd"
