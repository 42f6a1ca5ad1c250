"""Which columns are no features: those that count the rows, and those with too many gaps."""

import numpy as np


def counting_rows(batch, places):
    """Of these places, the columns that are k, k + 1, k + 2, ... in the rows of a batch."""
    found = []
    for place in places:
        values = batch.numbers.get(place)
        if values is None or len(values) < 2 or values[0] % 1 != 0:
            continue
        if (values == values[0] + np.arange(len(values))).all():
            found.append(place)
    return found


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
