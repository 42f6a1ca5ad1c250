"""What stands between a user's rows and those of a fit: gaps, and formulas. Cheap where neither is.

`missing="drop"` and `from_formula` change what `fit`, `predict`, `score` and `inference` take; the
models that have neither pay a comparison of strings for it.
"""

import numpy as np
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from linreg_fast.data.gate import frozen, is_dask
from linreg_fast.estimators import by_name
from linreg_fast.estimators.coded_sources import fit_formula, is_streamed
from linreg_fast.kernels.steps.predict import predict


class RowsAndFormulas:
    """`from_formula`, and rows with missing values."""

    @classmethod
    def from_formula(
        cls, formula, data, sample_weight=None, *, context=None, unseen="error", **params
    ):
        """Fit by a formula such as ``"price ~ area * C(city)"``; needs the extra `formula`.

        Parameters
        ----------
        formula : str
            Wilkinson's notation as R, patsy and formulaic have it: ``+``, ``:``, ``*``, ``- 1`` or
            ``0 +`` for no intercept, ``C(city)`` for groups (text is groups anyway), ``log(x)``,
            ``sqrt(x)``, ``I(x**2)``, ``poly(x, 2)``, ``bs(x, df=4)``, ``center(x)``; ``.`` is all
            other columns. R's ``factor(x)`` and ``I(x^2)`` are understood.
        data : DataFrame of pandas or polars, pyarrow Table, or dict of columns
            Or a Dask dataframe, or a source that `fit` reads in batches: files, a Dataset, a
            reader, a LazyFrame.
            Levels, and the means of `center` and `scale`, take a reading of their own before the
            fit, so that the source must be one that can be read again; `poly`, and `bs` without
            its knots and bounds, need all rows at once.
        sample_weight : array-like of shape (n_samples,), or str, optional
            Weights, or the name of their column, which ``.`` does not stand for then.
        context : dict, optional
            Names that the formula may use besides those of columns; of a source functions of single
            rows.
        unseen : {"error", "nan"}, default="error"
            What new rows with a level that the fit has not seen do: stop, or become NaN in place.
        **params
            Those of the constructor but `fit_intercept`, which the formula decides;
            ``missing="drop"`` leaves out rows with a gap in a column of the formula.

        Returns
        -------
        LinearRegression
            A fitted one. `predict`, `inference`, `influence` and the like take frames with the
            formula's columns, or the source, coded as in the fit; rows with missing values give
            NaN. `inference().anova()` tests term by term. Without an intercept R2 in `inference` is
            the uncentred one, as in R, also where the columns of groups span a constant.

        Raises
        ------
        ValueError
            For a formula that cannot be read, columns that are not there or hold dates, and missing
            values unless they are to be dropped.

        Examples
        --------
        >>> import pandas as pd
        >>> from linreg_fast import LinearRegression
        >>> flats = pd.DataFrame({
        ...     "price": [300.0, 420.0, 390.0, 260.0, 500.0, 310.0],
        ...     "area": [50.0, 70.0, 65.0, 40.0, 90.0, 55.0],
        ...     "city": ["Oslo", "Rome", "Oslo", "Rome", "Bonn", "Bonn"],
        ... })
        >>> model = LinearRegression.from_formula("price ~ area + C(city)", flats)
        >>> list(model.feature_names_in_)
        ['area', 'C(city)[T.Oslo]', 'C(city)[T.Rome]']
        >>> model.predict(pd.DataFrame({"area": [60.0, None], "city": "Rome"})).round(3)
        array([367.234,     nan])
        """
        from linreg_fast.estimators.formulas import Design, gaps_in_weights

        if unseen not in ("error", "nan"):
            raise ValueError(f"unseen must be 'error' or 'nan', got {unseen!r}")
        if "fit_intercept" in params:
            raise TypeError(
                "a formula says whether there is an intercept: write '- 1' for none, and leave "
                "fit_intercept out"
            )
        model = cls(**params)
        model._check_parameters()
        if is_dask(data):
            from linreg_fast.estimators import dask_formulas

            dask_formulas.fit_formula(model, formula, data, sample_weight, context)
            model._design.unseen = unseen
            return model
        if is_streamed(data):
            fit_formula(model, formula, data, sample_weight, context)
            model._design.unseen = unseen
            return model
        gone = gaps_in_weights(data, sample_weight) if model.missing == "drop" else None
        weight = sample_weight if isinstance(sample_weight, str) else None
        design, X, y = Design.of(formula, data, context, gone=gone, weight=weight)
        model.fit_intercept = design.fit_intercept
        if model.missing == "raise":
            _refuse_gaps(design, data, X, y)
        import pandas as pd  # formulaic has it

        weights = design.weights(data, sample_weight)
        model.fit(pd.DataFrame(X, columns=design.names, copy=False), y, weights)
        model._design, design.unseen = design, unseen
        return model

    @property
    def formula_(self):
        """The formula of `from_formula`."""
        if getattr(self, "_design", None) is None:
            raise AttributeError("this model was not fitted by a formula")
        return self._design.text

    def _forget_last_rows(self):
        """What a fit starts without."""
        for name in ("_design", "n_dropped_", "reading_"):
            vars(self).pop(name, None)

    def _validated(self, X, y, sample_weight, reset=True, in_columns=False):
        """As `_validate_rows`, of the rows without gaps, which are counted: an array of its own."""
        from linreg_fast.estimators import missing

        *rows, kept = missing.validated(self, X, y, sample_weight, reset)
        before = 0 if reset else getattr(self, "n_dropped_", 0)
        self.n_dropped_ = before + int(len(kept) - kept.sum())
        return rows

    def _rows_given(self, X, y, sample_weight):
        """(X, Y, weights, kept or None) of rows for a fitted model: whole ones, and which."""
        from linreg_fast.estimators import missing

        check_is_fitted(self)
        design = getattr(self, "_design", None)
        if design is not None and not isinstance(X, np.ndarray):
            sample_weight = design.weights(X, sample_weight)
            if y is None:
                y = design.targets(X)
                X = _WithTargets(X) if by_name.drops(self) else X
        elif design is None:
            y, sample_weight = (by_name.column(self, X, each) for each in (y, sample_weight))
            X = by_name.picked(self, X)
        if y is None:
            raise ValueError("pass X and y together")
        if by_name.drops(self):
            X, Y, weights, _, kept = missing.validated(self, X, y, sample_weight, reset=False)
            return X, Y, weights, None if kept.all() else kept
        if design is not None:
            _refuse_gaps(design, X, None, None)
        X, Y, weights, _ = self._validate_rows(X, y, sample_weight, reset=False)
        return X, Y, weights, None

    def _validate_matrix(self, X, accept_sparse, reset):
        if isinstance(X, _WithTargets):
            return frozen(self._design.both(X.frame)[0])
        design = None if reset else getattr(self, "_design", None)
        if design is not None and isinstance(X, (np.ndarray, list)):
            by_name.refuse_arrays(design, X)
        if design is None or isinstance(X, (np.ndarray, list)) or hasattr(X, "tocsr"):
            return super()._validate_matrix(X, accept_sparse, reset)
        return frozen(design.matrix(X))

    def _check_finite(self, X, Y=None):
        gaps_pass = by_name.drops(self) or getattr(self, "_design", None) is not None
        if gaps_pass and isinstance(X, np.ndarray) and Y is None:
            X = np.where(np.isnan(X), 0.0, X)  # what is infinite is an error all the same
        super()._check_finite(X, Y)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "drop"
        return tags

    def score(self, X, y=None, sample_weight=None):
        """Coefficient of determination, R2, of the predictions for X; of several targets the mean.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Or a frame, of a model that was fitted by a formula; then y may be left out.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
            About the mean of y, also without an intercept, as scikit-learn has it; `inference().r2`
            is the uncentred one then. With `missing="drop"` of the rows that have no gap.
        """
        plain = not by_name.drops(self) and getattr(self, "_design", None) is None
        if plain or is_dask(X):
            return super().score(X, y, sample_weight)
        X, Y, weights, _ = self._rows_given(X, y, sample_weight)
        coef, intercept = self._parameters()
        found = X @ coef.T + intercept if hasattr(X, "tocsr") else predict(X, coef, intercept)
        return r2_score(Y, found, sample_weight=weights)


class _WithTargets:
    """A frame whose rows are left out where the target has a gap, whatever level they have."""

    def __init__(self, frame):
        self.frame = frame


def _refuse_gaps(design, data, X, y):
    whole = X is not None and np.isfinite(X).all() and np.isfinite(y).all()
    gaps = {} if whole else design.gaps(data)
    if gaps:
        found = ", ".join(f"{name} ({count})" for name, count in gaps.items())
        raise ValueError(f"missing values in {found}: missing='drop' leaves such rows out")
