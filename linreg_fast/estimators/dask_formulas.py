"""Formulas of Dask dataframes: levels of all partitions first, then each is coded where it is.

The model is that of the same rows in memory: the levels of text are sorted, those of categories
have the order that the frame knows, or else are sorted, too.
"""

import copy
import functools
from _thread import RLock

import numpy as np

from linreg_fast.data.gate import is_dask
from linreg_fast.estimators.formula_frames import Frame, no_column
from linreg_fast.runtime.forks import in_children
from linreg_fast.sources import dask_blocks
from linreg_fast.sources.dask_collections import libraries, reduced

_one_at_a_time = RLock()  # what formulaic does about warnings is of the whole process


@in_children
def _unlocked(by_python):
    global _one_at_a_time
    _one_at_a_time = RLock()


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


def learnt(text, frame, weight=None, context=None):
    """The `Design` of a formula and all partitions: one pass, or less where nothing is learnt."""
    from linreg_fast.estimators.formula_lessons import Lesson
    from linreg_fast.estimators.formula_names import columns_of, refuse_unsafe
    from linreg_fast.estimators.formula_sides import Side
    from linreg_fast.estimators.formulas import Design, parsed, spelt_out

    names = [str(name) for name in frame.columns]
    text = spelt_out(text, [name for name in names if name != weight])
    left, right = parsed(text)
    if left is None:
        raise ValueError(f"the formula {text!r} has no target: write 'target ~ {text}'")
    for side in (left, right):
        refuse_unsafe(side, context or ())
    for name in (n for side in (left, right) for n in columns_of(side, names, context or ())):
        if names.count(name) != 1:
            raise no_column(name, names)
    sides = [Side(side, names, context or ()) for side in (left, right)]
    design = Design(text, *sides, context)
    kinds = _kinds(frame, dict.fromkeys([*sides[0].columns, *sides[1].columns]))
    lesson = Lesson((left, right), kinds, design)
    used = list(dict.fromkeys([*kinds, *([weight] if isinstance(weight, str) else [])]))
    _look(lesson, frame[used])
    table = {name: _as_in(frame._meta[name], each) for name, each in lesson.frame().items()}
    design.learn(table)
    lesson.correct(design)
    return design


def _kinds(frame, names):
    """{column: "number" or "text"} as the frame declares them; an error for dates."""
    found = {}
    for name in names:
        dtype = frame._meta[name].dtype
        if getattr(dtype, "kind", "O") in "mM":
            Frame(frame._meta[[name]]).column(name)  # raises
        numbers = getattr(dtype, "kind", "O") in "biuf" and not hasattr(dtype, "categories")
        found[name] = "number" if numbers else "text"
    return found


def _look(lesson, frame):
    """Learn from all partitions at once, or from one after the other until one has a whole row."""
    da, dd = libraries()
    if lesson.needs_all:
        parts = [frame]
    else:
        parts = (frame.partitions[number] for number in range(frame.npartitions))
    for part in parts:
        look = functools.partial(_lesson_of, lesson=lesson)
        leaves = dd.map_partitions(look, part, meta=dask_blocks.BLOCKS, enforce_metadata=False)
        lesson.join(reduced(da, leaves, None, _joined, " before the fit"))
        if lesson.learnt:
            return
    raise ValueError("every row has a missing value in a column of the formula")


def _as_in(column, values):
    """The values of a lesson, in the type of the frame's column, with the order of its levels."""
    import pandas as pd

    dtype = column.dtype
    if hasattr(dtype, "categories"):
        known = list(dtype.categories) if getattr(column.cat, "known", True) else []
        seen = set(values.tolist())
        levels = [level for level in known if level in seen]
        levels += sorted(seen - set(levels))
        return pd.Series(pd.Categorical(values, categories=levels))
    if getattr(dtype, "kind", "O") in "biuf":
        return values.astype(getattr(dtype, "numpy_dtype", dtype))
    return values


def coded(design, frame, y=None, weight=None, groups=None, drop=False):
    """(frame of the columns of a fit, its targets, weights, groups): names of columns, lazily.

    Groups and weights stay as they are. drop: rows with a gap become NaN; else they are an error.
    """
    if y is not None:
        raise ValueError(f"the formula {design.text!r} names the target: pass no y beside the frame")
    frame, weight = _with_weight(frame, weight)
    groups, many = _named_groups(frame, groups)
    names = [str(name) for name in frame.columns]
    needed = [*design.left.columns, *design.right.columns]
    for name in [*needed, *groups]:
        if names.count(name) != 1:
            raise no_column(name, names)
    targets = [_apart(name, design.names) for name in design.left.columns_named]
    columns = {name: np.float64 for name in [*design.names, *targets]}
    beside = {name: _apart(name, columns) for name in groups}
    if isinstance(weight, str):
        beside[weight] = _apart(weight, [*columns, *beside.values()])
    frame = frame[list(dict.fromkeys([*needed, *beside]))]
    code = functools.partial(_coded, design=design, targets=targets, beside=beside, drop=drop)
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
    of_partition = functools.partial(_predicted, design=design, **line)
    return frame.map_partitions(of_partition, meta=meta, enforce_metadata=False)


# What follows runs in the workers.


def _lesson_of(frame, lesson, partition_info=None):
    """What a partition teaches, as an array of one."""
    with dask_blocks.naming(_number(partition_info)), _one_at_a_time:
        found = copy.deepcopy(lesson)
        table, _ = Frame(frame).complete(list(frame.columns))
        found.learn({name: np.asarray(table[name]) for name in found.columns})
    box = np.empty(1, object)
    box[0] = found
    return box


def _joined(parts):
    first, *rest = parts
    first = copy.deepcopy(first)
    for part in rest:
        first.join(part)
    return first


def _coded(frame, design, targets, beside, drop, partition_info=None):
    with dask_blocks.naming(_number(partition_info)), _one_at_a_time:
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


def _predicted(frame, design, coef, intercept, one_target, partition_info=None):
    with dask_blocks.naming(_number(partition_info)), _one_at_a_time:
        X = design.matrix(frame)
    found = dask_blocks.predictions(X, 0, coef, intercept, gaps=True)
    return _boxed(frame, found, one_target)


def _boxed(frame, found, one_target):
    if one_target:
        return frame._constructor_sliced(found[:, 0], index=frame.index)
    return frame._constructor(found, index=frame.index)


def _number(partition_info):
    return 0 if partition_info is None else partition_info["number"]
