"""Pieces that other libraries hand out: streams of Arrow, lazy frames, relations, data frames."""

import itertools

import numpy as np

from linreg_fast.sources.arrow_files import (
    PARQUET,
    Named,
    columns_of,
    need_pyarrow,
    rows_at_a_time,
)
from linreg_fast.sources.columns import places_in
from linreg_fast.sources.names import find
from linreg_fast.sources.pieces import FragmentPiece, Piece, of_arrow
from linreg_fast.sources.table import Batch, Column, Ends


class ArrowStreamPiece(Piece):
    """Anything with `__arrow_c_stream__`: a Table, a RecordBatchReader, a frame of polars."""

    def __init__(self, given, path):
        pyarrow = need_pyarrow(f"a {path}")
        self.path, self.again = path, not hasattr(given, "read_next_batch")
        self._reader = given
        if self.again:
            if not hasattr(given, "__arrow_c_stream__"):  # a record batch of older ones
                given = pyarrow.Table.from_batches([pyarrow.record_batch(given)])
            with Named(path, "cannot be handed to Arrow"):
                self._reader = pyarrow.RecordBatchReader.from_stream(given)
        self.columns = columns_of(self._reader.schema)
        self.rows = getattr(given, "num_rows", None)

    def batches(self, places, texts=()):
        asked = list(dict.fromkeys([*places, *texts]))
        chosen = (batch.select(asked) for batch in self._reader)
        yield from of_arrow(chosen, places, Named(self.path, "failed"), texts)


class OpenParquetPiece(Piece):
    """A ParquetFile that the caller has opened, and closes."""

    def __init__(self, file):
        self.path, self._file = "ParquetFile", file
        self.columns, self.rows = columns_of(file.schema_arrow), file.metadata.num_rows

    def batches(self, places, texts=()):
        names = self._names(places, texts)
        rows = rows_at_a_time(len(names))
        found = (batch.select(names) for batch in self._file.iter_batches(rows, columns=names))
        yield from of_arrow(found, places, Named(self.path, "failed"), texts)


class LazyFramePiece(Piece):
    """A LazyFrame of polars, collected in batches. It is a plan, which polars' threads run."""

    ahead = True

    def __init__(self, frame):
        pyarrow = need_pyarrow("a LazyFrame")
        self.path, self._frame = "LazyFrame", frame
        empty = frame.collect_schema().to_frame()
        self.columns = columns_of(pyarrow.RecordBatchReader.from_stream(empty).schema)

    def batches(self, places, texts=()):
        import pyarrow

        names = self._names(places, texts)
        frames = self._frame.select(names).collect_batches(
            chunk_size=rows_at_a_time(len(names)), maintain_order=True
        )
        found = (part for frame in frames for part in pyarrow.RecordBatchReader.from_stream(frame))
        yield from of_arrow(found, places, Named(self.path, "failed"), texts)


class RelationPiece(Piece):
    """A relation of DuckDB. Its connection stays in the caller's thread."""

    def __init__(self, relation):
        need_pyarrow("a relation of DuckDB")
        self.path, self._relation = "relation", relation
        nothing = reader_of_relation(
            relation.limit(0), 1
        ).read_all()  # which lets go of the connection
        self.columns = columns_of(nothing.schema)

    def batches(self, places, texts=()):
        names = self._names(places, texts)
        chosen = columns_of_relation(self._relation, names)
        reader = reader_of_relation(chosen, rows_at_a_time(len(names)))
        yield from of_arrow(reader, places, Named(self.path, "failed"), texts)


def columns_of_relation(relation, names):
    """A relation of DuckDB with these columns alone."""
    quoted = (name.replace('"', '""') for name in names)
    return relation.project(", ".join(f'"{name}"' for name in quoted))


def reader_of_relation(relation, rows):
    """Its RecordBatchReader, so many rows at a time."""
    make = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    return make(rows)


class DatasetPiece(Piece):
    """A pyarrow Dataset that is filtered, or not of Parquet files: through its own scanner."""

    def __init__(self, dataset):
        self.path, self._dataset = "Dataset", dataset
        self.columns = columns_of(dataset.schema)
        # Where a file has no such column, the scanner would fill in nulls.
        self._lacking = {}
        for name, own in _schemas(dataset):
            for column in dataset.schema.names:
                if column not in own:
                    self._lacking.setdefault(column, name)

    def batches(self, places, texts=()):
        from pyarrow import dataset as arrow_dataset

        names = self._names(places, texts)
        for name in names:
            if name in self._lacking:
                raise ValueError(f"{self._lacking[name]} has no column {name!r}")
        options = {}
        form = getattr(self._dataset, "format", None)
        if getattr(form, "default_extname", "") == "parquet":
            options["fragment_scan_options"] = arrow_dataset.ParquetFragmentScanOptions(
                **{name: value for name, value in PARQUET.items() if name == "pre_buffer"}
            )
        scanner = self._dataset.scanner(
            columns={name: arrow_dataset.field(name) for name in names},
            batch_size=rows_at_a_time(len(names)),
            batch_readahead=1,
            fragment_readahead=1,
            **options,
        )
        yield from of_arrow(scanner.to_batches(), places, Named(self.path, "failed"), texts)


def _schemas(dataset):
    """(name, its own columns) of each file; a filtered dataset does not hand out its fragments."""
    if not getattr(dataset, "_scan_options", None):
        for part in dataset.get_fragments():
            yield getattr(part, "path", "a fragment"), {*part.physical_schema.names, *_keys(part)}
        return
    keys = getattr(getattr(dataset, "partitioning", None), "schema", None)
    keys = set() if keys is None else set(keys.names)
    for path in getattr(dataset, "files", ()):
        yield path, keys | set(dataset.format.inspect(path, dataset.filesystem).names)


def _keys(fragment):
    from pyarrow import dataset

    return dataset.get_partition_keys(fragment.partition_expression)


def of_dataset(dataset):
    """The pieces of a Dataset: its Parquet files one by one, or itself where that would not do."""
    if getattr(dataset, "_scan_options", None):  # filtered
        return [DatasetPiece(dataset)]
    fragments = list(dataset.get_fragments())
    if not fragments or not all(hasattr(part, "row_groups") for part in fragments):
        return [DatasetPiece(dataset)]
    return [FragmentPiece(part, _keys(part), part.path) for part in fragments]


class FramePiece(Piece):
    """A pandas DataFrame: columns of numbers as they are, others refused by their type."""

    def __init__(self, frame):
        self.path, self._frame, self.rows = "DataFrame", frame, len(frame)
        names = [str(name) for name in frame.columns]
        kinds = [self._kind(frame.dtypes.iloc[j]) for j in range(len(names))]
        self.columns = [Column(*both) for both in zip(names, kinds, strict=True)]

    @staticmethod
    def _kind(dtype):
        if getattr(dtype, "categories", None) is not None:
            dtype = dtype.categories.dtype
        kind = getattr(dtype, "kind", "O")
        if kind in "biuf" and "interval" not in str(dtype):
            return "number"
        return "date" if kind in "Mm" else str(dtype)

    def batches(self, places, texts=()):
        rows = rows_at_a_time(len(places) + len(texts))
        for start in range(0, self.rows, rows):
            part = self._frame.iloc[start : start + rows]
            numbers, wide = {}, {}
            for place in places:
                numbers[place], ends = self._floats(part.iloc[:, place])
                if ends is not None:
                    wide[place] = ends
            cells = {place: _cells(part.iloc[:, place]) for place in texts}
            yield Batch(len(part), numbers, cells, {}, _row(start), [], wide)

    @staticmethod
    def _floats(column):
        if getattr(column.dtype, "categories", None) is not None:
            column = column.astype(column.dtype.categories.dtype)
        ends = None
        if column.dtype.kind in "iu" and column.dtype.itemsize == 8:
            ends = column.min(), column.max()
            ends = None if column.isna().all() else (int(ends[0]), int(ends[1]))
            ends = ends if ends and not -(2**53) <= ends[0] <= ends[1] <= 2**53 else None
            if ends:
                ends = Ends.of(*ends, lambda: column.fillna(0).to_numpy())
        return column.to_numpy(dtype=np.float64, na_value=np.nan), ends


def _cells(column):
    """As they stand; "" where a value is missing."""
    found = column.astype(str).to_numpy(dtype=object)
    found[column.isna().to_numpy(dtype=bool)] = ""
    return found.tolist()


def _row(start):
    return lambda row: f"row {start + row}"


class ItemsPiece(Piece):
    """An iterator of tables, in the caller's thread. Its own exceptions go through as they are."""

    again = False

    def __init__(self, first, items, piece_of):
        if first is None:
            raise ValueError("the iterator yields nothing: no rows to fit (has it been used up?)")
        self.path, self._first, self._items, self._piece_of = "batch 0", first, items, piece_of
        self.columns = piece_of(first).columns

    def batches(self, places, texts=()):
        names, asked = self._names(places, ()), [self.columns[place].name for place in texts]
        for count, item in enumerate(itertools.chain([self._first], self._items)):
            try:
                piece = self._piece_of(item)
            except ValueError as error:
                raise ValueError(f"batch {count}: {error}") from None
            piece.path = f"batch {count}"
            found, of_texts = places_in(piece, names), [find(piece, name) for name in asked]
            for batch in piece.batches(found, of_texts):
                numbers = {place: batch.numbers[f] for place, f in zip(places, found, strict=True)}
                pairs = [(p, f) for p, f in zip(places, found, strict=True) if f in batch.wide]
                wide = {p: batch.wide[f] for p, f in pairs}
                cells = {p: batch.texts[f] for p, f in zip(texts, of_texts, strict=True)}
                where = _in(count, batch.where)
                yield batch._replace(numbers=numbers, texts=cells, wide=wide, where=where)


def _in(count, where):
    return lambda row: f"batch {count}, {where(row)}"
