"""Pieces of a source, each a table with a schema of its own: files, and what others hand out.

All pieces are looked at before the first row is read: `columns` opens and closes a file. Then
`batches` gives the rows of each.
"""

import os
import stat
from collections.abc import Iterator
from types import MappingProxyType

import numpy as np

from linreg_fast.sources.arrow_files import Named, ParquetRows, as_batch, columns_of, in_pieces
from linreg_fast.sources.paths import constant
from linreg_fast.sources.recognise import close_all
from linreg_fast.sources.table import Batch, Column, is_arrow, open_table

NOTHING: MappingProxyType = MappingProxyType({})


class Piece:
    """A table that a fit reads from its start to its end."""

    path: str  # for messages
    columns: list[Column]
    rows: int | None = None  # where they are known ahead
    size = 0  # bytes of a file
    again = True  # whether it can be read a second time
    ahead = False  # whether a thread of ours may read it: only what we opened ourselves
    typed = True  # whether the table says what its columns hold, and not their first cells
    every_row = False  # whether lines of nothing are to be rows

    def batches(self, places, texts=()) -> Iterator[Batch]:
        """The columns of numbers at these places, and others as they stand, as texts."""
        raise NotImplementedError

    def first_text(self, place):
        """In a message: where a text table has its first text in a column; "" of others."""
        return ""

    def _names(self, places, texts):
        return [self.columns[place].name for place in dict.fromkeys([*places, *texts])]

    def close(self):
        """Let go of what is open."""


class Pieces:
    """What is true of pieces together, and who closes them."""

    def __init__(self, pieces):
        self.pieces, self.files = pieces, len(pieces)
        counts = [piece.rows for piece in pieces]
        self.rows = None if None in counts else sum(counts)
        self.again = all(piece.again for piece in pieces)
        self.ahead = all(piece.ahead for piece in pieces)

    def close(self):
        close_all(self.pieces)


class WithConstants(Piece):
    """A table, and columns whose number is the same in all of its rows."""

    def __init__(self, constants):
        self._constants = {key: constant(value) for key, value in constants.items()}
        self._spelt = {key: "" if value is None else str(value) for key, value in constants.items()}

    def _with_constants(self, columns):
        names = {column.name for column in columns}
        self._n_own = len(columns)
        self._added = [key for key in self._constants if key not in names]
        return [*columns, *(Column(key, self._constants[key][0]) for key in self._added)]

    def _filled(self, found, places, texts=()):
        """The batches of `found`, a function of the file's own places, with the constants."""
        own, of_texts = ([p for p in some if p < self._n_own] for some in (places, texts))
        of_numbers = [j for j in range(self._n_own) if self.columns[j].kind == "number"]
        if not own and not of_texts:
            own = of_numbers[:1] or [0]  # one says how many rows there are
        for batch in found(own, of_texts):
            numbers = {place: batch.numbers[place] for place in own if place in batch.numbers}
            for place in places:
                if place >= self._n_own:
                    _, value = self._constants[self._added[place - self._n_own]]
                    numbers[place] = np.full(batch.rows, value)
            faults = {place: batch.faults[place] for place in own if place in batch.faults}
            cells = dict(batch.texts)
            for place in texts:
                if place >= self._n_own:
                    cells[place] = [self._spelt[self._added[place - self._n_own]]] * batch.rows
            yield batch._replace(numbers=numbers, faults=faults, texts=cells)


class FilePiece(WithConstants):
    """A file, opened once for its schema and once for its rows; a pipe is opened once."""

    def __init__(self, path, constants=NOTHING, options=NOTHING):
        super().__init__(constants)
        self._file, self._options = path, options
        self._held = None
        self.path = "standard input" if path == "-" else path
        self.again = self.ahead = path != "-" and stat.S_ISREG(os.stat(path).st_mode)
        self._state = self._look_at() if self.again else None
        self.size = 0 if self._state is None else self._state[0]
        source = open_table(path, **options)
        try:
            self.columns = self._with_constants(source.columns)
            self.rows = getattr(source, "rows", None)
            self._dialect = getattr(source, "dialect", None)
            self.typed = self._dialect is None
        except BaseException:
            source.close()
            raise
        if self.again:
            source.close()
        else:
            self._held = source

    def _look_at(self):
        found = os.stat(self._file)
        return found.st_size, found.st_mtime_ns

    def _source(self):
        if self._held is not None:
            source, self._held = self._held, None
            return source
        if not self.again:
            raise ValueError(f"{self.path} can be read once only, and has been")
        if self._look_at() != self._state:
            raise ValueError(f"{self.path} was changed since its columns were looked at")
        return open_table(self._file, **self._options, dialect=self._dialect)

    def batches(self, places, texts=()):
        with self._source() as source:
            source.every_row = self.every_row
            yield from self._filled(source.batches, places, texts)

    def first_text(self, place):
        if not self.again or place >= self._n_own or is_arrow(self._file):
            return ""
        with self._source() as source:
            for batch in source.batches([place]):
                if batch.faults:
                    row, cell = batch.faults[place]
                    return f", {batch.where(row)} ({cell[:40]!r})"
        return ""

    def close(self):
        if self._held is not None:
            self._held.close()


class FragmentPiece(WithConstants):
    """A file of a pyarrow Dataset, or some row groups of it, wherever its filesystem has it."""

    ahead = True

    def __init__(self, fragment, constants, name):
        super().__init__(constants)
        self._fragment, self.path = fragment, name
        groups = getattr(fragment, "row_groups", None)
        self._groups = None if groups is None else [group.id for group in groups]
        with self._errors():
            rows = self._rows()
            try:
                self.rows = rows.rows
                self.columns = self._with_constants(columns_of(rows.schema))
            finally:
                rows.close()

    def _errors(self):
        return Named(self.path, "cannot be read as Parquet")

    def _rows(self):
        return ParquetRows(self._fragment.open(), self._groups)

    def batches(self, places, texts=()):
        with self._errors():
            rows = self._rows()
        try:
            yield from self._filled(lambda *own: self._checked(rows, *own), places, texts)
        finally:
            rows.close()

    def _checked(self, rows, own, texts):
        above, asked = 0, list(dict.fromkeys([*own, *texts]))
        for batch in of_arrow(rows.batches(asked), own, self._errors(), texts):
            above += batch.rows
            yield batch
        if above != rows.rows:
            raise ValueError(
                f"{self.path} is damaged: its end says {rows.rows} rows, and {above} were read"
            )


def of_arrow(found, places, errors, texts=()):
    """`Batch`es of an iterator of Arrow's record batches, whose columns stand at these places."""
    above, found, asked = 0, iter(found), list(dict.fromkeys([*places, *texts]))
    while True:
        errors.above = above
        with errors:
            batch = next(found, None)
        if batch is None:
            return
        for part in in_pieces(batch):
            with errors:
                made = as_batch(part.columns, part.num_rows, asked, places, texts, above)
            above += made.rows
            yield made
