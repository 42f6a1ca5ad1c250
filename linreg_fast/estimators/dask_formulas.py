"""Formulas of Dask dataframes: levels of all partitions first, then each is coded where it is."""

import copy
import functools

import numpy as np

from linreg_fast.data.gate import is_dask
from linreg_fast.estimators.coded_sources import check_target
from linreg_fast.estimators.dask_lessons import learnt, number_of, one_at_a_time
from linreg_fast.estimators.formula_frames import no_column
from linreg_fast.sources import dask_blocks
from linreg_fast.sources.dask_collections import libraries


def fit_formula(model, formula, frame, weight, context):
    """`LinearRegression.from_formula` of a Dask dataframe: the model, fitted."""
    from linreg_fast.estimators import from_dask

    frame, weight = _with_weight(frame, weight)
    design = learnt(formula, frame, weight, context)
    model.fit_intercept = design.fit_intercept
    drop = model.missing == "drop"
    rows, y, weight, _ = coded(design, frame, None, weight, drop=drop)
    from_dask.fit(model, rows, y, weight, list(design.names), model.missing)
    model._design = design


def _with_weight(frame, weight):
    """(frame, None or a name or a number): weights as a column of the frame."""
    _, dd = libraries()
    if dd is None or not isinstance(frame, dd.DataFrame):
        kind = type(frame).__name__
        raise TypeError(f"a formula needs columns with names: a Dask dataframe, not a Dask {kind}")
    if weight is None or isinstance(weight, (int, float, np.number)):
        return frame, weight
    if isinstance(weight, str):
        if weight not in list(frame.columns):
            raise no_column(weight, [str(name) for name in frame.columns])
        return frame, weight
    if not is_dask(weight):
        raise ValueError(
            f"sample_weight is a {type(weight).__name__} in memory, and the lengths of a Dask "
            "dataframe's partitions are not known: make it a column of the frame"
        )
    name = _apart("sample_weight", frame.columns)
    return frame.assign(**{name: weight}), name


def coded(design, frame, y=None, weight=None, groups=None, drop=False):
    """(frame of the columns of a fit, its targets, weights, groups): names of columns, lazily.

    Groups and weights stay as they are. drop: rows with a gap become NaN; else they are an error.
    """
    check_target(design, y)
    frame, weight = _with_weight(frame, weight)
    groups, many = _named_groups(frame, groups)
    names = [str(name) for name in frame.columns]
    needed = [*design.left.columns, *design.right.columns]
    for name in [*needed, *groups]:
        if names.count(name) != 1:
            raise no_column(name, names)
    targets = [_apart(name, design.names) for name in design.left.columns_named]
    columns = dict.fromkeys([*design.names, *targets], np.float64)
    beside = {name: _apart(name, columns) for name in groups}
    if isinstance(weight, str):
        beside[weight] = _apart(weight, [*columns, *beside.values()])
    frame = frame[list(dict.fromkeys([*needed, *beside]))]
    code = functools.partial(
        _coded, **_travelling(design), targets=targets, beside=beside, drop=drop
    )
    empty = frame._meta[[]].assign(**dict.fromkeys(columns, 0.0)).astype(np.float64)
    for name, called in beside.items():
        empty[called] = frame._meta[name]
    found = frame.map_partitions(code, meta=empty, enforce_metadata=False)
    y = targets[0] if len(targets) == 1 else targets
    weight = beside.get(weight, weight) if isinstance(weight, str) else weight
    return found, y, weight, [beside[name] for name in groups] if many else None


def _named_groups(frame, groups):
    """(names, whether there are any)."""
    if groups is None:
        return [], False
    given = [groups] if isinstance(groups, str) else groups
    if not isinstance(given, (list, tuple)) or not all(isinstance(name, str) for name in given):
        raise ValueError(
            "of a Dask dataframe and a formula groups are names of columns: groups='city', or "
            f"['city', 'year'], not a {type(groups).__name__}"
        )
    return list(given), True


def _travelling(design):
    """A design for workers: pickles leave lambdas behind, which Dask takes along."""
    return {"design": design, "context": design.context}


def _apart(name, taken):
    """A name that is none of those taken."""
    while name in taken:
        name = f"_{name}"
    return name


def predicted(design, frame, coef, intercept, one_target):
    """Lazy predictions for a frame, NaN where a value is missing: a series, or a frame."""
    names = [str(name) for name in frame.columns]
    for name in design.columns:
        if names.count(name) != 1:
            raise no_column(name, names)
    frame = frame[list(design.columns)]
    line = {"coef": coef, "intercept": intercept, "one_target": one_target}
    meta = _boxed(frame._meta, np.empty((0, len(coef))), one_target)
    of_partition = functools.partial(_predicted, **_travelling(design), **line)
    return frame.map_partitions(of_partition, meta=meta, enforce_metadata=False)


# What follows runs in the workers.


def _arrived(design, context):
    design = copy.copy(design)
    design.context, design.lost = context, ()
    return design


def _coded(frame, design, context, targets, beside, drop, partition_info=None):
    with dask_blocks.naming(number_of(partition_info)), one_at_a_time():
        design = _arrived(design, context)
        if not drop:
            _refuse_gaps(frame, [*design.left.columns, *design.right.columns])
        X, Y = design.both(frame)
    import pandas as pd

    Y = Y[:, None] if Y.ndim == 1 else Y
    values = np.asfortranarray(np.hstack([X, Y]))
    found = pd.DataFrame(values, columns=[*design.names, *targets], index=frame.index, copy=False)
    return found.assign(**{called: frame[name] for name, called in beside.items()})


def _refuse_gaps(frame, names):
    for name in dict.fromkeys(names):
        gaps = np.asarray(frame[name].isna())
        if gaps.any():
            raise ValueError(
                f"column {name!r} has {int(gaps.sum())} missing values, the first at row "
                f"{int(np.argmax(gaps))}{dask_blocks.LEAVE_OUT}"
            )


def _predicted(frame, design, context, coef, intercept, one_target, partition_info=None):
    with dask_blocks.naming(number_of(partition_info)), one_at_a_time():
        X = _arrived(design, context).matrix(frame)
    found = dask_blocks.predictions(X, 0, coef, intercept, gaps=True)
    return _boxed(frame, found, one_target)


def _boxed(frame, found, one_target):
    if one_target:
        return frame._constructor_sliced(found[:, 0], index=frame.index)
    return frame._constructor(found, index=frame.index)
