"""The tables of `people`: each answer checked first, all timed in the same rounds."""

import contextlib
import itertools
import time

import numpy as np

from linreg_fast.bench import people, people_busy, people_ways, record, trial, verdict
from linreg_fast.bench.affordable import HOPELESS, call_seconds, held
from linreg_fast.bench.agreement import compared
from linreg_fast.bench.expected import Remembered
from linreg_fast.bench.measure import finish, in_rounds
from linreg_fast.bench.people_data import load
from linreg_fast.bench.prepared import PREPARING, Measured, Prepared
from linreg_fast.bench.watch import NOBODY
from linreg_fast.wording import seconds as seconds_in_words

UNUSUAL = ("targets", "sparse")  # data that not every way to fit takes
FIRST_TIMES = 3  # processes that find a code cache


def tables(
    problem,
    quick,
    size,
    peers,
    seconds,
    tell=lambda text: None,
    only=(),
    added=(),
    skip=0,
    watch=NOBODY,
):
    """The tables of one problem, one after the other.

    Parameters
    ----------
    problem : str
    quick : bool
    size : (rows, columns) or None
        Instead of the problem's own.
    peers : bool
    seconds : float
        Of samples for each row.
    tell : callable
    only : sequence of str
        Names of the rows wanted, if not all.
    added : sequence of cases.Row
        From outside, for each table of fits.
    skip : int
        Tables that are there already.
    watch : watch.Watch
    """
    if problem == "first":
        for shape in people.shapes_of(problem, quick, size):
            yield _of_first(*shape, tell)
        return
    works = people.works(problem, quick, size, peers)
    for work in itertools.islice(_with_rows(works, only, added), skip, None):
        yield _table(work, seconds, tell, watch)


def _with_rows(works, only, added):
    """Those that have rows: the ones wanted, and those from outside."""
    for work in works:
        ways = [way for way in work.ways if not only or way.row.name in only]
        ways += people_ways.from_outside(work, added)
        if ways:
            yield work._replace(ways=ways)


def _prepared(work, way, right, watch):
    """`Prepared`, or the `Measured` of a row that is wrong or cannot do it."""
    row, given = way
    begun = Measured(row.name, row.why, row.kind, None, reads=row.reads)
    if row.name in watch.faulty:
        return begun._replace(correct=False, note=watch.faulty[row.name])
    checked_as = "fit" if work.problem in ("correlated", "dummies") else work.problem
    if row.kind == "added":
        given = trial.views(*given)
        told = _tried(work, row, begun, checked_as, given, right, watch)
        if told is not None:
            return told
    watch.at(row.name, PREPARING)
    try:
        expected = right(row, work.X, work.y)
        found = compared(checked_as, row, work.X, work.y, row.solve(*given), expected)
        watch.at(row.name, PREPARING)
        temporaries = held(row, *given)
    except Exception as error:
        if row.kind == "ours":
            raise
        return begun._replace(note=f"{type(error).__name__}: {error}".strip(": "))
    if isinstance(found, str):
        return begun._replace(note=f"not compared: {found}")
    watch.at(row.name, PREPARING)
    measured = begun._replace(
        correct=bool(found[0] <= found[1]),
        disagreement=found[0],
        tolerance=found[1],
        n_rows=work.X.shape[0],
        temporaries=temporaries,
        call=call_seconds(row, *given) if isinstance(given[0], np.ndarray) else None,
    )
    if not measured.correct:
        return measured
    return Prepared(row, measured, given, 1.0, way.data[1], checked_as)


def _tried(work, row, begun, checked_as, given, right, watch):
    """The `Measured` of a row from outside that cannot be timed: wrong, too slow; or None."""
    watch.at(row.name)
    started = time.perf_counter()
    try:
        row.solve(*given)
    except (Exception, SystemExit) as error:
        if work.problem in UNUSUAL:
            told = f"{type(error).__name__}: {error}".strip(": ")
            return begun._replace(note=f"not for this data: {told}")
    taken = time.perf_counter() - started
    if taken > HOPELESS:
        return begun._replace(note=f"not run: a call takes {seconds_in_words(taken)}")
    watch.at("")
    told = trial.tried(checked_as, row, *given, right(row, *given), watch)
    return begun._replace(correct=False, note=told) if told else None


def _table(work, seconds, tell, watch=NOBODY):
    n, p = work.X.shape
    about = f"{work.problem}, {work.label} {n} x {p}"
    done, right = {}, Remembered()
    for way in sorted(work.ways, key=lambda way: way.row.kind != "added"):
        tell(f"{about}: {way.row.name}")
        done[way.row.name] = _prepared(work, way, right, watch)
        watch.at("")
    found = [done[way.row.name] for way in work.ways]
    ready = [one for one in found if isinstance(one, Prepared)]
    tell(f"{about}: rounds of all rows")
    limited = isinstance(work.X, np.ndarray) and not work.loaded
    with load() if work.loaded else contextlib.nullcontext():
        asked = work.problem, ready, work.X, work.y, seconds, limited, watch
        rounds, least = in_rounds(*asked)
    if work.loaded:  # what others do to it is what is asked
        for lane in rounds.lanes.values():
            lane.calm = [False] * len(lane.calm)
    done.update(finish(work.problem, ready, rounds, least, work.X, work.y, watch))
    rows = [done[way.row.name] for way in work.ways]
    share = 0.0 if work.loaded else rounds.disturbed()
    table = record.table_of(
        work.label, work.problem, rows, least, share, work.X, work.y, work.flops
    )
    if work.told:
        table["sentence"] = f"{record.size_of(table)}: {work.told}."
    for name, other in work.beside:
        if all(one in done and done[one].timed for one in (name, other)):
            facts = verdict.compared(rounds.scaled(name), rounds.scaled(other)).facts()
            table["beside"].append({**facts, "name": name, "row": other})
    return table


def _of_first(n, p, tell):
    X, y = np.empty((n, p)), np.empty(n)
    rows = list(people_busy.first_rows(n, p, FIRST_TIMES, tell))
    table = record.table_of("processor time,", "first", rows, None, 0.0, X, y)
    table["sentence"] = f"{record.size_of(table)}: {people_busy.TOLD_FIRST}."
    return table
