"""Chunks of any length cut anew into blocks of a fixed number of rows; rows with gaps left out.

The sums of a block depend on its rows alone, so the same rows give the same bits however they came:
in one file or many, in row groups and batches of any length.
"""

import warnings

import numpy as np

from linreg_fast.data.gate import frozen, listed
from linreg_fast.kernels.arithmetic.columns import Columns, stacked
from linreg_fast.kernels.tuning import (
    SOURCE_BLOCK_ELEMENTS,
    SOURCE_ELEMENTS,
    SOURCE_LAUNCH_COLUMNS,
    SOURCE_ROWS,
)
from linreg_fast.sources.columns import below
from linreg_fast.sources.doors import advice
from linreg_fast.sources.table import told_of_rounding, wider

MISSING = ("raise", "drop")


class Gate:
    """What a row must be to be summed: every number there and finite, a weight above zero.

    weightless: whether rows of weight zero pass, too, because they count in the order of time.
    whole: whether weights count rows.
    """

    def __init__(self, names, weighted, missing, weightless=False, whole=False):
        if missing not in MISSING:
            raise ValueError(f"missing must be one of {', '.join(MISSING)}, got {missing!r}")
        self._names, self._weighted, self._missing = names, weighted, missing
        self._weightless, self._whole = weightless, whole
        self.read = self.used = self.dropped = 0
        self.gaps = [0] * len(names)
        self._wide: dict[int, tuple[int, int]] = {}

    def passed(self, chunk):
        """The columns of the rows that are summed; a ValueError names the place of others."""
        columns, out = chunk.columns, None
        rows = len(columns[0])
        for k, ends in chunk.wide.items():
            self._wide[k] = wider(self._wide.get(k), ends)
        for j, column in enumerate(columns):
            there = np.isfinite(column)
            if not there.all():
                self._look_at(chunk, j, column, there)
                out = ~there if out is None else out | ~there
        self.read += rows
        self.dropped += 0 if out is None else int(out.sum())
        if self._weighted:
            out = self._weighed(chunk, columns[-1], out)
        if out is not None:
            kept = ~out
            columns = [column[kept] for column in columns]
        self.used += len(columns[0])
        return columns

    def _look_at(self, chunk, j, column, there):
        missing = np.isnan(column)
        bad = ~there & ~missing
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(
                f"{chunk.where(row)}: column {self._names[j]!r} holds {column[row]}: drop or fill "
                "the rows that are not finite"
            )
        if self._missing == "raise":
            row = int(np.argmax(missing))
            name = (chunk.gap and chunk.gap(row)) or self._names[j]
            raise ValueError(
                f"{chunk.where(row)}: column {name!r} has a missing value: drop or fill "
                "such rows, or have them left out with "
                + advice("--missing drop", "missing='drop'")
            )
        self.gaps[j] += int(missing.sum())

    def _weighed(self, chunk, weights, out):
        """Rows of weight zero are no rows, and not counted as dropped."""
        negative = weights < 0
        if negative.any():
            row = int(np.argmax(negative))
            raise ValueError(
                f"{chunk.where(row)}: column {self._names[-1]!r} holds a weight of {weights[row]}: "
                "weights are 0 or more"
            )
        broken = weights != np.round(weights) if self._whole else negative
        if broken.any():
            row = int(np.argmax(broken))
            raise ValueError(
                f"{chunk.where(row)}: column {self._names[-1]!r} holds a weight of {weights[row]}: "
                "frequency weights count rows and must be whole; "
                + advice("--weights-are analytic takes any", "weights='analytic' takes any")
            )
        none = weights == 0
        if self._weightless or not none.any():
            return out
        return none if out is None else out | none

    def finish(self, again=True):
        """Raise where no row is left; warn of integers that were rounded."""
        if not self.used:
            raise ValueError(self._why_none(again))
        for k, ends in sorted(self._wide.items()):
            warnings.warn(told_of_rounding(self._names[k], ends), stacklevel=6)

    def _why_none(self, again):
        if not self.read:
            used_up = "" if again else " (it can be read once only: has it been used up?)"
            return f"no rows to fit: the source has none{used_up}"
        if not self.dropped:
            return f"all {self.read} rows have a weight of zero: nothing is left to fit"
        empty = [n for n, gaps in zip(self._names, self.gaps, strict=True) if gaps == self.read]
        if empty:
            return f"no row is left: column {listed(map(repr, empty), 6)} has no value in any row"
        most = max(range(len(self._names)), key=self.gaps.__getitem__)
        return (
            f"no row is left: all {self.read} have a missing value, most of them "
            f"({self.gaps[most]}) in column {self._names[most]!r}"
        )


def rows_of_block(n_columns):
    """How many rows are summed at a time: a power of two, and a function of the columns alone."""
    few = n_columns < SOURCE_LAUNCH_COLUMNS
    rows = (SOURCE_BLOCK_ELEMENTS if few else SOURCE_ELEMENTS) // n_columns
    return 1 << (max(min(rows, SOURCE_ROWS), 1024).bit_length() - 1)


def blocks(chunks, gate, n_columns, beside=0, attempt=None):
    """Lists of columns (rows,) of float64, of what `gate` passes, one block after the other.

    beside: how many of the columns go beside the others, and do not count for the rows of a block.
    attempt: called with whole blocks that the gate has not seen; returns whether it used them.
    A number that is not finite shows in its sums, so that the gate need not read such blocks again.
    All but the last have as many rows. Columns are those of the chunk, where a block lies within
    one, else of a buffer in which the next block is written.
    """
    size = rows_of_block(n_columns - beside)
    buffer, filled = np.empty((size, n_columns), order="F"), 0
    for chunk in chunks:
        if attempt is not None and not filled:
            left = _attempted(chunk, size, gate, attempt)
            if left is chunk:  # what is not plain or not finite once mostly is so again
                attempt = None
            chunk = left
        columns = gate.passed(chunk)
        rows, at = len(columns[0]), 0
        where_they_lie = all(map(_is_plain, columns))
        while at < rows:
            if where_they_lie and not filled and rows - at >= size:
                yield [column[at : at + size] for column in columns]
                at += size
                continue
            taken = min(size - filled, rows - at)
            fill(buffer, filled, columns, at, taken)
            at, filled = at + taken, filled + taken
            if filled == size:
                yield list(buffer.T)
                filled = 0
        del chunk, columns  # while the next one is waited for
    if filled:
        yield [column[:filled] for column in buffer.T]


def _attempted(chunk, size, gate, attempt):
    """What is left of a chunk without the whole blocks that it begins with, if these were used.

    Not reading them for the gate saved a twentieth of the processor time (2 M x 11, snappy, EPYC).
    """
    columns = chunk.columns
    whole = len(columns[0]) // size * size
    if not whole or chunk.wide or not all(map(_is_plain, columns)):
        return chunk
    starts = range(0, whole, size)
    if not attempt([[column[at : at + size] for column in columns] for at in starts]):
        return chunk
    gate.read += whole
    gate.used += whole
    rest = [column[whole:] for column in columns]
    gap = chunk.gap and below(chunk.gap, whole)
    return chunk._replace(columns=rest, where=below(chunk.where, whole), gap=gap)


def _is_plain(column):
    return column.dtype == np.float64 and column.flags.c_contiguous


def fill(buffer, filled, columns, at, rows):
    """Copy rows of the columns to where the buffer's free rows begin.

    It costs as much as plain sums: 12 to 17 ns a row of 11 columns that are not in the cache.
    """
    for j, column in enumerate(columns):
        buffer[filled : filled + rows, j] = column[at : at + rows]


def parts_of(block, n_features, n_targets, weighted):
    """(X, Y, weights or None) of a block, read-only as the kernels are compiled for."""
    q = n_features + n_targets
    weights = frozen(block[-1]) if weighted else None
    features, targets = block[:n_features], block[n_features:q]
    X = Columns(features) if n_features > 1 and len(block[0]) > 1 else _matrix(features)
    return X, _matrix(targets), weights


def _matrix(columns):
    only = len(columns) == 1
    return frozen(columns[0][:, None] if only else stacked(columns, np.float64))
