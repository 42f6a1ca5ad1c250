"""Columns that stand apart in memory, each contiguous: what kernels read of a frame, uncopied.

`Columns` is what Python code holds. Compiled code takes its `table`: an array (n, p) of the
addresses of the columns, the same ones in every row (of stride zero). Its type says so, since no
matrix of numbers holds integers here: int64 for columns of float64, uint64 for those of float32.
Where a kernel takes rows in F order it takes a table too; only where a column begins is found in
another way, so that the results have the same bits.
"""

import ctypes
from types import SimpleNamespace

import numpy as np
from numba import carray
from numba.core import types
from numba.extending import intrinsic

from linreg_fast.kernels.arithmetic.llvm import emit_load
from linreg_fast.kernels.arithmetic.simd import VECTOR
from linreg_fast.kernels.tuning import WIDE
from linreg_fast.runtime.compile import by_type

NUMBERS = {types.int64: types.float64, types.uint64: types.float32}  # of a table's columns


class Columns:
    """A matrix (n, p) whose columns are contiguous arrays of one type, wherever they stand.

    The ways `columnwise`, `packed` and `doubled`, `steps.residual_products` and `steps.predict`
    take it like an array in F order and give the same bits, and so does `Moments.of`. All else asks
    for `array`. `data.frames.joined` makes it where these ways are taken: not of one column, nor of
    hundreds.

    Parameters
    ----------
    arrays : list of ndarray of shape (n,)
        All float64 or all float32, contiguous. They are kept, and with them what owns the memory.
    """

    ndim = 2
    flags = SimpleNamespace(c_contiguous=False, f_contiguous=True)

    def __init__(self, arrays):
        self._arrays = arrays
        self.dtype, self.shape = arrays[0].dtype, (len(arrays[0]), len(arrays))
        self.size = self.shape[0] * self.shape[1]
        kind = np.int64 if self.dtype == np.float64 else np.uint64
        addresses = np.array([address(array) for array in arrays], dtype=kind)
        self.table = np.broadcast_to(addresses, self.shape)  # read-only
        self._array = None

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        """A read-only copy (m, p), in C order, of the rows at these places."""
        found = np.stack([array[rows] for array in self._arrays], axis=1)
        found.flags.writeable = False  # as all that the gate lets in: no variant of its own
        return found

    @property
    def array(self):
        """All of it in F order, read-only: a copy, made when first asked for and then kept."""
        if self._array is None:
            self._array = stacked(self._arrays, self.dtype)
            self._array.flags.writeable = False
        return self._array


def address(array):
    """Where an array begins. (`array.ctypes.data` takes 1 us, three times as long.)"""
    return array.__array_interface__["data"][0]


def stacked(arrays, dtype):
    """(n, p) in F order: a copy of the columns, each converted."""
    found = np.empty((len(arrays[0]), len(arrays)), dtype, order="F")
    for j, array in enumerate(arrays):
        found[:, j] = array
    return found


def for_kernels(X):
    """What compiled code takes of an array or of `Columns`."""
    return X.table if type(X) is Columns else X


def is_table(kind):
    """Whether a type of Numba's is that of a table of columns."""
    return isinstance(kind, types.Array) and kind.dtype in NUMBERS


def emit_first(context, builder, kind, table, column):
    """Where a column of a table begins; kind is the type of the table."""
    number = context.get_value_type(NUMBERS[kind.dtype])
    addresses = context.make_array(kind)(context, builder, table).data
    address = builder.load(builder.gep(addresses, [column]))
    return builder.inttoptr(address, number.as_pointer())


def emit_first_of(context, builder, kind, X):
    """A function that emits where a column of X begins: of an array in F order, or of a table."""
    if is_table(kind):
        return lambda column: emit_first(context, builder, kind, X, column)
    array = context.make_array(kind)(context, builder, X)
    rows = builder.extract_value(array.shape, 0)
    return lambda column: builder.gep(array.data, [builder.mul(rows, column)])


def has_columns(kind):
    """Whether an array of a type of Numba's has contiguous columns: in F order, or a table."""
    return is_table(kind) or kind.layout == "F"


@intrinsic
def load_part(typing_context, X, j, row):
    """A vector of column j from a row on (not checked): columns are contiguous, or there is one."""

    def emit(context, builder, signature, arguments):
        first = emit_first_of(context, builder, signature.args[0], arguments[0])(arguments[1])
        return emit_load(builder, first, arguments[2], WIDE)

    return VECTOR(X, types.int64, types.int64), emit


@intrinsic
def _first_of_column(typing_context, table, j):
    def emit(context, builder, signature, arguments):
        return emit_first(context, builder, signature.args[0], *arguments)

    return types.CPointer(NUMBERS[table.dtype])(table, types.int64), emit


def column_part(X, j, start, stop):
    """Rows start..stop of column j of an array or a table, not copied."""
    if X.dtype.kind == "f":
        return X[start:stop, j]
    number = ctypes.c_double if X.dtype == np.int64 else ctypes.c_float
    place = ctypes.cast(int(X[0, j]), ctypes.POINTER(number))
    return np.ctypeslib.as_array(place, (len(X),))[start:stop]


@by_type(column_part)
def _compiled_column_part(X, j, start, stop):
    if is_table(X):
        return lambda X, j, start, stop: carray(_first_of_column(X, j), len(X))[start:stop]
    return lambda X, j, start, stop: X[start:stop, j]


def element(X, i, j):
    """The number of a row and a column of an array or a table."""
    return column_part(X, j, i, i + 1)[0]


@by_type(element)
def _compiled_element(X, i, j):
    if is_table(X):
        return lambda X, i, j: carray(_first_of_column(X, j), len(X))[i]
    return lambda X, i, j: X[i, j]
