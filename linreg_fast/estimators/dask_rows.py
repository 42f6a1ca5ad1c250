"""The rows of a fit once more, in Dask collections: functions of blocks, where the blocks are."""

import numpy as np

from linreg_fast.data.gate import as_floats, as_weights, check_finite, frozen, is_dask, listed
from linreg_fast.estimators.from_dask import left_out
from linreg_fast.runtime import launch
from linreg_fast.sources.dask_collections import libraries


def blocks_of(model, X, y, weights=None, groups=None):
    """`ArrayBlocks` or `FrameBlocks` of rows as the fit had them; nothing is computed.

    Of a frame y, weights and groups are names of its columns, or series beside it; of a model that
    was fitted by a formula y is None.
    """
    from linreg_fast.estimators.dask_row_arrays import ArrayBlocks
    from linreg_fast.estimators.dask_row_frames import FrameBlocks

    da, dd = libraries()
    of_frame = dd is not None and isinstance(X, dd.DataFrame)
    if of_frame and getattr(model, "_design", None) is not None:
        from linreg_fast.estimators.dask_formulas import coded

        X, y, weights, groups = coded(model._design, X, y, weights, groups, left_out(model))
    if y is None:
        raise ValueError("pass X and y together: y is a Dask collection, or a column's name")
    beside = groups if isinstance(groups, (list, tuple)) else [groups]
    frames = (dd.DataFrame, dd.Series) if of_frame else ()
    if of_frame and all(isinstance(each, frames) or not is_dask(each) for each in (y, weights)):
        return FrameBlocks(model, X, y, weights, [] if groups is None else beside)
    return ArrayBlocks(model, da, dd, X, y, weights, groups)


def picked(X, names):
    """The columns of a fit, by name."""
    absent = [repr(name) for name in names if name not in list(X.columns)]
    if absent:
        raise ValueError(f"X has no column {listed(absent)}, which the model was fitted to")
    return X[names]


def check_targets(model, count):
    """Raise for another number of targets than the fit had."""
    if count != model._n_targets():
        raise ValueError(f"y has {count} targets, and the fit had {model._n_targets()}")


# What follows runs in the workers.


def of_rows(function, X, Y, weights, groups, drop, whole, names=None):
    """function(X, Y, weights, groups, kept, whole) of a block's rows without gaps; kept: which.

    whole: the partition, or the number of its rows. names: of the columns of X, for messages.
    """
    from linreg_fast.estimators import missing

    if not len(Y) == len(X) == len(X if weights is None else weights):
        raise ValueError("X, y and sample_weight have different numbers of rows here")
    weights = None if weights is None else as_floats(weights, "sample_weight")
    gone = np.isnan(X).any(axis=1) | np.isnan(Y).any(axis=1)
    if weights is not None:
        gone = gone | np.isnan(weights)
    kept = None
    if drop and gone.any():
        kept = ~gone
        X, Y, groups = X[kept], Y[kept], missing.of_rows(groups, kept)
        weights = None if weights is None else weights[kept]
    _refuse_not_finite(X, Y, names)
    if weights is not None and len(X):
        some = np.any(weights)  # other blocks have rows that count
        weights = as_weights(weights, len(X)) if some else frozen(np.zeros(len(X)))
    with launch.alone():
        return function(frozen(X), frozen(np.ascontiguousarray(Y)), weights, groups, kept, whole)


def _refuse_not_finite(X, Y, names):
    """Raise for the first number of a block that is no finite one."""
    with np.errstate(over="ignore", invalid="ignore"):
        suspicious = not np.isfinite(X.sum() + Y.sum())
    if suspicious:
        check_finite(X, "X", names)
        check_finite(Y if Y.shape[1] > 1 else Y[:, 0], "y")


def in_place(X, Y, weights, groups, kept, whole, use, width):
    """(rows of the block, width), NaN where a row was left out."""
    n = whole if isinstance(whole, int) else len(whole)
    if not len(X):
        return np.full((n, width), np.nan)
    found = use(X, Y, weights, groups, kept, whole)
    if kept is None:
        return found
    whole = np.full((n, width), np.nan)
    whole[kept] = found
    return whole
