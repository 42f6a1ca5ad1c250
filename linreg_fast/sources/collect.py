"""The columns of a table in memory: read once, gaps and text noted, then one matrix of them."""

import warnings

import numpy as np

from linreg_fast.data.gate import listed
from linreg_fast.sources.cells import why_text
from linreg_fast.sources.columns import of_whole_numbers
from linreg_fast.sources.doors import advice
from linreg_fast.sources.key_cells import joined, missing_in
from linreg_fast.sources.left_out import counts_rows
from linreg_fast.sources.names import counted, find
from linreg_fast.sources.table import told_of_rounding, wider


class Collector:
    """Reads a source's columns, once.

    asked: places of columns that must be numbers, or it is an error.
    offered: places of columns that are taken if they turn out to be numbers.
    texts: places of columns taken as they stand; `grouped` of them: a missing one is a gap.
    keys: places of texts that a file whose columns have types hands out as `KeyCells`.
    missing: "raise" stops at a gap of the columns that are used in the end; "drop" leaves the row
    out; "keep" leaves it as it is.
    """

    def __init__(self, source, asked, offered=(), texts=(), grouped=(), missing="drop", keys=()):
        self.source, self.missing = source, missing
        self._asked, self._offered = list(dict.fromkeys(asked)), list(offered)
        self._texts, self._grouped = list(dict.fromkeys([*texts, *grouped])), list(grouped)
        self._parts = {place: [] for place in [*self._asked, *self._offered]}
        self._cells = {place: [] for place in self._texts}  # a column may be wanted as both
        source.every_row = missing == "keep"
        source.keys = frozenset(keys)
        self.not_numbers = {}  # offered place -> what stands where
        self.gaps = dict.fromkeys([*self._parts, *self._cells], 0)
        self._first_gap, self._first_infinite = {}, {}
        self._wide = {}  # place -> range of integers that were rounded
        self.rows = 0
        self._short = 0

    def name(self, place):
        return self.source.columns[place].name

    def place(self, name):
        return find(self.source, name)

    def read(self, progress=lambda rows: None):
        """Read all rows; progress is called with how many have been read."""
        offered = [place for place in self._offered if place not in self._asked]
        numbers = [*self._asked, *offered]
        for batch in self.source.batches(numbers, self._texts):
            self._refuse_short(batch)
            for place, (row, cell) in batch.faults.items():
                at = f"{batch.where(row)}: "
                if place in self._asked:
                    raise ValueError(
                        f"{self.source.path}, {at}column {self.name(place)!r} holds text "
                        f"({cell[:40]!r}), not a number: {why_text(cell)}"
                    )
                self.not_numbers[place] = f"{cell[:20]!r} in {batch.where(row)}"
                numbers.remove(place)
                del self._parts[place]
            for place in numbers:
                self._look_at(place, batch)
                self._parts[place].append(batch.numbers[place])
            for place in self._texts:
                self._cells[place].append(batch.texts[place])
                if place in self._grouped:
                    empty = np.flatnonzero(missing_in(batch.texts[place]))
                    self._note_gaps(place, batch, empty)
            self.rows += batch.rows
            progress(self.rows)
        if not self.rows:
            raise ValueError(f"{self.source.path} has no rows below its header")
        if self._short:
            warnings.warn(
                f"{self.source.path}: {counted(self._short, 'row')} with fewer cells than the "
                "header names: read as if missing values stood at the end",
                stacklevel=3,
            )
        return self

    def _refuse_short(self, batch):
        if batch.short and self.missing == "raise":
            row, cells = batch.short[0]
            raise ValueError(
                f"{self.source.path}, {batch.where(row)}: {cells} cells, the header names "
                f"{len(self.source.columns)}"
            )
        self._short += len(batch.short)

    def _look_at(self, place, batch):
        values, ends = batch.numbers[place], of_whole_numbers(batch.wide).get(place)
        if ends is not None:
            self._wide[place] = wider(self._wide.get(place), ends)
        if np.isfinite(values).all():
            return
        missing = np.isnan(values)
        self._note_gaps(place, batch, np.flatnonzero(missing))
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite) and place not in self._first_infinite:
            row = int(infinite[0])
            self._first_infinite[place] = batch.where(row), values[row]

    def _note_gaps(self, place, batch, rows):
        if len(rows) and place not in self._first_gap and self.missing == "raise":
            self._first_gap[place] = batch.where(int(rows[0]))
        self.gaps[place] += len(rows)

    @property
    def infinite(self):
        """Place -> what stands where, of the columns that hold what is not finite."""
        return {place: f"{value} in {at}" for place, (at, value) in self._first_infinite.items()}

    def parts(self, place):
        """The column's pieces, in order."""
        return self._parts[place]

    def first(self, place):
        """The number in the first row."""
        return float(self._parts[place][0][0])

    def counts_rows(self, place):
        """Whether a column is k, k + 1, k + 2, ... from row to row."""
        return not self.gaps[place] and counts_rows(self.parts(place))

    def missing_rows(self, place):
        """(rows,) of bool: where the column has a gap."""
        if place not in self._parts:
            return np.concatenate([missing_in(part) for part in self._cells[place]])
        return np.isnan(np.concatenate(self._parts[place]))

    def cells(self, place):
        return [cell for part in self._cells[place] for cell in part]

    def keys(self, place, kept=None):
        """The cells of the rows kept, of their own type where the file has types."""
        return joined(self._cells[place], kept)

    def refuse(self, places):
        """Raise for what these columns may not hold: infinity, and gaps where they are to stop.

        Of integers that floats do not hold, a warning tells once.
        """
        for place in places:
            ends = self._wide.pop(place, None)
            if ends is not None:
                warnings.warn(told_of_rounding(self.name(place), ends), stacklevel=4)
            if place in self._first_infinite:
                at, value = self._first_infinite[place]
                raise ValueError(
                    f"{self.source.path}, {at}: column {self.name(place)!r} holds {value}: drop or "
                    "fill the rows that are not finite"
                )
            if place in self._first_gap:
                raise ValueError(
                    f"{self.source.path}, {self._first_gap[place]}: column {self.name(place)!r} "
                    f"has a missing value ({self.gaps[place]} in all): drop or fill such rows, or "
                    "have them left out" + advice(" (--missing drop)", " with missing='drop'")
                )

    def complete(self, places):
        """(rows,) of bool: those without a gap in these columns; None if all are."""
        self.refuse(places)
        kept = None
        for place in places:
            if self.gaps[place]:
                there = ~self.missing_rows(place)
                kept = there if kept is None else kept & there
        return kept

    def matrix(self, places, kept=None):
        """(rows, len(places)) float64 in column-major order, of the rows kept."""
        self.refuse(places)
        rows = self.rows if kept is None else int(kept.sum())
        if not rows:
            gappy = sorted(places, key=lambda place: -self.gaps[place])
            gappy = [self.name(place) for place in gappy if self.gaps[place]]
            raise ValueError(
                f"{self.source.path}: every row has a missing value, most in {listed(gappy, 6)}: "
                "leave such columns out" + advice(" with --exclude")
            )
        values = np.empty((rows, len(places)), order="F")
        for j, place in enumerate(places):
            self.fill(values[:, j], place, kept)
        return values

    def fill(self, out, place, kept=None):
        """Write a column, of the rows kept, into an array."""
        start = read = 0
        for part in self._parts[place]:
            whole = len(part)
            if kept is not None:
                part = part[kept[read : read + whole]]
            out[start : start + len(part)] = part
            start, read = start + len(part), read + whole
