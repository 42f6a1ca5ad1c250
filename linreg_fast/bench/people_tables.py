"""The tables of `people`: each answer checked first, all timed in the same rounds."""

import contextlib
import tracemalloc

import numpy as np

from linreg_fast.bench import people, people_busy, record, verdict
from linreg_fast.bench.affordable import call_seconds
from linreg_fast.bench.expected import compared
from linreg_fast.bench.measure import Measured, Prepared, finish, in_rounds
from linreg_fast.bench.people_data import load

FIRST_TIMES = 3  # processes that find a code cache


def tables(problem, quick, size, peers, seconds, tell=lambda text: None, only=()):
    """The tables of one problem, one after the other.

    seconds: of samples for each row. only: names of the rows wanted, if not all.
    """
    if problem == "first":
        for shape in people.shapes_of(problem, quick, size):
            yield _of_first(*shape, tell)
        return
    for work in people.works(problem, quick, size, peers):
        ways = [way for way in work.ways if not only or way.row.name in only]
        if ways:
            yield _table(work._replace(ways=ways), seconds, tell)


def _prepared(work, way):
    """`Prepared`, or the `Measured` of a row that is wrong or cannot do it."""
    row, given = way
    begun = Measured(row.name, row.why, row.kind, None, reads=row.reads)
    checked_as = "fit" if work.problem in ("correlated", "dummies") else work.problem
    try:
        found = compared(checked_as, row, work.X, work.y, row.solve(*given))
        tracemalloc.start()
        try:
            row.solve(*given)
            held = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    except Exception as error:
        if row.kind == "ours":
            raise
        return begun._replace(note=f"{type(error).__name__}: {error}".strip(": "))
    if isinstance(found, str):
        return begun._replace(note=f"not compared: {found}")
    measured = begun._replace(
        correct=bool(found[0] <= found[1]),
        disagreement=found[0],
        tolerance=found[1],
        n_rows=work.X.shape[0],
        temporaries=held,
        call=call_seconds(row, *given) if isinstance(given[0], np.ndarray) else None,
    )
    return Prepared(row, measured, given, 1.0, work.y) if measured.correct else measured


def _table(work, seconds, tell):
    n, p = work.X.shape
    about = f"{work.problem}, {work.label} {n} x {p}"
    ready, done = [], {}
    for way in work.ways:
        tell(f"{about}: {way.row.name}")
        found = _prepared(work, way)
        if isinstance(found, Prepared):
            ready.append(found)
        else:
            done[way.row.name] = found
    tell(f"{about}: rounds of all rows")
    limited = isinstance(work.X, np.ndarray) and not work.loaded
    with load() if work.loaded else contextlib.nullcontext():
        rounds, least = in_rounds(work.problem, ready, work.X, work.y, seconds, limited)
    if work.loaded:  # what others do to it is what is asked
        for lane in rounds.lanes.values():
            lane.calm = [False] * len(lane.calm)
    done.update(finish(work.problem, ready, rounds, least, work.X, work.y))
    rows = [done[way.row.name] for way in work.ways]
    share = 0.0 if work.loaded else rounds.disturbed()
    table = record.table_of(
        work.label, work.problem, rows, least, share, work.X, work.y, work.flops
    )
    if work.told:
        table["sentence"] = f"{record.size_of(table)}: {work.told}."
    for name, other in work.beside:
        if all(one in done and done[one].timed for one in (name, other)):
            facts = verdict.compared(rounds.scaled(name), rounds.scaled(other))._asdict()
            table["beside"].append({**facts, "name": name, "row": other})
    return table


def _of_first(n, p, tell):
    X, y = np.empty((n, p)), np.empty(n)
    rows = list(people_busy.first_rows(n, p, FIRST_TIMES, tell))
    table = record.table_of("processor time,", "first", rows, None, 0.0, X, y)
    table["sentence"] = f"{record.size_of(table)}: {people_busy.TOLD_FIRST}."
    return table
