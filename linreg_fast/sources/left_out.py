"""Which columns are no features: those that count the rows, and those with too many gaps."""

import numpy as np


def counts_rows(parts):
    """Whether the parts of a column, one after the other, are k, k + 1, k + 2, ..."""
    if sum(map(len, parts)) < 2:
        return False
    expected = float(parts[0][0])
    if expected % 1 != 0 or abs(expected) > 2**52:
        return False
    for part in parts:
        if part[-1] != expected + len(part) - 1:  # mostly tells
            return False
        if (part != np.arange(expected, expected + len(part))).any():
            return False
        expected += len(part)
    return True


def gappiest(gaps, rows, free, features):
    """Columns to leave out, those with most gaps first, until rows enough are complete.

    gaps: place -> (rows,) of bool, where the column has one, of all columns that are used. free:
    places that may be left out. features: how many there are.
    """
    count = np.zeros(rows, dtype=np.int32)
    for missing in gaps.values():
        count += missing
    out = []
    for place in sorted(gaps, key=lambda place: -int(gaps[place].sum())):
        left = features - len(out)
        if int((count == 0).sum()) >= min(left + 2, rows) or left == 1:
            break
        if place in free:
            out.append(place)
            count -= gaps[place]
    return out
