"""A bench in several fresh processes, joined: one process is one sample."""

import json
import tempfile
from pathlib import Path

import numpy as np

from linreg_fast.bench import children
from linreg_fast.bench.cases import RACES
from linreg_fast.bench.verdict import interval, over_runs, word

FEWEST_RUNS = 3  # processes, with fewer of which nothing is claimed: two differ by up to a third


def in_processes(arguments, runs, tell=None):
    """Records of so many fresh processes with the same options: one process is one sample."""
    found = []
    for k in range(runs):
        if tell is not None:
            tell(f"process {k + 1} of {runs}")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.json"
            done = children.run(["-m", "linreg_fast", "bench", *arguments, "--json", str(path)])
            if not path.exists():
                raise RuntimeError(f"process {k + 1} failed: {done.stderr.strip()[-500:]}")
            found.append(json.loads(path.read_text()))
    return found


def _against(row, other):
    """The ratio of two rows' times, process by process; what the first process told, if one has
    other processes than the other.
    """
    if other is None or len(row["runs"]) != len(other["runs"]):
        return row["against"] if other is not None else None
    found = _ratio(row["runs"], other["runs"])
    return {"row": other["name"], **found, "busy": bool(row["busy"] or other["busy"])}


def _ratio(runs, others):
    """The ratio of the middles of two rows' samples, process by process."""
    medians = [np.log([np.median(run) for run in one]) for one in (runs, others)]
    logs = medians[0] - medians[1]
    middle, low, high = interval(logs, np.random.default_rng(0))
    return {
        "ratio": float(np.exp(middle)),
        "low": float(np.exp(low)),
        "high": float(np.exp(high)),
        "word": word(low, high) if len(logs) >= FEWEST_RUNS else "undecided",
        "rounds": len(logs),
    }


def joined(records):
    """One record of several runs: medians of their medians, and each run's samples."""
    first = records[0]
    for k, table in enumerate(first["tables"]):
        for row in table["rows"]:
            same = [
                other
                for one in records
                for other in one["tables"][k]["rows"]
                if other["name"] == row["name"] and other["seconds"]
            ]
            if len(same) > 1:
                row["runs"] = [other["seconds"] for other in same]
                middle, low, high = over_runs(row["runs"])
                row.update(median=middle, low=low, high=high)
                row["busy"] = all(other["busy"] for other in same)
                if table["limit"]:
                    shares = [other["percent"] for other in same if other["percent"] is not None]
                    row["percent"] = float(np.median(shares))
        repeated = [row for row in table["rows"] if row.get("runs")]
        if table["problem"] in RACES:
            table["rows"].sort(key=lambda row: row["median"] or float("inf"))
            repeated.sort(key=lambda row: row["median"])
            others = [None, *repeated[:1] * len(repeated)]
        else:
            others = [None, *repeated]
        for row, other in zip(repeated, others, strict=False):
            row["against"] = _against(row, other)
        named = {row["name"]: row for row in repeated}
        for pair in table["beside"]:
            both = named.get(pair["name"]), named.get(pair["row"])
            if all(both) and len(both[0]["runs"]) == len(both[1]["runs"]):
                pair.update(_against(*both))
    for k, swept in enumerate(first["sweeps"]):
        _join_sweeps(swept, [one["sweeps"][k] for one in records])
    return first


def _join_sweeps(swept, same):
    """Put the middles of several processes' sweeps into the first one."""
    names = [None, *swept["rows"]]
    for above, name in zip(names, swept["rows"], strict=False):
        for place, point in enumerate(swept["rows"][name]):
            runs = [[one["rows"][name][place]["median"]] for one in same]
            point["median"], point["low"], point["high"] = over_runs(runs)
            point["busy"] = all(one["rows"][name][place]["busy"] for one in same)
            if above is not None:
                others = [[one["rows"][above][place]["median"]] for one in same]
                point["against"] = {**point["against"], **_ratio(runs, others)}
    limits = [[one["limit"][k] for one in same] for k in range(len(swept["limit"]))]
    swept["limit"] = [None if None in found else float(np.median(found)) for found in limits]
