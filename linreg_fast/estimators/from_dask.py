"""`fit`, `partial_fit`, `predict` and `score` of Dask collections."""

import functools
import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils.validation import check_is_fitted

from linreg_fast.data.forgetting import joined
from linreg_fast.data.gate import is_dask, listed
from linreg_fast.estimators.base import r2_of_residuals, unchanged_on_failure
from linreg_fast.kernels import RUNGS
from linreg_fast.sources import dask_blocks, dask_collections
from linreg_fast.sources.dask_arrays import as_dask_array
from linreg_fast.sources.dask_collections import libraries, summed


def fit(model, X, y, sample_weight, features, missing):
    """`LinearRegression.fit` of Dask collections, computed now."""
    model._check_parameters()
    with unchanged_on_failure(model):
        rung = (model._rung() or RUNGS["compensated"]).name
        found = summed(X, y, sample_weight, features=features, missing=missing, rung=rung)
        dask_collections.check_rows(found)
        _name(model, found)
        model._solve_moments(found.moments, found.dtype, found.one_target)
    return model


def partial_fit(model, X, y, sample_weight, features, missing):
    """`LinearRegression.partial_fit` of Dask collections: all their rows are added, or none."""
    model._check_parameters()
    first = not hasattr(model, "coef_")
    if not first and not hasattr(model, "moments_"):
        raise ValueError(
            "no moments are kept to add rows to: call partial_fit from the start, on a new or "
            "cloned estimator"
        )
    design = getattr(model, "_design", None)
    if design is not None and hasattr(X, "columns"):
        from linreg_fast.estimators.dask_formulas import coded

        X, y, sample_weight, _ = coded(design, X, y, sample_weight, drop=missing == "drop")
    if not first and features is None and hasattr(model, "feature_names_in_"):
        features = _as_fitted(model, X)
    with unchanged_on_failure(model):
        rung = (model._rung() or RUNGS["compensated"]).name
        decay = None if model.decay == 1.0 else model.decay
        found = summed(
            X, y, sample_weight, features=features, missing=missing, rung=rung, decay=decay
        )
        dtype, one_target, moments = found.dtype, found.one_target, found.moments
        if first:
            dask_collections.check_rows(found)
            _name(model, found)
        else:
            model.n_dropped_ = getattr(model, "n_dropped_", 0) + found.part.dropped
            if moments.n_samples == 0:
                return model  # nothing is added
            _check_columns(model, moments.n_features, found.features)
            dtype = model.coef_.dtype
            one_target = model._targets_as_before(np.empty((0, found.n_targets)), one_target)
            moments = joined(model.moments_, moments, found.part.share)
        model._solve_moments(moments, dtype, one_target)
    return model


def _name(model, found):
    """The columns, as scikit-learn's estimators have them."""
    model._forget_last_rows()
    model.n_features_in_, model.n_dropped_ = found.moments.n_features, found.part.dropped
    vars(model).pop("feature_names_in_", None)
    if found.features is not None and all(isinstance(name, str) for name in found.features):
        model.feature_names_in_ = np.array(found.features, dtype=object)


def left_out(model):
    """Whether a fit of Dask collections left rows with gaps out, or would have."""
    return getattr(model, "missing", "raise") == "drop" or getattr(model, "n_dropped_", 0) > 0


def _as_fitted(model, X):
    """Names of the features in the order of the fit, if X has names."""
    if not hasattr(X, "columns"):
        return None
    names = list(model.feature_names_in_)
    absent = [repr(name) for name in names if name not in set(X.columns)]
    if absent:
        raise ValueError(
            f"X has no column {listed(absent)}, which {type(model).__name__} was fitted to"
        )
    return names


def _check_columns(model, count, features=None):
    kind, fitted = type(model).__name__, model.n_features_in_
    if count != fitted:
        raise ValueError(f"X has {count} features, but {kind} is expecting {fitted} features")
    names = getattr(model, "feature_names_in_", None)
    if features is not None and names is not None and list(features) != list(names):
        raise ValueError(
            f"the features must be those of the fit, in its order: {listed(map(repr, names))}"
        )


def predict(model, X):
    """Predictions that Dask computes when asked: of an array an array, of a frame a series."""
    check_is_fitted(model)
    da, dd = libraries()
    coef, intercept = model._parameters()  # as they are now, whatever is fitted later
    one_target = model.coef_.ndim == 1
    design = getattr(model, "_design", None)
    if dd is not None and design is not None and isinstance(X, dd.DataFrame):
        from linreg_fast.estimators.dask_formulas import predicted

        return predicted(design, X, coef, intercept, one_target)
    line = {"coef": coef, "intercept": intercept, "one_target": one_target, "gaps": left_out(model)}
    if dd is not None and isinstance(X, dd.DataFrame):
        names = _as_fitted(model, X) if hasattr(model, "feature_names_in_") else list(X.columns)
        _check_columns(model, len(names))
        X = X[names]
        of_partition = functools.partial(_of_partition, **line)
        meta = of_partition(X._meta)
        return X.map_partitions(of_partition, meta=meta, enforce_metadata=False)
    X = as_dask_array(da, dd, X, "X")
    if X.ndim != 2:
        raise ValueError(f"Expected 2D array, got a Dask array of shape {X.shape}")
    _check_columns(model, X.shape[1])
    dtype = X.dtype if X.dtype in (np.float32, np.float64) else np.dtype(np.float64)
    of_block = functools.partial(_of_block, **line)
    if len(X.chunks[1]) > 1:
        X = X.rechunk({1: -1})
    if one_target:
        return X.map_blocks(of_block, drop_axis=1, dtype=dtype, meta=np.empty(0, dtype))
    shape = (X.chunks[0], (len(coef),))
    return X.map_blocks(of_block, chunks=shape, dtype=dtype, meta=np.empty((0, 0), dtype))


def _of_block(values, coef, intercept, one_target, gaps, block_id=(0,)):
    found = dask_blocks.predictions(values, block_id[0], coef, intercept, gaps=gaps)
    return found[:, 0] if one_target else found


def _of_partition(frame, coef, intercept, one_target, gaps, partition_info=None):
    number = partition_info["number"] if partition_info else 0
    values, names = dask_blocks.as_array(frame, {}), list(frame.columns)
    found = dask_blocks.predictions(values, number, coef, intercept, names, gaps)
    if one_target:
        return frame._constructor_sliced(found[:, 0], index=frame.index)
    return frame._constructor(found, index=frame.index)


def score(model, X, y, sample_weight, missing=None):
    """R2 of the predictions for Dask collections, computed now; of several targets the mean.

    missing: as in `fit`; None leaves gaps out where the fit did.
    """
    check_is_fitted(model)
    if not is_dask(X):
        raise TypeError("y or sample_weight is a Dask collection and X is none: compute() them")
    design = getattr(model, "_design", None)
    if design is not None and hasattr(X, "columns"):
        from linreg_fast.estimators.dask_formulas import coded

        drop = missing == "drop" or (missing is None and left_out(model))
        X, y, sample_weight, _ = coded(design, X, y, sample_weight, drop=drop)
    features = _as_fitted(model, X) if hasattr(model, "feature_names_in_") else None
    missing = missing or ("drop" if left_out(model) else "raise")
    line = model._parameters()
    found = summed(X, y, sample_weight, features=features, missing=missing, line=line)
    dask_collections.check_rows(found)
    moments, t = found.moments, found.n_targets
    if moments.n_samples < 2:
        warnings.warn(
            "R^2 score is not well-defined with less than two samples.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
        return float("nan")
    return r2_of_residuals(moments, t)
