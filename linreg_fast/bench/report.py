"""The tables that `linreg-fast bench` prints, and the same numbers as JSON."""

import json
import os
import platform
from importlib.metadata import version

from linreg_fast.bench.cases import PROBLEMS, bytes_of, flops, generate, rows
from linreg_fast.bench.measure import measure
from linreg_fast.data import jsonfile
from linreg_fast.wording import amount, ratio, seconds

TITLES = {
    "mse": "mean squared error",
    "gradient": "gradient step",
    "moments": "normal-equation sums (moments)",
    "fit": "whole fit",
}


def machine():
    """What the numbers were measured on."""
    import numba

    packages = ("linreg_fast", "numba", "numpy", "scipy", "scikit-learn")
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": numba.get_num_threads(),
        "python": platform.python_version(),
        "system": platform.system(),
        **{name: version(name) for name in packages},
    }


def default_data(quick):
    """(label, X, y): the real data, and a generated problem that does not fit in the caches."""
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes()
    yield "diabetes", bunch.data, bunch.target
    n = 50_000 if quick else 1_000_000
    yield "generated", *generate(n, 10)


def run(data, problems=PROBLEMS, budget=0.5, on_row=None):
    """Measure every row of every problem on every (label, X, y): a list of tables."""
    tables = []
    for label, X, y in data:
        for problem in problems:
            measured = []
            for row in rows(problem):
                if on_row is not None:
                    on_row(f"{label} {len(X)} x {X.shape[1]}: {problem}, {row.name}")
                measured.append(measure(problem, row, X, y, budget))
            tables.append(
                {
                    "data": label,
                    "problem": problem,
                    "n_samples": len(X),
                    "n_features": X.shape[1],
                    "dtype": str(X.dtype),
                    "bytes": bytes_of(X, y),
                    "flops": flops(problem, *X.shape),
                    "rows": [row._asdict() for row in measured],
                }
            )
    return tables


def write_json(path, tables):
    """Machine and tables. A disagreement that is not a number at all is written as null."""
    for table in tables:
        for row in table["rows"]:
            if row["disagreement"] == float("inf"):
                row["disagreement"] = None
    content = {"machine": machine(), "tables": tables}
    jsonfile.write_text(path, json.dumps(content, indent=1, allow_nan=False))


def print_table(console, table):
    """One problem's table, with rich."""
    from rich.table import Table
    from rich.text import Text

    size = f"{table['n_samples']} x {table['n_features']} {table['dtype']}"
    console.print(
        f"\n[bold]{TITLES[table['problem']]}[/bold], {table['data']} {size}: "
        f"{amount(table['bytes'])}B to read at least, {amount(table['flops'])}flop"
    )
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    drawn.add_column("", no_wrap=True)
    headings = (
        "median",
        "min",
        "x loop",
        "x above",
        "moves",
        "temporaries",
        "agrees to",
        "compile",
    )
    for heading in headings:
        drawn.add_column(heading, justify="right", no_wrap=True)
    drawn.add_column("why", no_wrap=True)
    for cells, wrong in _cells(table["rows"]):
        style = "bold red" if wrong else ""
        drawn.add_row(*(Text(cell, style=style) for cell in cells))
    console.print(drawn)


def _cells(measured):
    loop = measured[0]["median"]
    above = None
    for row in measured:
        name = row["name"] + (f" (on {row['n_rows']} rows)" if row["scaled"] else "")
        found = f"{row['disagreement']:.0e}" if row["disagreement"] is not None else "not finite"
        if row["correct"] is None:
            yield (name, *["-"] * 8, row["note"]), False
            above = None
            continue
        if not row["correct"]:
            wrong = f"WRONG: {found}, allowed {row['tolerance']:.0e}"
            yield (name, "-", "-", "-", "-", "-", "-", found, "-", wrong), True
            above = None
            continue
        about = "~" if row["scaled"] else ""
        median = row["median"]
        yield (
            (
                name,
                about + seconds(median),
                about + seconds(row["minimum"]),
                ratio(loop, median),
                ratio(above, median),
                f"{amount(row['bytes'])}B",
                f"{amount(row['temporaries'])}B",
                "reference" if row["name"] == "scikit-learn" else found,
                seconds(row["first_call"]) if row["first_call"] > 0.05 else "-",
                row["why"],
            ),
            False,
        )
        above = median
