"""Labels of groups: in order, as Python's objects, and where a key stands among them."""

import numpy as np

NUMBERS, STAMPS = "biuf", "Mm"


def as_objects(labels):
    """An array that holds these objects as they are."""
    kept = np.empty(len(labels), dtype=object)
    kept[:] = labels
    return kept


def as_list(labels):
    """Labels as Python's objects; stamps so fine that Python has none for them stay NumPy's."""
    found = labels.tolist()
    fine = labels.dtype.kind in STAMPS and len(found) and isinstance(found[0], int)
    return list(labels) if fine else found


def is_gone(key):
    """Whether a key says that there is none: None, NaN, NaT and the like."""
    try:
        return key is None or bool(key != key)
    except (TypeError, ValueError):  # pandas' NA is neither the same nor another
        return type(key).__name__ == "NAType"


def in_order(codes, labels):
    """(codes, labels as an array) of a list of labels, sorted if they can be."""
    try:
        places = sorted(range(len(labels)), key=labels.__getitem__)
    except TypeError:
        return codes, as_objects(labels)
    rank = np.empty(len(labels), dtype=np.int64)
    rank[places] = np.arange(len(labels))
    return rank[codes], as_objects([labels[place] for place in places])


class Places:
    """Call it with keys: (n,), where each stands among the labels; -1 for one that does not."""

    def __init__(self, labels):
        self._labels, self._kind, self._known = labels, labels.dtype.kind, None
        if self._kind in NUMBERS + STAMPS:
            self._order = np.argsort(labels, kind="stable")
            self._sorted = labels[self._order]

    def __call__(self, keys):
        if self._kind in STAMPS:
            return self._among_sorted(_as_stamps(keys, self._kind))
        if self._kind in NUMBERS:
            array = np.asarray(keys)
            if array.dtype.kind in NUMBERS:
                return self._among_sorted(array.reshape(-1))
        if self._known is None:
            self._known = {key: place for place, key in enumerate(self._labels.tolist())}
        for way in ("to_pylist", "tolist"):
            if hasattr(keys, way):
                keys = getattr(keys, way)()
        known = self._known
        return np.fromiter((known.get(key, -1) for key in keys), np.int64, len(keys))

    def _among_sorted(self, array):
        if not len(self._sorted):
            return np.full(len(array), -1)
        at = np.minimum(np.searchsorted(self._sorted, array), len(self._sorted) - 1)
        return np.where(self._sorted[at] == array, self._order[at], -1)


def _as_stamps(keys, kind):
    """Dates or spans of time as NumPy has them; NaT for what is none."""
    array = np.asarray(keys)
    if array.dtype.kind == kind:
        return array
    return np.array([_stamp(key, kind) for key in array.tolist()], dtype=f"{kind}8[ns]")


def _stamp(key, kind):
    make, way = (
        (np.datetime64, "to_datetime64") if kind == "M" else (np.timedelta64, "to_timedelta64")
    )
    try:
        if isinstance(key, (bool, int, float)):
            raise ValueError
        return getattr(key, way)() if hasattr(key, way) else make(key)
    except (TypeError, ValueError):
        return make("NaT")
