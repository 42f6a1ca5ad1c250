"""The tables that `linreg-fast bench` prints, and the same numbers as JSON."""

import json
import os
import platform
from importlib.metadata import version

from linreg_fast.bench.cases import PROBLEMS, bytes_of, flops, generate, rows
from linreg_fast.bench.measure import measure
from linreg_fast.data import jsonfile
from linreg_fast.runtime.interrupt import interruptible
from linreg_fast.runtime.tuning import ALWAYS
from linreg_fast.wording import amount, ratio, seconds

HEADINGS = (
    "",
    "median",
    "min",
    "x loop",
    "x above",
    "moves",
    "temporaries",
    "agrees to",
    "compile",
    "why",
)
WHY = len(HEADINGS) - 1
LEFT = (0, WHY)
FIRST_TO_GO = (WHY, *map(HEADINGS.index, ("compile", "moves", "x above", "min")))

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
                # Some rows take seconds in one call of NumPy.
                measured.append(interruptible(ALWAYS, measure, problem, row, X, y, budget))
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
    lines = list(_cells(table["rows"]))
    shown = _columns_that_fit([cells for cells, _ in lines], console.width)
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in shown:
        side = "left" if column in LEFT else "right"
        drawn.add_column(HEADINGS[column], justify=side, no_wrap=True)
    for cells, wrong in lines:
        style = "bold red" if wrong else ""
        drawn.add_row(*(Text(cells[column], style=style) for column in shown))
    console.print(drawn)
    if WHY not in shown:
        for cells, wrong in lines:
            console.print(f"  {cells[0]}: {cells[WHY]}", style="bold red" if wrong else "")


def _columns_that_fit(lines, width):
    """Columns, without those that a narrow terminal can best do without."""
    widths = [max(len(cell) for cell in column) for column in zip(HEADINGS, *lines, strict=True)]
    shown = list(range(len(HEADINGS)))
    for column in FIRST_TO_GO:
        if sum(widths[c] + 2 for c in shown) - 2 > width:
            shown.remove(column)
    return shown


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
                found,
                seconds(row["first_call"]) if row["first_call"] > 0.05 else "-",
                row["why"],
            ),
            False,
        )
        above = median
