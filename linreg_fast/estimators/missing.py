"""Rows with missing values, for `missing="drop"`: left out of a fit and counted."""

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from linreg_fast.data.gate import as_floats, as_weights, frozen


def validated(model, X, y, sample_weight, reset=True):
    """As `_validate_rows`, of the rows that have all their numbers, and (n,) of bool: which."""
    if sparse.issparse(X):
        X = X.tocsr()
        found = np.zeros(X.shape[0], dtype=bool)
        found[np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))[np.isnan(X.data)]] = True
        Y = _numbers(y, "y", model)
        _check_length(X.shape[0], Y, "y")
        kept = _kept(found, Y, sample_weight)
        X = X if kept.all() else X[kept]
        weights = None if sample_weight is None else _weights(sample_weight, len(kept))[kept]
        return (*model._validate_rows(X, Y[kept], weights, reset), kept)
    if X is None or y is None:
        model._validate_rows(X, y, sample_weight, reset)  # raises
    X = model._validate_matrix(X, ["csr"] if model._accepts_sparse() else False, reset)
    Y = _numbers(y, "y", model)
    _check_length(X.shape[0], Y, "y")
    kept = _kept(np.isnan(X).any(axis=1), Y, sample_weight)
    one_target = Y.ndim == 1
    Y = Y[:, None] if one_target else Y
    weights = None
    if sample_weight is not None:
        weights = as_weights(_weights(sample_weight, len(kept))[kept], int(kept.sum()))
    if not kept.all():
        X, Y = X[kept], Y[kept]
    return frozen(X), frozen(Y), weights, one_target, kept


def _numbers(values, name, model):
    values = check_array(
        values, ensure_2d=False, ensure_all_finite=False, input_name=name, estimator=model
    )
    return as_floats(values, name)


def _weights(sample_weight, n):
    weights = as_floats(np.asarray(sample_weight), "sample_weight").astype(np.float64)
    weights = np.full(n, weights) if weights.ndim == 0 else weights
    if weights.shape != (n,):
        raise ValueError(
            f"sample_weight.shape == {weights.shape}, expected ({n},): one weight a row"
        )
    return weights


def _check_length(n, Y, name):
    if len(Y) != n:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has {n} rows and "
            f"{name} has {len(Y)}"
        )


def _kept(gaps, Y, sample_weight):
    """(n,) of bool; a ValueError where nothing is left."""
    gaps = gaps | np.isnan(Y.reshape(len(Y), -1)).any(axis=1)
    if sample_weight is not None and np.ndim(sample_weight):
        gaps |= np.isnan(_weights(sample_weight, len(gaps)))
    if gaps.all():
        raise ValueError(f"each of the {len(gaps)} rows has a missing value: none is left to fit")
    return ~gaps


def of_rows(values, kept, what="groups"):
    """groups (n,), (n, 2), two of them or a frame, of the rows kept."""
    if kept is None or kept.all() or values is None:
        return values

    def chosen(column):
        if len(column) != len(kept):
            raise ValueError(
                f"{what} has {len(column)} entries and X {len(kept)} rows: one for each"
            )
        if hasattr(column, "iloc"):
            return column[kept]
        if hasattr(column, "filter") and hasattr(column, "to_numpy"):  # polars
            return column.filter(kept)
        return np.asarray(column)[kept]

    if isinstance(values, dict):
        return {name: chosen(column) for name, column in values.items()}
    if isinstance(values, (list, tuple)) and values and np.ndim(values[0]) == 1:
        return [chosen(column) for column in values]
    return chosen(values)
