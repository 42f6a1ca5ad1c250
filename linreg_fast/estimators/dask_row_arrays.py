"""The blocks of Dask arrays that are the rows of a fit, cut alike."""

import functools

import numpy as np

from linreg_fast.data.gate import as_floats, is_dask
from linreg_fast.estimators.dask_rows import check_targets, in_place, of_rows, picked
from linreg_fast.estimators.from_dask import left_out
from linreg_fast.sources import dask_blocks
from linreg_fast.sources.dask_arrays import as_dask_array, block_numbers, cut_as
from linreg_fast.sources.dask_collections import reduced


class ArrayBlocks:
    """Blocks of Dask arrays. starts: the first row of each block, or None where it is not known."""

    def __init__(self, model, da, dd, X, y, weights, groups):
        if hasattr(X, "columns") and hasattr(model, "feature_names_in_"):
            X = picked(X, list(model.feature_names_in_))
        X = as_dask_array(da, dd, X, "X")
        if X.ndim != 2 or X.shape[1] != model.n_features_in_:
            raise ValueError(
                f"X has the shape {X.shape}, and the fit had {model.n_features_in_} columns"
            )
        X = X.rechunk({1: -1}) if len(X.chunks[1]) > 1 else X
        y = cut_as(da, dd, X, y, "y", (1, 2))
        check_targets(model, 1 if y.ndim == 1 else y.shape[1])
        self._weight = None  # that every row has
        if isinstance(weights, (int, float, np.number)):
            self._weight, weights = float(weights), None
        weights = None if weights is None else cut_as(da, dd, X, weights, "sample_weight", (1,))
        groups = None if groups is None else _cut_groups(da, X, groups)
        self._arrays = [X, y, weights, groups]
        self.drop = left_out(model)
        known = not np.isnan(X.chunks[0]).any()
        self.starts = np.cumsum([0, *X.chunks[0]]) if known else None

    def _blockwise(self, function, index, **options):
        import dask.array as da

        given, places = [], []
        for place, array in enumerate(self._arrays):
            if array is not None:
                given += [array, ("i", f"i{'xyzg'[place]}")[array.ndim - 1]]
                places.append(place)
        function = functools.partial(
            _of_arrays, function=function, places=places, weight=self._weight, drop=self.drop
        )
        return da.blockwise(
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
        return reduced(leaves, self.starts, merge, when)

    def table(self, use, names):
        """(n, names) lazily, of use(X, Y, weights, groups, kept): NaN in rows left out."""
        return self._blockwise(
            functools.partial(in_place, use=use, width=len(names)),
            "ik",
            dtype=np.dtype(np.float64),
            meta=np.empty((0, 0)),
            new_axes={"k": len(names)},
        )


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


def _of_arrays(*blocks, function, places, weight, drop):
    *blocks, number = blocks
    rows = [None] * 4
    for place, block in zip(places, blocks, strict=True):
        rows[place] = dask_blocks.only(block)
    X, y, weights, groups = rows
    with dask_blocks.naming(number[0]):
        y = y[:, None] if y.ndim == 1 else y
        X, y = as_floats(X, "X"), as_floats(y, "y")
        weights = weights if weight is None else np.full(len(X), weight)
        return of_rows(function, X, y, weights, groups, drop, len(X))
