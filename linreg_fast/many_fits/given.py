"""What a user passed to `fit_groups` and to the windows: rows, and the keys of their groups."""

from typing import Any, NamedTuple

import numpy as np

from linreg_fast.data.gate import as_weights
from linreg_fast.many_fits.table import Named, check_missing, table_given


class RowsGiven(NamedTuple):
    """Rows, and the keys of their groups."""

    X: np.ndarray  # (n, p)
    y: np.ndarray  # (n,)
    weights: np.ndarray | None  # (n,)
    keys: list[Any]  # columns of n keys
    key_names: list[str]
    features: list[str] | None  # names of X's columns
    library: str  # whose data frame X was, or empty


def rows_given(X, y, groups, by, features, sample_weight, missing):
    """`RowsGiven` of the arguments of `fit_groups`."""
    check_missing(missing)
    if groups is None and by is None:
        raise ValueError("pass either groups, a key a row, or by, the name of a column of X")
    found, _ = grouped_rows(X, y, groups, by, features, sample_weight, missing)
    return found


def grouped_rows(X, y, groups, by, features, sample_weight, missing, keys=None):
    """(`RowsGiven`, what `keys` ask for: argument -> n keys or None). y is one target."""
    own, names = keys_of(groups, by)
    given = table_given(X, y, features, sample_weight, missing, keys={**own, **(keys or {})})
    target = given.y
    if target.ndim == 2:
        if target.shape[1] != 1:
            raise ValueError(
                f"y must hold one target here, got shape {target.shape}: call once for each"
            )
        target = target[:, 0]
    target = np.ascontiguousarray(target, dtype=np.float64)
    found = [given.named[name] for name in own]
    rest = given.weights, found, names, given.features, given.library
    return RowsGiven(given.X, target, *rest), {name: given.named[name] for name in keys or {}}


def keys_of(groups, by):
    """(argument -> keys or the name of a column, the names of the columns of keys)."""
    if groups is not None and by is not None:
        raise ValueError("pass either groups, a key a row, or by, the name of a column of X")
    if isinstance(groups, str):
        groups, by = None, groups
    if by is None:
        if groups is None:
            return {}, []
        return {"groups": groups}, [str(getattr(groups, "name", None) or "group")]
    if hasattr(by, "dtype"):
        raise TypeError("by must name a column or several: an array of keys goes to groups=")
    names = list(by) if isinstance(by, (list, tuple)) else [by]
    if not names:
        raise ValueError("by names no column")
    if len(set(names)) != len(names):
        raise ValueError(f"by names a column twice: {', '.join(map(str, names))}")
    return {f"by {k}" if k else "by": Named(name) for k, name in enumerate(names)}, names


def of_rows(rows, keys, names):
    """`RowsGiven` of what `rows_by_keys` has read."""
    weights = None if rows.weights is None else as_weights(rows.weights, len(rows.y))
    return RowsGiven(rows.X, rows.y, weights, keys, names, rows.names, "")
