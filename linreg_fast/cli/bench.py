"""The command bench."""

import argparse
import math
import sys

from linreg_fast.cli.common import Command, Names, check_writable, closed_output, tell
from linreg_fast.cli.tables import add_columns, add_reading, read_rows

EXAMPLES = """\
  linreg-fast bench                              the real diabetes data and 1 000 000 x 10
  linreg-fast bench --quick --problem fit
  linreg-fast bench --n 200000 --p 50 --problem moments,fit
  linreg-fast bench --data houses.csv --target price --json result.json
  linreg-fast bench --data houses.csv --target price --features area,rooms
"""
LEGEND = """
Every time is of a row whose answer was compared with scikit-learn's method first: coefficients, or
predictions where the condition number leaves too few digits of coefficients to compare.
x loop: speed-up over the first row; x above: over the row above.
moves: bytes of the data that its passes read, at least; temporaries: most bytes it held beside.
~: measured on fewer rows and scaled. compile: what the first call took longer."""


def _checked_problems(options):
    """The problems asked for; a ValueError for options that contradict each other."""
    from linreg_fast.bench.cases import PROBLEMS

    asked = ",".join(PROBLEMS) if options.problem is None else options.problem
    problems = [name.strip() for name in asked.split(",") if name.strip()]
    for name in problems:
        if name not in PROBLEMS:
            raise ValueError(f"unknown problem {name!r}: choose of {', '.join(PROBLEMS)}")
    if not problems:
        raise ValueError(f"--problem names none: choose of {', '.join(PROBLEMS)}")
    if (options.data is None) != (options.target is None):
        raise ValueError("--data and --target go together")
    for name in ("features", "exclude", "categorical"):
        if getattr(options, name) is not None and options.data is None:
            raise ValueError(f"--{name} are columns of --data")
    if (options.n is None) != (options.p is None):
        raise ValueError("--n and --p go together")
    if options.data is not None and options.n is not None:
        raise ValueError("--data and --n are two different things to compare on: give one")
    return problems


def _bench_data(options):
    """(label, X, y) of each data set to compare on."""
    from linreg_fast.bench import cases, report

    if options.data is not None:
        rows = read_rows(options)
        X, y = rows.X, rows.y
        largest = max(abs(X).max(), abs(y).max())
        if not largest * largest * X.size < math.inf:
            raise ValueError(f"{options.data}: squares of these numbers overflow: use other units")
        return [(options.data, X, y)]
    if options.n is not None:
        return [("generated", *cases.generate(options.n, options.p))]
    return report.default_data(options.quick)


def run(options):
    problems = _checked_problems(options)
    if options.json is not None:
        check_writable(options.json, *filter(None, [options.data]))
    try:
        from rich.console import Console
    except ImportError:
        raise ImportError("bench needs rich: pip install 'linreg_fast[bench]'") from None

    from linreg_fast.bench import report

    class Screen(Console):
        def on_broken_pipe(self):  # rich would end with 1
            if options.json is None:
                raise BrokenPipeError
            closed_output()  # the numbers are wanted all the same

    data = _bench_data(options)
    # Tables are wider than 80 columns: where nobody's terminal cuts the lines, neither do we.
    console = Screen(width=None if sys.stdout.isatty() else 200, highlight=False)
    facts = report.machine()
    console.print(", ".join(f"{name} {value}" for name, value in facts.items()))
    tables = []
    wrong = []
    with Console(stderr=True).status("starting") as status:
        for piece in data:
            for problem in problems:
                budget = 0.1 if options.quick else 0.5
                (table,) = report.run([piece], [problem], budget, status.update)
                report.print_table(console, table)
                tables.append(table)
                wrong += [row["name"] for row in table["rows"] if row["correct"] is False]
    console.print(LEGEND)
    if options.json:
        report.write_json(options.json, tables)
        console.print(f"written to {options.json}")
    if wrong:
        tell(f"linreg-fast: {len(wrong)} wrong: {', '.join(wrong)}")
    return 1 if wrong else 0


def _problems():
    from linreg_fast.bench.cases import PROBLEMS

    return PROBLEMS


def _count(text):
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return number


def add_options(command):
    command.add_argument("--quick", action="store_true", help="less data, shorter timings")
    command.add_argument(
        "--problem",
        metavar="A,B",
        choices=Names(_problems, open=True),
        help="some of %(choices)s (default: all)",
    )
    command.add_argument("--n", type=_count, help="rows of generated data (with --p)")
    command.add_argument("--p", type=_count, help="features of generated data (with --n)")
    command.add_argument("--json", metavar="FILE", help="also write the numbers here")
    command.add_argument("--data", metavar="FILE", help="compare on this table (with --target)")
    add_columns(command, required=False)
    add_reading(command, "leaves them out and says how many")


COMMAND = Command(
    "bench", "run, check and time every rung and every solver", EXAMPLES, add_options, run
)
