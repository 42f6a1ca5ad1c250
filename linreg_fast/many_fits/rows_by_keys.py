"""Rows of many fits from a file: read once, the columns of keys beside those of numbers."""

import numpy as np

from linreg_fast.many_fits.files import check_rows
from linreg_fast.sources.cells import is_number
from linreg_fast.sources.selection import Selection


def _silent(rows):
    """Says nothing."""


def rows_by_keys(
    source, target, by, features=None, weights=None, missing="raise", progress=_silent, **choice
):
    """(the `Rows` of an open table, its keys as arrays, their names).

    by, features: a name or several. choice: what else `Selection` takes. progress: told of
    the rows read so far.

    Raises
    ------
    ValueError
        For columns that there are not, text among numbers and, with missing="raise", for gaps: it
        says in which file, line and column.
    """
    selection = Selection(
        source, target, features, weights, missing=missing, keys=by or (), **choice
    )
    check_rows(source, len(selection.features) + 2)
    rows = selection.read(progress)
    found = [as_keys(keys) if isinstance(keys, list) else keys for keys in selection.key_cells]
    return rows, found, selection.key_names


def as_keys(cells):
    """Keys of a file of text: whole numbers, numbers, or text, whichever keeps them apart.

    >>> as_keys(["10", "9", "10"])
    array([10,  9, 10])
    >>> as_keys(["007", "7"]).tolist()
    ['007', '7']
    """
    known = {cell: cell.strip() for cell in set(cells)}
    labels = set(known.values())
    if labels != known.keys():
        cells = [known[cell] for cell in cells]
    if all(map(is_number, labels)):
        if all(_is_whole(label) for label in labels):
            return np.array(cells, dtype=np.int64)
        if len({float(label) for label in labels}) == len(labels):
            return np.array(cells, dtype=np.float64)
    kept = np.empty(len(cells), dtype=object)
    kept[:] = cells
    return kept


def _is_whole(label):
    """Whether a number is written as an int64 is: 7, and not 07, 7.0 or +7."""
    try:
        number = int(label)
    except ValueError:
        return False
    return str(number) == label and -(1 << 63) <= number < 1 << 63
