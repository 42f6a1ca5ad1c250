"""Formulas of rows that are read in batches: a first look learns what all rows say together.

Levels of groups, and what `center` and `scale` subtract and divide by, are those of all rows that
are fitted; so files are read once for them before the fit. What would need more of all rows than
sums (`poly`, knots of `bs` that are quantiles) is refused by name.
"""

import contextlib
from functools import partial

import numpy as np

from linreg_fast.data.gate import listed
from linreg_fast.estimators.formula_lessons import begin, frame_of
from linreg_fast.sources.coded import RawTables, kind_in


class FormulaCoder:
    """The coder of a `Design`: see `sources.coded`. kinds: {column: "number" or "text"}.

    also: further columns of the rows, whose gaps count.
    """

    def __init__(self, design, kinds, also=()):
        self.design, self.kinds, self.also = design, kinds, also
        self.numbers = [name for name, kind in kinds.items() if kind == "number"]
        self.texts = [name for name, kind in kinds.items() if kind == "text"]
        self.names, self.target = design.names, design.target

    @property
    def levels_unseen(self):
        return self.design.levels_unseen

    @classmethod
    def of(cls, design, pieces, left=True):
        """Of columns as these pieces have them; left: the target's, too."""
        names = [*design.left.columns, *design.right.columns] if left else design.columns
        return cls(design, kinds_of(pieces, dict.fromkeys(names)))

    def columns(self, rows):
        """Features, then the target; NaN in rows with a gap."""
        frame, first = frame_of(rows, self.kinds), self.design.left.columns[0]
        gone = rows.gaps(self.also)
        if gone.any():
            frame[first] = np.where(
                gone, None if self.kinds[first] == "text" else np.nan, frame[first]
            )
        with self._told(rows):
            X, y = self.design.both(frame)
        return [*X.T, y]

    def features(self, rows):
        """(rows, features) alone."""
        with self._told(rows):
            return self.design.matrix(frame_of(rows, self.kinds))

    @contextlib.contextmanager
    def _told(self, rows):
        """Errors name the table, and rows as people count them below a header."""
        before, self.design.first_row = self.design.first_row, rows.first + 1
        try:
            yield
        except ValueError as error:
            raise ValueError(f"{rows.path}: {error}") from None
        finally:
            self.design.first_row = before


def kinds_of(pieces, names):
    """{column: "number" or "text"} of what all pieces have; an error for dates."""
    found = {}
    for name in names:
        found[name] = kind_in(pieces, name)
        if found[name] == "date":
            raise ValueError(
                f"{pieces[0].path}: column {name!r} holds dates: make numbers of them first (days "
                f"since a start, the year), or leave it out (. - {name})"
            )
    return found


def learnt(text, pieces, context=None, also=(), exclude=(), progress=None):
    """(`FormulaCoder`, iterator of tables that were looked at or None) of a formula and a source.

    also: further columns, whose gaps count. exclude: columns that the dot does not stand for.
    """
    names = [column.name for column in pieces[0].columns]
    dot = [name for name in names if name and name not in exclude]
    design, lesson = begin(text, names, dot, partial(kinds_of, pieces), context)
    kinds = lesson.kinds
    raw = RawTables(
        pieces,
        [n for n, kind in kinds.items() if kind == "number"] + [n for n in also if n not in kinds
         and kind_in(pieces, n) == "number"],
        [n for n, kind in kinds.items() if kind == "text"]
        + [n for n in also if n not in kinds and kind_in(pieces, n) != "number"],
    )  # fmt: skip
    if lesson.needs_all and not raw.again:
        raise ValueError(
            f"the formula needs a first look at all rows, for {listed(lesson.why, 6)}, and this "
            "source can be read once only: pass files, or one table"
        )
    tables = lesson.look_at(raw, progress)
    design.learn(lesson.frame())
    lesson.correct(design)
    return FormulaCoder(design, kinds, also), tables
