"""Columns of numbers from Parquet and Feather files, by pyarrow."""

import os

import numpy as np

ARROW_ENDINGS = (".parquet", ".pq", ".feather", ".arrow")


def is_arrow(path):
    return os.fspath(path).lower().endswith(ARROW_ENDINGS)


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
