"""Formulas, "price ~ area * C(city)", on formulaic: from a frame to the columns of a fit.

A `Design` keeps what the frame of the fit taught it (levels, means of `center`, knots of `bs`), so
new frames are coded as the first one was. What formulaic does in silence is an error here: a level
that the fit has not seen would be coded as the reference. Rows with missing values become rows of
NaN, in place.
"""

import pickle
import re

import numpy as np

from linreg_fast.data.gate import listed
from linreg_fast.estimators.formula_frames import Frame
from linreg_fast.estimators.formula_names import FUNCTIONS
from linreg_fast.estimators.formula_sides import INTERCEPT, Side
from linreg_fast.estimators.formula_text import parsed, spelt_out


class Design:
    """A formula and what it learnt from the frame of the fit.

    Attributes
    ----------
    text : str
        The formula.
    target : str
        Its left-hand side.
    fit_intercept : bool
    names : list of str
        Of the columns, without the intercept.
    terms : list of (str, list of int)
        Each term and the places of its columns.
    first_row : int
        What messages count rows from.
    """

    first_row = 0
    _row_numbers = None
    lost: tuple = ()  # names of the context that a pickle has left behind
    unseen = "error"  # what a level does that the fit has not seen; "nan": a row of NaN, counted

    def __init__(self, text, left, right, context=None):
        self.text, self.left, self.right = text, left, right
        self.context = {**FUNCTIONS, **(context or {})}
        self.target = left.text
        self.levels_unseen = {}  # {column: {level: rows}} of rows that became NaN for it

    @classmethod
    def of(cls, text, data, context=None, row_numbers=None, gone=None, weight=None):
        """(design, X (n, p), Y (n,) or (n, t)) of a formula and the frame to fit it to.

        row_numbers: what messages call the rows; their places by default. gone: (n,) of bool, rows
        that have a gap elsewhere. weight: the name of a column that the dot does not stand for.
        """
        frame = Frame(data)
        frame.gone = gone
        text = spelt_out(text, [name for name in frame.names if name != weight])
        left, right = parsed(text)
        if left is None:
            raise ValueError(f"the formula {text!r} has no target: write 'target ~ {text}'")
        sides = (Side(side, frame.names, context or ()) for side in (left, right))
        design = cls(text, *sides, context)
        design._row_numbers = row_numbers
        Y = design._evaluate(design.left, frame, also=design.right)
        if design.left.levels:
            raise ValueError(f"{design.target!r}, the target, does not hold numbers")
        X = design._evaluate(design.right, frame, also=design.left)
        design.name_columns()
        design._row_numbers = None
        return design, X, Y[:, 0] if Y.shape[1] == 1 else Y

    def learn(self, data):
        """The levels and means of a table that stands for rows that are read in batches."""
        frame = Frame(data)
        self.left.refuses = self.right.refuses = False  # what a mean of one row makes undefined
        self._evaluate(self.left, frame, also=self.right)
        if self.left.levels:
            raise ValueError(f"{self.target!r}, the target, does not hold numbers")
        self._evaluate(self.right, frame, also=self.left)
        self.left.refuses = self.right.refuses = True
        self.name_columns()

    def name_columns(self):
        """After both sides have learnt."""
        self.fit_intercept = INTERCEPT in self.right.names
        first = int(self.fit_intercept)
        self.names = self.right.columns_named
        self.terms = [
            (term, [place - first for place in range(start, stop)])
            for term, start, stop in self.right.slices
            if term != "1" and stop > start
        ]
        if not self.names:
            raise ValueError(f"the formula {self.text!r} has no columns to explain the target by")

    @property
    def columns(self):
        """Names of the frame's columns on the right-hand side."""
        return self.right.columns

    def number_rows(self, numbers):
        """What messages call the rows from now on; None for their places from `first_row` on."""
        self._row_numbers = numbers

    def matrix(self, data):
        """(n, p) of the columns as they were coded in the fit; NaN in rows with a gap."""
        return self._evaluate(self.right, Frame(data))

    def both(self, data):
        """(matrix, targets) of rows to fit or compare: NaN where either side has a gap."""
        frame = Frame(data)
        return self._evaluate(self.right, frame, also=self.left), self._targets(frame)

    def targets(self, data):
        """(n,) or (n, t) of the left-hand side; NaN in rows with a gap."""
        return self._targets(Frame(data))

    def _targets(self, frame):
        Y = self._evaluate(self.left, frame)
        return Y[:, 0] if Y.shape[1] == 1 else Y

    def weights(self, data, given):
        """Weights as they were given, or the column that they are the name of."""
        return Frame(data).column(given).to_numpy(dtype=float) if isinstance(given, str) else given

    def gaps(self, data):
        """{column: its missing values} of the columns of both sides."""
        frame = Frame(data)
        names = dict.fromkeys([*self.left.columns, *self.right.columns])
        counts = {name: int(frame.missing(name).sum()) for name in names}
        return {name: count for name, count in counts.items() if count}

    def __getstate__(self):
        """Without functions of the context that no pickle holds, which are named when missed."""
        context, lost = {}, list(self.lost)
        for name, value in self.context.items():
            try:
                pickle.dumps(value)
            except Exception:  # what a pickle says differs from one thing to the other
                lost.append(name)
            else:
                context[name] = value
        return {**vars(self), "context": context, "lost": lost}

    def _refuse_lost(self, side):
        lost = [name for name in self.lost if re.search(rf"\b{re.escape(name)}\b", side.text)]
        if lost:
            raise ValueError(
                f"the formula {self.text!r} needs {listed(lost)}, which its pickle does not hold, "
                "being a lambda or a function within a function: define it in a module, and fit "
                "and pickle again"
            )

    def _evaluate(self, side, frame, also=None):
        """also: a side whose gaps count, too: levels and means are of the rows that are fitted."""
        self._refuse_lost(side)
        columns = side.columns if also is None else [*side.columns, *also.columns]
        table, kept = frame.complete(list(dict.fromkeys(columns)))
        if not kept.any():
            if not side.learnt:
                raise ValueError("every row has a missing value in a column of the formula")
            return np.full((len(kept), len(side.columns_named)), np.nan)
        if "lag(" in side.text and not kept.all():
            raise ValueError("lag() in a formula needs every row: fill the missing values")
        if side.learnt:
            table, kept = self._seen(side, table, kept)
        rows = np.flatnonzero(kept)
        rows = rows + self.first_row if self._row_numbers is None else self._row_numbers[rows]
        shape = len(rows), len(side.columns_named)
        values = side.values(table, self.context, rows) if len(rows) else np.empty(shape)
        if kept.all():
            return values
        found = np.full((len(kept), values.shape[1]), np.nan, order="F")
        found[kept] = values
        return found

    def _seen(self, side, table, kept):
        """The rows of the table whose levels the fit has seen; an error for others, or a count."""
        lost = side.unseen(table)
        if not lost:
            return table, kept
        places = np.flatnonzero(kept)
        if self.unseen == "error":
            name, (out, levels) = next(iter(lost.items()))
            row, number = int(np.argmax(out)), int(out.sum())
            place = places[row]
            place = (
                place + self.first_row if self._row_numbers is None else self._row_numbers[place]
            )
            raise ValueError(
                f"column {name!r} holds {as_written(table[name].iloc[row])!r} in row {int(place)}"
                f"{f' (and {number} rows hold such levels)' if number > 1 else ''}, a level that "
                f"the fit has not seen: it knows {listed(map(str, levels))}"
            )
        gone = np.zeros(len(table), dtype=bool)
        for name, (out, _) in lost.items():
            counts = self.levels_unseen.setdefault(name, {})
            for level, number in table[name][out & ~gone].value_counts().items():
                level = as_written(level)
                counts[level] = counts.get(level, 0) + int(number)
            gone |= out
        kept = kept.copy()
        kept[places[gone]] = False
        return table[~gone].reset_index(drop=True), kept

    def __repr__(self):
        return f"Design({self.text!r})"


def as_written(level):
    """A level as people write it: whole numbers without a point."""
    level = level.item() if isinstance(level, np.generic) else level
    return int(level) if isinstance(level, float) and level.is_integer() else level


def gaps_in_weights(data, given):
    """(n,) of bool: rows without a weight, which teach a formula no level; None if there is none.

    given: weights, or the name of a column. What is no vector of numbers is left to the fit.
    """
    if given is None:
        return None
    values = Frame(data).column(given) if isinstance(given, str) else np.asarray(given)
    if values.ndim != 1 or values.dtype.kind != "f":
        return None
    gone = np.isnan(np.asarray(values, dtype=np.float64))
    return gone if gone.any() else None
