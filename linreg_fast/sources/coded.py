"""Streams whose features are made of columns, batch after batch, and columns that go beside them.

A coder says which columns it reads, as numbers or as text, and makes features and the target of
each batch: of a formula, of groups as zeros and ones, or of numbers as they are. Beside them go the
clusters of the rows, as codes, and the rows' places.
"""

import contextlib
import itertools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.sources.ahead import Clock, ahead, in_turn
from linreg_fast.sources.arrow_files import rows_at_a_time
from linreg_fast.sources.cells import is_missing
from linreg_fast.sources.codes import Codes
from linreg_fast.sources.columns import (
    Chunk,
    Stream,
    below,
    of_whole_numbers,
    placed,
    places_in,
    refuse_text,
)
from linreg_fast.sources.names import find
from linreg_fast.sources.pieces import Pieces
from linreg_fast.sources.progress import Progress


class Rows(NamedTuple):
    """Some rows of the columns that were asked for."""

    numbers: dict[str, np.ndarray]  # NaN where a value is missing
    texts: dict[str, list[str]]  # as they stand
    path: str
    first: int  # how many rows of the table come before
    where: Any  # row -> where it stands, in words

    def gap(self, row):
        """The first column with a gap there; None if there is none."""
        gaps = (name for name, values in self.numbers.items() if np.isnan(values[row]))
        texts = (name for name, cells in self.texts.items() if is_missing(cells[row], True))
        return next(itertools.chain(gaps, texts), None)

    def gaps(self, names):
        """(rows,) of bool: where one of these columns has a gap."""
        found = np.zeros(len(self), dtype=bool)
        for name in names:
            if name in self.numbers:
                found |= ~np.isfinite(self.numbers[name])
                continue
            missing = {cell for cell in set(self.texts[name]) if is_missing(cell, True)}
            if missing:
                found |= np.array([cell in missing for cell in self.texts[name]])
        return found

    def __len__(self):
        column = next(iter((self.numbers or self.texts).values()))
        return len(column)

    def pieces(self, most):
        """These rows, at most so many at a time."""
        for start in range(0, len(self), most):
            part = slice(start, start + most)
            numbers = {name: values[part] for name, values in self.numbers.items()}
            texts = {name: cells[part] for name, cells in self.texts.items()}
            where = below(self.where, start)
            yield Rows(numbers, texts, self.path, self.first + start, where)


def kind_in(pieces, name):
    """ "number" where a column holds numbers in all pieces, else "text" or "date"."""
    kinds = {piece.columns[find(piece, name)].kind for piece in pieces}
    if kinds <= {"number", "empty"}:
        return "number"
    return "date" if kinds <= {"date", "empty"} else "text"


class RawTables(Pieces):
    """The rows of pieces, of columns by their names: numbers, and others as they stand.

    every_row: lines of nothing are rows, too.
    """

    def __init__(self, pieces, numbers, texts=(), every_row=False):
        super().__init__(pieces)
        self._every_row = every_row
        self.numbers, self.texts = list(dict.fromkeys(numbers)), list(dict.fromkeys(texts))
        self._places = [
            (places_in(piece, self.numbers), [find(piece, name) for name in self.texts])
            for piece in pieces
        ]

    def tables(self):
        """`Rows`, one batch after the other."""
        for piece, (numbers, texts) in zip(self.pieces, self._places, strict=True):
            above = 0
            piece.every_row = self._every_row
            for batch in piece.batches(list(numbers), list(texts)):
                if not batch.rows:
                    continue
                refuse_text(piece, numbers, self.numbers, batch)
                values = {n: batch.numbers[p] for n, p in zip(self.numbers, numbers, strict=True)}
                cells = {n: batch.texts[p] for n, p in zip(self.texts, texts, strict=True)}
                wide = {n: batch.wide[p] for n, p in zip(self.numbers, numbers, strict=True)
                        if p in batch.wide}  # fmt: skip
                yield Rows(values, cells, piece.path, above, placed(piece.path, batch.where)), wide
                above += batch.rows

    def look_at(self, use, progress=None):
        """Call use(`Rows`) of one batch after the other, read ahead, until it says True.

        progress: called with the rows so far; by default a line on a terminal.
        """
        tables, read = (ahead if self.ahead else in_turn)(self.tables(), Clock()), 0
        with contextlib.closing(tables), contextlib.ExitStack() as stack:
            if progress is None:
                progress = stack.enter_context(Progress(self.rows))
            for rows, _ in tables:
                enough = use(rows)
                read += len(rows)
                progress(read)
                if enough:
                    return


class Plain:
    """The coder of numbers as they are. target: None for features alone."""

    texts: tuple = ()
    levels_unseen: Mapping = MappingProxyType({})

    def __init__(self, features, target=None):
        self.names, self.target = list(features), target
        self.numbers = self.names if target is None else [*self.names, target]

    def columns(self, rows):
        return [rows.numbers[name] for name in self.numbers]

    def features(self, rows):
        """(rows, features), in column-major order."""
        found = np.empty((len(rows), len(self.names)), order="F")
        for j, name in enumerate(self.names):
            found[:, j] = rows.numbers[name]
        return found


class CodedStream(Stream):
    """As `columns.TableStream`, of what a coder makes of the columns.

    Parameters
    ----------
    pieces : list of Piece
    coder
        With `numbers` and `texts`, the columns that it reads; `names` and `target`, those that it
        makes; and `columns(rows)`, features and the target of `Rows`.
    weight : str, optional
    groups : sequence of str
        One or two columns whose codes go beside the features, and those of both at once.
    places : bool
        Whether the rows' places in the source go beside them, last.
    first : iterator, optional
        The tables, where the first ones had to be looked at already.
    missing_groups : {"raise", "drop"}
        What a row does whose group has no value.
    """

    def __init__(
        self,
        pieces,
        coder,
        weight=None,
        groups=(),
        places=False,
        first=None,
        missing_groups="raise",
    ):
        super().__init__(pieces)
        self.coder, self._weight = coder, weight
        self._columns, self._with_places = list(groups), places
        self._given, self._missing_groups = first, missing_groups
        asked = [*coder.numbers, *([] if weight is None else [weight])]
        apart = [name for name in groups if name not in asked and name not in coder.texts]
        typed = all(piece.typed for piece in pieces)
        plain = [name for name in apart if typed and kind_in(pieces, name) == "number"]
        texts = [*coder.texts, *(name for name in apart if name not in plain)]
        self._raw = RawTables(pieces, [*asked, *plain], texts)
        self.codes = [Codes(name) for name in groups]
        if len(groups) == 2:
            self.codes.append(Codes(None))
        beside = [*(f"group {name}" for name in groups), "both groups"][: len(self.codes)]
        beside += ["row"] * places
        self.n_beside = len(beside)
        self.n_features = len(coder.names)
        ends = [] if weight is None else [weight]
        self.names = [*coder.names, coder.target, *beside, *ends]
        self.weighted = weight is not None

    def chunks(self):
        above = 0
        for rows, wide in self._tables():
            columns = list(self.coder.columns(rows))
            columns += self._beside(rows, columns, wide)
            if self._with_places:
                columns.append(np.arange(above, above + len(rows), dtype=np.float64))
            if self._weight is not None:
                columns.append(rows.numbers[self._weight])
            above += len(rows)
            far = {self.names.index(n): ends for n, ends in wide.items() if n in self.names}
            yield Chunk(columns, rows.where, of_whole_numbers(far), rows.gap)

    def _tables(self):
        """The rows in pieces so short that their features, which may be many, are a few megabytes.

        A block of a CSV file has some 100,000 rows: with 33 features 45 MB, several times.
        """
        most = rows_at_a_time(len(self.names))
        for rows, wide in self._raw.tables() if self._given is None else self._given:
            if any(name in wide for name in self._columns):  # integers are known of all rows only
                yield rows, wide
                continue
            for part in rows.pieces(most):
                yield part, wide

    def _beside(self, rows, columns, wide):
        """Codes of the groups; a missing one is refused where the row is used."""
        found = []
        for codes, name in zip(self.codes, self._columns, strict=False):
            given = rows.numbers.get(name)
            if name in wide:
                found.append(codes.of_wide(given, wide[name], rows.path))
            else:
                found.append(codes.of(rows.texts[name] if given is None else given))
            if np.isnan(found[-1]).any():
                self._refuse_missing(name, np.isnan(found[-1]), rows, columns)
        if len(found) == 2:
            found.append(self.codes[2].of_pairs(*found))
        return found

    def _refuse_missing(self, name, missing, rows, columns):
        if self._missing_groups == "drop":
            return
        used = missing & np.isfinite(np.sum(columns, axis=0))
        if self._weight is not None:
            used &= rows.numbers[self._weight] > 0
        if used.any():
            raise ValueError(
                f"{rows.where(int(np.argmax(used)))}: group {name!r} has no value, and the row was "
                "fitted: leave such rows out of the fit, or give them a cluster"
            )
