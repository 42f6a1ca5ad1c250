"""How far a long call is: one line on a terminal, from two seconds on."""

import sys
import time

PATIENCE = 2.0  # seconds
BETWEEN = 0.2  # seconds between two lines, at least


class Line:
    """A line of standard error that is written over, and wiped at its end."""

    def __init__(self):
        self._width = 0

    def write(self, text):
        print("\r" + text.ljust(self._width), end="", file=sys.stderr, flush=True)
        self._width = len(text)

    def stop(self):
        if self._width:
            self.write("")
            self.write("")


class Progress:
    """Call it with how much is done; use it as a context, which wipes the line at its end."""

    def __init__(self, what, total):
        self._what, self._total, self._line = what, total, Line()
        self._begin = self._last = time.perf_counter()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._line.stop()

    def __call__(self, done):
        now = time.perf_counter()
        if now - self._begin < PATIENCE or now - self._last < BETWEEN or not sys.stderr.isatty():
            return
        self._last = now
        line = f"{self._what} {done:,} of {self._total:,}"
        if 0 < done < self._total:
            line += f", {(now - self._begin) * (self._total - done) / done:.0f} s to go"
        self._line.write(line)
