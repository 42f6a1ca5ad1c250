"""What a user passed to `fit_groups`: arrays, a data frame, or the path of a file."""

import os
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.data.gate import as_weights
from linreg_fast.many_fits.common import keys_of
from linreg_fast.many_fits.frames import column, features_of, library_of, names_of, target_of

MISSING = "raise", "drop"


class RowsGiven(NamedTuple):
    """Rows, and the keys of their groups."""

    X: np.ndarray  # (n, p)
    y: np.ndarray  # (n,)
    weights: np.ndarray | None  # (n,)
    keys: list[Any]  # columns of n keys
    key_names: list[str]
    features: list[str] | None  # names of X's columns
    library: str  # whose data frame X was, or empty


def is_path(X):
    return isinstance(X, (str, os.PathLike))


def rows_given(X, y, groups, by, features, sample_weight, missing):
    """`RowsGiven` of the arguments of `fit_groups`."""
    if missing not in MISSING:
        raise ValueError(f"missing must be one of {', '.join(MISSING)}, got {missing!r}")
    if groups is None and by is None:
        raise ValueError("pass either groups, a key a row, or by, the name of a column of X")
    if is_path(X):
        return _of_file(X, y, groups, by, features, sample_weight, missing)
    keys, names, without = keys_of(X, groups, by)
    matrix, chosen = features_of(X, _taken(without, y, sample_weight), False, features)
    n = len(matrix)
    target, _ = target_of(X, y, n, finite=False)
    if isinstance(sample_weight, str):
        sample_weight = column(X, sample_weight)
    if missing == "raise":
        weights = as_weights(sample_weight, n)
    else:
        matrix, target, weights, keys = _complete(matrix, target, sample_weight, keys)
    return RowsGiven(matrix, target, weights, keys, names, chosen, library_of(X))


def _taken(without, *others):
    """Names of columns that are no features."""
    return [*without, *(name for name in others if isinstance(name, str))]


def _of_file(path, y, groups, by, features, weights, missing):
    from linreg_fast.many_fits.tables import rows_by_keys
    from linreg_fast.sources.table import open_table

    by = groups if by is None else by
    by = [by] if isinstance(by, str) else by
    for name, value in (("y", y), ("sample_weight", weights)):
        if not isinstance(value, str) and not (name != "y" and value is None):
            raise TypeError(f"{name} must name a column of {path}, got {type(value).__name__}")
    if not isinstance(by, (list, tuple)) or not all(isinstance(name, str) for name in by):
        raise TypeError(f"by must name columns of {path}, got {by!r}")
    with open_table(path) as source:
        rows, keys, names = rows_by_keys(source, y, by, features, weights, missing)
    return of_rows(rows, keys, names)


def of_rows(rows, keys, names):
    """`RowsGiven` of what `rows_by_keys` has read."""
    weights = None if rows.weights is None else as_weights(rows.weights, len(rows.y))
    return RowsGiven(rows.X, rows.y, weights, keys, names, rows.names, "")


def _complete(X, y, weights, keys):
    """The rows that lack neither a number nor a key."""
    kept = np.isfinite(X).all(axis=1) & np.isfinite(y)
    if weights is not None:
        weights = np.asarray(weights, dtype=np.float64)
        if weights.shape == kept.shape:
            kept &= ~np.isnan(weights)
    for values in keys:
        there = _present(values)
        if len(there) == len(kept):
            kept &= there
    if kept.all():
        return X, y, as_weights(weights, len(y)), keys
    if not kept.any():
        raise ValueError("every row lacks a number or its key: nothing is left to fit")
    if weights is not None and weights.shape == kept.shape:
        weights = weights[kept]
    keys = [_some(values, kept) for values in keys]
    return X[kept], y[kept], as_weights(weights, int(kept.sum())), keys


def _present(values):
    """(n,) of bool: which keys are there."""
    for way in ("isna", "is_null"):
        if hasattr(values, way):
            return ~np.asarray(getattr(values, way)(), dtype=bool)
    array = np.asarray(values) if not isinstance(values, (list, tuple)) else None
    if array is not None and array.dtype.kind in "iufbMm":
        return ~np.isnat(array) if array.dtype.kind in "Mm" else array == array
    return np.array([key is not None and key == key for key in values], dtype=bool)


def _some(values, kept):
    """The keys of the rows that are kept, of the library's own type where it has a filter."""
    if names_of(values) is None and hasattr(values, "filter") and not hasattr(values, "iloc"):
        return values.filter(kept)  # of polars and pyarrow
    if isinstance(values, (list, tuple)):
        return [key for key, there in zip(values, kept.tolist(), strict=True) if there]
    return values[kept]
