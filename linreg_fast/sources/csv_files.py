"""Columns of numbers from CSV files, by the standard library."""

import csv
import io

import numpy as np

CHUNK_ROWS = 10_000
MISSING = ("", "na", "n/a", "null", "none", "nan")


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
