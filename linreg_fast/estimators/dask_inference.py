"""`inference` of Dask collections: scores are summed where the blocks are, and added in order.

What travels is a `Scores` for each block: p**2 numbers, and for clusters p numbers for each cluster
that the block has.
"""

import numpy as np

from linreg_fast.data.gate import as_floats, as_weights, check_finite, frozen, is_dask, listed
from linreg_fast.estimators.from_dask import left_out
from linreg_fast.runtime import launch
from linreg_fast.sources import dask_blocks
from linreg_fast.sources.dask_arrays import as_dask_array, cut_as
from linreg_fast.sources.dask_collections import FAN_IN, libraries, told_of_a_lost_cluster


def infer(model, X, y, sample_weight, choice, target, groups):
    """The `Inference` of a fitted model by one more reading of the rows of its fit."""
    from linreg_fast.inference import build, checks
    from linreg_fast.inference.choices import check_target
    from linreg_fast.inference.scores import Scores

    if y is None:
        raise ValueError("pass X and y together: y is a Dask collection, or a column's name")
    fitted = model._fitted(None)
    target = check_target(target, len(fitted.targets))
    basis = fitted.basis(target)
    checks.check_choice(basis, choice, None)
    empty = Scores(basis, choice, target)
    da, dd = libraries()
    of_frames = dd is not None and isinstance(X, dd.DataFrame)
    blocks = (_of_frames if of_frames else _of_arrays)(model, da, dd, X, y, sample_weight, groups)
    scores = _summed(blocks, empty, left_out(model))
    if not np.isfinite(scores.rss):
        raise ValueError("the rows hold numbers that are not finite")
    return build.of_scores(fitted, scores)


def _of_frames(model, da, dd, X, y, weights, groups):
    """(function, delayed arguments) of each partition: all columns as those of one frame."""
    names = getattr(model, "feature_names_in_", None)
    beside = {}

    def name_of(given, what):
        if isinstance(given, str):
            if given not in list(X.columns):
                raise ValueError(f"X has no column {given!r}, which {what} names")
            return given
        if not is_dask(given):
            raise ValueError(
                f"{what} is a {type(given).__name__} in memory, and the lengths of a Dask "
                "dataframe's partitions are not known: make it a column of the frame"
            )
        beside[f"_linreg_fast_{len(beside)}"] = given
        return list(beside)[-1]

    targets = y if isinstance(y, list) else [y]
    targets = [name_of(each, "y") for each in targets]
    weight = None if weights is None else name_of(weights, "sample_weight")
    clusters = [] if groups is None else groups if isinstance(groups, (list, tuple)) else [groups]
    named = [name_of(each, "groups") for each in clusters]
    if names is None:
        taken = {*targets, weight, *named}
        names = [name for name in X.columns if name not in taken]
    names = list(names)
    absent = [repr(name) for name in names if name not in list(X.columns)]
    if absent:
        raise ValueError(f"X has no column {listed(absent)}, which the model was fitted to")
    if len(names) != model.n_features_in_:
        raise ValueError(f"X has {len(names)} features, and the fit had {model.n_features_in_}")
    frame = X.assign(**beside) if beside else X
    frame = frame[list(dict.fromkeys([*names, *targets, *([weight] if weight else []), *named]))]
    columns = names, targets, weight, named
    return [(_rows_of_frame, (part, columns)) for part in frame.to_delayed()]


def _rows_of_frame(frame, columns):
    names, targets, weight, groups = columns
    values = dask_blocks.as_array(frame[names], {}), dask_blocks.as_array(frame[targets], {})
    weights = None if weight is None else dask_blocks.as_array(frame[weight], {})
    of_rows = {name: frame[name].reset_index(drop=True) for name in groups} or None
    return *values, weights, of_rows


def _of_arrays(model, da, dd, X, y, weights, groups):
    X = as_dask_array(da, dd, X, "X")
    if X.ndim != 2 or X.shape[1] != model.n_features_in_:
        raise ValueError(
            f"X has the shape {X.shape}, and the fit had {model.n_features_in_} columns"
        )
    X = X.rechunk({1: -1}) if len(X.chunks[1]) > 1 else X
    parts = [X, cut_as(da, dd, X, y, "y", (1, 2))]
    parts.append(None if weights is None else cut_as(da, dd, X, weights, "sample_weight", (1,)))
    parts.append(None if groups is None else _cut_groups(da, X, groups))
    count = X.numblocks[0]
    found = [[None] * count if each is None else each.to_delayed().ravel() for each in parts]
    return [(_rows_of_arrays, blocks) for blocks in zip(*found, strict=True)]


def _cut_groups(da, X, groups):
    """(n,) or (n, 2) of Dask, with X's blocks of rows."""
    if isinstance(groups, str):
        raise ValueError(f"groups={groups!r} names a column: X must be a Dask dataframe for it")
    if hasattr(groups, "to_dask_array"):
        groups = groups.to_dask_array()
    if isinstance(groups, (list, tuple)) and any(is_dask(each) for each in groups):
        groups = da.stack(list(groups), axis=1)
    if not is_dask(groups):
        groups = np.asarray(groups)
        groups = groups.T if groups.ndim == 2 and groups.shape[1] == X.shape[0] else groups
        if len(groups) != X.shape[0]:
            raise ValueError(f"groups has {len(groups)} entries and X {X.shape[0]} rows")
        groups = da.from_array(
            groups, chunks=(X.chunks[0], *((k,) for k in groups.shape[1:])), name=False
        )
    if groups.ndim == 2:
        groups = groups.rechunk({1: -1})
    if groups.chunks[0] != X.chunks[0] and not np.isnan(groups.chunks[0] + X.chunks[0]).any():
        groups = groups.rechunk({0: X.chunks[0]})
    if groups.numblocks[0] != X.numblocks[0]:
        raise ValueError("groups are cut in other blocks than X: cut them alike")
    return groups


def _rows_of_arrays(X, y, weights, groups):
    y = y[:, None] if y.ndim == 1 else y
    return as_floats(X, "X"), as_floats(y, "y"), weights, groups


def _leaf(rows_of, number, empty, drop, *parts):
    """The `Scores` of a block."""
    from linreg_fast.estimators.missing import of_rows
    from linreg_fast.inference.scores import Scores

    with dask_blocks.naming(number):
        X, Y, weights, groups = rows_of(*parts)
        if not len(Y) == len(X) == len(X if weights is None else weights):
            raise ValueError("X, y and sample_weight have different numbers of rows here")
        weights = None if weights is None else as_floats(weights, "sample_weight")
        gone = np.isnan(X).any(axis=1) | np.isnan(Y).any(axis=1)
        if weights is not None:
            gone = gone | np.isnan(weights)
        if drop and gone.any():
            X, Y, groups = X[~gone], Y[~gone], of_rows(groups, ~gone)
            weights = None if weights is None else weights[~gone]
        found = Scores(empty.basis, empty.choice, empty.target)
        if not len(X):
            return found
        weights = None if weights is None else as_weights(weights, len(X))
        with launch.alone():
            found.add_checked(frozen(X), frozen(np.ascontiguousarray(Y)), weights, groups)
        if not np.isfinite(found.rss):
            check_finite(X, "X")
            check_finite(Y, "y")
        return found


def _added(parts):
    first, *rest = parts
    for part in rest:
        first = first + part
    return first


def _summed(blocks, empty, drop):
    """The `Scores` of all blocks, added in a tree that follows their numbers."""
    import dask

    leaf, added = dask.delayed(_leaf, pure=False), dask.delayed(_added, pure=False)
    empty = dask.delayed(empty, traverse=False)
    level = [
        leaf(rows_of, number, empty, drop, *parts) for number, (rows_of, parts) in enumerate(blocks)
    ]
    while len(level) > 1:
        level = [added(level[at : at + FAN_IN]) for at in range(0, len(level), FAN_IN)]
    with told_of_a_lost_cluster():
        try:
            return dask.compute(*level)[0]
        except dask_blocks.BlockError as error:
            raise ValueError(f"in block {error.block}: {error.reason}") from None
