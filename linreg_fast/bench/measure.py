"""One table: every row checked first, then all timed in the same rounds, beside the limits."""

import numpy as np

from linreg_fast.bench import limits, parts, trial, verdict
from linreg_fast.bench.cases import RACES, flops
from linreg_fast.bench.expected import Remembered
from linreg_fast.bench.prepared import Prepared, prepare
from linreg_fast.bench.rounds import ENOUGH_SECONDS, Rounds
from linreg_fast.bench.watch import NOBODY


def in_rounds(problem, prepared, X, y, seconds, limited=True, watch=NOBODY):
    """(`Rounds` of all that can be timed, their `Limits` or None). limited: measure the limits."""
    found = {one.row.name: (lambda one=one: one.row.solve(*one.data)) for one in prepared}
    least = limits.calls(X, y) if limited else {}
    rounds = Rounds({**found, **least}, least, watch=watch).run(seconds)
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
        facts = verdict.compared(_series(rounds, one), _series(rounds, other)).facts()
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


def finish(problem, prepared, rounds, least, X, y, watch=NOBODY):
    """name -> `Measured` with all that the rounds told."""
    work = flops(problem, *X.shape, y[:1].size) / (2 if X.dtype == np.float32 else 1)
    against, found = _against(problem, prepared, rounds), {}
    for one in prepared:
        name = one.row.name
        told = rounds.lanes[name].failed
        if one.row.kind == "added" and not told:
            own = one.own[: len(one.data[1])]
            told = trial.remembered(one.checked_as, one.row, one.data, own, watch)
        if told:
            found[name] = one.measured._replace(correct=False, note=told)
        else:
            timed = _finished(one, rounds, least, work, X, y)
            found[name] = timed._replace(against=against.get(name))
    return found


def measure_table(problem, rows, X, y, seconds, on_row=None, watch=NOBODY):
    """([`Measured`] in the order of rows, `Limits` or None, share of disturbed samples).

    Rows from outside are prepared first: they may not come back from it.
    """
    found, right = {}, Remembered()
    for row in sorted(rows, key=lambda row: row.kind != "added"):
        if on_row is not None:
            on_row(row.name)
        found[row.name] = prepare(problem, row, X, y, right, watch)
        watch.at("")
    if on_row is not None:
        on_row("rounds of all rows")
    ready = [found[row.name] for row in rows if isinstance(found[row.name], Prepared)]
    rounds, least = in_rounds(problem, ready, X, y, seconds, watch=watch)
    found.update(finish(problem, ready, rounds, least, X, y, watch))
    return [found[row.name] for row in rows], least, rounds.disturbed()


def faults(problem, rows, X, y, watch):
    """{name: what is wrong} of the rows that cannot be timed on this data."""
    found, right = {}, Remembered()
    for row in rows:
        done = prepare(problem, row, X, y, right, watch)
        if not isinstance(done, Prepared) and done.correct is False:
            found[row.name] = done.note or "WRONG"
    return found
