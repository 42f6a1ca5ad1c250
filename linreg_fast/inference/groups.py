"""Which cluster each row belongs to, as codes; missing ones are refused, not made a cluster."""

import sys
from typing import NamedTuple

import numpy as np

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
    what = "groups" if name is None else f"group {name!r}"
    array = np.asarray(values)
    if array.dtype.kind in "iub":
        return _of_integers(array, name)
    missing = _missing(array)
    if missing.any():
        first = int(np.argmax(missing))
        raise ValueError(
            f"{what} has {int(missing.sum())} missing of {len(array)}, the first at row {first}: "
            "drop these rows or give them a cluster"
        )
    if array.dtype.kind == "O" and "pandas" in sys.modules:
        codes, labels = sys.modules["pandas"].factorize(array)
    else:
        if array.dtype.kind == "O":
            table = {}
            codes = np.array([table.setdefault(value, len(table)) for value in array.tolist()])
            labels = list(table)
        else:
            labels, codes = np.unique(array, return_inverse=True)
    return Grouping(
        np.ascontiguousarray(codes.reshape(-1), dtype=np.int64), len(labels), labels, name
    )


def _of_integers(array, name):
    low, high = int(array.min()), int(array.max())
    if high - low < max(RANGE * len(array), SMALL):  # no need to sort them
        if low or array.dtype != np.int64 or not array.flags.c_contiguous:
            array = array.astype(np.int64) - low
        return Grouping(array, high - low + 1, low, name)
    labels, codes = np.unique(array, return_inverse=True)
    return Grouping(codes.reshape(-1).astype(np.int64), len(labels), labels, name)


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
