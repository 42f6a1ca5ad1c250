"""Columns of keys as a file of Arrow's holds them: dates are dates, and text is text."""

import numpy as np

from linreg_fast.sources.cells import NO_TEXT, is_missing


class KeyCells:
    """Some rows of a column of keys; column: an Array of pyarrow."""

    def __init__(self, column):
        self.column = column

    def __len__(self):
        return len(self.column)

    def __iter__(self):
        """Over the cells as text, for a table whose other files are text."""
        return iter("" if key is None else str(key) for key in self.column.to_pylist())

    def missing(self):
        """(rows,) of bool: where there is no key; words for that count in text."""
        return _missing(self.column)


def _missing(column):
    from pyarrow import array, compute, types

    if types.is_dictionary(column.type):
        words = np.append(_missing(column.dictionary), True)  # the last: of a gap
        codes = column.indices.cast("int64").fill_null(len(words) - 1)  # of int8: 127 at most
        return words[codes.to_numpy(zero_copy_only=False)]
    gone = column.is_null(nan_is_null=True)
    if types.is_string(column.type) or types.is_large_string(column.type):
        plain = compute.utf8_lower(compute.utf8_trim_whitespace(column))
        words = array(sorted(NO_TEXT), column.type)
        gone = compute.or_(gone, compute.is_in(plain, value_set=words))
    return gone.to_numpy(zero_copy_only=False)


def missing_in(cells):
    """(rows,) of bool, of `KeyCells` or of cells of text."""
    if isinstance(cells, KeyCells):
        return cells.missing()
    gone = {cell for cell in set(cells) if is_missing(cell, True)}
    if not gone:
        return np.zeros(len(cells), dtype=bool)
    return np.array([cell in gone for cell in cells], dtype=bool)


def joined(parts, kept=None):
    """The keys of all batches: a ChunkedArray of pyarrow, or a list of text where some are text.

    kept: (rows,) of bool, or None for all.
    """
    if parts and all(isinstance(part, KeyCells) for part in parts):
        kinds = {part.column.type for part in parts}
        if len(kinds) == 1:
            import pyarrow

            found = pyarrow.chunked_array([part.column for part in parts])
            return found if kept is None else found.filter(pyarrow.array(kept))
    cells = [cell for part in parts for cell in part]
    return cells if kept is None else [cells[row] for row in np.flatnonzero(kept)]
