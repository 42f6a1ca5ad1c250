"""Numbers out of a block of CSV by pyarrow, threads and all, where it is installed."""

import functools
import itertools

import numpy as np

from linreg_fast.sources.cells import MISSING
from linreg_fast.sources.table import Batch

BLOCK = 1 << 20  # bytes that a thread of pyarrow takes at a time


def is_installed():
    try:
        import pyarrow.csv  # noqa: F401
    except ImportError:
        return False
    return True


@functools.cache
def markers():
    """The usual spellings of missing values; a block with others goes to the standard library."""
    spelt = ((word, word.upper(), word.capitalize(), word.title()) for word in MISSING)
    return sorted({*itertools.chain.from_iterable(spelt), "NaN", "-NaN", "\\N"})


def parse(block, dialect, numbers, texts):
    """A `Batch` of the columns at these places, or None for what pyarrow does not read as we do."""
    import pyarrow
    from pyarrow import csv

    if not numbers and not texts:
        return None
    names = [str(j) for j in range(len(dialect.names))]
    types = {str(j): pyarrow.float64() for j in numbers}
    types |= {str(j): pyarrow.string() for j in texts}
    try:
        table = csv.read_csv(
            pyarrow.py_buffer(block),
            read_options=csv.ReadOptions(column_names=names, block_size=BLOCK),
            parse_options=csv.ParseOptions(
                delimiter=dialect.delimiter, newlines_in_values=b'"' in block
            ),
            convert_options=csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=markers(),
                strings_can_be_null=False,
                decimal_point=dialect.decimal,
            ),
        )
        columns = {j: _as_numbers(table.column(str(j)), dialect.decimal) for j in numbers}
    except pyarrow.ArrowException:
        return None
    found = {j: _floats(column) for j, column in columns.items()}
    gaps = [np.isnan(found[j]) for j in numbers if columns[j].null_count]
    if len(gaps) == len(numbers) and np.logical_and.reduce(gaps).any():
        return None  # a row of nothing, perhaps
    cells = {j: table.column(str(j)).to_pylist() for j in texts}
    if b" " in block and any(cell.startswith(" ") for some in cells.values() for cell in some):
        if b'"' in block:
            return None  # blanks within quotes are part of a cell
        cells = {j: [cell.lstrip(" ") for cell in some] for j, some in cells.items()}
    return Batch(table.num_rows, found, cells, {}, str, [])


def _as_numbers(column, decimal):
    """What was read as text, because that was asked for too."""
    import pyarrow
    from pyarrow import compute

    if not pyarrow.types.is_string(column.type):
        return column
    if decimal != ".":
        raise pyarrow.ArrowInvalid("a cast knows one decimal mark")
    gaps = compute.is_in(column, pyarrow.array(markers()))
    return compute.if_else(gaps, None, column).cast(pyarrow.float64())


def _floats(column):
    parts = [part.to_numpy(zero_copy_only=False) for part in column.chunks]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
