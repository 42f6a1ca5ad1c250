"""Columns of numbers by name, from CSV, Parquet and Feather files."""

import os
from collections import Counter
from typing import NamedTuple

import numpy as np

from linreg_fast.data.gate import listed
from linreg_fast.sources.arrow_files import _arrow_columns, _read_arrow, is_arrow
from linreg_fast.sources.csv_files import _csv_header, _open_csv, _read_csv


class Table(NamedTuple):
    """Columns of a file, in the order asked for."""

    names: list[str]
    values: np.ndarray  # (n_rows, n_columns) float64


def column_names(path):
    """The names of all columns of a file.

    Raises
    ------
    ValueError
        For a file that is malformed or of an unknown kind.
    OSError
        For a file that cannot be opened.
    """
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise ValueError(f"{path} is a pipe or a device, and a table is read twice: save it first")
    open(path, "rb").close()  # one kind of error for a file that is not there
    if is_arrow(path):
        names = _arrow_columns(path, None).column_names
    else:
        with _open_csv(path) as file:
            names = _csv_header(file, path)[0]
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise ValueError(f"{path}: more than one column is named {twice[0]!r}")
    return names


def read_table(path, columns):
    """Read the named columns as numbers.

    Raises
    ------
    ValueError
        For an unknown column, a missing value, text, or a malformed file; it says where.
    OSError
        For a file that cannot be opened.
    ImportError
        For Parquet and Feather without pyarrow; it names the extra.
    """
    names = dict.fromkeys(column_names(path))
    for column in columns:
        if column not in names:
            raise ValueError(f"{path} has no column {column!r}: it has {listed(names)}")
    values = _read_arrow(path, columns) if is_arrow(path) else _read_csv(path, columns)
    if len(values) == 0:
        raise ValueError(f"{path} has no rows below its header")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise ValueError(
            f"{path}: column {columns[column]!r} holds {values[row, column]} in row {row + 1}: "
            "drop or fill the rows that are not finite"
        )
    return Table(list(columns), values)
