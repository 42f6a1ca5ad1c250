"""Data frames at the gate: the columns of pandas, polars and Arrow, read where they are.

Ordinary frames pass here, in tens of microseconds: all columns numbers, none missing. Whatever is
not ordinary is left to scikit-learn's validation, whose words and conversions then hold.
"""

import sys
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.kernels.arithmetic.columns import Columns, address, stacked
from linreg_fast.kernels.tuning import (
    FAST_MOST_ELEMENTS,
    FLOAT32_FEWEST_COLUMNS,
    SHARED_FEWEST_COLUMNS,
)

FLOATS = frozenset(map(np.dtype, (np.float32, np.float64)))
WHOLE = "iub"  # kinds of types that become float64


class Frame(NamedTuple):
    """The numbers of a data frame, and the names of its columns where those are text."""

    X: Any  # ndarray (n, p) or Columns, float32 or float64
    names: list | None


def read(table):
    """`Frame` of a data frame, or None of anything that is not an ordinary one."""
    found = _arrays_of(table)
    if found is None:
        return None
    names, arrays = found
    kinds = {type(name) for name in names}
    if kinds != {str}:
        if str in kinds:  # some text, some not: scikit-learn has words for that
            return None
        names = None
    X = joined(arrays)
    return None if X is None else Frame(X, names)


def read_target(values):
    """The numbers (n,) of a series of pandas, polars or Arrow, (n, t) of a frame; else None."""
    array, frame = None, read(values)
    if frame is not None:
        return frame.X.array if type(frame.X) is Columns else frame.X
    if _is_a(values, "pandas", "Series"):
        array = _of_pandas(values)
    elif _is_a(values, "polars", "Series"):
        array = _of_polars(values)
    elif _is_a(values, "pyarrow", "ChunkedArray") or _is_a(values, "pyarrow", "Array"):
        array = _of_arrow(values)
    if array is None or array.ndim != 1 or not len(array):
        return None
    if array.dtype in FLOATS:
        return array
    return array.astype(np.float64) if array.dtype.kind in WHOLE else None


def _is_a(table, module, name):
    """Whether it is of a class of a module, without importing that."""
    loaded = sys.modules.get(module)
    kind = getattr(loaded, name, None)
    return kind is not None and isinstance(table, kind)


def _arrays_of(table):
    """(names, arrays (n,)) of the columns of a frame; None of what is no frame, or has no rows, or
    a column that is not an array of numbers."""
    if _is_a(table, "pandas", "DataFrame"):
        names, parts, read_one = list(table.columns), _parts_of_pandas(table), _of_pandas
    elif _is_a(table, "polars", "DataFrame"):
        names, parts, read_one = table.columns, table.get_columns(), _of_polars
    elif _is_a(table, "pyarrow", "Table") or _is_a(table, "pyarrow", "RecordBatch"):
        names, parts, read_one = table.schema.names, table.columns, _of_arrow
    else:
        return None
    arrays = []
    for part in parts:
        array = part if type(part) is np.ndarray else read_one(part)
        if array is None or array.dtype.kind not in "iufb" or not len(array):
            return None
        arrays.append(array)
    return (names, arrays) if arrays else None


def _parts_of_pandas(table):
    """The columns: parts of one array, where there is one, or series."""
    kinds = set(table.dtypes.array)
    if table.size <= FAST_MOST_ELEMENTS and len(kinds) == 1 and isinstance(kinds.pop(), np.dtype):
        return list(table.to_numpy().T)  # of a few blocks a copy, which costs less than series
    return [series for _, series in table.items()]


def _of_pandas(series):
    """The numbers of a series where that takes no thought about missing ones; else None."""
    if isinstance(series.dtype, np.dtype):
        return series.to_numpy()
    if type(series.dtype).__name__ == "ArrowDtype":
        return _of_arrow(series.array.__arrow_array__())
    return None


def _of_polars(series):
    if series.null_count() or not series.dtype.is_numeric():
        return None
    found = series.to_numpy()
    return found if found.ndim == 1 else None


def _of_arrow(column):
    """The numbers of an Arrow array, or of one in chunks."""
    if column.null_count or not _is_arrow_number(column.type):
        return None
    if hasattr(column, "chunks"):
        if column.num_chunks != 1:
            return column.to_numpy()
        column = column.chunk(0)
    return column.to_numpy(zero_copy_only=False)


def _is_arrow_number(kind):
    types = sys.modules["pyarrow"].types
    return types.is_integer(kind) or types.is_float32(kind) or types.is_float64(kind)


def joined(arrays):
    """(n, p) of columns (n,) of any types of numbers, without a copy where they are large.

    An array, where they are parts of one or small, or `Columns`; both go to `Moments.of`, in any
    rung, and to `Problem`. So a batch of Arrow's is added in double-double:
    ``Moments.of(joined(arrays), Y, weights, RUNGS["compensated"])``. None where the types make one
    that is neither float32 nor float64.
    """
    kinds = {array.dtype for array in arrays}
    if len(kinds) > 1 or not kinds <= FLOATS:
        dtype = np.result_type(*kinds)
        dtype = dtype if dtype in FLOATS else np.dtype(np.float64)
        if dtype != np.float64 or any(kind.kind == "b" for kind in kinds):
            return None  # rules that differ from library to library: scikit-learn has them
    else:
        (dtype,) = kinds
        whole = _in_one_array(arrays, dtype)
        if whole is not None:
            return whole
    n, p = len(arrays[0]), len(arrays)
    many = p >= (FLOAT32_FEWEST_COLUMNS if dtype == np.float32 else SHARED_FEWEST_COLUMNS - 1)
    if n * p <= FAST_MOST_ELEMENTS or many:
        return stacked(arrays, dtype)
    return Columns([np.ascontiguousarray(array, dtype) for array in arrays])


def _in_one_array(arrays, dtype):
    """A view (n, p) where the columns stand at equal distances, which those of one block do."""
    n, p = len(arrays[0]), len(arrays)
    step, first = arrays[0].strides[0], address(arrays[0])
    if p == 1:
        return arrays[0][:, None]
    if any(array.strides[0] != step for array in arrays):
        return None
    apart = address(arrays[1]) - first
    base = _owner(arrays[0])
    if not isinstance(base, np.ndarray) or any(_owner(array) is not base for array in arrays):
        return None
    places = [address(array) - first for array in arrays]
    if apart <= 0 or any(place != j * apart for j, place in enumerate(places)):
        return None
    return np.lib.stride_tricks.as_strided(arrays[0], (n, p), (step, apart), writeable=False)


def _owner(array):
    """The array that an array is at last a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
