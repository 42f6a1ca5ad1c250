"""What all partitions of a Dask dataframe teach a formula: levels, means and spreads.

The model is that of the same rows in memory: the levels of text are sorted, those of categories
have the order that the frame knows, or else are sorted, too.
"""

import functools
from _thread import RLock

import numpy as np

from linreg_fast.estimators.formula_frames import Frame
from linreg_fast.runtime.forks import in_children
from linreg_fast.sources import dask_blocks
from linreg_fast.sources.dask_collections import libraries, reduced

_one_at_a_time = RLock()


@in_children
def _unlocked(by_python):
    global _one_at_a_time
    _one_at_a_time = RLock()


def one_at_a_time():
    """Held around formulaic: what it does about warnings is of the whole process."""
    return _one_at_a_time


def number_of(partition_info):
    """Which partition it is; None is Dask's try."""
    return 0 if partition_info is None else partition_info["number"]


def learnt(text, frame, weight=None, context=None):
    """The `Design` of a formula and all partitions: one pass, or less where nothing is learnt."""
    from linreg_fast.estimators.formula_lessons import begin

    names = [str(name) for name in frame.columns]
    dot = [name for name in names if name != weight]
    design, lesson = begin(text, names, dot, functools.partial(_kinds, frame), context)
    used = list(dict.fromkeys([*lesson.kinds, *([weight] if isinstance(weight, str) else [])]))
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
    _, dd = libraries()
    if lesson.needs_all:
        parts = [frame]
    else:
        parts = (frame.partitions[number] for number in range(frame.npartitions))
    for part in parts:
        look = functools.partial(_lesson_of, lesson=lesson)
        leaves = dd.map_partitions(look, part, meta=dask_blocks.BLOCKS, enforce_metadata=False)
        lesson.join(reduced(leaves, None, _joined, " before the fit"))
        if lesson.learnt:
            return
    raise ValueError(
        "nothing is left to fit: there are no rows, or each of them has a missing value in a "
        "column of the formula"
    )


def _as_in(column, values):
    """The values of a lesson, in the type of the frame's column, with the order of its levels."""
    import pandas as pd

    dtype = column.dtype
    if hasattr(dtype, "categories"):
        seen = set(values.tolist())  # unknown categories are a mark of Dask's, which none has
        levels = [level for level in dtype.categories if level in seen]
        levels += sorted(seen - set(levels))
        return pd.Series(pd.Categorical(values, categories=levels))
    if getattr(dtype, "kind", "O") in "biuf":
        return values.astype(getattr(dtype, "numpy_dtype", dtype))
    return values


# What follows runs in the workers.


def _lesson_of(frame, lesson, partition_info=None):
    """What a partition teaches, as an array of one."""
    with dask_blocks.naming(number_of(partition_info)), one_at_a_time():
        found = lesson.copy()
        table, _ = Frame(frame).complete(list(frame.columns))
        found.learn({name: np.asarray(table[name]) for name in found.kinds})
    found.context = None  # which need not travel back
    box = np.empty(1, object)
    box[0] = found
    return box


def _joined(parts):
    first, *rest = parts
    first = first.copy()
    for part in rest:
        first.join(part)
    return first
