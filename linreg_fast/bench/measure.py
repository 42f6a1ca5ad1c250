"""Measuring one row: correctness first, then temporaries, then time."""

import time
import tracemalloc
from typing import NamedTuple

import numpy as np

from linreg_fast.bench.cases import disagreement, tolerance
from linreg_fast.data.gate import frozen

PROBE_ROWS = 256
SLOWEST_CALL = 0.5  # seconds: a row that would take longer runs on fewer data rows


class Measured(NamedTuple):
    """One finished row. Times in seconds, for all data rows (scaled up where fewer were run)."""

    name: str
    why: str
    correct: bool
    disagreement: float  # largest relative difference from scikit-learn
    tolerance: float
    n_rows: int  # data rows it was run on
    scaled: bool
    bytes: int  # that its reads of X and y move, at least
    temporaries: int | None  # peak bytes allocated during a call, on n_rows
    first_call: float | None  # longer than the later ones by what was compiled or loaded
    median: float | None
    minimum: float | None
    repeats: int


def measure(problem, row, X, y, budget):
    """Check a row against scikit-learn and time it for about `budget` seconds."""
    n = len(X)
    probe = frozen(X[:PROBE_ROWS]), frozen(y[:PROBE_ROWS])
    first_call, later_call = _seconds(row, probe), _seconds(row, probe)
    compiled = max(first_call - later_call, 0.0)
    n_rows = affordable_rows(row, X, y, later_call)
    data = frozen(X[:n_rows]), frozen(y[:n_rows])

    found = disagreement(row.solve(*data), row.reference(*data))
    allowed = tolerance(problem, row, *data)
    moved = row.reads * X.nbytes + y.nbytes
    facts = (found, allowed, n_rows, n_rows < n, moved)
    if not found <= allowed:
        return Measured(row.name, row.why, False, *facts, None, None, None, None, 0)

    tracemalloc.start()
    row.solve(*data)
    temporaries = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    times: list[float] = []
    ends = time.perf_counter() + budget
    while len(times) < 3 or (time.perf_counter() < ends and len(times) < 1000):
        times.append(_seconds(row, data))
    scale = n / n_rows
    median, minimum = float(np.median(times)) * scale, min(times) * scale
    return Measured(
        row.name, row.why, True, *facts, temporaries, compiled, median, minimum, len(times)
    )


def _seconds(row, data):
    started = time.perf_counter()
    row.solve(*data)
    return time.perf_counter() - started


def affordable_rows(row, X, y, probe_seconds):
    """All rows of the data, or as many as one call does in SLOWEST_CALL."""
    n, known, seconds = len(X), min(len(X), PROBE_ROWS), probe_seconds
    if n >= 10 * known and seconds * n / known < 20 * SLOWEST_CALL:
        # Not hopeless. Fixed costs hide the true rate at a few rows, so look at a tenth of them.
        known = n // 10
        tenth = frozen(X[:known]), frozen(y[:known])
        row.solve(*tenth)  # may take another path, and compile for it
        seconds = _seconds(row, tenth)
    if seconds * n / known <= SLOWEST_CALL:
        return n
    return min(max(int(known * SLOWEST_CALL / seconds), known), n)
