"""Write the README's table of fits of the data that people have, from a bench.

python benchmarks/people.py [bench.json]    the file of `linreg-fast bench --problem people --peers
                                            --json`; without one it is run first, five minutes
"""

from from_bench import content, measured_on
from readme import write_section

from linreg_fast.bench import record
from linreg_fast.bench.cases import PEOPLE
from linreg_fast.wording import seconds

FACTS = ("model", "processor", "vector", "cores", "python", "numpy", "scikit-learn")
THEIRS = ("scikit-learn", "numpy normal equations", "scikit-learn-intelex", "polars-ds")


def _cells(table, names):
    """Lines of a table: each row of ours that is not there only to be compared with."""
    found = {row["name"]: row for row in record.timed(table)}
    alone = {pair["row"] for pair in table["beside"]}
    for row in record.timed(table):
        if row["kind"] != "ours" or row["name"] in alone:
            continue
        pair = next((one for one in table["beside"] if one["name"] == row["name"]), None)
        which = row["name"].partition(", ")[2]
        if table["problem"] == "first":
            which = row["name"]
        yield (
            which,
            seconds(row["median"]),
            f"{pair['ratio']:.2f}" if pair and pair["ratio"] else "",
            *(_peer(found, name, which, row) for name in names),
        )


def _peer(found, name, which, row):
    peer = found.get(f"{name}, {which}") or found.get(name)
    return f"{seconds(peer['median'])} ({peer['median'] / row['median']:.1f})" if peer else ""


def section(found):
    """The markdown between the markers."""
    yield from measured_on(found, *FACTS)
    tables = [table for table in found["tables"] if table["problem"] in PEOPLE]
    there = {row["name"].partition(", ")[0] for t in tables for row in record.timed(t)}
    names = [name for name in THEIRS if name in there]
    yield ""
    yield f"| | linreg_fast | over beside | {' | '.join(names)} |"
    yield "|---|" + "---:|" * (2 + len(names))
    for table in tables:
        label = f"{table['data'].rstrip(',')}" if table["data"] != "generated" else ""
        for which, *cells in _cells(table, names):
            told = (record.SHORT[table["problem"]], label, which)
            about = ", ".join(filter(None, told))
            yield f"| {record.size_of(table)}, {about} | {' | '.join(cells)} |"


if __name__ == "__main__":
    found = content(__doc__, "--problem", "people", "--peers")
    write_section("people", "\n".join(section(found)))
