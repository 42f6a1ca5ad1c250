"""A row before it is timed: checked, and on as many data rows as it can do."""

from typing import Any, NamedTuple

import numpy as np

from linreg_fast.bench import trial
from linreg_fast.bench.affordable import affordable_rows, call_seconds, first_call, held
from linreg_fast.bench.agreement import compared
from linreg_fast.bench.watch import NOBODY
from linreg_fast.data.gate import frozen

TRACED_ROWS = 2000
PREPARING = " before it was timed"


class Measured(NamedTuple):
    """One finished row. Times in seconds, for all data rows (scaled up where fewer were run)."""

    name: str
    why: str
    kind: str
    correct: bool | None  # None: not run, and `note` says why
    note: str = ""
    disagreement: float | None = None  # largest relative difference from what is right
    tolerance: float | None = None
    n_rows: int = 0  # data rows it was run on
    scaled: bool = False
    reads: int | None = 1  # times that X is read; None: not counted
    bytes: int | None = None  # that its reads of X and y move, at least
    temporaries: int | None = None  # most bytes of NumPy arrays during a call, on n_rows
    first_call: float | None = None  # how much longer it took: compiling, or loading from the cache
    call: float | None = None  # what a call on 2p + 6 rows takes
    median: float | None = None
    low: float | None = None  # quartiles
    high: float | None = None
    minimum: float | None = None
    repeats: int = 0  # samples that these are of: the undisturbed ones, if there are enough
    busy: bool = False  # too few were undisturbed
    cores: float | None = None  # that it kept busy
    percent: float | None = None  # of the limit
    parts: dict | None = None  # where its time goes: seconds
    against: dict | None = None  # the row it is compared with, and the ratio
    seconds: list | None = None  # the samples

    @property
    def timed(self):
        return self.median is not None


class Prepared(NamedTuple):
    """A row that may be timed."""

    row: Any
    measured: Measured
    data: tuple
    scale: float
    own: Any  # the target, ours to change where the row is from outside
    checked_as: str  # the problem whose answer it is compared with


def prepare(problem, row, X, y, right, watch=NOBODY):
    """Check a row, and find out on how many data rows it can be timed: `Prepared`.

    Or its `Measured` as it stays, if it is wrong or does not run on this data. right: the right
    answers of this data, see `expected.Remembered`.
    """
    begun = Measured(row.name, row.why, row.kind, None, reads=row.reads)
    if row.name in watch.faulty:
        return begun._replace(correct=False, note=watch.faulty[row.name])
    try:
        if row.kind == "added":
            y = np.array(y)  # ours to change, see `trial.remembered`
            told = _tried(problem, row, X, y, right, watch)
            if told:
                return begun._replace(correct=False, note=told)
        return _checked(problem, row, begun, X, y, right, watch)
    except np.linalg.LinAlgError as error:
        return begun._replace(note=f"not for this data: {error}")
    except (Exception, SystemExit) as error:
        if row.kind == "ours":
            raise
        told = f"{type(error).__name__}: {error}".strip(": ")
        return begun._replace(correct=False if row.kind == "added" else None, note=told)


def _tried(problem, row, X, y, right, watch):
    """What is wrong with a row from outside: at its first call, or if it has a file, at all."""
    data = frozen(X), frozen(y)
    expected = right(row, *data)
    if row.source:
        return trial.tried(problem, row, *data, expected, watch)
    return trial.sentence(problem, row, data, y, expected)


def _checked(problem, row, begun, X, y, right, watch):
    watch.at(row.name, PREPARING)
    compiled = first_call(row, X, y)
    watch.at(row.name, PREPARING)
    n_rows = affordable_rows(problem, row, X, y)
    if n_rows == 0:
        return begun._replace(note="not run: too slow for this many columns")
    data = frozen(X[:n_rows]), frozen(y[:n_rows])
    expected = right(row, *data)
    watch.at(row.name, PREPARING)
    found = compared(problem, row, *data, row.solve(*data), expected)
    if isinstance(found, str):
        return begun._replace(note=f"not compared: {found}")
    checked = begun._replace(
        correct=bool(found[0] <= found[1]),
        disagreement=found[0],
        tolerance=found[1],
        n_rows=n_rows,
        scaled=n_rows < len(X),
        bytes=row.reads * X.nbytes + y.nbytes,
        first_call=compiled,
    )
    if not checked.correct:
        return checked
    # The interpreter is several times slower while it is traced, and holds the same for all rows.
    traced = TRACED_ROWS if row.name.endswith("loops") else n_rows
    watch.at(row.name, PREPARING)
    checked = checked._replace(temporaries=held(row, *(part[:traced] for part in data)))
    watch.at(row.name, PREPARING)
    checked = checked._replace(call=call_seconds(row, X, y))
    return Prepared(row, checked, data, len(X) / n_rows, y, problem)
