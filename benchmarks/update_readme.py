"""Write the README's results table and picture from a bench.

python benchmarks/update_readme.py [bench.json]    the file of `linreg-fast bench --json`; without
                                                   one the bench is run first (about two minutes)
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from readme import HERE, write_section

from linreg_fast.bench import pictures, record
from linreg_fast.bench.table import digits
from linreg_fast.wording import amount, seconds

SHOWN = ("gradient", "fit")  # in the picture


def results(content):
    """The markdown between the markers."""
    facts = content["machine"]
    names = ("model", "cores", "vector", "blas", "python", "numba", "numpy", "scipy")
    told = ", ".join(f"{name} {facts[name]}" for name in (*names, "scikit-learn"))
    yield f"Measured on: {told}."
    if content["weather"]["sentence"]:
        yield ""
        yield f"{content['weather']['sentence']}."
    for table in content["tables"]:
        other = "x fastest" if table["problem"] == "fit" else "x above"
        yield ""
        yield f"**{record.TITLES[table['problem']]}**, {table['data']} {record.size_of(table)}:"
        yield table["sentence"]
        yield ""
        yield f"| | time | of limit | {other} | where the time goes | held beside | digits |"
        yield "|---|---:|---:|---:|---|---:|---:|"
        yield from map(_line, table["rows"])
    yield ""
    yield "~: measured on fewer rows and scaled. In brackets: 98% intervals."


def _line(row):
    if row["median"] is None:
        return f"| {row['name']} | {row['note'] or 'wrong'} | | | | | |"
    about = "~" if row["scaled"] else ""
    speed = record.speed_up(row["against"])
    ratio = f"{speed[0]:.2g} ({speed[1]:.2g}-{speed[2]:.2g})" if speed else ""
    return (
        f"| {row['name']} | {about}{seconds(row['median'])} | {record.percent(row['percent'])} | "
        f"{ratio} | {record.where(row)} | {amount(row['temporaries'])}B | "
        f"{digits(row['disagreement'])} |"
    )


def main():
    if len(sys.argv) > 1:
        content = record.loads(Path(sys.argv[1]).read_text(), sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bench.json"
            command = [sys.executable, "-m", "linreg_fast", "bench", "--json", str(path)]
            subprocess.run(command, check=True)
            content = record.loads(path.read_text())
    tables = [table for table in content["tables"] if table["data"] == "generated"]
    write_section("results", "\n".join(results({**content, "tables": tables})))
    shown = [table for table in tables if table["problem"] in SHOWN]
    pictures.save(HERE / "ladder.png", {"tables": shown})


if __name__ == "__main__":
    main()
