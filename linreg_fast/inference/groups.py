"""Which cluster each row belongs to, as codes; missing ones are refused, not made a cluster."""

import sys
from typing import NamedTuple

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.kernels.second_pass.labels import number

RANGE = 2  # whole numbers that span up to so many times the rows are their own codes
SMALL = 1 << 16
FEW = 8  # rows for each code, from which on a batch has a table of all codes


class Grouping(NamedTuple):
    """codes (n,) int64, how many there may be, and what each stands for.

    goes_on: the codes mean the same in every batch, those that stand in `labels` where that is an
    array, else themselves.
    """

    codes: np.ndarray
    size: int
    labels: object
    name: str | None = None
    goes_on: bool = False

    def label(self, code):
        """A key that is the same in every batch."""
        if isinstance(self.labels, (int, np.integer)):
            return int(self.labels) + int(code)
        found = self.labels[code]
        return found.item() if isinstance(found, np.generic) else found


def of_codes(codes, name):
    """The `Grouping` of codes (n,) that mean the same in every batch.

    Where there are many, of those that occur: a batch of few rows has a small table.
    """
    codes = np.ascontiguousarray(codes, dtype=np.int64)
    size = int(codes.max()) + 1
    if size * FEW <= len(codes):
        return Grouping(codes, size, None, name, True)
    seen = np.zeros(size, dtype=bool)
    seen[codes] = True
    live = np.flatnonzero(seen)
    return Grouping((np.cumsum(seen) - 1)[codes], len(live), live, name, True)


def groupings(groups, n_rows):
    """One or two `Grouping`s of an array (n,), (n, 2), a frame, or a list of two arrays.

    Those of a source come as they are, two with that of both.
    """
    if isinstance(groups, list) and groups and isinstance(groups[0], Grouping):
        return groups
    columns, names = _columns(groups)
    if not 1 <= len(columns) <= 2:
        raise ValueError(f"groups must be one or two columns, got {len(columns)}")
    found = []
    for column, name in zip(columns, names, strict=True):
        if len(column) != n_rows:
            raise ValueError(f"groups has {len(column)} entries and X {n_rows} rows: one for each")
        found.append(_codes(column, name))
    return found


def refuse_one_cluster(name, count):
    """Raise for a grouping of fewer than two."""
    raise ValueError(
        f"clustered errors need at least two clusters: groups{f' {name!r}' if name else ''} has "
        f"{count}"
    )


def both(a, b):
    """The grouping by two at once."""
    pairs = a.codes * b.size + b.codes
    values, codes = np.unique(pairs, return_inverse=True)
    labels = [(a.label(pair // b.size), b.label(pair % b.size)) for pair in values.tolist()]
    return Grouping(codes.reshape(-1).astype(np.int64), len(labels), labels)


def _columns(groups):
    if hasattr(groups, "columns"):  # a frame
        return [groups[name] for name in groups.columns], [str(name) for name in groups.columns]
    name = getattr(groups, "name", None)
    if isinstance(groups, dict):
        return list(groups.values()), [str(key) for key in groups]
    if isinstance(groups, (list, tuple)) and groups and np.ndim(groups[0]) == 1:
        names = [getattr(column, "name", None) for column in groups]
        return list(groups), [None if n is None else str(n) for n in names]
    if np.ndim(groups) == 2:
        array = np.asarray(groups)
        return list(array.T), [None] * array.shape[1]
    if np.ndim(groups) != 1:
        raise ValueError(f"groups must be one or two columns, got shape {np.shape(groups)}")
    return [groups], [None if name is None else str(name)]


def _codes(values, name):
    if hasattr(values, "cat") and hasattr(values.cat, "codes"):  # pandas has numbered them already
        codes, labels = values.cat.codes.to_numpy(), list(values.cat.categories)
        _refuse_missing(codes < 0, name)
        return Grouping(np.ascontiguousarray(codes, dtype=np.int64), len(labels), labels, name)
    array = np.asarray(values)
    if array.dtype.kind in "iub":
        return _of_integers(array, name)
    if array.dtype.kind == "O":
        return _of_objects(array, name)
    _refuse_missing(_missing(array), name)
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        array = array.astype(np.float64) + 0.0  # -0 is 0
    return _of_words(array, name)


def _of_objects(array, name):
    if "pandas" in sys.modules:
        codes, labels = sys.modules["pandas"].factorize(array)
        if len(codes) and codes.min() < 0:
            _refuse_missing(codes < 0, name)
        return Grouping(np.ascontiguousarray(codes, dtype=np.int64), len(labels), labels, name)
    _refuse_missing(_missing(array), name)
    table: dict = {}
    codes = np.array([table.setdefault(value, len(table)) for value in array.tolist()])
    return Grouping(codes.astype(np.int64), len(table), list(table), name)


def _refuse_missing(missing, name):
    if missing.any():
        what = "groups" if name is None else f"group {name!r}"
        raise ValueError(
            f"{what} has {int(missing.sum())} missing of {len(missing)}, the first at row "
            f"{int(np.argmax(missing))}: drop these rows or give them a cluster"
        )


def _of_integers(array, name):
    low, high = int(array.min()), int(array.max())
    if high - low < max(RANGE * len(array), SMALL):  # no need to look for equal ones
        if low or array.dtype != np.int64 or not array.flags.c_contiguous:
            array = array.astype(np.int64) - low
        return Grouping(array, high - low + 1, low, name)
    return _of_words(array.astype(np.uint64 if array.dtype.kind == "u" else np.int64), name)


def _of_words(array, name):
    """Of numbers, dates and text of a fixed width, which are words of eight bytes."""
    kind = array.dtype
    if kind.kind == "U" and kind.itemsize % 8:
        array = array.astype(f"U{kind.itemsize // 4 + 1}")
    if array.dtype.itemsize % 8 or not array.dtype.itemsize:
        labels, codes = np.unique(array, return_inverse=True)
        return Grouping(codes.reshape(-1).astype(np.int64), len(labels), labels, name)
    array = np.ascontiguousarray(array)
    codes = np.empty(len(array), dtype=np.int64)
    with np.errstate(over="ignore"):  # of plain Python's hashes
        keys = number(frozen(array.view(np.uint64).reshape(len(array), -1)), codes)
    labels = np.ascontiguousarray(keys).view(array.dtype).reshape(-1)
    return Grouping(codes, len(labels), labels, name)


def _missing(array):
    if array.dtype.kind in "fc":
        return np.isnan(array)
    if array.dtype.kind in "mM":
        return np.isnat(array)
    if array.dtype.kind != "O":
        return np.zeros(len(array), dtype=bool)
    if "pandas" in sys.modules:
        return np.asarray(sys.modules["pandas"].isna(array))
    return np.array([value is None or value != value for value in array.tolist()], dtype=bool)
