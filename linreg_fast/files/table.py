"""Columns of numbers by name, from CSV, Parquet and Feather files."""

import csv
import io
import os
from collections import Counter
from typing import NamedTuple

import numpy as np

from linreg_fast.data.gate import listed

CHUNK_ROWS = 10_000
MISSING = ("", "na", "n/a", "null", "none", "nan")
ARROW_ENDINGS = (".parquet", ".pq", ".feather", ".arrow")


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


def is_arrow(path):
    return os.fspath(path).lower().endswith(ARROW_ENDINGS)


def _open_csv(path):
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start}): save it as UTF-8 CSV"
        ) from None
    if "\0" in text:
        raise ValueError(f"{path} is not a text file: it holds a NUL character")
    return io.StringIO(text, newline="")


def _csv_header(file, path):
    """(column names, reader of the rows below). The delimiter is the header's own: , ; or tab."""
    first = next((line for line in file if line.strip()), "")
    file.seek(0)
    delimiter = max("\t;,", key=first.count)  # a comma may be part of a name between semicolons
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        header = next((row for row in reader if any(map(str.strip, row))), [])
        names = [name.strip() for name in header]
    except csv.Error as error:
        raise ValueError(f"{path}, line 1: {error}") from None
    if not any(names):
        raise ValueError(f"{path} is empty: its first line must name the columns")
    if all(_is_number(name) for name in names):
        raise ValueError(f"{path}: the first line must name the columns, it holds numbers")
    return names, reader


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # which Python takes for a separator: 2024_01 is a name


def _read_csv(path, columns):
    with _open_csv(path) as file:
        names, reader = _csv_header(file, path)
        place_of = {name: place for place, name in enumerate(names)}
        places = [place_of[column] for column in columns]
        chunks, cells, lines = [], [], []
        try:
            for row in reader:
                if not row:
                    continue  # a blank line
                if len(row) != len(names):
                    raise ValueError(
                        f"{path}, line {reader.line_num}: {len(row)} cells, "
                        f"the header names {len(names)}"
                    )
                cells.append([row[place] for place in places])
                lines.append(reader.line_num)
                if len(cells) == CHUNK_ROWS:
                    chunks.append(_as_numbers(cells, lines, columns, path))
                    cells, lines = [], []
        except csv.Error as error:
            raise ValueError(f"{path}, line {reader.line_num}: {error}") from None
        if cells:
            chunks.append(_as_numbers(cells, lines, columns, path))
    return np.concatenate(chunks) if chunks else np.empty((0, len(columns)))


def _as_numbers(cells, lines, columns, path):
    try:
        if any("_" in cell for row in cells for cell in row):
            raise ValueError
        return np.array(cells, dtype=np.float64)
    except ValueError:
        for row, line in zip(cells, lines, strict=True):
            for cell, column in zip(row, columns, strict=True):
                if cell.strip().lower() in MISSING:
                    raise ValueError(
                        f"{path}, line {line}: column {column!r} has a missing value: "
                        "drop or fill such rows"
                    ) from None
                if not _is_number(cell):
                    hint = "leave it out with --features, or encode it"
                    if _is_number(cell.replace(",", ".")) or _is_number(cell.replace(",", "")):
                        hint = "write decimals with a point, and thousands without a comma"
                    raise ValueError(
                        f"{path}, line {line}: column {column!r} holds text ({cell[:40]!r}), not a "
                        f"number: {hint}"
                    ) from None
        raise


def _arrow_columns(path, columns):
    """A pyarrow table of some columns, or of none but with all the names (columns=None)."""
    try:
        import pyarrow
        from pyarrow import feather, parquet
    except ImportError:
        raise ImportError(
            f"reading {path} needs pyarrow: pip install 'linreg_fast[arrow]' (CSV needs nothing)"
        ) from None
    try:
        if os.fspath(path).lower().endswith((".parquet", ".pq")):
            if columns is None:
                return parquet.read_schema(path).empty_table()
            return parquet.read_table(path, columns=columns)
        table = feather.read_table(path, columns=columns)
        return table.slice(0, 0) if columns is None else table
    except (pyarrow.ArrowException, ValueError) as error:
        raise ValueError(f"{path} cannot be read as Parquet or Feather: {error}") from None


def _read_arrow(path, columns):
    import pyarrow

    table = _arrow_columns(path, columns)
    values = np.empty((table.num_rows, len(columns)))
    for j, column in enumerate(columns):
        data = table.column(column)
        kind = data.type
        if not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind)) and not (
            pyarrow.types.is_boolean(kind) or pyarrow.types.is_decimal(kind)
        ):
            raise ValueError(
                f"{path}: column {column!r} holds {kind}, not numbers: "
                "leave it out with --features, or encode it"
            )
        if data.null_count:
            row = data.is_null().to_pylist().index(True)
            raise ValueError(
                f"{path}: column {column!r} has a missing value in row {row + 1} "
                f"({data.null_count} in all): drop or fill such rows"
            )
        values[:, j] = data.cast(pyarrow.float64(), safe=False).to_numpy()  # of integers, too
    return values
