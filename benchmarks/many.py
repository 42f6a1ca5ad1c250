"""Write the README's table of many fits at once from a bench.

python benchmarks/many.py [bench.json]    the file of `linreg-fast bench --problem groups,rolling,
                                          cv,screen,p_values --peers --json`; else it is run first
"""

from from_bench import content, measured_on
from readme import write_section

from linreg_fast.bench import record
from linreg_fast.bench.cases import MANY
from linreg_fast.wording import seconds

FACTS = ("model", "cores", "vector", "python", "numba", "numpy", "scikit-learn")


def section(found):
    """The markdown between the markers."""
    yield from measured_on(found, *FACTS)
    yield ""
    yield "| | data | row | time | times the time of the fastest |"
    yield "|---|---|---|---:|---:|"
    for table in found["tables"]:
        if table["problem"] not in MANY:
            continue
        fastest = min(row["median"] for row in record.timed(table))
        title, size = record.TITLES[table["problem"]], record.size_of(table)
        size += "" if table["data"] == "generated" else f", {table['data'].rstrip(',')}"
        for row in record.timed(table):
            about = "~" if row["scaled"] else ""
            times = "" if row["median"] == fastest else f"{row['median'] / fastest:.3g}"
            time = about + seconds(row["median"])
            yield f"| {title} | {size} | {row['name']} | {time} | {times} |"
            title = size = ""
    yield ""
    yield "~: measured on fewer rows and scaled. Every answer was compared with LAPACK's first."


if __name__ == "__main__":
    found = content(__doc__, "--problem", ",".join(MANY), "--peers")
    write_section("many", "\n".join(section(found)))
