"""Measuring one row: correctness first, then temporaries, then time."""

import contextlib
import time
import tracemalloc
from typing import NamedTuple

import numpy as np

from linreg_fast.bench.cases import flops
from linreg_fast.bench.expected import compared
from linreg_fast.data.gate import frozen

PROBE = 256, 16  # rows and columns of the first look
SLOWEST_CALL = 0.5  # seconds: a row that would take longer runs on fewer data rows
HOPELESS = 2.0  # seconds on as few rows as make sense: not run at all


class Measured(NamedTuple):
    """One finished row. Times in seconds, for all data rows (scaled up where fewer were run)."""

    name: str
    why: str
    correct: bool | None  # None: not run, and `note` says why
    note: str = ""
    disagreement: float | None = None  # largest relative difference from scikit-learn
    tolerance: float | None = None
    n_rows: int = 0  # data rows it was run on
    scaled: bool = False
    bytes: int | None = None  # that its reads of X and y move, at least
    temporaries: int | None = None  # peak bytes allocated during a call, on n_rows
    first_call: float | None = None  # how much longer it took: compiling, or loading from the cache
    median: float | None = None
    minimum: float | None = None
    repeats: int = 0


def measure(problem, row, X, y, budget):
    """Check a row against scikit-learn and time it for about `budget` seconds."""
    unfinished = Measured(row.name, row.why, None)
    try:
        compiled = _first_call(row, X, y)
        n_rows = affordable_rows(problem, row, X, y)
        if n_rows == 0:
            return unfinished._replace(note="not run: too slow for this many columns")
        data = frozen(X[:n_rows]), frozen(y[:n_rows])
        result = row.solve(*data)
        verdict = compared(problem, row, *data, result)
    except np.linalg.LinAlgError as error:
        return unfinished._replace(note=f"not for this data: {error}")
    if isinstance(verdict, str):
        return unfinished._replace(note=f"not compared: {verdict}")
    found, allowed = verdict
    checked = unfinished._replace(
        correct=bool(found <= allowed),
        disagreement=found,
        tolerance=allowed,
        n_rows=n_rows,
        scaled=n_rows < len(X),
        bytes=row.reads * X.nbytes + y.nbytes,
    )
    if not checked.correct:
        return checked

    tracemalloc.start()
    row.solve(*data)
    temporaries = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    times: list[float] = []
    ends = time.perf_counter() + budget
    while len(times) < 3 or (time.perf_counter() < ends and len(times) < 1000):
        times.append(_seconds(row, data))
    scale = len(X) / n_rows
    return checked._replace(
        temporaries=temporaries,
        first_call=compiled,
        median=float(np.median(times)) * scale,
        minimum=min(times) * scale,
        repeats=len(times),
    )


def _seconds(row, data):
    started = time.perf_counter()
    row.solve(*data)
    return time.perf_counter() - started


def _first_call(row, X, y):
    """How much longer the first call on a corner of the data takes than the second."""
    corner = frozen(X[: PROBE[0], : PROBE[1]]), frozen(y[: PROBE[0]])
    with contextlib.suppress(np.linalg.LinAlgError):  # the whole may be solvable all the same
        return max(_seconds(row, corner) - _seconds(row, corner), 0.0)
    return 0.0


def _growing(problem, n, p):
    """Sizes (rows, columns) from a corner of the data to all of it; at each step 2 to 4 times."""
    rows, columns = min(n, PROBE[0]), min(p, PROBE[1])
    yield rows, columns
    while columns < p:
        columns = min(2 * columns, p)
        if problem == "fit":  # fewer rows than columns would be another problem
            rows = min(n, max(rows, 4 * columns))
        yield rows, columns
    while rows < n:
        rows = min(4 * rows, n)
        yield rows, columns


def affordable_rows(problem, row, X, y):
    """All rows of the data, or as many as one call does in SLOWEST_CALL; 0 where that is hopeless.

    Calls on larger and larger parts until one is slow, and goes on from there by flops: fixed
    costs hide the true rate in a small part.
    """
    n, p = X.shape
    for rows, columns in _growing(problem, n, p):
        part = frozen(X[:rows, :columns]), frozen(y[:rows])
        try:
            seconds = _seconds(row, part)
        except np.linalg.LinAlgError:
            if (rows, columns) == (n, p):
                raise
            continue  # a part may be unsolvable where the whole is not
        if seconds > SLOWEST_CALL / 4:
            seconds = min(seconds, _seconds(row, part))  # the first may have compiled
        if seconds > SLOWEST_CALL / 4:
            break
    if (rows, columns) == (n, p) and seconds <= SLOWEST_CALL:
        return n
    rate = seconds / flops(problem, rows, columns)
    fewest = min(n, max(PROBE[0], 4 * p if problem == "fit" else 0))
    if rate * flops(problem, fewest, p) > HOPELESS:
        return 0
    return min(max(int(n * SLOWEST_CALL / (rate * flops(problem, n, p))), fewest), n)
