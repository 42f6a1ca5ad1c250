"""Write the README's results table and picture from a bench.

python benchmarks/update_readme.py [bench.json]    the file of `linreg-fast bench --json`; without
                                                   one the bench is run first (about a minute)
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from readme import HERE, write_section

from linreg_fast.bench.report import TITLES
from linreg_fast.displays.pictures import save_ladders
from linreg_fast.wording import amount, ratio, seconds


def results(content):
    """The markdown between the markers."""
    facts = content["machine"]
    names = ("processor", "cores", "threads", "python", "numba", "numpy", "scipy", "scikit-learn")
    yield f"Measured on: {', '.join(f'{name} {facts[name]}' for name in names)}."
    for table in content["tables"]:
        yield ""
        size = f"{table['n_samples']:,} x {table['n_features']}".replace(",", " ")
        yield f"**{TITLES[table['problem']]}**, {table['data']} {size}"
        yield ""
        yield "| | median | min | x loop | temporaries | agrees with scikit-learn to |"
        yield "|---|---:|---:|---:|---:|---:|"
        loop = table["rows"][0]["median"]
        for row in table["rows"]:
            if row["correct"] is None:
                yield f"| {row['name']} | {row['note']} | | | | |"
                continue
            if not row["correct"]:
                yield f"| {row['name']} | wrong | | | | {row['disagreement']:.0e} |"
                continue
            about = "~" if row["scaled"] else ""
            found = "-" if row["name"] == "scikit-learn" else f"{row['disagreement']:.0e}"
            yield (
                f"| {row['name']} | {about}{seconds(row['median'])} | {about}"
                f"{seconds(row['minimum'])} | {ratio(loop, row['median'])} | "
                f"{amount(row['temporaries'])}B | {found} |"
            )
    yield ""
    yield "~: measured on fewer rows and scaled."


def main():
    if len(sys.argv) > 1:
        content = json.loads(Path(sys.argv[1]).read_text())
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bench.json"
            command = [sys.executable, "-m", "linreg_fast", "bench", "--json", str(path)]
            subprocess.run(command, check=True)
            content = json.loads(path.read_text())
    shown = {**content, "tables": [t for t in content["tables"] if t["data"] == "generated"]}
    write_section("results", "\n".join(results(shown)))
    first = shown["tables"][0]
    size = f"{first['n_samples']:,} x {first['n_features']}".replace(",", " ")
    tables = [t for t in shown["tables"] if t["problem"] in ("gradient", "fit")]
    save_ladders(HERE / "ladder.png", tables, f"{size} random numbers, every answer checked")


if __name__ == "__main__":
    main()
