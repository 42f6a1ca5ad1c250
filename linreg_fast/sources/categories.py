"""Columns of groups, as zeros and ones, of rows that are read in batches."""

import numpy as np

from linreg_fast.sources import groups
from linreg_fast.sources.coded import RawTables, kind_in


class Categories:
    """A coder, see `coded`: columns of numbers, and columns of groups whose levels are known.

    features: (name, its levels, or None of a column of numbers) of each column.
    unseen: "error", "nan" for NaN in place of a group that is not among the levels, and a count of
    them in `levels_unseen`; None for NaN alone, where rows with a gap may hold them.
    """

    def __init__(self, features, target=None, unseen="error"):
        self.features_, self.target, self.unseen = list(features), target, unseen
        self.categories = {name: levels for name, levels in features if levels is not None}
        ends = [] if target is None else [target]
        self.numbers = [*(name for name, levels in features if levels is None), *ends]
        self.texts = list(self.categories)
        self.names = []
        for name, levels in features:
            self.names += [name] if levels is None else groups.names_of(name, levels)
        self.levels_unseen = {}

    def columns(self, rows):
        """Features, then the target; NaN where a group is missing."""
        target = rows.numbers[self.target]
        return [*self.features(rows, np.isfinite(target)).T, target]

    def features(self, rows, used=None):
        """(rows, features), in column-major order. used: the rows whose groups must be known."""
        found, at = np.empty((len(rows), len(self.names)), order="F"), 0
        for name, levels in self.features_:
            width = 1 if levels is None else len(levels) - 1
            part = found[:, at : at + width]
            if levels is None:
                part[:, 0] = rows.numbers[name]
            else:
                lost = groups.fill(part, rows.texts[name], levels)
                lost = [each for each in lost if used is None or used[each[0]]]
                if lost and self.unseen is not None:
                    where = rows.where(lost[0][0])
                    note(self, name, levels, lost, where)
            at += width
        return found


def note(coder, name, levels, lost, where):
    """Raise for (row, cell) of groups that are not among the levels, or count them."""
    if coder.unseen == "error":
        more = f" (and {len(lost)} rows hold such groups)" if len(lost) > 1 else ""
        raise ValueError(
            f"{where}: column {name!r} holds {lost[0][1]!r}{more}, a group that the model has not "
            f"seen: it knows {', '.join(levels[:20])}"
        )
    counts = coder.levels_unseen.setdefault(name, {})
    for _, cell in lost:
        counts[cell] = counts.get(cell, 0) + 1


def levels_in(pieces, names, numbers, progress):
    """{column: its levels} of the rows without a gap in these columns of groups and of numbers.

    numbers: names of columns; others of them, which hold text, count only for their gaps.
    """
    texts = [name for name in numbers if kind_in(pieces, name) != "number"]
    raw = RawTables(pieces, [n for n in numbers if n not in texts], [*names, *texts])
    if not raw.again:
        raise ValueError(
            f"--categorical needs a first look at all rows, and {pieces[0].path} can be read once "
            "only: name files"
        )
    seen = {name: set() for name in names}

    def look(rows):
        gaps = rows.gaps([*rows.numbers, *rows.texts])
        for name, found in seen.items():
            found.update(groups.cells_of(rows.texts[name], ~gaps if gaps.any() else None))

    raw.look_at(look, progress)
    return {name: groups.levels_of(found) for name, found in seen.items()}
