"""Fits of one file: what ``--problem sources`` compares, by time, memory and digits.

Each way has a process of its own, and in a round each of them fits the file once, in random order;
those that take many times as long as the fastest take part in the first rounds only.
Memory is the most that the process held in the first fit beyond what it held before, when it had
fitted a small file.
"""

import importlib.util
import tempfile
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import numpy as np

from linreg_fast.bench import record, verdict
from linreg_fast.bench.cases import SOURCES
from linreg_fast.bench.prepared import Measured
from linreg_fast.bench.sharpened import sharpened
from linreg_fast.bench.sources_child import Child
from linreg_fast.bench.sources_dask import DASK, MEMORY, OF_DASK, SUM
from linreg_fast.bench.sources_ways import BARE, WAYS, installed
from linreg_fast.bench.sweep import check_size

FILES = ("snappy.parquet", "zstd.parquet", "typed.csv")
LABELS = {
    "snappy.parquet": "rounded prices, snappy,",
    "zstd.parquet": "random numbers, zstd,",
    "typed.csv": "rounded prices, CSV,",
}
SHAPE, QUICK_SHAPE, SMALL = (2_000_000, 10), (100_000, 10), 3000
LARGE, TINY, TINY_ROWS = 16, 1000, 100  # blocks of Dask, and rows of a tiny one
LARGE_FACTOR = 2  # of Dask's array of large blocks: so many times the rows of the files
ROUNDS_A_SECOND, FEWEST_ROUNDS = 27, 3
SLOW = 6  # times the fastest, beyond which a way takes part in the fewest rounds
OURS_RTOL, PLAIN_RTOL = 1e-12, 1e-8


def drawn(rng, n, p, rounded):
    """(n, p + 1): the target last. rounded: prices with offsets of up to a million."""
    X = rng.normal(size=(n, p))
    if rounded:
        X = np.round(rng.uniform(0, 500, size=(n, p)) + np.geomspace(1, 1e6, p), 2)
    y = (X - X[0]) @ rng.uniform(1, 3, p) + rng.normal(size=n)
    return np.column_stack([X, np.round(y, 2) if rounded else y])


def write(path, values):
    """A file of columns x0, x1, ... and y."""
    import pyarrow
    from pyarrow import csv, parquet

    names = [*(f"x{j}" for j in range(values.shape[1] - 1)), "y"]
    table = pyarrow.table(dict(zip(names, np.ascontiguousarray(values.T), strict=True)))
    if path.suffix == ".csv":
        csv.write_csv(table, path)
    else:
        parquet.write_table(table, path, compression=path.stem)


def race(ways, given, small, rounds, tell, rng):
    """(children, memory by name), after so many rounds in which each fits once."""
    with ExitStack() as stack:
        children = [stack.enter_context(closing(Child(way))) for way in ways]
        held = {}
        for child in children:
            tell(child.way.name)
            child.fit(small)
            answer, held[child.way.name] = child.fit_watched(given)
            child.found.append(answer)
        first = {c.way.name: c.found[0]["seconds"] for c in children if c.found[0]}
        slow = {name for name, taken in first.items() if taken > SLOW * min(first.values())}
        tell("rounds of all rows")
        for k in range(rounds):
            for place in rng.permutation(len(children)):
                child = children[place]
                late = child.way.name in slow and k >= FEWEST_ROUNDS
                child.found.append(None if late else child.fit(given))
        return children, held


def _measured(child, held, right, fastest):
    """A row. right: the coefficients."""
    way, facts = child.way, [one for one in child.found if one is not None]
    begun = Measured(way.name, way.why, way.kind, None, reads=None)
    if child.failed:
        return begun._replace(note=child.failed.splitlines()[0][:200])
    times, off, coef = _series(child), None, facts[-1]["coef"]
    if coef and right is not None:
        off = float(np.abs(np.array(coef) / right - 1).max()) if len(coef) == len(right) else np.inf
    allowed = PLAIN_RTOL if "plain" in way.name else OURS_RTOL
    against = None
    if child is not fastest:
        against = {"row": fastest.way.name, **_compared(child, fastest)}
    middle = verdict.typical(*times)
    return begun._replace(
        correct=off is None or way.kind == "peer" or off <= allowed,
        disagreement=off,
        tolerance=allowed,
        temporaries=held,
        median=middle.median,
        low=middle.low,
        high=middle.high,
        minimum=middle.minimum,
        repeats=middle.n,
        cores=float(np.median([one["processor"] for one in facts[1:]]) / middle.median),
        against=against,
        seconds=[float(f"{time:.4g}") for time in times[0] if not np.isnan(time)],
    )


def _series(child):
    """(seconds, whether undisturbed) of each round; the first fit was none."""
    times = [np.nan if one is None else one["seconds"] for one in child.found[1:]]
    return np.array(times), np.ones(len(times), bool)


def _compared(child, other):
    """How long it takes beside another. What disturbed the machine is not looked at."""
    return verdict.compared(_series(child), _series(other))._replace(busy=False).facts()


def _table(label, shape, raced, right):
    """The first way that works is the one that all are held against."""
    children, held = raced
    well = [child for child in children if not child.failed]
    fastest = min(well, key=lambda child: verdict.typical(*_series(child)).median, default=None)
    rows = [_measured(child, held[child.way.name], right, fastest) for child in children]
    X = np.broadcast_to(0.0, shape)
    table = record.table_of(label, SOURCES, rows, None, 0.0, X, X[:, 0])
    told = "a process each, seconds of a fit once all is imported and compiled"
    table["sentence"] = f"{record.size_of(table)}: {told}."
    for child in well[1:]:
        facts = _compared(child, well[0])
        table["beside"].append({**facts, "name": child.way.name, "row": well[0].way.name})
    return table


def names():
    """Of all rows that there may be."""
    return {way.name for way in (*WAYS, *DASK)}


def tables(problem, quick, size, peers, seconds, tell=lambda text: None, only=()):
    """The tables, one after the other: of the files, and of Dask's arrays.

    problem: `cases.SOURCES`. seconds: of samples for each row. only: names of the rows wanted
    beside those that they are held against, if not all.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise ImportError(f"--problem {problem} needs pyarrow: pip install 'linreg_fast[arrow]'")
    n, p = size or (QUICK_SHAPE if quick else SHAPE)
    check_size(LARGE_FACTOR * n, p)
    if n // 2 < p + 2:
        raise ValueError(f"half of {n} rows are fitted as CSV: of {p} columns give {2 * p + 4}")
    rounds, rng = max(FEWEST_ROUNDS, round(seconds * ROUNDS_A_SECOND)), np.random.default_rng(0)
    for name in FILES:
        rows = n // 2 if name.endswith(".csv") else n
        ways = [way for way in installed(WAYS, peers) if not only or way.name in (BARE, *only)]
        about = partial(_told, tell, LABELS[name])
        with tempfile.TemporaryDirectory() as folder:
            given, small, right = _written(Path(folder), name, rows, p, rng)
            raced = race(ways, given, small, rounds, about, rng)
            yield _table(LABELS[name], (rows, p), raced, right)
    for rows, blocks, other in ((LARGE_FACTOR * n, LARGE, MEMORY), (TINY_ROWS * TINY, TINY, SUM)):
        ways = [way for way in installed(DASK, True) if way.name in (other, OF_DASK)]
        if ways and (not only or OF_DASK in only):
            label, shape = f"Dask array of {blocks} blocks,", (rows, p)
            given = f"{rows} {p} {blocks}"  # twice: the first fit draws the data
            raced = race(ways, given, given, rounds, partial(_told, tell, label), rng)
            yield _table(label, shape, raced, np.ones(p))


def _told(tell, label, name):
    tell(f"{label} {name}")


def _written(folder, name, n, p, rng):
    """(path, that of a small file of the same kind, the right coefficients or None)."""
    paths = [folder / part / name for part in ("small", "given")]
    for path, rows in zip(paths, (min(n, SMALL), n), strict=True):
        path.parent.mkdir()
        values = drawn(rng, rows, p, name != "zstd.parquet")
        write(path, values)
    found = sharpened(values[:, :-1], values[:, -1:])
    return str(paths[1]), str(paths[0]), None if found is None else found[0][:, 0]
