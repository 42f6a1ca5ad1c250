"""One table: every row checked first, then all timed in the same rounds, beside the limits."""

import math
import tracemalloc
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.bench import limits, parts, trial, verdict
from linreg_fast.bench.affordable import affordable_rows, call_seconds, first_call
from linreg_fast.bench.cases import RACES, flops
from linreg_fast.bench.expected import compared
from linreg_fast.bench.rounds import ENOUGH_SECONDS, Rounds
from linreg_fast.data.gate import frozen

TRACED_ROWS = 2000


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
    reads: int = 1
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


def prepare(problem, row, X, y):
    """Check a row, and find out on how many data rows it can be timed: `Prepared`.

    Or its `Measured` as it stays, if it is wrong or does not run on this data.
    """
    begun = Measured(row.name, row.why, row.kind, None, reads=row.reads)
    if row.kind == "added":
        y = np.array(y)  # ours to change, see `trial.remembered`
        told = trial.tried(problem, row, X, y) if row.source else _first_answer(problem, row, X, y)
        if told:
            return begun._replace(correct=False, note=told)
    try:
        compiled = first_call(row, X, y)
        n_rows = affordable_rows(problem, row, X, y)
        if n_rows == 0:
            return begun._replace(note="not run: too slow for this many columns")
        data = frozen(X[:n_rows]), frozen(y[:n_rows])
        found = compared(problem, row, *data, row.solve(*data))
    except np.linalg.LinAlgError as error:
        return begun._replace(note=f"not for this data: {error}")
    except (Exception, SystemExit) as error:
        if row.kind == "ours":
            raise
        told = f"{type(error).__name__}: {error}".strip(": ")
        return begun._replace(correct=False if row.kind == "added" else None, note=told)
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
    tracemalloc.start()
    try:
        row.solve(*(part[:traced] for part in data))
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    checked = checked._replace(temporaries=held, call=call_seconds(row, X, y))
    return Prepared(row, checked, data, len(X) / n_rows, y)


def _first_answer(problem, row, X, y):
    return trial.sentence(problem, row, (frozen(X), frozen(y)), y)


def in_rounds(problem, prepared, X, y, seconds, limited=True):
    """(`Rounds` of all that can be timed, their `Limits` or None). limited: measure the limits."""
    found = {one.row.name: (lambda one=one: one.row.solve(*one.data)) for one in prepared}
    least = limits.calls(X, y) if limited else {}
    rounds = Rounds({**found, **least}, least).run(seconds)
    if seconds >= ENOUGH_SECONDS:
        open_still = _undecided(problem, prepared, rounds)
        if open_still:
            rounds.run(seconds, open_still)
    return rounds, limits.of(rounds, X, y)


def _series(rounds, one):
    return rounds.scaled(one.row.name, one.scale)


def _undecided(problem, prepared, rounds):
    """Names of the rows whose comparison more rounds may decide."""
    found = set()
    for row, other in _pairs(problem, prepared, rounds):
        if verdict.compared(_series(rounds, row), _series(rounds, other)).word == "undecided":
            found |= {row.row.name, other.row.name}
    return found


def _pairs(problem, prepared, rounds):
    """(row, the one it is compared with): the row above, or in a table of fits the fastest."""
    prepared = [one for one in prepared if rounds.lanes[one.row.name].samples]
    if problem not in RACES:
        return list(zip(prepared[1:], prepared, strict=False))
    fastest = min(
        prepared,
        key=lambda one: verdict.typical(*_series(rounds, one)).median,
        default=None,
    )
    return [(one, fastest) for one in prepared if one is not fastest]


def _against(problem, prepared, rounds):
    """name -> the row that it is compared with, and the ratio."""
    found = {}
    for one, other in _pairs(problem, prepared, rounds):
        facts = verdict.compared(_series(rounds, one), _series(rounds, other))._asdict()
        for name in ("ratio", "low", "high"):
            facts[name] = None if math.isnan(facts[name]) else facts[name]
        found[one.row.name] = {"row": other.row.name, **facts}
    return found


def _finished(one, rounds, least, work, X, y):
    """A row's `Measured` with all that the rounds told of it alone."""
    middle = verdict.typical(*_series(rounds, one))
    lane = rounds.lanes[one.row.name]
    cores = float(np.nanmedian(lane.cores))
    times, calm = _series(rounds, one)
    kept = times[~np.isnan(times) & (calm if not middle.busy else True)]
    waited = one.scale * float(np.nanmedian(lane.waited)) if middle.busy else 0.0
    held = one.measured.temporaries * one.scale
    interpreted = one.row.name.endswith("loops")
    about = (one.row.reads, held, one.measured.call, cores, waited, interpreted)
    return one.measured._replace(
        median=middle.median,
        low=middle.low,
        high=middle.high,
        minimum=middle.minimum,
        repeats=middle.n,
        busy=middle.busy,
        cores=cores,
        percent=least and 100 * least.seconds(work) / middle.median,
        parts=parts.of(middle.median, least, work, X, y, *about),
        seconds=[float(f"{time:.4g}") for time in kept],
    )


def finish(problem, prepared, rounds, least, X, y):
    """name -> `Measured` with all that the rounds told."""
    work = flops(problem, *X.shape, y[:1].size) / (2 if X.dtype == np.float32 else 1)
    against, found = _against(problem, prepared, rounds), {}
    for one in prepared:
        name = one.row.name
        told = rounds.lanes[name].failed
        if one.row.kind == "added" and not told:
            told = trial.remembered(problem, one.row, one.data, one.own[: len(one.data[1])])
        if told:
            found[name] = one.measured._replace(correct=False, note=told)
        else:
            timed = _finished(one, rounds, least, work, X, y)
            found[name] = timed._replace(against=against.get(name))
    return found


def measure_table(problem, rows, X, y, seconds, on_row=None):
    """([`Measured`] in the order of rows, `Limits` or None, share of disturbed samples)."""
    ready, done = [], {}
    for row in rows:
        if on_row is not None:
            on_row(row.name)
        found = prepare(problem, row, X, y)
        if isinstance(found, Prepared):
            ready.append(found)
        else:
            done[row.name] = found
    if on_row is not None:
        on_row("rounds of all rows")
    rounds, least = in_rounds(problem, ready, X, y, seconds)
    done.update(finish(problem, ready, rounds, least, X, y))
    return [done[row.name] for row in rows], least, rounds.disturbed()
