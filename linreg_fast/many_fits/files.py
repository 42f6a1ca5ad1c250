"""Several files as one table: the rows of each below those of the one before."""

import os

import numpy as np

from linreg_fast.data.gate import listed
from linreg_fast.data.room import check_room
from linreg_fast.sources.columns import placed
from linreg_fast.sources.names import find
from linreg_fast.sources.paths import constant, find_files
from linreg_fast.sources.table import Column, open_table


def open_files(given, **options):
    """A `Source` of a path, a pattern, a folder or a list of them: use it in a `with`.

    options: of text tables, as `sources.table.open_table` has them.

    Raises
    ------
    OSError, ValueError, ImportError
        As `open_table` and `find_files` do, and for a file that lacks a column of the first one
        when that column is read.
    """
    found = find_files(given)
    if len(found) == 1 and not found[0].constants:
        return open_table(found[0].path, **options)
    return Files(found, options, given)


class Files:
    """Files as a `Source`: their columns are matched by name, whichever their order.

    What `key=value` in the names of folders says is a column too.
    """

    every_row = False
    keys: frozenset[int] = frozenset()

    def __init__(self, found, options, given):
        self._found, self._options = found, options
        self.path = os.fspath(given) if isinstance(given, (str, os.PathLike)) else _told(found)
        with open_table(found[0].path, **options) as first:
            self.columns = list(first.columns)
        own = {column.name for column in self.columns}
        self._added = [name for name in found[0].constants if name not in own]
        self._n_own = len(self.columns)
        for name in self._added:
            kinds = {constant(file.constants.get(name))[0] for file in found} - {"empty"}
            self.columns.append(Column(name, kinds.pop() if len(kinds) == 1 else "text"))

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.close()

    def close(self):
        """Nothing stays open between the batches."""

    def batches(self, numbers, texts=()):
        """As `Source.batches`: one file after the other, each opened when its turn comes."""
        for file in self._found:
            with open_table(file.path, **self._options) as source:
                source.every_row = self.every_row
                yield from self._of_one(file, source, numbers, texts)

    def _of_one(self, file, source, numbers, texts):
        asked = dict.fromkeys([*numbers, *texts])
        own = {p: find(source, self.columns[p].name) for p in asked if p < self._n_own}
        source.keys = frozenset(own[p] for p in self.keys if p in own)
        theirs = [own[p] for p in numbers if p in own]
        # A column says how many rows there are, where none of the file's own is asked for.
        beside = [own[p] for p in texts if p in own] or ([] if theirs else [0])
        for batch in source.batches(theirs, beside):
            found = {p: batch.numbers[own[p]] for p in numbers if own.get(p) in batch.numbers}
            cells = {p: batch.texts[own[p]] for p in texts if p in own}
            faults = {p: batch.faults[own[p]] for p in numbers if own.get(p) in batch.faults}
            for p in asked:
                if p not in own:
                    told = file.constants.get(self.columns[p].name)
                    found[p] = np.full(batch.rows, constant(told)[1])
                    cells[p] = [told or ""] * batch.rows
            wide = {p: batch.wide[place] for p, place in own.items() if place in batch.wide}
            yield batch._replace(
                numbers=found, texts=cells, faults=faults, wide=wide,
                where=placed(source.path, batch.where),
            )  # fmt: skip
            theirs[:] = [own[p] for p in numbers if p in own]  # those that hold text have gone


def check_rows(source, columns):
    """Raise a MemoryError, in GB, for rows that are known to be too many to be held.

    columns: how many of them, with their copy in one matrix.
    """
    rows = getattr(source, "rows", None)
    if rows:
        check_room(16 * rows * columns, f"{rows:,} rows of {source.path}", "the numbers of")


def _told(found):
    return f"{len(found)} files ({listed((file.path for file in found), 2)})"
