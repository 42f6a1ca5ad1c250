"""Before anything is timed: what a first call takes longer, how many data rows a call may have."""

import contextlib
import time
import tracemalloc

import numpy as np

from linreg_fast.bench.cases import flops
from linreg_fast.bench.many_ways import WINDOW
from linreg_fast.bench.rounds import Lane
from linreg_fast.data.gate import frozen

PROBE = 256, 16  # rows and columns of the first look
SLOWEST_CALL = 0.5  # seconds: a row that would take longer runs on fewer data rows
SHORTENED_CALL = 0.1  # seconds: on so few that a call takes this
HOPELESS = 2.0  # seconds on as few rows as make sense: not run at all
UNSCALED = ("cv", "screen", "p_values")  # whose time is not in proportion to the rows
CALL_ELEMENTS = 1 << 16  # a few rows are no few numbers any more: what a call costs is not asked


def _seconds(row, data):
    started = time.perf_counter()
    row.solve(*data)
    return time.perf_counter() - started


def call_seconds(row, X, y):
    """What a call on 2p + 6 rows takes, at best; None where that is work, or cannot be done."""
    few = min(len(X), 2 * X.shape[1] + 6)
    if X[:few].size + y[:few].size > CALL_ELEMENTS or y[:1].size > 1:  # many targets are work
        return None
    data = frozen(X[:few]), frozen(y[:few])
    try:
        lane = Lane(lambda: row.solve(*data))
        lane.calibrate()
        times = []
        for _ in range(5):
            started = time.perf_counter()
            for _ in range(lane.calls):
                lane.call()
            times.append((time.perf_counter() - started) / lane.calls)
        return min(times)
    except Exception:  # few rows may be unsolvable where all are not
        return None


def held(row, X, y):
    """Most bytes of NumPy arrays during a call."""
    tracemalloc.start()
    try:
        row.solve(X, y)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def first_call(row, X, y):
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


def _fewest(problem, p):
    """Rows from which on a problem is the same as that of many rows."""
    return max(PROBE[0], {"fit": 4 * p, "rolling": 8 * WINDOW}.get(problem, 0))


def affordable_rows(problem, row, X, y):
    """All rows of the data, or as many as one call does in SHORTENED_CALL; 0 where it is hopeless.

    Calls on larger and larger parts until one is slow, and goes on from there by flops: fixed
    costs hide the true rate in a small part. A slow call is made again, twice: it may have been
    disturbed.
    """
    n, p = X.shape
    if problem in UNSCALED:
        return n
    for rows, columns in _growing(problem, n, p):
        part = frozen(X[:rows, :columns]), frozen(y[:rows])
        try:
            seconds = _seconds(row, part)
            for _ in range(2):
                if seconds > SLOWEST_CALL / 4:
                    seconds = min(seconds, _seconds(row, part))
        except np.linalg.LinAlgError:
            if (rows, columns) == (n, p):
                raise
            continue  # a part may be unsolvable where the whole is not
        if seconds > SLOWEST_CALL / 4:
            break
    if (rows, columns) == (n, p) and seconds <= SLOWEST_CALL:
        return n
    rate = seconds / flops(problem, rows, columns)
    fewest = min(n, _fewest(problem, p))
    if rate * flops(problem, fewest, p) > HOPELESS:
        return 0
    if rate * flops(problem, n, p) <= SLOWEST_CALL:
        return n
    wanted = min(SHORTENED_CALL, SLOWEST_CALL)
    return min(max(int(n * wanted / (rate * flops(problem, n, p))), fewest), n)
