"""Dask arrays: X, y and weights, cut alike and each row whole, as `Cut`."""

import functools

import numpy as np

from linreg_fast.data.gate import as_floats, is_dask
from linreg_fast.sources.dask_blocks import BLOCKS, Cut, part_of_arrays


def cut_arrays(da, dd, X, y, weights, plan):
    """Of arrays, or of frames with arrays; y and weights may be in memory."""
    names = list(X.columns) if dd is not None and isinstance(X, dd.DataFrame) else None
    X = as_dask_array(da, dd, X, "X")
    if X.ndim != 2 or 0 in X.shape or X.shape[1] != X.shape[1]:
        raise ValueError(
            "Expected 2D array: X must be rows by features with at least one of each, "
            f"got a Dask array of shape {X.shape}"
        )
    dtype = np.dtype(np.float32 if X.dtype == np.float32 else np.float64)
    if len(X.chunks[1]) > 1:
        X = X.rechunk({1: -1})
    y = cut_as(da, dd, X, y, "y", (1, 2))
    weights = None if weights is None else cut_as(da, dd, X, weights, "sample_weight", (1,))
    one_target, n_targets = y.ndim == 1, 1 if y.ndim == 1 else y.shape[1]
    plan = plan._replace(
        features=None if names is None else tuple(names), one_of_many=X.numblocks[0] > 1
    )
    leaves = da.blockwise(
        _leaf(plan, weights is not None),
        "i",
        *(X, "ij", y, "i" if one_target else "ik"),
        *(() if weights is None else (weights, "i")),
        *(block_numbers(X), "i"),
        dtype=object,
        meta=BLOCKS,
        align_arrays=False,
        concatenate=None,
        adjust_chunks={"i": 1},
        token="moments",
    )
    known = not np.isnan(X.chunks[0]).any()
    starts = np.cumsum([0, *X.chunks[0]]) if known else None
    return Cut(leaves, starts, names, X.shape[1], n_targets, one_target, dtype)


def block_numbers(X):
    """The numbers of the blocks, as an argument that costs no tasks."""
    from dask.layers import ArrayBlockIdDep  # as map_blocks has them

    return ArrayBlockIdDep((X.chunks[0],))


def _leaf(plan, weighted):
    if weighted:
        return functools.partial(part_of_arrays, plan=plan)
    return functools.partial(_unweighted, plan=plan)


def _unweighted(X, y, block, plan):
    return part_of_arrays(X, y, None, block, plan)


def as_dask_array(da, dd, values, name):
    """Any collection as a Dask array, or a clear error."""
    if not is_dask(values):
        raise TypeError(f"{name} is in memory and others are Dask collections: compute() them")
    if type(values).__module__.startswith("dask.array._array_expr"):
        raise TypeError(
            f"{name} is an array of Dask's experimental query planning, which is not supported: "
            "set array.query-planning to False in Dask's configuration before importing dask.array"
        )
    if isinstance(values, da.Array):
        found = values
    elif dd is not None and isinstance(values, (dd.DataFrame, dd.Series)):
        found = values.to_dask_array()
    elif isinstance(getattr(values, "data", None), da.Array):  # xarray's DataArray
        found = values.data
    else:
        kind = f"{type(values).__module__.split('.')[0]}'s {type(values).__name__}"
        raise TypeError(
            f"{name} is {kind}: pass a Dask array or dataframe, for example of "
            "dask.array.from_delayed or dask.dataframe.from_delayed"
        )
    if hasattr(getattr(found, "_meta", None), "toarray"):
        raise ValueError(
            f"the blocks of {name} are sparse: {name}.map_blocks(lambda block: block.toarray())"
        )
    as_floats(np.empty(0, found.dtype), name)  # raises for what is no number
    return found


def cut_as(da, dd, X, values, name, dimensions):
    """y or weights as a Dask array with X's blocks of rows."""
    known = not np.isnan(X.chunks[0]).any()
    if not is_dask(values):
        if isinstance(values, str):
            raise ValueError(f"{name}={values!r} names a column: X must be a Dask dataframe for it")
        values = as_floats(values, name)
        if not known:
            raise ValueError(
                f"{name} is in memory and the lengths of X's blocks are not known: make it a Dask "
                "array with the same blocks"
            )
        _check_length(X, values, name)
        chunks = (X.chunks[0], *((size,) for size in values.shape[1:]))
        values = da.from_array(values, chunks=chunks, name=False)
    values = as_dask_array(da, dd, values, name)
    if values.ndim not in dimensions or 0 in values.shape[1:]:
        raise ValueError(
            f"{name} must have {' or '.join(map(str, dimensions))} dimensions, "
            f"got shape {values.shape}"
        )
    if values.ndim == 2 and len(values.chunks[1]) > 1:
        values = values.rechunk({1: -1})
    if known and not np.isnan(values.chunks[0]).any():
        _check_length(X, values, name)
        return values if values.chunks[0] == X.chunks[0] else values.rechunk({0: X.chunks[0]})
    if values.numblocks[0] != X.numblocks[0]:
        raise ValueError(
            f"X has {X.numblocks[0]} blocks of rows and {name} {values.numblocks[0]}, of lengths "
            "that are not known: cut them alike, or make them columns of one collection first"
        )
    return values


def _check_length(X, values, name):
    if values.shape[0] != X.shape[0]:
        raise ValueError(
            f"X has {X.shape[0]} rows and {name} has {values.shape[0]}: they must be as many"
        )
