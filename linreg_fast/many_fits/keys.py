"""Keys of groups as numbers 0, 1, ..., and the rows in their order."""

from typing import NamedTuple

import numpy as np

from linreg_fast.kernels.moments.ordering import count_codes, place_rows
from linreg_fast.many_fits.labels import as_list, as_objects, in_order, is_gone

# A table of counts as long as the range of whole numbers is smaller than the order of the rows.
DIRECT_PER_ROW, DIRECT_LEAST = 4, 1 << 16


class Groups(NamedTuple):
    """Group g has the key labels[g] and the rows order[starts[g] : starts[g + 1]]."""

    labels: np.ndarray
    starts: np.ndarray
    order: np.ndarray


def _missing(row, name):
    return ValueError(
        f"{name} has no key in row {row}: drop the rows without one, or give them a key"
    )


def _of_categories(values, name):
    """(codes, categories) of a pandas categorical or an Arrow array, or None for others."""
    if hasattr(values, "cat") and hasattr(values.cat, "codes"):
        values = values.cat
    if hasattr(values, "codes") and hasattr(values, "categories"):
        codes, labels = np.asarray(values.codes), np.asarray(values.categories)
    elif hasattr(values, "dictionary_encode"):
        if hasattr(values, "combine_chunks"):
            values = values.combine_chunks()
        ready = hasattr(values, "dictionary")
        values = values if ready else values.dictionary_encode()
        if values.null_count:
            raise _missing(int(np.argmax(np.asarray(values.is_null()))), name)
        codes = np.asarray(values.indices).astype(np.int64)
        labels = values.dictionary.to_numpy(zero_copy_only=False)
        if not ready:
            order = np.argsort(labels, kind="stable")
            rank = np.empty(len(order), dtype=np.int64)
            rank[order] = np.arange(len(order))
            codes, labels = rank[codes], labels[order]
    elif type(getattr(values, "dtype", None)).__name__ == "Enum":  # of polars
        if values.null_count():
            raise _missing(int(np.argmax(np.asarray(values.is_null()))), name)
        codes = np.asarray(values.to_physical())
        labels = as_objects(values.dtype.categories.to_list())
    else:
        return None
    if len(codes) and codes.min() < 0:
        raise _missing(int(np.argmax(codes < 0)), name)
    return codes.astype(np.int64), labels


def _of_text(values, name):
    """Likewise of a column of text of pandas or polars, which have tables of their own for it."""
    kind = str(getattr(values, "dtype", ""))
    if hasattr(values, "factorize") and kind.startswith(("object", "str")):
        try:
            codes, labels = values.factorize()
        except TypeError:  # an unhashable key
            return None
        if (codes < 0).any():
            raise _missing(int(np.argmax(codes < 0)), name)
        return in_order(np.asarray(codes, dtype=np.int64), list(labels))
    if hasattr(values, "replace_strict") and kind == "String":
        if values.null_count():
            raise _missing(int(np.argmax(np.asarray(values.is_null()))), name)
        labels = values.unique().sort()
        if not len(labels):
            return None
        codes = values.replace_strict(labels, labels.arg_sort())
        return np.asarray(codes).astype(np.int64), as_objects(labels.to_list())
    return None


def _hashed(values, name):
    """(codes, labels) of any hashable keys, sorted where they can be."""
    seen: dict = {}
    try:
        codes = np.array([seen.setdefault(key, len(seen)) for key in values], dtype=np.int64)
    except TypeError as error:
        raise ValueError(f"{name} must hold hashable keys: {error}") from None
    labels = list(seen)
    for code, key in enumerate(labels):
        if is_gone(key):
            raise _missing(int(np.argmax(codes == code)), name)
    return in_order(codes, labels)


def encoded(values, name="groups"):
    """(codes (n,) int64, labels or None) of one column of keys; None: the codes are the keys."""
    for way in (_of_categories, _of_text):
        found = way(values, name)
        if found is not None:
            return found
    if isinstance(values, (list, tuple)) and not all(
        isinstance(key, (int, float, np.number)) for key in values
    ):
        return _hashed(values, name)
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 0:
        raise ValueError(
            f"{name} must be an array or a list, a key a row; got {type(values).__name__}"
        )
    if array.ndim != 1:
        raise ValueError(f"{name} must be 1-D, a key a row; got shape {array.shape}")
    if array.dtype.kind in "iu" and (array.dtype.kind == "i" or array.dtype.itemsize < 8):
        return np.ascontiguousarray(array, dtype=np.int64), None
    if array.dtype.kind in "OUSV" or array.dtype.kind == "T":
        return _hashed(array.tolist(), name)
    gone = np.isnat(array) if array.dtype.kind in "Mm" else array != array
    if gone.any():
        raise _missing(int(np.argmax(gone)), name)
    labels, codes = np.unique(array, return_inverse=True)
    return codes.astype(np.int64), labels


def grouped(keys, n_samples, names=("groups",)):
    """`Groups` of a list of one or several columns of keys, in the order of the keys.

    Raises
    ------
    ValueError
        For a key that is missing, naming its row, or a column of another length.
    """
    columns = []
    for values, name in zip(keys, names, strict=True):
        codes, labels = encoded(values, name)
        if len(codes) != n_samples:
            raise ValueError(f"X has {n_samples} rows and {name} has {len(codes)} keys: as many")
        columns.append((codes, labels))
    if len(columns) == 1:
        return _in_order(*columns[0])
    parts = [_in_order(*each) for each in columns]
    codes, total = np.zeros(n_samples, dtype=np.int64), 1
    for part in parts:
        total *= len(part.labels)
        if total >= 1 << 62:
            raise ValueError("the columns of keys have too many combinations: join them yourself")
        own = np.empty(n_samples, dtype=np.int64)
        own[part.order] = np.repeat(np.arange(len(part.labels)), np.diff(part.starts))
        codes = codes * len(part.labels) + own
    found = _in_order(codes, None)
    labels, rest = np.empty(len(found.labels), dtype=object), found.labels
    split = []
    for part in reversed(parts):
        rest, own = np.divmod(rest, len(part.labels))
        split.append(as_list(part.labels[own]))
    labels[:] = list(zip(*reversed(split), strict=True))
    return found._replace(labels=labels)


def _in_order(codes, labels):
    """`Groups` of whole numbers, of those that there are."""
    n = len(codes)
    low, high = (int(codes.min()), int(codes.max())) if n else (0, -1)
    whole = None
    if high - low >= DIRECT_PER_ROW * n + DIRECT_LEAST:
        whole, codes = np.unique(codes, return_inverse=True)
        codes, low, high = codes.astype(np.int64), 0, len(whole) - 1
    counts = np.zeros(high - low + 1, dtype=np.int64)
    count_codes(codes, low, counts)
    there = np.flatnonzero(counts)
    ends = np.cumsum(counts)
    starts = np.append(0, ends[there])
    order = np.empty(n, dtype=np.int64)
    place_rows(codes, low, ends - counts, order)
    if labels is not None:
        found = labels[there + low]
    else:
        found = whole if whole is not None else there + low
    return Groups(found, starts, order)
