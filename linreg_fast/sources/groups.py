"""Columns of groups as columns of zeros and ones: one for each group but the first."""

import numpy as np

from linreg_fast.sources.cells import is_missing, is_number


def levels_of(cells, kept=None):
    """The groups that occur, in order: as numbers where all are, else as text."""
    found = {cell.strip() for cell in cells_of(cells, kept)}
    found = [level for level in found if not is_missing(level, True)]
    return sorted(found, key=float) if all(map(is_number, found)) else sorted(found)


def cells_of(cells, kept):
    """Those of the rows that are kept; None keeps all."""
    return cells if kept is None else [cells[row] for row in np.flatnonzero(kept)]


def names_of(column, levels):
    """The names of a group column's columns of zeros and ones."""
    return [f"{column}={level}" for level in levels[1:]]


def fill(out, cells, levels, kept=None):
    """Write (rows, len(levels) - 1) zeros and ones; NaN in rows whose group is missing.

    Returns [(row, group), ...] of those whose group is not among the levels: NaN, too.
    """
    code = {level: k - 1 for k, level in enumerate(levels)}
    out[...] = 0.0
    lost = []
    for row, cell in enumerate(cells_of(cells, kept)):
        place = code.get(cell.strip())
        if place is None:
            out[row] = np.nan
            if not is_missing(cell, True):
                lost.append((row, cell.strip()))
        elif place >= 0:
            out[row, place] = 1.0
    return lost
