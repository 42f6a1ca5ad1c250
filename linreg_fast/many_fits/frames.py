"""Columns of data frames by name, whichever library they come from, and the rows of a fit."""

import sys

import numpy as np

from linreg_fast.data.gate import as_matrix, listed, no_column, refuse_columns
from linreg_fast.data.room import check_room


def names_of(table):
    """The columns' names, or None for what is no data frame."""
    for attribute in ("column_names", "columns"):  # of pyarrow, of pandas and polars
        names = getattr(table, attribute, None)
        if names is not None and not callable(names):
            return list(names)
    return None


def target_names(Y):
    """The names of the targets, or None where they have none."""
    if isinstance(Y, str):
        return [Y]
    if isinstance(Y, (list, tuple)) and all(isinstance(name, str) for name in Y):
        return list(Y) or None
    names = names_of(Y)
    if names is None and getattr(Y, "name", None) is not None:
        names = [Y.name]
    return None if names is None else [str(name) for name in names]


def check_name(table, name):
    """Raise for what names no column of a data frame."""
    names = names_of(table)
    if names is None:
        raise TypeError(
            f"{name!r} names a column, and X is no data frame but {type(table).__name__}: "
            "pass the column itself"
        )
    if name not in names:
        raise no_column(name, names)


def column(table, name):
    """One column of a data frame, of the library's own type."""
    check_name(table, name)
    return table[name]


def features_of(X, without=(), finite=True, chosen=None):
    """(X as (n, p) floats, names of the columns or None), less the columns that are named.

    chosen: the names of those to take, in that order; None takes all.
    """
    names = names_of(X)
    if names is None:
        if chosen is not None:
            raise TypeError(
                f"features name columns, and X is no data frame but {type(X).__name__}: pass the "
                "columns themselves"
            )
        return as_matrix(X, finite=finite), None
    names = _chosen(names, chosen, without)
    if not names:
        raise ValueError("X has no columns left to be features")
    columns = [numbers_in(X[name]) for name in names]
    kind = np.result_type(*columns) if all(c.dtype.kind == "f" for c in columns) else np.float64
    size = 8 * len(columns[0]) * len(names)
    check_room(size, f"{len(names):,} columns of {len(columns[0]):,} rows", "a matrix of")
    matrix = np.empty((len(columns[0]), len(names)), kind if kind == np.float32 else float, "F")
    for j, values in enumerate(columns):
        try:
            if values.dtype.kind not in "biufO":
                raise ValueError
            matrix[:, j] = values
        except (TypeError, ValueError):
            refuse_columns(_Part(X, names), "X")
            raise ValueError(f"column {names[j]!r} of X does not hold numbers") from None
    return as_matrix(matrix, finite=finite), [str(name) for name in names]


def features_by_name(X, known):
    """(n, p) floats of the columns that a fit had, by name where both have names.

    known: the names in the fit, x0, x1 and so on where it had none.
    """
    names = names_of(X)
    if names is None or not _told(known):
        return None
    texts = [str(name) for name in names]
    for name in known:
        if name not in texts:
            raise no_column(name, names)
    return features_of(X, chosen=[names[texts.index(name)] for name in known])[0]


def check_order(X, known):
    """Raise, as scikit-learn does, for a frame whose columns are not those of the fit in order."""
    names = names_of(X)
    if names is None or not _told(known):
        return
    texts = [str(name) for name in names]
    if texts == list(known):
        return
    if sorted(texts) == sorted(known):
        raise ValueError(
            "Feature names must be in the same order as they were in fit: "
            f"X[{list(known)!r}] puts them so"
            if len(known) <= 8
            else "Feature names must be in the same order as they were in fit"
        )
    for name in known:
        if name not in texts:
            raise no_column(name, names)
    extra = [name for name in texts if name not in known]
    raise ValueError(
        "The feature names should match those that were passed during fit. Feature names unseen "
        f"at fit time: {listed(extra or texts)}"
    )


def _told(known):
    """Whether names are a user's, and not those that columns without names get."""
    return list(known) != [f"x{j}" for j in range(len(known))]


def _chosen(names, chosen, without):
    if chosen is None:
        return [name for name in names if name not in without]
    chosen = [chosen] if isinstance(chosen, str) else list(chosen)
    for name in chosen:
        if name not in names:
            raise no_column(name, names)
        if name in without:
            raise ValueError(f"{name!r} is among the features and is y, a key or the weights too")
    if len(set(chosen)) != len(chosen):
        raise ValueError(f"features name a column twice: {listed(map(str, chosen))}")
    return chosen


class _Part:
    """Some columns of a frame, for `refuse_columns`."""

    def __init__(self, table, names):
        self._table, self.columns = table, names

    def __getitem__(self, name):
        return np.asarray(self._table[name])


def numbers_in(values):
    """A column as an array, NaN where a number is missing, whichever library it is of."""
    array = np.asarray(values)
    if array.dtype.kind != "O" or array.ndim != 1:
        return array
    gone = np.array([_is_gone(cell) for cell in array], dtype=bool)
    if not gone.any():
        return array
    array = array.copy()
    array[gone] = np.nan
    return array


def _is_gone(cell):
    if cell is None:
        return True
    try:
        return bool(cell != cell)
    except TypeError:  # pandas' NA is neither the same nor another
        return True


def library_of(table):
    """The name of the library of a data frame, or empty."""
    return type(table).__module__.partition(".")[0] if names_of(table) is not None else ""


def frame(columns, library=""):
    """A data frame of named columns: of polars or pyarrow where asked for, else of pandas."""
    if library == "polars":
        return sys.modules["polars"].DataFrame(columns)
    if library == "pyarrow":
        return sys.modules["pyarrow"].table(columns)
    try:
        import pandas
    except ImportError:
        raise ImportError("to_frame() needs pandas: pip install pandas") from None
    return pandas.DataFrame(columns)
