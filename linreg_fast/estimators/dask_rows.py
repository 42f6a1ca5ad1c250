"""The rows of a fit once more, in Dask collections: a function of each block, where the block is."""

import functools

import numpy as np

from linreg_fast.data.gate import as_floats, as_weights, check_finite, frozen, is_dask, listed
from linreg_fast.estimators.from_dask import left_out
from linreg_fast.runtime import launch
from linreg_fast.sources import dask_blocks
from linreg_fast.sources.dask_arrays import as_dask_array, block_numbers, cut_as
from linreg_fast.sources.dask_collections import libraries, reduced


def blocks_of(model, X, y, weights=None, groups=None):
    """`ArrayBlocks` or `FrameBlocks` of rows as the fit had them; nothing is computed.

    Of a frame y, weights and groups are names of its columns, or series beside it; of a model that
    was fitted by a formula y is None.
    """
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


class ArrayBlocks:
    """Blocks of Dask arrays. starts: the first row of each block, or None where it is not known."""

    def __init__(self, model, da, dd, X, y, weights, groups):
        if hasattr(X, "columns") and hasattr(model, "feature_names_in_"):
            X = _columns(X, list(model.feature_names_in_))
        X = as_dask_array(da, dd, X, "X")
        if X.ndim != 2 or X.shape[1] != model.n_features_in_:
            raise ValueError(
                f"X has the shape {X.shape}, and the fit had {model.n_features_in_} columns"
            )
        X = X.rechunk({1: -1}) if len(X.chunks[1]) > 1 else X
        y = cut_as(da, dd, X, y, "y", (1, 2))
        _check_targets(model, 1 if y.ndim == 1 else y.shape[1])
        if isinstance(weights, (int, float, np.number)):
            weights = da.full(X.shape[0], float(weights), chunks=(X.chunks[0],))
        weights = None if weights is None else cut_as(da, dd, X, weights, "sample_weight", (1,))
        groups = None if groups is None else _cut_groups(da, X, groups)
        self._da, self._arrays = da, [X, y, weights, groups]
        self.drop = left_out(model)
        known = not np.isnan(X.chunks[0]).any()
        self.starts = np.cumsum([0, *X.chunks[0]]) if known else None

    def _blockwise(self, function, index, **options):
        given, places = [], []
        for place, array in enumerate(self._arrays):
            if array is not None:
                given += [array, ("i", f"i{'xyzg'[place]}")[array.ndim - 1]]
                places.append(place)
        function = functools.partial(_of_arrays, function=function, places=places, drop=self.drop)
        return self._da.blockwise(
            function,
            index,
            *given,
            *(block_numbers(self._arrays[0]), "i"),
            align_arrays=False,
            concatenate=None,
            **options,
        )

    def reduced(self, use, merge, when):
        """What merge makes of use(X, Y, weights, groups, kept) of all blocks, computed now."""
        leaves = self._blockwise(
            use, "i", dtype=object, meta=dask_blocks.BLOCKS, adjust_chunks={"i": 1}
        )
        return reduced(self._da, leaves, self.starts, merge, when)

    def table(self, use, names):
        """(n, names) lazily, of use(X, Y, weights, groups, kept): NaN in rows left out."""
        return self._blockwise(
            functools.partial(_in_place, use=use, width=len(names)),
            "ik",
            dtype=np.dtype(np.float64),
            meta=np.empty((0, 0)),
            new_axes={"k": len(names)},
        )


class FrameBlocks:
    """Partitions of one Dask dataframe with all columns that are needed."""

    starts = None

    def __init__(self, model, X, y, weights, groups):
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
            if given.ndim == 2:
                names = [name_of(given[each], what) for each in given.columns]
                return names[0] if len(names) == 1 else names
            beside[f"_linreg_fast_{len(beside)}"] = given
            return list(beside)[-1]

        targets = [name_of(each, "y") for each in (y if isinstance(y, list) else [y])]
        targets = targets[0] if isinstance(targets[0], list) else targets
        weight = None
        if isinstance(weights, (int, float, np.number)):
            self._weight = float(weights)
        else:
            self._weight = None
            weight = None if weights is None else name_of(weights, "sample_weight")
        groups = [name_of(each, "groups") for each in groups]
        names = getattr(model, "feature_names_in_", None)
        if names is None:
            names = [name for name in X.columns if name not in {*targets, weight, *groups}]
        names = list(names)
        if len(names) != model.n_features_in_:
            raise ValueError(f"X has {len(names)} features, and the fit had {model.n_features_in_}")
        _columns(X, names)
        _check_targets(model, len(targets))
        frame = X.assign(**beside) if beside else X
        used = [*names, *targets, *([] if weight is None else [weight]), *groups]
        self.frame = frame[list(dict.fromkeys(used))]
        self.drop = left_out(model)
        self._columns = names, targets, weight if self._weight is None else self._weight, groups

    def _mapped(self, function, meta):
        import dask.dataframe as dd

        function = functools.partial(
            _of_frame, function=function, columns=self._columns, drop=self.drop
        )
        return dd.map_partitions(function, self.frame, meta=meta, enforce_metadata=False)

    def reduced(self, use, merge, when):
        """As `ArrayBlocks.reduced`."""
        import dask.array as da

        leaves = self._mapped(functools.partial(_boxed, use=use), dask_blocks.BLOCKS)
        return reduced(da, leaves, None, merge, when)

    def table(self, use, names):
        """A lazy frame with these columns and the index of X: NaN in rows left out."""
        pick = functools.partial(_as_frame, use=use, names=names)
        meta = self.frame._meta[[]].assign(**dict.fromkeys(names, 0.0)).astype(np.float64)
        return self._mapped(pick, meta)


def _columns(X, names):
    absent = [repr(name) for name in names if name not in list(X.columns)]
    if absent:
        raise ValueError(f"X has no column {listed(absent)}, which the model was fitted to")
    return X[names]


def _check_targets(model, count):
    if count != model._n_targets():
        raise ValueError(f"y has {count} targets, and the fit had {model._n_targets()}")


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


# What follows runs in the workers.


def _of_arrays(*blocks, function, places, drop):
    *blocks, number = blocks
    rows = [None] * 4
    for place, block in zip(places, blocks, strict=True):
        rows[place] = dask_blocks.only(block)
    X, y, weights, groups = rows
    with dask_blocks.naming(number[0]):
        y = y[:, None] if y.ndim == 1 else y
        return _of_rows(
            function, as_floats(X, "X"), as_floats(y, "y"), weights, groups, drop, len(X)
        )


def _of_frame(frame, function, columns, drop, partition_info=None):
    names, targets, weight, groups = columns
    with dask_blocks.naming(0 if partition_info is None else partition_info["number"]):
        X, Y = dask_blocks.as_array(frame[names], {}), dask_blocks.as_array(frame[targets], {})
        if isinstance(weight, float):
            weights = np.full(len(X), weight)
        else:
            weights = None if weight is None else dask_blocks.as_array(frame[weight], {})
        of_rows = {name: frame[name].reset_index(drop=True) for name in groups} or None
        return _of_rows(function, X, Y, weights, of_rows, drop, frame)


def _of_rows(function, X, Y, weights, groups, drop, whole):
    """function(X, Y, weights, groups, kept, whole) of a block's rows without gaps; kept: which.

    whole: the partition, or the number of its rows.
    """
    from linreg_fast.estimators.missing import of_rows

    if not len(Y) == len(X) == len(X if weights is None else weights):
        raise ValueError("X, y and sample_weight have different numbers of rows here")
    weights = None if weights is None else as_floats(weights, "sample_weight")
    gone = np.isnan(X).any(axis=1) | np.isnan(Y).any(axis=1)
    if weights is not None:
        gone = gone | np.isnan(weights)
    kept = None
    if drop and gone.any():
        kept = ~gone
        X, Y, groups = X[kept], Y[kept], of_rows(groups, kept)
        weights = None if weights is None else weights[kept]
    if weights is not None and len(X):
        some = np.any(weights)  # other blocks have rows that count
        weights = as_weights(weights, len(X)) if some else frozen(np.zeros(len(X)))
    with launch.alone():
        return function(frozen(X), frozen(np.ascontiguousarray(Y)), weights, groups, kept, whole)


def refuse_not_finite(X, Y):
    """Raise for the first number of a block that is no finite one."""
    check_finite(X, "X")
    check_finite(Y if Y.shape[1] > 1 else Y[:, 0], "y")


def _boxed(*rows, use):
    box = np.empty(1, object)  # Dask takes what it gets here for an array
    box[0] = use(*rows)
    return box


def _in_place(X, Y, weights, groups, kept, whole, use, width):
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


def _as_frame(X, Y, weights, groups, kept, whole, use, names):
    found = _in_place(X, Y, weights, groups, kept, whole, use, len(names))
    return whole._constructor(found, index=whole.index, columns=list(names))
