"""Columns of Arrow as float64 arrays, each type by its own rule."""

import numpy as np

from linreg_fast.sources.table import Ends

EXACT = 1 << 53  # whole numbers up to here are floats
DISTINCT = 15  # digits of decimals that floats hold
EXACT_POWER = 22  # the largest power of ten that is a float


def kind_of(type_):
    """What a column of that Arrow type holds; see `table.Column`."""
    from pyarrow import types

    if types.is_dictionary(type_):
        return kind_of(type_.value_type)
    if types.is_integer(type_) or types.is_floating(type_) or types.is_boolean(type_):
        return "number"
    if types.is_decimal(type_):
        return "number"
    if types.is_date(type_) or types.is_time(type_) or types.is_timestamp(type_):
        return "date"
    if types.is_string(type_) or types.is_large_string(type_) or str(type_) == "string_view":
        return "text"
    return "empty" if types.is_null(type_) else str(type_)


def floats(column):
    """(rows,) float64, NaN where a value is missing, of an Array of a kind that is "number".

    Of floats without a gap it is a view. Integers beyond 2**53 are rounded: `beyond` tells of them.
    """
    import pyarrow

    type_, types = column.type, pyarrow.types  # to import them from it takes longer than the rest
    if type_ == pyarrow.float64() and not column.null_count:
        return column.to_numpy()
    if types.is_dictionary(type_):
        column = column.dictionary_decode()
        type_ = column.type
    if types.is_null(type_):
        return np.full(len(column), np.nan)
    if types.is_decimal(type_):
        return _of_decimals(column)
    return column.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)


def beyond(column):
    """`Ends` of a column of integers, or decimals, that floats do not hold exactly, or None."""
    import pyarrow

    whole, types = column, pyarrow.types
    if types.is_floating(column.type):
        return None
    from pyarrow import compute

    if types.is_dictionary(column.type):
        column = column.dictionary
    if types.is_decimal(column.type):
        few = column.type.precision <= DISTINCT
        return None if few else Ends.of(0, 0, lambda: _decimals(whole), whole=False)
    if column.type.bit_width != 64 if types.is_integer(column.type) else True:
        return None
    found = compute.min_max(column).as_py()
    lowest, highest = found["min"], found["max"]
    if lowest is None or (lowest >= -EXACT and highest <= EXACT):
        return None
    return Ends.of(lowest, highest, lambda: _integers(whole))


def _integers(column):
    """As they are; 0 where one is missing."""
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.fill_null(0).to_numpy(zero_copy_only=False)


def _decimals(column):
    """As labels: floats, but as they are where two of them may be rounded to one float."""
    from pyarrow import compute, types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    values, scale = floats(column), column.type.scale
    largest = compute.max(compute.abs(column)).as_py()
    if largest is None or largest.scaleb(scale) <= EXACT:
        return values
    labels = values.astype(object)
    for row in np.flatnonzero(abs(values) * 10.0**scale >= EXACT / 2):
        labels[row] = column[int(row)].as_py()
    return labels


def _of_decimals(column):
    """Correctly rounded, which pyarrow's own cast is not: it is one unit off in one of seven."""
    import pyarrow
    from pyarrow import compute, types

    type_ = column.type
    if not types.is_decimal128(type_) and type_.precision <= 38:
        column = column.cast(pyarrow.decimal128(type_.precision, type_.scale))
        type_ = column.type
    if types.is_decimal128(type_) and 0 <= type_.scale <= EXACT_POWER:
        buffer = column.buffers()[1]
        words = np.frombuffer(buffer, "<i8", 2 * (column.offset + len(column)))
        words = words[2 * column.offset :]
        low, high = words[::2], words[1::2]
        gaps = None
        if column.null_count:  # what stands in a gap is anything
            gaps = column.is_null().to_numpy(zero_copy_only=False)
            low, high = np.where(gaps, 0, low), np.where(gaps, 0, high)
        # Both are floats, so that their quotient is rounded once.
        if len(low) == 0 or (
            (high == low >> 63).all() and low.min() >= -EXACT and low.max() <= EXACT
        ):
            values = low.astype(np.float64) / 10.0**type_.scale
            if gaps is not None:
                values[gaps] = np.nan
            return values
    text = compute.cast(column, pyarrow.string()).to_pylist()
    return np.array([np.nan if cell is None else float(cell) for cell in text], dtype=np.float64)
