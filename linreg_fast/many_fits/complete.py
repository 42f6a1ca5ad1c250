"""Rows that lack a number or a key, left out of everything that was given."""

import numpy as np

from linreg_fast.data.gate import as_weights, check_finite
from linreg_fast.many_fits.frames import numbers_in


def complete(given, keys, targets=True):
    """A `TableGiven` of the rows that lack neither a number nor a key.

    keys: which of `named` are keys. targets: whether a row that lacks one is left out, too. What is
    infinite is no gap: it is refused, naming its place.
    """
    kept = ~np.isnan(given.X).any(axis=1)
    n, weights = len(kept), given.weights
    gaps = np.isnan(given.y.reshape(n, -1))
    kept &= ~(gaps.any(axis=1) if targets else gaps.all(axis=1))
    if weights is not None:
        weights = np.asarray(numbers_in(weights), dtype=np.float64)
        if weights.shape == kept.shape:
            kept &= ~np.isnan(weights)
    for name, values in given.named.items():
        if values is None or len(values) != n:
            continue  # refused by who asked for it
        kept &= present(values) if name in keys else ~np.isnan(values).any(axis=1)
    if not kept.any():
        raise ValueError("every row lacks a number or its key: nothing is left to fit")
    if not kept.all():
        if weights is not None and weights.shape == kept.shape:
            weights = weights[kept]
        named = {
            name: values if values is None or len(values) != n else _some(values, kept)
            for name, values in given.named.items()
        }
        X = given.X[kept]
        given = given._replace(X=X, y=given.y[kept], named=named, table=X)
    finite = given.y if targets else np.where(np.isnan(given.y), 0.0, given.y)
    check_finite(finite, "y")
    return given._replace(weights=as_weights(weights, len(given.y)))


def present(values):
    """(n,) of bool: which keys are there."""
    for way in ("isna", "is_null"):
        if hasattr(values, way):
            return ~np.asarray(getattr(values, way)(), dtype=bool)
    array = np.asarray(values) if not isinstance(values, (list, tuple)) else None
    if array is not None and array.dtype.kind in "iufbMm":
        return ~np.isnat(array) if array.dtype.kind in "Mm" else array == array
    return np.array([key is not None and key == key for key in values], dtype=bool)


def _some(values, kept):
    """The rows that are kept, of the library's own type where it has a filter."""
    if hasattr(values, "iloc"):
        return values[kept]
    if hasattr(values, "filter"):
        return values.filter(kept)  # of polars and pyarrow
    if isinstance(values, (list, tuple)):
        return [key for key, there in zip(values, kept.tolist(), strict=True) if there]
    return np.asarray(values)[kept]
