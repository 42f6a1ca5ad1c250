"""How many rows have been read: one line on a terminal, from two seconds on."""

import sys
import time

PATIENCE = 2.0  # seconds
BETWEEN = 0.2  # seconds between two lines, at least


class Progress:
    """Call it with the rows read so far; as a context it wipes its line at the end."""

    def __init__(self, total=None):
        self._total = total
        self._begin = self._last = time.perf_counter()
        self._width = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)

    def __call__(self, rows):
        now = time.perf_counter()
        if now - self._begin < PATIENCE or now - self._last < BETWEEN or not sys.stderr.isatty():
            return
        self._last = now
        line = words(rows, self._total, now - self._begin)
        self._width = max(self._width, len(line))
        print("\r" + line.ljust(self._width), end="", file=sys.stderr, flush=True)


def words(rows, total, seconds):
    """So many rows of so many, and how long the rest will take.

    >>> words(250_000, 1_000_000, 3.0), words(250_000, None, 3.0)
    ('row 250,000 of 1,000,000, 9 s to go', 'row 250,000, 3 s')
    """
    if total and 0 < rows <= total:
        return f"row {rows:,} of {total:,}, {seconds * (total - rows) / rows:.0f} s to go"
    return f"row {rows:,}, {seconds:.0f} s"
