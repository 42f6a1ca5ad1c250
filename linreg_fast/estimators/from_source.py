"""Fits and scores of rows that come from a source: files, streams of Arrow, frames, iterators."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from linreg_fast.data.forgetting import fading_weights, joined
from linreg_fast.data.gate import is_dask
from linreg_fast.data.many_target_moments import moments_of
from linreg_fast.data.moments import Moments
from linreg_fast.estimators.base import r2_of_residuals, unchanged_on_failure
from linreg_fast.estimators.by_name import drops
from linreg_fast.estimators.coded_sources import is_read
from linreg_fast.kernels import RUNGS
from linreg_fast.kernels.steps.predict import predict
from linreg_fast.runtime.launch import threads


class SourceMixin:
    """What `LinearRegression` does with a source of rows instead of arrays."""

    def _fit_source(self, source, y, sample_weight, features, missing):
        from linreg_fast.sources.summing import opened

        self._check_parameters()
        return self._fit_stream(opened(source, y, sample_weight, features), missing)

    def _fit_stream(self, stream, missing=None, progress=None):
        from linreg_fast.estimators.plain_first import sums_of

        missing = self._missing(missing)
        with unchanged_on_failure(self), threads(self.n_jobs):
            moments, reading = sums_of(self, stream, missing, progress)
            self._forget_last_rows()
            self._name_features(stream)
            self._tell_reading(reading, missing)
            self._solve_moments(moments, stream.dtype, stream.one_target)
        return self

    def _partial_fit_source(self, source, y, sample_weight, features, missing):
        from linreg_fast.sources.summing import opened, summed

        self._check_parameters()
        if not hasattr(self, "coef_"):
            # Nothing fades but by rows that come later, in the same source too.
            if self.decay is None:
                return self._fit_source(source, y, sample_weight, features, missing)
        elif not hasattr(self, "moments_"):
            raise ValueError(
                "no moments are kept to add rows to: call partial_fit from the start, on a new or "
                "cloned estimator"
            )
        missing = self._missing(missing)
        with unchanged_on_failure(self), threads(self.n_jobs):
            first = not hasattr(self, "coef_")
            if features is None and not first and y is not None:
                features = _names_of(self)
            stream = opened(source, y, sample_weight, features)
            if not first:
                self._compare(stream)
            rung = self._rung() or RUNGS["compensated"]
            earlier = None if first else self.moments_
            if self.decay is None:
                moments, reading = summed(stream, rung, missing)
                moments = joined(earlier, moments, 1.0)
            else:
                moments, reading = self._faded(stream, rung, missing, earlier)
            if first:
                self._name_features(stream)
            dtype = stream.dtype if first else self.coef_.dtype
            one_target = stream.one_target if first else self.coef_.ndim == 1
            dropped = 0 if first else getattr(self, "n_dropped_", 0)
            self._tell_reading(reading, missing, dropped)
            self._solve_moments(moments, dtype, one_target)
        return self

    def _faded(self, stream, rung, missing, earlier):
        """Likewise, with earlier rows counting less: block after block, not as a tree."""
        from linreg_fast.sources.summing import check_range, each_block

        found = earlier

        def add(X, Y, weights):
            nonlocal found
            weights, share = fading_weights(weights, len(X), self.decay)
            with np.errstate(all="ignore"):
                found = joined(found, moments_of(X, Y, weights, rung), share)

        reading = each_block(stream, add, missing)
        check_range(found)
        return found, reading

    def _missing(self, missing):
        return getattr(self, "missing", "raise") if missing is None else missing

    def _tell_reading(self, reading, missing, before=0):
        self.reading_ = reading
        vars(self).pop("n_dropped_", None)
        if missing == "drop":
            self.n_dropped_ = before + reading.dropped

    def _name_features(self, stream):
        self.n_features_in_ = stream.n_features
        for name in ("feature_names_in_", "_design"):  # of an earlier fit, by a formula perhaps
            vars(self).pop(name, None)
        if stream.feature_names is not None:
            self.feature_names_in_ = np.array(stream.feature_names, dtype=object)

    def _compare(self, stream):
        """Raise for other columns than those of the fit so far."""
        targets = 1 if self.coef_.ndim == 1 else len(self.coef_)
        if stream.n_features == self.n_features_in_ and stream.n_targets == targets:
            known = _names_of(self)
            names = stream.feature_names
            if known is None or names is None or list(names) == known:
                return
            stream.close()
            raise ValueError(f"the features are {list(names)}, and in the first call were {known}")
        stream.close()
        raise ValueError(
            f"the source has {stream.n_features} features and {stream.n_targets} targets, and in "
            f"the first call there were {self.n_features_in_} and {targets}"
        )

    def score(self, X, y=None, sample_weight=None, *, missing=None):
        """Coefficient of determination, R2, of the predictions for X; of several targets the mean.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or a source
            A source, as `fit` takes it, is read once, in batches.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), or the name of a column
        sample_weight : array-like of shape (n_samples,), or the name of a column, optional
        missing : {"raise", "drop"}, optional
            Of a source or a Dask collection, as in `fit`; by default as the fit had it.

        Returns
        -------
        float
        """
        if is_dask(X):
            from linreg_fast.estimators import from_dask

            return from_dask.score(self, X, y, sample_weight, missing)
        if not is_read(self, X, y):
            if y is None and getattr(self, "_design", None) is None:
                raise ValueError("score requires y to be passed: y is None")
            return super().score(X, y, sample_weight)
        return self._score_source(X, y, sample_weight, missing)

    def _score_source(self, source, y, sample_weight, missing):
        from linreg_fast.estimators.coded_sources import stream_of
        from linreg_fast.sources.summing import Tree, each_block

        check_is_fitted(self)
        stream = stream_of(self, source, y, sample_weight)
        self._compare(stream)
        coef, intercept = self._parameters()
        tree = Tree()

        def add(X, Y, weights):
            residuals = Y - predict(X, coef, intercept)
            tree.add(Moments.of(residuals, Y, weights, RUNGS["compensated"]))

        each_block(stream, add, missing or ("drop" if drops(self) else "raise"))
        found = tree.joined()
        return r2_of_residuals(found, len(coef))

    def predict_to_file(self, source, path):
        """Write the predictions for all rows of a source to a file, batch after batch.

        Parameters
        ----------
        source
            As `fit` takes it, with the columns of `feature_names_in_`, or with as many features.
        path : str or path
            Parquet where it ends in .parquet, else CSV: one column, "prediction", a line a row in
            the source's order; null or empty where a value is missing. Written whole or not at all.

        Returns
        -------
        int
            Rows written.

        Examples
        --------
        >>> import os, tempfile
        >>> import pandas as pd
        >>> from linreg_fast import LinearRegression
        >>> frame = pd.DataFrame({"x": [1.0, 2.0, 4.0], "y": [3.0, 5.0, 9.0]})
        >>> model = LinearRegression().fit(frame, "y")
        >>> path = os.path.join(tempfile.mkdtemp(), "predicted.csv")
        >>> model.predict_to_file(frame, path)
        3
        """
        from linreg_fast.estimators.coded_sources import coder_of
        from linreg_fast.sources.predictions import write

        check_is_fitted(self)
        if hasattr(source, "__dask_graph__"):
            raise TypeError("predict(X) of a Dask collection is lazy: write that, as Dask does")
        return write(source, path, coder_of(self), *self._parameters())


def refuse_options(y, features, missing):
    """Raise for what only sources have."""
    if type(y) is str:
        raise ValueError(f"y is {y!r}, a name, and X has no columns with names: pass y's numbers")
    if missing is not None and features is None:
        raise ValueError(
            f"missing={missing!r} is for sources, whose target is named; of X and y the model says "
            f"it: LinearRegression(missing={missing!r}).fit(X, y)"
        )
    if features is not None:
        raise ValueError(
            "features and missing are for sources, whose target is named: fit(source, 'target', "
            "features=[...], missing='drop')"
        )


def _names_of(model):
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else list(names)
