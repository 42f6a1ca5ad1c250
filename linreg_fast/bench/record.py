"""The record of a bench: all that screen, pictures and report draw, and the JSON that keeps it."""

import math
from typing import Any

import numpy as np

from linreg_fast.bench import many, parts, people
from linreg_fast.bench.cases import OWN_DATA, PEOPLE, RACES, SOURCES, bytes_of, flops
from linreg_fast.data import jsonfile
from linreg_fast.wording import amount, seconds

KIND = "linreg_fast bench"
VERSION = 2  # 1 had no rounds, and no format entry
FEW_BYTES = 1 << 20  # that one core takes alone anyway
TITLES = {
    "mse": "mean squared error",
    "gradient": "gradient step",
    "moments": "normal-equation sums (moments)",
    "fit": "whole fit",
    **many.TITLES,
    **people.TITLES,
    SOURCES: "fit of a file",
}


SHORT = {problem: people.TITLES[problem].removeprefix("fit of ") for problem in PEOPLE}
SHORT[SOURCES] = "a file"


def _layout(X):
    if not isinstance(X, np.ndarray):
        return "sparse"
    return "C" if X.flags.c_contiguous else "F" if X.flags.f_contiguous else "strided"


def table_of(label, problem, measured, least, disturbed, X, y, work=None):
    """One problem on one data set, as plain numbers and texts. work: flops, if not the usual."""
    rows = [row._asdict() for row in measured]
    if problem in RACES:  # by time; what has none stays behind
        rows.sort(key=lambda row: math.inf if row["median"] is None else row["median"])
    work = flops(problem, *X.shape, y[:1].size) if work is None else work
    found: dict[str, Any] = {
        "data": label,
        "problem": problem,
        "n_samples": X.shape[0],
        "n_features": X.shape[1],
        "dtype": str(X.dtype),
        "layout": _layout(X),
        "bytes": bytes_of(X, y),
        "flops": work,
        "limits": None if least is None else least._asdict(),
        "limit": None,
        "disturbed": disturbed,
        "rows": rows,
        "pays": None,
        "beside": [],
    }
    if least is not None:
        found["limit"] = least.seconds(work / (2 if found["dtype"] == "float32" else 1))
        read = min(least.read_one, least.read_all)
        found["bound"] = "memory" if found["limit"] <= read else "multiply-adds"
    found["sentence"] = sentence(found)
    return found


def timed(table):
    """The rows that have a time."""
    return [row for row in table["rows"] if row["median"] is not None]


def leading(tables):
    """The tables, the one to begin with first: most rows of data, steps before fits.

    Those of the data that people have stay as they are, behind them.
    """
    order = {"gradient": 0, "mse": 1, "moments": 2, "fit": 3}

    def place(table):
        if table["problem"] in OWN_DATA:
            return 1, OWN_DATA.index(table["problem"]), 0
        return 0, -table["n_samples"], order.get(table["problem"], 4)

    return sorted(tables, key=place)


def call_bound(table):
    """Whether the cheapest call of all takes longer than the work would at its limit."""
    calls = [row["call"] for row in timed(table) if row["call"] is not None]
    return bool(calls) and table["limit"] is not None and table["limit"] < min(calls)


def sentence(table):
    """What bounds the problem, where the first row and the best one stand: from the numbers."""
    rows = timed(table)
    size = size_of(table)
    if table["limit"] is None or not rows:
        return f"{size} has to read {amount(table['bytes'])}B; no limits were measured."
    limits = table["limits"]
    rate = table["bytes"] / min(limits["read_one"], limits["read_all"])
    flops_rate = max(limits["flops_one"], limits["flops_all"])
    by_memory = table["bound"] == "memory"
    has = (
        f"has to read {amount(table['bytes'])}B; this machine reads {amount(rate)}B/s just now"
        if by_memory
        else f"has to do {amount(table['flops'])}flop; this machine does {amount(flops_rate)}flop/s"
    )
    best = max(rows, key=lambda row: row["percent"])
    first = next((row for row in rows if row["name"].endswith("loops")), None)
    by = "the call" if call_bound(table) else "the memory" if by_memory else "multiply-adds"
    text = f"Bound by {by}: {size} {has}, so no program takes less than {seconds(table['limit'])}"
    if not limits["together"] and table["bytes"] > FEW_BYTES:
        text += " (one core's limit: all cores were never seen at work together)"
    if first is not None and first is not best:
        text += f"; the Python loop takes {first['median'] / table['limit']:.0f} times that"
    return f"{text}; {best['name']} stands at {percent(best['percent'])} of the limit."


def percent(value):
    """Two digits: 0.1%, 9%, 75%."""
    if value is None:
        return "-"
    return "<0.1%" if value < 0.1 else f"{value:.1f}%" if value < 1 else f"{value:.0f}%"


def speed_up(against):
    """(ratio, low, high): how many times as fast as the row it is compared with; None without."""
    if against is None or against["ratio"] is None:
        return None
    return 1 / against["ratio"], 1 / against["high"], 1 / against["low"]


def beside(pair):
    """How long a row takes beside the same without what the table is about, in a sentence."""
    if pair["ratio"] is None:
        return f"{pair['name']} beside {pair['row']}: not measured together"
    middle, low, high = (f"{pair[name]:.2f}" for name in ("ratio", "low", "high"))
    return f"{pair['name']} takes {middle} ({low}-{high}) times as long as {pair['row']}"


def size_of(table):
    """``1 000 000 x 10``."""
    return f"{table['n_samples']:,} x {table['n_features']}".replace(",", " ")


def where(row):
    """Where the time of a row goes, in a phrase."""
    return parts.in_words(row["parts"]) if row["parts"] else ""


def wrong(tables):
    """Names of the rows that are wrong."""
    return [row["name"] for table in tables for row in table["rows"] if row["correct"] is False]


def all_wrong(found):
    """The same of a whole record: those of its tables, and of digits by condition."""
    return [*wrong(found["tables"]), *(found["digits"] or {}).get("faulty", ())]


def too_fast(tables):
    """Rows above 110% of the limit, which is a bug of the bench: (problem, name, percent)."""
    return [
        (table["problem"], row["name"], row["percent"])
        for table in tables
        for row in timed(table)
        if row["percent"] is not None and row["percent"] > 110
    ]


def _plain(value):
    """Without numbers that JSON does not know."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def dumps(record):
    """The JSON text of a record."""
    content = {key: value for key, value in record.items() if key not in ("format", "version")}
    return jsonfile.dumps(KIND, VERSION, _plain(content))


def loads(text, name="the file"):
    """A record that `dumps` wrote, or a ValueError that says why it cannot be compared with."""
    try:
        found = jsonfile.loads(text, KIND, VERSION)
    except ValueError as error:
        told = str(error)
        if '"tables"' in text and '"machine"' in text and '"format"' not in text:
            told = "its bench had no rounds: write it again with this version"
        raise ValueError(f"{name}: {told}") from None
    tables = found.get("tables")
    if not isinstance(found.get("machine"), dict) or not isinstance(tables, list):
        raise ValueError(f"{name}: malformed {KIND} file: it has no machine and tables")
    for table in tables:
        if not isinstance(table, dict) or not isinstance(table.get("rows"), list):
            raise ValueError(f"{name}: malformed {KIND} file: a table has no rows")
    return found
