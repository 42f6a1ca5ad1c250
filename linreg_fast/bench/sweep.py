"""Sweeps: the rungs over many sizes, to see where each idea begins to pay."""

import numpy as np

from linreg_fast.bench import limits, verdict
from linreg_fast.bench.cases import bytes_of, flops, generate, rows
from linreg_fast.bench.rounds import ENOUGH_SECONDS, Rounds
from linreg_fast.bench.watch import NOBODY
from linreg_fast.data import room
from linreg_fast.data.gate import frozen

ROWS = (100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
FEW_ROWS = (100, 400, 1600, 6400, 25_600, 102_400)
COLUMNS = (1, 2, 5, 10, 20, 50, 100, 200)
SLOW = ("loops",)  # a curve of hours
MOST_MEMORY = 0.5  # of what is free: X and what is held beside it


def check_size(n, p):
    """A ValueError for data that does not fit in the memory, before any is drawn."""
    wanted, free = 8 * n * (p + 1), room.free()
    if free is not None and wanted > MOST_MEMORY * free:
        raise ValueError(
            f"{n} x {p} numbers are {wanted / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free: "
            "take fewer, since some rows hold as much again beside"
        )


def sizes_of(kind, p=10, n=50_000):
    """[(rows, columns)] of a sweep."""
    return [(size, p) for size in ROWS] if kind == "rows" else [(n, size) for size in COLUMNS]


def measure(problem, sizes, seconds, on_size=None, without=SLOW):
    """A sweep as plain numbers: for each size each rung's time, and the limit.

    Returns
    -------
    dict
        problem, sizes, and names; rows: name -> list over sizes of {median, low, high, against}
        where against is the ratio to the row above.
    """
    names = [row.name for row in rows(problem) if row.name not in without]
    found = {name: [] for name in names}
    least, memory = [], []
    for n, p in sizes:
        if on_size is not None:
            on_size(f"{problem}, {n} x {p}")
        X, y = (frozen(part) for part in generate(n, p))
        table = [row for row in rows(problem) if row.name in found]
        calls = {row.name: (lambda row=row, X=X, y=y: row.solve(X, y)) for row in table}
        for call in calls.values():
            call()
        always = limits.calls(X, y)
        rounds = Rounds({**calls, **always}, always).run(max(seconds, ENOUGH_SECONDS))
        limit = limits.of(rounds, X, y)
        least.append(limit and limit.seconds(flops(problem, n, p)))
        memory.append(bytes_of(X, y))
        for above, name in zip([None, *names], names, strict=False):
            middle = verdict.typical(*rounds.scaled(name))
            against = above and verdict.compared(rounds.scaled(name), rounds.scaled(above))
            found[name].append(
                {
                    "median": middle.median,
                    "low": middle.low,
                    "high": middle.high,
                    "busy": middle.busy,
                    "against": against and against.facts(),
                }
            )
    return {
        "problem": problem,
        "sizes": [list(size) for size in sizes],
        "bytes": memory,
        "limit": least,
        "rows": found,
    }


def pays(swept):
    """name -> the first rows from which a rung stays faster than the one above, beyond noise."""
    sizes, told = [size[0] for size in swept["sizes"]], {}
    for name, points in swept["rows"].items():
        if points[0]["against"] is None:
            continue
        found = None
        for size, point in zip(reversed(sizes), reversed(points), strict=True):
            if point["against"]["word"] != "faster":
                break
            found = size
        told[name] = {"from": found, "to": sizes[-1]}
    return told


def condition(kinds, draws=1, seed=0, n=400, p=6, on_point=None, rows_of=None, watch=NOBODY):
    """Right digits of the worst coefficient by condition number, against exact arithmetic.

    kinds: condition numbers. Returns {"conditions": [...], "rows": name -> list of digits, None
    where a row refuses}.
    """
    from linreg_fast.bench.exact import coefficients_of

    rng = np.random.default_rng(seed)
    table = rows_of or rows("fit")
    # Without non-negative coefficients, which is another problem.
    found = {row.name: [] for row in table if "loops" not in row.name and row.name != "nnls"}
    for kind in kinds:
        if on_point is not None:
            on_point(f"condition number {kind:.0e}")
        drawn = {name: [] for name in found}
        for _ in range(draws):
            X, y = conditioned(rng, kind, n, p)
            right = coefficients_of(X, y)
            for row in table:
                if row.name in drawn:
                    watch.at(row.name, f" at condition number {kind:.0e}")
                    drawn[row.name].append(_digits(row, X, y, right))
        for name, values in drawn.items():
            kept = [value for value in values if value is not None]
            found[name].append(float(np.median(kept)) if kept else None)
    watch.at("")
    return {"conditions": [float(kind) for kind in kinds], "n": n, "p": p, "rows": found}


def conditioned(rng, kind, n, p):
    """X (n, p) with centred columns of this condition number, y with a tenth of noise."""
    Q = np.linalg.qr(rng.normal(size=(n, p)) - rng.normal(size=p))[0]
    Q = np.linalg.qr(Q - Q.mean(axis=0))[0]
    V = np.linalg.qr(rng.normal(size=(p, p)))[0]
    X = np.ascontiguousarray(Q * np.geomspace(1, 1 / kind, p) @ V.T)
    y = X @ rng.normal(size=p)
    return X, y + 0.1 * y.std() * rng.normal(size=n)


def _digits(row, X, y, right):
    """Right decimal digits of the worst coefficient, 0 to 16; None where the row refuses."""
    import warnings

    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            coef = np.asarray(row.solve(frozen(X), frozen(y))[0], float)
    except (np.linalg.LinAlgError, ValueError):
        return None
    except (Exception, SystemExit):
        if row.kind == "ours":
            raise
        return None
    if not np.isfinite(coef).all():
        return 0.0
    worst = max(np.abs(coef / right - 1).max(), 1e-16)
    return float(max(-np.log10(worst), 0.0))
