"""What a user passed to `screen` and `cross_validate`: arrays, or columns of a frame or a file."""

from typing import Any, NamedTuple

import numpy as np

from linreg_fast.data.gate import as_floats, as_weights, check_finite, frozen
from linreg_fast.many_fits.frames import column, features_of, library_of, names_of
from linreg_fast.many_fits.given import is_path


class TableGiven(NamedTuple):
    """Rows, and what else was given beside them."""

    X: np.ndarray  # (n, p)
    y: np.ndarray  # (n,) or (n, t)
    weights: np.ndarray | None  # (n,)
    named: dict[str, Any]  # argument -> (n, k) numbers or n keys, or None
    features: list[str] | None  # names of X's columns
    library: str  # whose data frame X was, or empty


def table_given(X, y, features, sample_weight, missing="raise", numbers=None, keys=None):
    """`TableGiven` of arrays, and of names wherever X is a frame or a path.

    numbers, keys: other arguments by name -> array-like, names of columns, or None.
    """
    numbers, keys = numbers or {}, keys or {}
    if is_path(X):
        return _of_file(X, y, features, sample_weight, missing, numbers, keys)
    if missing != "raise":
        raise ValueError(f"missing={missing!r} is for files: leave the rows out that lack a number")
    taken = [*_names(y), *_names(sample_weight)]
    for value in numbers.values():
        taken += _names(value)
    taken += [value for value in keys.values() if isinstance(value, str)]  # a list holds keys
    if names_of(X) is None and taken:
        column(X, taken[0])  # refuses
    matrix, chosen = features_of(X, taken, False, features)
    n = len(matrix)
    target = _columns(X, y) if _names(y) and not isinstance(y, str) else y
    target = column(X, y) if isinstance(y, str) else target
    target = frozen(as_floats(target, "y"))
    if target.ndim not in (1, 2) or len(target) != n:
        raise ValueError(f"X has {n} rows and y has shape {target.shape}: a row each")
    check_finite(target if target.ndim == 1 or target.shape[1] > 1 else target[:, 0], "y")
    weights = as_weights(column(X, *_names(sample_weight)) if _names(sample_weight) else
                         sample_weight, n)  # fmt: skip
    named = {}
    for name, value in numbers.items():
        value = _columns(X, value) if _names(value) else value
        named[name] = None if value is None else features_of(value)[0]
    for name, value in keys.items():
        named[name] = column(X, value) if isinstance(value, str) else value
    return TableGiven(matrix, target, weights, named, chosen, library_of(X))


def _names(value):
    """Names of columns, or none where it is no name."""
    if isinstance(value, str):
        return [value]
    some = isinstance(value, (list, tuple)) and len(value) > 0
    return list(value) if some and all(isinstance(name, str) for name in value) else []


def _columns(X, names):
    """(n, k) float64 of columns by name."""
    return np.column_stack(
        [features_of(X, finite=False, chosen=[name])[0] for name in _names(names)]
    )


def _of_file(path, y, features, weights, missing, numbers, keys):
    from linreg_fast.many_fits.tables import rows_by_keys
    from linreg_fast.sources.names import find
    from linreg_fast.sources.table import open_table

    for name, value in (("y", y), ("sample_weight", weights), *numbers.items(), *keys.items()):
        if value is not None and not (isinstance(value, str) or _names(value)):
            raise TypeError(f"{name} must name a column of {path}, got {type(value).__name__}")
    if not isinstance(y, str):
        raise TypeError(f"y must name one column of {path}, got {y!r}")
    beside = [name for value in numbers.values() for name in _names(value)]
    by = [value for value in keys.values() if value is not None]
    features = [features] if isinstance(features, str) else features
    asked = None if features is None else [*features, *beside]
    with open_table(path) as source:
        for name in beside:
            find(source, name)  # refuses
        rows, found, _ = rows_by_keys(source, y, by, asked, weights, missing)
    for name in beside:
        if name not in rows.names:
            raise ValueError(f"{path}: column {name!r} holds no numbers to go beside the features")
    chosen = [j for j, name in enumerate(rows.names) if name not in beside]
    if not chosen:
        raise ValueError(f"{path} has no columns left to be features")
    named = {
        name: rows.X[:, [rows.names.index(each) for each in _names(value)]] if value else None
        for name, value in numbers.items()
    }
    named |= {name: found.pop(0) if value else None for name, value in keys.items()}
    if len(chosen) < len(rows.names):
        rows = rows._replace(X=np.asfortranarray(rows.X[:, chosen]))
    some = None if rows.weights is None else as_weights(rows.weights, len(rows.y))
    return TableGiven(rows.X, rows.y, some, named, [rows.names[j] for j in chosen], "")
