"""Parquet, Feather and Arrow files, by pyarrow: the file's schema, then batches of columns."""

import io
import os

from linreg_fast.kernels.tuning import SOURCE_ELEMENTS, SOURCE_ROWS
from linreg_fast.sources.arrow_columns import beyond, floats, kind_of
from linreg_fast.sources.doors import advice
from linreg_fast.sources.key_cells import KeyCells
from linreg_fast.sources.table import Batch, Column, is_parquet

# Flat whatever the row groups, and no slower: by default a whole file is kept (473 MB of 424), and
# buffers of 1 MB take 30 MB more (a fit to 4 M x 11, zstd). No memory map: a file that is cut while
# it is read would kill the process.
PARQUET = {"pre_buffer": False, "buffer_size": 1 << 18, "page_checksum_verification": True}


def need_pyarrow(name):
    """The module, or an ImportError that names the extra. name: of what is to be read."""
    try:
        import pyarrow
    except ImportError:
        raise ImportError(
            f"reading {name} needs pyarrow: pip install 'linreg_fast[arrow]' (CSV needs nothing)"
        ) from None
    return pyarrow


def rows_at_a_time(n_columns):
    """A power of two, so many that a piece of the columns is a few megabytes."""
    rows = min(SOURCE_ROWS, max(SOURCE_ELEMENTS // max(n_columns, 1), 1024))
    return 1 << (rows.bit_length() - 1)


class ArrowSource:
    """A Parquet, Feather or Arrow file; see `table.Source`.

    keys : set of int
        Places of texts that are handed out as `KeyCells`.
    """

    keys: frozenset[int] = frozenset()

    def __init__(self, stream, path, name):
        self._pyarrow = need_pyarrow(name)
        self.path = name
        if os.path.isfile(path):
            stream.close()
            given = os.fspath(path)
        else:  # its end is read first: a pipe is kept in memory
            given = io.BytesIO(stream.read())
        with self._errors():
            self._file = _opened(given, os.fspath(path))
        self._names, self.rows = self._file.schema.names, self._file.rows
        self.columns = columns_of(self._file.schema)

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.close()

    def close(self):
        self._file.close()

    def _errors(self):
        return Named(self.path, "cannot be read as Parquet or Feather")

    def batches(self, numbers, texts=()):
        numbers, texts = list(numbers), list(texts)
        for place in numbers:
            kind = self.columns[place].kind
            if kind not in ("number", "empty"):
                raise ValueError(
                    f"{self.path}: column {self._names[place]!r} holds {plain(kind)}, not "
                    "numbers: "
                    + advice(
                        "leave it out with --exclude or --features, or encode it with "
                        "--categorical",
                        "leave it out, or encode it as numbers",
                    )
                )
        asked = list(dict.fromkeys([*numbers, *texts]))
        found, above, errors = self._file.batches(asked), 0, self._errors()
        while True:
            errors.above = above
            with errors:
                batch = next(found, None)
                if batch is None:
                    break
                made = as_batch(
                    batch.columns, batch.num_rows, asked, numbers, texts, above, self.keys
                )
            if made.rows:
                above += made.rows
                yield made
        if self.rows is not None and above != self.rows:
            raise ValueError(
                f"{self.path} is damaged: its end says {self.rows} rows, and {above} were read"
            )


def columns_of(schema):
    """What a Source's `columns` are, of a schema of pyarrow."""
    return [Column(*both) for both in zip(schema.names, map(kind_of, schema.types), strict=True)]


def as_batch(columns, n_rows, asked, numbers, texts, above, keys=()):
    """A `Batch` of Arrow's columns, which stand at these places."""
    # the columns, which of them are asked for as what, and how many rows came before
    columns = dict(zip(asked, columns, strict=True))
    values = {place: floats(columns[place]) for place in numbers}
    cells = {
        place: KeyCells(columns[place]) if place in keys else _cells(columns[place])
        for place in texts
    }
    wide = {place: beyond(columns[place]) for place in numbers}
    wide = {place: ends for place, ends in wide.items() if ends}
    return Batch(n_rows, values, cells, {}, lambda row: f"row {above + row + 1}", [], wide)


def plain(kind):
    """A kind in words."""
    return {"date": "dates or times"}.get(kind, kind)


class Named:
    """pyarrow's errors do not name the file, nor how many rows it had read."""

    above = 0

    def __init__(self, name, what):
        self._name, self._what = name, what

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        import pyarrow

        if isinstance(error, (pyarrow.ArrowException, OSError, ValueError)) and not getattr(
            error, "filename", None
        ):
            after = f" after row {self.above}" if self.above else ""
            raise ValueError(f"{self._name} {self._what}{after}: {error}") from None


class ParquetRows:
    """A Parquet file, given as a path or a file, or some of its row groups."""

    def __init__(self, given, row_groups=None):
        from pyarrow import parquet

        self._file = parquet.ParquetFile(given, **PARQUET)
        self._groups, about = row_groups, self._file.metadata
        self.schema = self._file.schema_arrow
        self.rows = about.num_rows
        if row_groups is not None:
            self.rows = sum(about.row_group(k).num_rows for k in row_groups)

    def batches(self, places):
        names = [self.schema.names[place] for place in places]
        rows = rows_at_a_time(len(names))
        for batch in self._file.iter_batches(rows, row_groups=self._groups, columns=names):
            yield batch.select(names)

    def close(self):
        self._file.close(force=True)


class IpcRows:
    """A Feather or Arrow file, or a stream of Arrow in a file, which has no end to compare with."""

    def __init__(self, given, reader, stream=None):
        self._given, self._reader, self._stream = given, reader, stream
        self.schema, self.rows = reader.schema, None

    def batches(self, places):
        import pyarrow

        if self._stream is not None:
            for batch in self._reader:
                yield from in_pieces(batch.select(places))
            return
        options = pyarrow.ipc.IpcReadOptions(included_fields=sorted(places))
        order = [sorted(places).index(place) for place in places]
        with _file_of(self._given) as file:
            reader = pyarrow.ipc.open_file(file, options=options)
            for k in range(reader.num_record_batches):
                yield from in_pieces(reader.get_batch(k).select(order))

    def close(self):
        if self._stream is not None:
            self._stream.close()


def in_pieces(batch):
    """Of a large batch, some rows at a time."""
    rows = rows_at_a_time(batch.num_columns)
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


class _FirstFeather:
    """The first version of Feather, read whole."""

    rows = None

    def __init__(self, given):
        from pyarrow import feather

        self._table = feather.read_table(given)
        self.schema = self._table.schema

    def batches(self, places):
        return iter(self._table.select(places).to_batches(rows_at_a_time(len(places))))

    def close(self):
        pass


def _file_of(given):
    import pyarrow

    if isinstance(given, io.BytesIO):
        given.seek(0)
        return pyarrow.PythonFile(given, mode="r")
    return pyarrow.OSFile(given)


def _opened(given, path):
    """Something with a schema, rows where they are known, batches(places) and close()."""
    import pyarrow

    if isinstance(given, io.BytesIO):
        head = given.getvalue()[:6]
    else:
        with open(given, "rb") as file:
            head = file.read(6)
    if not head:
        raise ValueError("it is empty, of 0 bytes")
    if head[:4] == b"PAR1" or (is_parquet(path) and not isinstance(given, io.BytesIO)):
        return ParquetRows(given)
    if head == b"ARROW1":
        with _file_of(given) as file:
            return IpcRows(given, pyarrow.ipc.open_file(file))
    if head[:4] == b"FEA1":
        return _FirstFeather(given)
    stream = _file_of(given)
    try:
        return IpcRows(given, pyarrow.ipc.open_stream(stream), stream)
    except BaseException:
        stream.close()
        raise


def _cells(column):
    return ["" if value is None else str(value) for value in column.to_pylist()]
