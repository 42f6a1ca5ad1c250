"""Write the README's table of many fits at once from a bench.

python benchmarks/many.py [bench.json]    the file of `linreg-fast bench --problem groups,rolling,
                                          cv,screen --peers --json`; without one it is run first
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from readme import write_section

from linreg_fast.bench import record
from linreg_fast.bench.cases import MANY
from linreg_fast.wording import seconds


def section(content):
    """The markdown between the markers."""
    facts = content["machine"]
    names = ("model", "cores", "vector", "python", "numba", "numpy", "scikit-learn")
    yield "Measured on: " + ", ".join(f"{name} {facts[name]}" for name in names) + "."
    yield ""
    yield "| | data | row | time | times the time of the fastest |"
    yield "|---|---|---|---:|---:|"
    for table in content["tables"]:
        if table["problem"] not in MANY:
            continue
        fastest = min(row["median"] for row in record.timed(table))
        title, size = record.TITLES[table["problem"]], record.size_of(table)
        for row in record.timed(table):
            about = "~" if row["scaled"] else ""
            times = "" if row["median"] == fastest else f"{row['median'] / fastest:.3g}"
            time = about + seconds(row["median"])
            yield f"| {title} | {size} | {row['name']} | {time} | {times} |"
            title = size = ""
    yield ""
    yield "~: measured on fewer rows and scaled. Every answer was compared with LAPACK's first."
    if content["weather"]["sentence"]:
        yield f"{content['weather']['sentence']}."


def main():
    if len(sys.argv) > 1:
        content = record.loads(Path(sys.argv[1]).read_text(), sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bench.json"
            asked = ["--problem", ",".join(MANY), "--peers", "--json", str(path)]
            subprocess.run([sys.executable, "-m", "linreg_fast", "bench", *asked], check=True)
            content = record.loads(path.read_text())
    write_section("many", "\n".join(section(content)))


if __name__ == "__main__":
    main()
