"""Which columns and rows of a table a fit uses: what is left out, and a sentence about each."""

import warnings
from collections import Counter

import numpy as np

from linreg_fast.data.gate import listed
from linreg_fast.sources.collect import Collector
from linreg_fast.sources.design import design
from linreg_fast.sources.doors import advice, option
from linreg_fast.sources.left_out import counts_rows, gappiest
from linreg_fast.sources.names import (
    NO_NAME,
    ROW_NUMBERS,
    counted,
    find,
    is_or_are,
    joined,
    split_names,
)


def cells_of(columns, place, kept):
    """A column's cells in the rows kept, without the blanks around text."""
    cells = columns.cells(place)
    chosen = cells if kept is None else [cells[row] for row in np.flatnonzero(kept)]
    return [cell.strip() if isinstance(cell, str) else cell for cell in chosen]


class Selection:
    """The columns of one fit, chosen by options or by what they hold.

    keys: columns that say which group a row is of; `read` puts their cells in `key_cells`.
    """

    def __init__(
        self,
        source,
        target,
        features=None,
        weights=None,
        exclude=(),
        categorical=(),
        missing="drop",
        beside=(),
        keys=(),
    ):
        self.source, self.missing = source, missing
        self.target = find(source, target)
        self.weights = None if weights is None else find(source, weights)
        taken = [self.target] if weights is None else [self.target, self.weights]
        self.categorical = self._places(categorical, option("categorical"))
        self.beside = self._places(beside, option("cluster"))  # features where that is asked for
        self.keys = self._places(keys, option("by"))
        excluded = [*self._places(exclude, option("exclude")), *self.keys]
        self._refuse_keys(taken)
        for place in self.categorical:
            if place in taken or place in excluded:
                raise ValueError(
                    f"categorical {self.name(place)!r} is the target, the weights or excluded too"
                )
        if self.target in excluded:
            raise ValueError(f"{option('target')} {target!r} is among {option('exclude')} too")
        if self.weights == self.target:
            raise ValueError(f"{option('weights')} {weights!r} is a feature or the target too")
        self.chosen = features is not None
        if self.chosen:
            self._choose(features, target, weights, excluded)
        else:
            clusters = [place for place in self.beside if self._is_free(place)]
            self._offer([*taken, *excluded, *clusters])

    def name(self, place):
        return self.source.columns[place].name

    @property
    def key_names(self):
        return [self.name(place) for place in self.keys]

    def _places(self, given, option):
        names = split_names(self.source, given)
        places = [find(self.source, name) for name in names]
        if len(set(places)) != len(places):
            raise ValueError(f"{option} names a column twice: {joined(names)}")
        return places

    def _refuse_keys(self, taken):
        for place in self.keys:
            if place in taken:
                raise ValueError(
                    f"{option('by')} {self.name(place)!r} is the target or weights too"
                )

    def _choose(self, features, target, weights, excluded):
        self.features = self._places(features, option("features"))
        for place in self.keys:
            if place in self.features:
                raise ValueError(f"{self.name(place)!r} is among {option('features')} too")
        if self.target in self.features:
            raise ValueError(f"{option('target')} {target!r} is among {option('features')} too")
        if self.weights in self.features:
            raise ValueError(f"{option('weights')} {weights!r} is a feature or the target too")
        self.features += [place for place in self.categorical if place not in self.features]
        self.features = [place for place in self.features if place not in excluded]
        self._refuse_none(self.features)

    def _refuse_none(self, places, hint=""):
        if not places:
            raise ValueError(
                f"{self.source.path} has no columns to explain {self.name(self.target)!r} by{hint}"
            )

    def _tell(self, message):
        warnings.warn(f"{self.source.path}: {message}", stacklevel=3)

    def _offer(self, taken):
        """All columns that no option takes, but those that cannot be features as they are."""
        columns = self.source.columns
        free = [place for place in range(len(columns)) if place not in taken]
        unnamed = [place for place in free if NO_NAME.fullmatch(self.name(place))]
        if unnamed:
            places = [
                str(place + 1) + f" {self.name(place)!r}" * bool(self.name(place))
                for place in unnamed
            ]
            self._tell(f"what has no name is left out (column {', '.join(places)})")
        times = Counter(column.name for column in columns)
        twice = [place for place in free if times[self.name(place)] > 1]
        twice = [place for place in twice if place not in unnamed]
        self._leave_out("whose name another one has", twice)
        free = [place for place in free if place not in unnamed and place not in twice]
        for kind, words, hint in (
            ("text", "of text", advice(" (--categorical to have them as groups)")),
            ("date", "of dates", ""),
        ):
            self._leave_out(
                words, [p for p in free if columns[p].kind == kind and self._is_free(p)], hint
            )
        others = [p for p in free if columns[p].kind not in ("text", "date", "number", "empty")]
        self._leave_out("of other things than numbers", [p for p in others if self._is_free(p)])
        self.features = [
            place
            for place in free
            if columns[place].kind in ("number", "empty") or not self._is_free(place)
        ]
        if not self.features and columns[self.target].kind not in ("number", "empty"):
            Collector(self.source, [self.target]).read()  # says where it holds text
        hint = advice(" (--categorical takes text as groups)")
        self._refuse_none(self.features, f": none of the others holds numbers{hint}")

    def _is_free(self, place):
        return place not in self.categorical

    def _leave_out(self, why, places, hint=""):
        if places:
            names = joined(self.name(place) for place in places[:20])
            names += f" and {len(places) - 20} more" * (len(places) > 20)
            are = is_or_are(len(places))
            self._tell(f"column{'s' * (are == 'are')} {why} {are} left out: {names}{hint}")

    def _drop(self, why, places, hint=""):
        """Leave out what was a feature."""
        self._leave_out(why, places, hint)
        self.features = [place for place in self.features if place not in places]

    def read(self, progress=lambda rows: None):
        """The `Rows`, after one pass over the source. progress: told of the rows read so far."""
        numbers = [place for place in self.features if self._is_free(place)]
        asked = [self.target] if self.weights is None else [self.target, self.weights]
        columns = Collector(
            self.source,
            [*asked, *(numbers if self.chosen else [])],
            [] if self.chosen else numbers,
            grouped=[
                *self.categorical,
                *self.keys,
                *(p for p in self.beside if p not in [*numbers, *asked]),
            ],
            missing=self.missing,
            keys=self.keys,
        ).read(progress)
        if not self.chosen:
            self._sort_out(columns, asked)
        used = list(dict.fromkeys([*asked, *self.keys, *self.features, *self.beside]))
        kept = None if self.missing == "keep" else columns.complete(used)
        if kept is not None:
            self._tell_of_gaps(columns, kept, used)
            if kept.all():
                kept = None
        features = [(place, not self._is_free(place)) for place in self.features]
        rows = design(columns, features, self.target, self.weights, kept)
        self.key_cells = [columns.keys(place, kept) for place in self.keys]
        if not rows.names:
            self._refuse_none([])
        beside = {self.name(place): cells_of(columns, place, kept) for place in self.beside}
        return rows._replace(beside=beside)

    def _sort_out(self, columns, asked):
        """Leave out what turned out to be no feature, now that all rows are read."""
        text, infinite = columns.not_numbers, columns.infinite
        found = [place for place in self.features if place in infinite]
        where = ", ".join(text.values())
        self._drop("with text among the numbers", list(text), f" ({where})")
        where = ", ".join(infinite.values())
        self._drop("with numbers that are not finite", found, f" ({where})")
        empty = [place for place in self.features if columns.gaps[place] == columns.rows]
        self._drop("without a value", empty)
        self._refuse_none(self.features)
        self._row_numbers(columns)
        if self.missing == "drop":
            self._gappy(columns, asked)

    def leave_out_row_numbers(self, batch):
        """Likewise by the first rows alone, for what is read in batches. batch: or None."""
        if batch is None:
            return
        found = batch.numbers
        self._drop_row_numbers([p for p in self.features if p in found and counts_rows([found[p]])])

    def _drop_row_numbers(self, running):
        """Leave out the columns that count the rows and have a name for that; the others."""
        out = [place for place in running if ROW_NUMBERS.fullmatch(self.name(place))]
        if len(out) == len(self.features):
            return running
        self._drop("with nothing but the number of the row", out)
        return [place for place in running if place not in out]

    def _row_numbers(self, columns):
        running = [p for p in self.features if self._is_free(p) and columns.counts_rows(p)]
        for place in self._drop_row_numbers(running):
            if columns.first(place) not in (0, 1):
                continue  # years, perhaps
            first = f"{columns.first(place):g}"
            name = joined([self.name(place)])
            hint = advice(f" (--exclude {name} if it is only their number)")
            self._tell(f"column {name} counts the rows from {first} and is used{hint}")

    def _gappy(self, columns, asked):
        """Columns are left out, those with most gaps first, until rows enough are complete."""
        gaps = {
            place: columns.missing_rows(place)
            for place in [*asked, *self.keys, *self.features]
            if columns.gaps[place]
        }
        free = [place for place in self.features if self._is_free(place)]
        out = gappiest(gaps, columns.rows, free, len(self.features))
        self._drop("with so many gaps that too few rows would be complete", out)

    def _tell_of_gaps(self, columns, kept, used):
        dropped = int((~kept).sum())
        gaps = [place for place in used if columns.gaps[place]]
        found = [f"{joined([self.name(place)])} ({columns.gaps[place]})" for place in gaps]
        stops = advice("--missing raise", "missing='raise'")
        self._tell(
            f"{dropped} of {counted(columns.rows, 'row')} {is_or_are(dropped)} left out for "
            f"missing values, in {listed(found)} ({stops} stops at them)"
        )
