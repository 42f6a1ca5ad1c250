"""Parquet and Feather files, by pyarrow: the file's schema, then batches of columns."""

import io
import os

import numpy as np

from linreg_fast.sources.table import Batch, Column

BATCH_ROWS = 1 << 16  # 6 MB of 11 columns: fewer take half as long again, a million no less (Zen 3)


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
    return "empty" if types.is_null(type_) else str(type_)


class ArrowSource:
    """A Parquet or Feather file; see `table.Source`."""

    def __init__(self, stream, path, name):
        try:
            import pyarrow
        except ImportError:
            raise ImportError(
                f"reading {name} needs pyarrow: pip install 'linreg_fast[arrow]' (CSV needs "
                "nothing)"
            ) from None
        self.path = name
        self._pyarrow = pyarrow
        if os.path.isfile(path):
            stream.close()
            given = path
        else:  # its end is read first: a pipe is kept in memory
            given = io.BytesIO(stream.read())
        with self._errors():
            self._file, schema = _open(given, os.fspath(path))
        self._names = schema.names
        kinds = [kind_of(type_) for type_ in schema.types]
        self.columns = [Column(*both) for both in zip(schema.names, kinds, strict=True)]

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.close()

    def close(self):
        close = getattr(self._file, "close", None)
        if close is not None:
            close()

    def _errors(self):
        return _Named(self.path, self._pyarrow)

    def batches(self, numbers, texts=()):
        numbers, texts = list(numbers), list(texts)
        for place in numbers:
            kind = self.columns[place].kind
            if kind not in ("number", "empty"):
                raise ValueError(
                    f"{self.path}: column {self._names[place]!r} holds {_plain(kind)}, not "
                    "numbers: leave it out with --exclude or --features, or encode it with "
                    "--categorical"
                )
        asked = list(dict.fromkeys([*numbers, *texts]))
        found, above = self._file(asked), 0
        while True:
            with self._errors():
                batch = next(found, None)
                if batch is None:
                    return
                columns = dict(zip(asked, batch.columns, strict=True))
                values = {place: _floats(columns[place]) for place in numbers}
                cells = {place: _cells(columns[place]) for place in texts}
            if batch.num_rows:
                where = _row(above)
                above += batch.num_rows
                yield Batch(batch.num_rows, values, cells, {}, where, [])


def _plain(kind):
    return {"date": "dates"}.get(kind, kind)


def _row(above):
    return lambda row: f"row {above + row + 1}"


class _Named:
    """pyarrow's errors do not name the file."""

    def __init__(self, path, pyarrow):
        self._path, self._pyarrow = path, pyarrow

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, (self._pyarrow.ArrowException, OSError, ValueError)) and not getattr(
            error, "filename", None
        ):
            raise ValueError(
                f"{self._path} cannot be read as Parquet or Feather: {error}"
            ) from None


def _open(given, path):
    """(a function of places that yields record batches, the schema)."""
    import pyarrow
    from pyarrow import feather, parquet

    parquets = path.lower().endswith((".parquet", ".pq"))
    if isinstance(given, io.BytesIO):
        parquets = given.getbuffer()[:4] == b"PAR1"
    if parquets:
        file = parquet.ParquetFile(given)

        def of_parquet(places):
            names = [file.schema_arrow.names[place] for place in places]
            for batch in file.iter_batches(BATCH_ROWS, columns=names):
                yield batch.select(names)

        return of_parquet, file.schema_arrow
    try:
        schema = pyarrow.ipc.open_file(given).schema
    except pyarrow.ArrowInvalid:  # the first version of Feather
        table = feather.read_table(given)
        return lambda places: iter(table.select(places).to_batches(BATCH_ROWS)), table.schema

    def of_feather(places):
        options = pyarrow.ipc.IpcReadOptions(included_fields=sorted(places))
        source = given if isinstance(given, io.BytesIO) else pyarrow.memory_map(os.fspath(given))
        file = pyarrow.ipc.open_file(source, options=options)
        order = [sorted(places).index(place) for place in places]
        for k in range(file.num_record_batches):
            yield file.get_batch(k).select(order)

    return of_feather, schema


def _floats(column):
    import pyarrow
    from pyarrow import compute, types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_null(column.type):
        return np.full(len(column), np.nan)
    if types.is_decimal(column.type):  # pyarrow's own cast is one unit off in one of seven
        text = compute.cast(column, pyarrow.string()).to_pylist()
        return np.array([np.nan if cell is None else float(cell) for cell in text])
    return column.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)


def _cells(column):
    return ["" if value is None else str(value) for value in column.to_pylist()]
