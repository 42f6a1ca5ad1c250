"""Write the README's table of fits of one file from a bench.

python benchmarks/sources.py [bench.json]    the file of `linreg-fast bench --problem sources
                                             --peers --json`; without one it is run first, which
                                             takes ten minutes
"""

from from_bench import content, measured_on
from readme import write_section

from linreg_fast.bench import record
from linreg_fast.bench.table import digits
from linreg_fast.wording import seconds

FACTS = ("model", "processor", "cores", "python", "numba", "numpy", "scikit-learn")
MEBIBYTE = 1 << 20


def _cells(row, first, pairs):
    """Time; times that of the row which all are held against, of processor time too; MB; digits."""
    used, least = row["median"] * row["cores"], first["median"] * first["cores"]
    held = "" if row["temporaries"] is None else f"{row['temporaries'] / MEBIBYTE:.0f}"
    ratio = pairs[row["name"]]["ratio"] if row["name"] in pairs else 1.0
    right = digits(row["disagreement"]).replace("-", "")
    yield from (seconds(row["median"]), f"{ratio:.2f}", f"{used / least:.2f}", held, right)


def section(found):
    """The markdown between the markers."""
    yield from measured_on(found, *FACTS)
    if found["weather"]["load"] is not None:
        load, cores = found["weather"]["load"], found["machine"]["cores"]
        yield f"At the end the machine had a load of {load:.1f} on {cores} cores."
    for table in found["tables"]:
        pairs = {pair["name"]: pair for pair in table["beside"]}
        timed = record.timed(table)
        held = [pair["row"] for pair in table["beside"]]  # all against one
        name = (held or [row["name"] for row in timed] or ["none"])[0]
        first = next((row for row in timed if row["name"] == name), None)
        yield ""
        yield f"**{table['data']} {record.size_of(table)}**"
        yield ""
        yield f"| | time | times {name} | of processors | MB | digits |"
        yield "|---|---:|---:|---:|---:|---:|"
        for row in timed:
            yield f"| {row['name']} | {' | '.join(_cells(row, first, pairs))} |"
        for row in table["rows"]:
            if row["median"] is None:
                yield f"| {row['name']} | {row['note']} | | | | |"


if __name__ == "__main__":
    found = content(__doc__, "--problem", "sources", "--peers")
    write_section("sources", "\n".join(section(found)))
