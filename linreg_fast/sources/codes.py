"""Groups of rows as whole numbers that go on from batch to batch."""

import numpy as np

from linreg_fast.sources.cells import is_missing

RANGE = 1 << 22  # whole numbers within so many of each other are looked up in a table


class Codes:
    """Which code a label has: the first label has 0, each new one the next.

    labels : list
        Of the codes, in order.
    """

    def __init__(self, name):
        self.name, self.labels = name, []
        self._known: dict = {}
        self._low, self._table = None, np.zeros(0, dtype=np.int64)

    def of(self, values):
        """(rows,) float64 codes of numbers, or of text as it stands; NaN where one is missing."""
        if isinstance(values, np.ndarray):
            return self._of_numbers(values)
        known = self._known
        found = np.empty(len(values))
        for row, cell in enumerate(values):
            code = known.get(cell)
            found[row] = self._new(cell) if code is None else code
        return found

    def of_wide(self, values, ends, path):
        """Of numbers that were integers beyond 2**53: labels that round to one are kept apart."""
        if not hasattr(ends, "integers"):
            raise ValueError(
                f"{path}: group {self.name!r} holds whole numbers beyond 2**53, which would be "
                "rounded to each other: leave it out of the features, or make text of it"
            )
        found, there = np.full(len(values), np.nan), ~np.isnan(values)
        found[there] = self._of_each(ends.integers()[there])
        return found

    def of_pairs(self, a, b):
        """Of two columns of codes at once."""
        there = ~(np.isnan(a) | np.isnan(b))
        pairs = a[there].astype(np.int64) << 32 | b[there].astype(np.int64)
        found = np.full(len(a), np.nan)
        values, places = np.unique(pairs, return_inverse=True)
        codes = [self._code((int(pair) >> 32, int(pair) & 0xFFFFFFFF)) for pair in values]
        found[there] = np.array(codes, dtype=np.float64)[places.reshape(-1)]
        return found

    def _new(self, cell):
        """Of text that was not seen as it stands: without the blanks around it, perhaps."""
        code = np.nan if is_missing(cell, True) else self._code(cell.strip())
        self._known[cell] = code
        return code

    def _code(self, label):
        code = self._known.get(label)
        if code is None:
            code = self._known[label] = len(self.labels)
            self.labels.append(label)
        return code

    def _of_numbers(self, values):
        there = ~np.isnan(values)
        if not there.all():
            found = np.full(len(values), np.nan)
            found[there] = self._of_numbers(values[there])
            return found
        if len(values) and (values == np.floor(values)).all():
            low, high = values.min(), values.max()
            if max(abs(low), abs(high)) < 2**53 and self._grown(int(low), int(high)):
                return self._of_whole(values.astype(np.int64) - self._low)
        return self._of_each(values)

    def _of_each(self, values):
        values, places = np.unique(values, return_inverse=True)
        codes = np.array([self._code(value) for value in values.tolist()], dtype=np.float64)
        return codes[places.reshape(-1)]

    def _grown(self, low, high):
        """Whether the table holds these numbers, now at least."""
        if self._low is None:
            self._low = low
        first, size = min(self._low, low), len(self._table)
        end = max(self._low + size, high + 1)
        if end - first > RANGE:
            return False
        if first < self._low or end > self._low + size:
            table = np.full(end - first, -1, dtype=np.int64)
            table[self._low - first : self._low - first + size] = self._table
            self._low, self._table = first, table
        return True

    def _of_whole(self, places):
        codes = self._table[places]
        if (codes < 0).any():
            for place in np.unique(places[codes < 0]).tolist():
                self._table[place] = self._code(float(place + self._low))
            codes = self._table[places]
        return codes.astype(np.float64)
