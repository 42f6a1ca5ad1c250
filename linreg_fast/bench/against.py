"""A bench against a saved one: which rows are faster, slower, the same, or cannot be told apart.

Two processes of the same code differ by up to a third, with tight intervals each: where the pages
lie and who has the other half of a core stays for as long as a process. So the change of the limits
between the two runs, which no code of ours made, widens what counts as a difference.
"""

import math

import numpy as np

from linreg_fast.bench import verdict
from linreg_fast.bench.cases import OWN_DATA
from linreg_fast.bench.machine import SAME
from linreg_fast.bench.verdict import BEYOND, BUSY_BEYOND

FEWEST = 3  # samples


def _key(table):
    several = table["problem"] in (*OWN_DATA, "p_values")  # tables of one shape
    label = table["data"] if several else ""
    return label, table["problem"], table["n_samples"], table["n_features"], table["dtype"]


def check(record, saved, name):
    """A ValueError that says which machine, shape or data type the saved run does not share."""
    for fact in SAME:
        here, there = record["machine"].get(fact), saved["machine"].get(fact)
        if here != there:
            raise ValueError(f"{name} is of another machine: {fact} {there!r} there, {here!r} here")
    keys = {_key(table) for table in saved["tables"]}
    if not any(_key(table) in keys for table in record["tables"]):
        raise ValueError(
            f"{name} has none of these tables: it has "
            + ", ".join(f"{problem} {n} x {p} {dtype}" for _, problem, n, p, dtype in sorted(keys))
        )
    if not any(row.get("seconds") for table in saved["tables"] for row in table["rows"]):
        raise ValueError(f"{name} has no samples: write it with bench --json")


def _change_of_limits(table, before):
    """The machine's own change: by how many times its limits differ, 1 or more."""
    ours, theirs = table["limits"], before["limits"]
    if not ours or not theirs:
        return 1.0
    ratios = [
        ours[name] / theirs[name]
        for name in ("read_one", "flops_one")
        if ours[name] and theirs[name]
    ]
    if ours["together"] and theirs["together"]:
        ratios.append(ours["read_all"] / theirs["read_all"])
    return float(np.exp(max(abs(math.log(ratio)) for ratio in ratios))) if ratios else 1.0


def compare(record, saved):
    """A list of {problem, data, name, ratio, low, high, word, beyond} of the rows that both have.

    ratio: the time now as a multiple of the time then.
    """
    before = {_key(table): table for table in saved["tables"]}
    rng, found = np.random.default_rng(0), []
    for table in record["tables"]:
        other = before.get(_key(table))
        if other is None:
            continue
        then = {row["name"]: row for row in other["rows"]}
        machine = _change_of_limits(table, other)
        for row in table["rows"]:
            past = then.get(row["name"])
            if past and _enough(row) and _enough(past):
                found.append(
                    {
                        "problem": table["problem"],
                        "data": table["data"],
                        "size": f"{table['n_samples']} x {table['n_features']}",
                        "name": row["name"],
                        **_verdict(row, past, machine, rng),
                    }
                )
    return found


def _enough(row):
    return len(row.get("seconds") or ()) >= FEWEST


def _verdict(row, past, machine, rng):
    logs = []
    for one in (row, past):
        runs = one.get("runs") or [one["seconds"]]
        logs.append([np.log(np.asarray(run, float)) for run in runs])
    ratios = verdict.middles(logs[0], rng) - verdict.middles(logs[1], rng)
    edges = (100 - verdict.LEVEL) / 2, (100 + verdict.LEVEL) / 2
    low, high = np.percentile(ratios, edges)
    middle = _middle(logs[0]) - _middle(logs[1])
    busy = bool(row["busy"] or past["busy"])
    beyond = (1 + (BUSY_BEYOND if busy else BEYOND)) * machine - 1
    return {
        "now": row["median"],
        "then": past["median"],
        "ratio": math.exp(middle),
        "low": math.exp(low),
        "high": math.exp(high),
        "word": verdict.word(low, high, beyond),
        "beyond": beyond,
        "busy": busy,
    }


def _middle(runs):
    return float(np.mean([np.median(run) for run in runs]))


def in_words(compared):
    """Lines of text."""
    if not compared:
        return
    beyond = max(row["beyond"] for row in compared)
    yield (
        "against the saved run (time now / then); the machine itself changed, so that differences "
        f"below {beyond:.0%} mean nothing"
    )
    for row in compared:
        yield (
            f"{row['problem'][:8]:9}{row['size']:13}{row['name'][:24]:25}{row['ratio']:5.2f} "
            f"({row['low']:.2f}-{row['high']:.2f}) {row['word']}{' busy' if row['busy'] else ''}"
        )
    words = [row["word"] for row in compared]
    yield ", ".join(
        f"{words.count(word)} {word}" for word in ("faster", "slower", "same", "undecided")
    )
