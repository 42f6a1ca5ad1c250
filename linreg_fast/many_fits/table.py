"""What a user passed: arrays, or columns by name of a frame, of files or of whatever hands out.

All doors of `many_fits` take their rows through here.
"""

from typing import Any, NamedTuple

import numpy as np

from linreg_fast.data.gate import as_floats, as_weights, check_finite, frozen
from linreg_fast.many_fits.complete import complete
from linreg_fast.many_fits.frames import (
    check_name,
    column,
    features_of,
    library_of,
    numbers_in,
)
from linreg_fast.many_fits.handed import as_frame
from linreg_fast.sources.recognise import names_files

MISSING = "raise", "drop"
LEAVE_OUT = ", or have them left out with missing='drop'"


class TableGiven(NamedTuple):
    """Rows, and what else was given beside them."""

    X: np.ndarray  # (n, p)
    y: np.ndarray  # (n,) or (n, t)
    weights: np.ndarray | None  # (n,)
    named: dict[str, Any]  # argument -> (n, k) numbers or n keys, or None
    features: list[str] | None  # names of X's columns
    library: str  # whose data frame X was, or empty
    table: Any = None  # the same rows as they were passed, for splitters


class Named(NamedTuple):
    """A column by its name, which need not be text."""

    name: Any


def check_missing(missing, known=MISSING):
    if missing not in known:
        raise ValueError(f"missing must be one of {', '.join(known)}, got {missing!r}")


def table_given(X, y, features=None, sample_weight=None, missing="raise", numbers=None, keys=None):
    """`TableGiven` of arrays, and of names wherever X is a table or names files.

    missing: "raise" refuses gaps (in X the caller's sums see them), "drop" leaves such rows out,
    "keep" leaves them as NaN. numbers, keys: other arguments by name -> array-like, names of
    columns, or None.
    """
    numbers, keys = numbers or {}, keys or {}
    if y is None:
        raise ValueError("y must be given: the target, an array or the name of a column of X")
    if names_files(X):
        return _of_files(X, y, features, sample_weight, missing, numbers, keys)
    taken = [*_names(y), *_names(sample_weight)]
    for value in numbers.values():
        taken += _names(value)
    for value in keys.values():
        taken += _key(value)
    features = [features] if isinstance(features, str) else features
    X = as_frame(X, None if features is None else list(dict.fromkeys([*features, *taken])))
    for name in taken:
        check_name(X, name)
        if isinstance(y, str) and name == y and taken.count(name) > 1:
            raise ValueError(f"{name!r} is y, and a key, the weights or the like too")
    matrix, chosen = features_of(X, taken, False, features)
    n = len(matrix)
    target = _columns(X, y) if _names(y) and not isinstance(y, str) else y
    target, told = (numbers_in(column(X, y)), f"y (column {y!r})") if isinstance(y, str) else (
        target, "y"
    )  # fmt: skip
    target = as_floats(target, told)
    if target.ndim == 2 and not target.shape[1]:
        raise ValueError(f"y has no target: its shape is {target.shape}")
    if target.ndim not in (1, 2) or len(target) != n:
        raise ValueError(
            f"X has {n} rows and y has shape {target.shape}: y must be 1-D, or 2-D with a column "
            "a target, and have a row for each of X"
        )
    weights = sample_weight
    if _names(sample_weight):
        (name,) = _names(sample_weight)
        weights = as_floats(numbers_in(column(X, name)), f"sample_weight (column {name!r})")
    named = {}
    for name, value in numbers.items():
        value = _columns(X, value) if _names(value) else value
        named[name] = None if value is None else features_of(value, finite=False)[0]
        if value is not None and missing == "raise":
            check_finite(named[name], name, advice=LEAVE_OUT)
    for name, value in keys.items():
        named[name] = column(X, *_key(value)) if _key(value) else value
    given = TableGiven(matrix, frozen(target), weights, named, chosen, library_of(X), X)
    if missing == "drop":
        return complete(given, set(keys))
    if missing == "raise":
        one = target.ndim == 1 or target.shape[1] > 1
        check_finite(target if one else target[:, 0], told, advice=LEAVE_OUT)
    return given._replace(weights=as_weights(weights, n))


def _names(value):
    """Names of columns, or none where it is no name."""
    if isinstance(value, str):
        return [value]
    some = isinstance(value, (list, tuple)) and len(value) > 0
    return list(value) if some and all(isinstance(name, str) for name in value) else []


def _key(value):
    """The name of a column of keys, in a list, or none: a list holds keys, not names."""
    if isinstance(value, Named):
        return [value.name]
    return [value] if isinstance(value, str) else []


def _columns(X, names):
    """(n, k) float64 of columns by name."""
    return np.column_stack(
        [features_of(X, finite=False, chosen=[name])[0] for name in _names(names)]
    )


def _of_files(path, y, features, weights, missing, numbers, keys):
    from linreg_fast.many_fits.files import open_files

    for name, value in (("y", y), ("sample_weight", weights), *numbers.items(), *keys.items()):
        optional = name != "y" and value is None
        if not (optional or _key(value) or _names(value)):
            kind = type(value).__name__
            raise TypeError(f"{name} must name a column of {_told(path)}, got {kind}")
    target, *others = _names(y)
    with open_files(path) as source:
        return _of_source(source, target, others, y, features, weights, missing, numbers, keys)


def _of_source(source, target, others, y, features, weights, missing, numbers, keys):
    # the source, the targets, and what `table_given` takes
    from linreg_fast.many_fits.rows_by_keys import rows_by_keys
    from linreg_fast.sources.names import find
    from linreg_fast.sources.progress import Progress

    beside = [*others, *(name for value in numbers.values() for name in _names(value))]
    by = [name for value in keys.values() for name in _key(value)]
    features = [features] if isinstance(features, str) else features
    asked = None if features is None else [*features, *beside]
    for name in beside:
        find(source, name)  # refuses
    with Progress(getattr(source, "rows", None)) as progress:
        rows, found, _ = rows_by_keys(source, target, by, asked, weights, missing, progress)
    for name in beside:
        if name not in rows.names:
            raise ValueError(
                f"{source.path}: column {name!r} holds no numbers to go beside the features"
            )
    chosen = [j for j, name in enumerate(rows.names) if name not in beside]
    if not chosen:
        raise ValueError(f"{source.path} has no columns left to be features")
    places = {name: rows.names.index(name) for name in beside}
    named = {
        name: rows.X[:, [places[each] for each in _names(value)]] if value else None
        for name, value in numbers.items()
    }
    named |= {name: found.pop(0) if value else None for name, value in keys.items()}
    target = rows.y
    if not isinstance(y, str):
        target = np.column_stack([rows.y, *(rows.X[:, places[name]] for name in others)])
    X = np.asfortranarray(rows.X[:, chosen]) if len(chosen) < len(rows.names) else rows.X
    some = None if rows.weights is None else as_weights(rows.weights, len(rows.y))
    return TableGiven(X, target, some, named, [rows.names[j] for j in chosen], "", X)


def _told(path):
    return f"{len(path)} files" if isinstance(path, (list, tuple)) else path
