"""`LinearRegression`: the drop-in."""

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn import linear_model
from sklearn.utils._param_validation import Interval, StrOptions

from linreg_fast.data.forgetting import fading_weights, joined
from linreg_fast.data.gate import is_dask, refuse_lazy
from linreg_fast.data.many_target_moments import ManyTargetMoments
from linreg_fast.data.moments import Moments
from linreg_fast.data.problem import Problem
from linreg_fast.data.streamed import streamed_moments
from linreg_fast.estimators import from_dask
from linreg_fast.estimators.base import (
    CONSTRAINTS,
    BaseLeastSquares,
    put_back,
    unchanged_on_failure,
)
from linreg_fast.estimators.from_source import SourceMixin, refuse_options
from linreg_fast.estimators.inference import InferenceMixin
from linreg_fast.estimators.rows_and_formulas import RowsAndFormulas
from linreg_fast.estimators.solved import Solved
from linreg_fast.kernels import RUNGS
from linreg_fast.runtime.launch import threads
from linreg_fast.solvers import SOLVERS, check_known
from linreg_fast.sources.recognise import is_source


class LinearRegression(SourceMixin, InferenceMixin, RowsAndFormulas, Solved, BaseLeastSquares):
    """Ordinary least squares, as `sklearn.linear_model.LinearRegression` and many times faster.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Fit an intercept; False if the data is centred already.
    copy_X : bool, default=True
        X is never copied whole. False: as in scikit-learn, X is overwritten, with its centred
        columns, once the fit is done (a writable array of floats, an intercept fitted).
    tol : float or None, default=None
        A column whose part that is independent of the others is smaller than `tol` of its norm
        counts as dependent. None: what the rounding of the columns as they are stored can make of
        such a part, about 1e-16 of their largest numbers. (scikit-learn 1.9 uses 1e-6 of the norm,
        and drops columns that matter.) LSQR, which takes sparse X of more than 2000 columns, stops
        there: what is left of the target, or correlates with a column, is then `tol` of it.
    n_jobs : int or None, default=None
        Threads of the sums: None for Numba's setting, -1 for all, k for at most k.
    positive : bool, default=False
        Allow no negative coefficient.
    solver : {"auto", "cholesky", "qr", "svd", "lsqr", "nnls", "gradient_descent"}, default="auto"
        "auto" takes the fastest that keeps the digits, and says why in `solver_reason_`.
    precision : {"auto", "double", "double-double"}, default="auto"
        Of the sums over the rows. "auto": `fit` takes plain double where that leaves about 14
        digits, which depends on the condition number and on how strong the signal is; else it
        refines the coefficients on the rows, in one to three more passes, and takes double-double
        sums beyond a condition number of about 1e6 and of few rows, where they cost no time.
        `partial_fit`, which sees its rows only once, always takes double-double. With "double",
        `partial_fit` cannot tell columns apart that are closer than about 1e-7: they count as
        dependent. With "auto",
        sums of 24 and more float32 columns are in float32 where the result, in float32 too, loses
        nothing by it: well-conditioned columns, if need be with a correction in float64. Their
        `moments_` have eight digits, which is all that a later `partial_fit` knows of these rows:
        begin with `partial_fit`, or ask for "double", where it is to know more.
    decay : float in (0, 1] or None, default=None
        Forgetting in `partial_fit`: a row counts `decay` times what the row after it counts, so one
        that is k rows old has decay**k of its weight, and the result is that of a weighted fit. A
        decay of d remembers about 1 / (1 - d) rows, half of the weight being of the last
        log(0.5) / log(d). Rows of weight zero are no rows and age nothing. `fit` gives its rows
        equal weights; they fade as later ones come. None: nothing is forgotten.
    missing : {"raise", "drop"}, default="raise"
        Rows with NaN or None in X, y or sample_weight: an error that says where, or left out of
        `fit`, `score` and `inference`; `predict` gives NaN for them, in place. `n_dropped_` is how
        many a fit has left out. Infinite numbers are an error in any case.
    alpha : float, default=0.0
        Ridge: alpha times the sum of the squares of the coefficients is added to the (weighted) sum
        of squared residuals, as in `sklearn.linear_model.Ridge`. The intercept is not penalised.
        `ridge_path` and `RidgeCV` take many penalties at once. Of a penalised fit there is no
        `inference`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Units of y per unit of each column; in X's dtype.
    intercept_ : float or ndarray of shape (n_targets,)
    rank_ : int
        Columns of the (centred) X that are independent of each other. LSQR, which takes sparse X of
        more than 2000 columns, does not find that out: for it, the columns that vary. With a
        penalty n_features: it determines every coefficient.
    singular_ : ndarray of shape (min(n_samples, n_features),)
        Singular values of the centred X; rows of weight zero are none. Computed when asked for
        where the solver did not need it.
    condition_number_ : float
        Of the centred columns scaled to unit norm, those that are constant left out. The larger,
        the fewer digits of coef_ the data determine: about 16 - log10 of it. inf where columns
        depend on each other. Of more than 32 columns it may, below 1e6, be LAPACK's estimate, up to
        a few times off. With a penalty: of the columns that it makes longer and less dependent.
    solver_, solver_reason_, way_ : str
        What solved it, why that was chosen, and how the rows were summed: a name in
        `linreg_fast.kernels.moments.ways.WAYS`, "sparse", or "moments" for those given.
    moments_ : Moments
        Of the data; not there for sparse X of more than 2000 columns, nor for X of more than 500
        columns and fewer rows.
    n_dropped_ : int
        Rows left out for missing values, with missing="drop" only; of `partial_fit` all so far.
    formula_ : str
        Of `from_formula`.
    n_features_in_, feature_names_in_
        As in scikit-learn.
    reading_
        Of the last source that was read: its rows, files and seconds.

    Examples
    --------
    >>> from linreg_fast import LinearRegression
    >>> model = LinearRegression().fit([[1.0], [2.0], [3.0]], [3.0, 5.0, 7.0])
    >>> model.coef_.round(12), round(float(model.intercept_), 12)
    (array([2.]), 1.0)
    >>> print(model.solver_, "because", model.solver_reason_)
    cholesky because double-double sums bear any condition number, and take no time here
    """

    _parameter_constraints: ClassVar[dict] = {
        **CONSTRAINTS,
        "copy_X": ["boolean"],
        "tol": [None, Interval(Real, 0, None, closed="left")],
        "positive": ["boolean"],
        "solver": [str],
        "precision": [StrOptions({"auto", "double", "double-double"})],
        "decay": [None, Interval(Real, 0, 1, closed="right")],
        "missing": [StrOptions({"raise", "drop"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        fit_intercept=True,
        copy_X=True,
        tol=None,
        n_jobs=None,
        positive=False,
        solver="auto",
        precision="auto",
        decay=None,
        missing="raise",
        alpha=0.0,
    ):
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive
        self.solver = solver
        self.precision = precision
        self.decay = decay
        self.missing = missing
        self.alpha = alpha

    def fit(self, X, y=None, sample_weight=None, *, features=None, missing=None):
        """Fit to all the rows, forgetting earlier ones.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or a source
            float32 and float64 in C or F order are used as they are. A source is read once, in
            batches, and may be larger than memory: a path, a pattern such as "trips/*.parquet", a
            folder (keys in the names of folders are columns) or a list of them, of Parquet,
            Feather, Arrow or CSV; a pyarrow Dataset, Table or RecordBatchReader, or anything else
            with `__arrow_c_stream__`; a frame of pandas or polars, a LazyFrame, a relation of
            DuckDB; an iterator of such tables; or, without y, one of (X, y) or
            (X, y, sample_weight). X, y and weights may be Dask arrays or dataframes of any chunks:
            blocks are summed where they are, and only their sums travel (docs/scale.md).
        y : array-like of shape (n_samples,) or (n_samples, n_targets), or str
            The name of a column of a source.
        sample_weight : array-like of shape (n_samples,), or str, optional
            0 removes a row, 2 counts it twice.
        features : list of str, optional
            Columns of a source, or of a Dask dataframe, to use, in that order. None: all others
            than y and sample_weight, which must hold numbers.
        missing : {"raise", "drop"}, optional
            Of the same: rows with a null or NaN are an error, or are left out and counted in
            `n_dropped_`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For unusable input, naming what and where; the estimator is left as it was.

        Warns
        -----
        scipy.linalg.LinAlgWarning
            When columns depend on each other so nearly that fewer than half the digits of their
            coefficients are determined by the data, naming them and the digits.
        """
        if type(X) is not np.ndarray and is_dask(X):
            return from_dask.fit(self, X, y, sample_weight, features, missing or self.missing)
        if type(X) is not np.ndarray and is_source(X, y):
            return self._fit_source(X, y, sample_weight, features, missing)
        self._check_parameters()
        if type(y) is str or features is not None or missing is not None:
            refuse_options(y, features, missing)
        before = vars(self).copy()  # by hand: a context manager takes 1 us of a fit of 15
        vars(self).pop("reading_", None)
        try:
            if "_design" in before or "n_dropped_" in before:
                self._forget_last_rows()
            if self.n_jobs is None:
                return self._fit(X, y, sample_weight)
            with threads(self.n_jobs):
                return self._fit(X, y, sample_weight)
        except BaseException as error:
            put_back(self, before, error)
            raise

    def _fit(self, given, y, sample_weight):
        checked = self._validate_rows if self.missing == "raise" else self._validated
        X, Y, weights, one_target = checked(given, y, sample_weight, in_columns=True)
        problem = Problem(
            X,
            Y,
            weights,
            fit_intercept=self.fit_intercept,
            positive=self.positive,
            tol=self.tol,
            rung=None if self.precision == "auto" else self._rung(),
            may_be_float32=self.solver == "auto" and not self.positive and not self.alpha,
            names=vars(self).get("feature_names_in_"),
        )
        self._solve(problem, X.dtype, one_target)
        if not self.copy_X and self.fit_intercept:
            self._centre_in_place(given, problem.centre)
        return self

    def partial_fit(self, X, y=None, sample_weight=None, *, features=None, missing=None):
        """Add rows: the result is that of fitting them and all earlier ones at once.

        Earlier rows are those of `fit` and `partial_fit` since; what is kept of them is
        `moments_`. Parameters are those of `fit`. Rows of weight zero add nothing. With `decay`,
        earlier rows count less the older they are. y of one target may be a column. Of a source
        all rows are added, or none where one of them is refused.

        Examples
        --------
        >>> from linreg_fast import LinearRegression
        >>> model = LinearRegression(decay=0.5)
        >>> for x, y in ([0.0], 0.0), ([1.0], 1.0), ([1.0], 4.0):
        ...     model = model.partial_fit([x], [y])
        >>> model.predict([[1.0]]).round(12)  # (0.5 * 1 + 4) / 1.5
        array([3.])
        """
        if type(X) is not np.ndarray and is_dask(X):
            missing = missing or self.missing
            return from_dask.partial_fit(self, X, y, sample_weight, features, missing)
        if type(X) is not np.ndarray and is_source(X, y):
            return self._partial_fit_source(X, y, sample_weight, features, missing)
        self._check_parameters()
        refuse_options(y, features, missing)
        with unchanged_on_failure(self), threads(self.n_jobs):
            first = not hasattr(self, "coef_")
            refuse_lazy(sample_weight, "sample_weight")
            if not first and sample_weight is not None and not np.any(sample_weight):
                return self  # no row of weight above zero: nothing is added
            if not first and not hasattr(self, "moments_"):
                raise ValueError(
                    f"no moments of these {self.n_features_in_} columns are kept to add rows to "
                    "(fit() of more than 500 columns and fewer rows keeps none, nor of more than "
                    "64 targets, and forget_rows() drops them): call partial_fit from the start, "
                    "on a new or cloned estimator"
                )
            checked = self._validate_rows if self.missing == "raise" else self._validated
            X, Y, weights, one_target = checked(X, y, sample_weight, first, True)
            if not first:
                one_target = self._targets_as_before(Y, one_target)
            weights, share = fading_weights(weights, X.shape[0], self.decay)
            names = getattr(self, "feature_names_in_", None)
            rung = self._rung() or RUNGS["compensated"]
            found = streamed_moments(X, Y, weights, rung, names)
            moments = joined(None if first else self.moments_, found, share)
            self._solve_moments(moments, X.dtype if first else self.coef_.dtype, one_target)
        return self

    def fit_moments(self, moments):
        """Fit to the rows that are behind `Moments`, which may have been added up or loaded.

        Parameters
        ----------
        moments : Moments

        Returns
        -------
        self

        Examples
        --------
        >>> from linreg_fast import LinearRegression, moments
        >>> a, b = moments([[1.0], [2.0]], [3.0, 5.0]), moments([[6.0]], [13.0])
        >>> LinearRegression().fit_moments(a + b).coef_.round(12)
        array([2.])
        """
        self._check_parameters()
        if not isinstance(moments, (Moments, ManyTargetMoments)) or moments.n_samples == 0:
            raise ValueError(f"moments must be Moments of at least one row, got {moments!r}")
        with unchanged_on_failure(self):
            self.n_features_in_ = moments.n_features
            vars(self).pop("feature_names_in_", None)
            self._forget_last_rows()
            self._solve_moments(moments, np.dtype(np.float64), moments.n_targets == 1)
        return self

    @staticmethod
    def _centre_in_place(X, centre):
        if isinstance(X, np.ndarray) and X.dtype.kind == "f" and X.flags.writeable:
            X -= centre[: X.shape[1]].astype(X.dtype)

    def _check_parameters(self):
        if (  # the defaults, which most fits have: a tenth of a small fit is saved
            self.fit_intercept is True
            and self.copy_X is True
            and self.tol is None
            and self.n_jobs is None
            and self.positive is False
            and self.decay is None
            and self.missing == "raise"
            and type(self.alpha) is float
            and self.alpha == 0.0
            and type(self.solver) is type(self.precision) is str
            and self.solver == self.precision == "auto"
        ):
            return
        self._validate_params()
        check_known(self.solver)
        if self.solver != "auto" and self.positive and not SOLVERS[self.solver].positive:
            able = ", ".join(s.name for s in SOLVERS.values() if s.positive)
            raise ValueError(f"positive=True needs solver='auto' or {able}, got {self.solver!r}")
        if self.solver != "auto" and SOLVERS[self.solver].positive and not self.positive:
            raise ValueError(
                f"solver={self.solver!r} keeps coefficients at 0 or more: positive=True"
            )

    def _accepts_sparse(self):
        return not self.positive


# RANSACRegressor and others ask whether an estimator is one of theirs.
linear_model.LinearRegression.register(LinearRegression)
