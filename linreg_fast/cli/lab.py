"""The options of bench that measure, compare, draw and keep; what `bench` does with them."""

import argparse
import os
import sys

from linreg_fast.cli.common import check_picture, check_writable, closed_output, tell

SWEEPS = ("rows", "columns", "condition")
QUICK_SECONDS, SECONDS = 0.08, 0.4  # of samples for each row
# What each of several processes is told, too.
ALWAYS_REPEATED = ("quick", "peers", "n", "p", "seconds", "rows", "add", "sweep")
OF_TABLES = ("data", "target", "features", "exclude", "categorical", "delimiter", "decimal")
REPEATED = (*ALWAYS_REPEATED, *OF_TABLES, "encoding", "missing")
EXAMPLES = """\
  linreg-fast bench --add my_solver.py --peers --problem fit
  linreg-fast bench --add "sklearn.linear_model:Ridge(alpha=1e-12)" --problem fit
  linreg-fast bench --html report.html --json today.json
  linreg-fast bench --against yesterday.json --runs 5
  linreg-fast bench --sweep rows --problem gradient --plot sizes.svg
"""
LEGEND = """
Every time belongs to an answer that was compared with scikit-learn's method
first: coefficients, or predictions where the condition number leaves too few
digits of coefficients to compare.
time: median of undisturbed samples. of limit: the limit is to read X and y
once, or to do the multiply-adds, whichever takes longer, measured in the same
rounds. x above (x fastest): how many times as fast as the row above (the
fastest row), with its 98% interval; ? undecided, = the same. where the time
goes: the two largest parts above the limit; the call is what a few rows take,
moved again are further reads of X and large temporaries, waiting is for a core
that others use, instructions are the rest. reads: times that X is read. beside:
most bytes of NumPy arrays held. digits: right ones of the answer. ~: fewer
rows, scaled. busy: others used the machine.
--problem people: correlated columns, frames, many targets, first calls."""
OF_SOURCES = """
Files: coefficients are compared with least squares in pairs of doubles first;
of the others' the digits are told, and none is called wrong. time: median of
the rounds, disturbed or not; rows that take many times as long as the fastest
run in the first rounds only. x fastest: how many times as fast as the fastest
row, with its 98% interval; ? undecided, = the same. beside: most that the
process held in a first fit beyond what it held before."""


def _positive(kind):
    def read(text):
        try:
            number = kind(text)
        except ValueError:
            number = 0
        if not 0 < number < float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
        return number

    return read


def add_options(command):
    command.add_argument(
        "--add",
        metavar="WHAT",
        action="append",
        default=[],
        help="a row of your own: FILE.py, or module:expression (repeatable)",
    )
    command.add_argument("--peers", action="store_true", help="and the other libraries installed")
    command.add_argument("--rows", metavar="A,B", help="only these rows (default: all)")
    command.add_argument("--sweep", choices=SWEEPS, help="over rows, columns or condition numbers")
    command.add_argument(
        "--seconds", type=_positive(float), help=f"of samples for each row ({SECONDS:g})"
    )
    command.add_argument(
        "--runs", type=_positive(int), default=1, help="in so many fresh processes (1)"
    )
    command.add_argument("--against", metavar="FILE", help="compare with a saved --json")
    command.add_argument("--html", metavar="FILE", help="write a report: one file")
    command.add_argument("--plot", metavar="FILE", help="draw the pictures (svg, png, pdf)")


def _check_files(options):
    """The saved run, or None. A ValueError for files that cannot be read, written or both."""
    inputs = [path for path in (options.data, options.against) if path is not None]
    outputs = [path for path in (options.json, options.html, options.plot) if path is not None]
    real = [os.path.realpath(path) for path in outputs]
    if len(set(real)) < len(real):
        raise ValueError("--json, --html and --plot name one file twice")
    for path in outputs:
        check = check_picture if path == options.plot else check_writable
        check(path, *inputs)
    if options.against is None:
        return None
    from linreg_fast.bench import record

    with open(options.against, encoding="utf-8") as file:
        return record.loads(file.read(), options.against)


def _plan(options, problems):
    from linreg_fast.bench.session import RUNG_PROBLEMS, Plan

    seconds = QUICK_SECONDS if options.quick else SECONDS
    wanted = [name.strip() for name in (options.rows or "").split(",") if name.strip()]
    if options.rows is not None and not wanted:
        raise ValueError("--rows names none")
    if options.sweep in ("rows", "columns") and not set(problems) & set(RUNG_PROBLEMS):
        raise ValueError(f"--sweep {options.sweep} is of {', '.join(RUNG_PROBLEMS)}: --problem")
    return Plan(
        problems=tuple(problems),
        seconds=seconds if options.seconds is None else options.seconds,
        rows=tuple(wanted),
        add=tuple(options.add),
        peers=options.peers,
        quick=options.quick,
        size=None if options.n is None else (options.n, options.p),
        sweep=options.sweep,
        runs=options.runs,
    )


def _screen(options):
    try:
        from rich.console import Console
    except ImportError:
        raise ImportError("bench needs rich: pip install 'linreg_fast[bench]'") from None

    files = (options.json, options.html, options.plot)

    class Screen(Console):
        def on_broken_pipe(self):  # rich would end with 1
            if not any(files):
                raise BrokenPipeError
            closed_output()  # the numbers are wanted all the same

    # Where nobody's terminal cuts the lines, neither do we.
    return Screen(width=None if sys.stdout.isatty() else 200, highlight=False, markup=True)


def run(options, problems, data):
    """Bench `problems` on what `data()` gives; the exit code.

    options: the parsed ones of `add_options`, with quick, data and json.
    """
    saved = _check_files(options)
    plan = _plan(options, problems)
    console = _screen(options)
    from rich.console import Console

    from linreg_fast.bench import against, record
    from linreg_fast.bench.cases import SOURCES
    from linreg_fast.bench.session import Session
    from linreg_fast.bench.table import print_table

    with Console(stderr=True).status("starting", refresh_per_second=2) as status:
        session = Session(plan, status.update)
        session.check_rows()
        console.print(", ".join(f"{k} {v}" for k, v in session.record["machine"].items()))
        try:
            if plan.runs > 1:
                _in_processes(session, options, status.update)
                for table in session.record["tables"]:
                    print_table(console, table)
            else:
                session.run(data(), lambda table: print_table(console, table))
        except KeyboardInterrupt:
            if not session.record["tables"]:
                raise
            _write(session.record, options, console)
            raise
        if saved is not None:
            against.check(session.record, saved, options.against)
            session.record["against"] = against.compare(session.record, saved)
        if options.html:
            status.update("what the compiler made of it")
            session.record["code"] = _code(session.record)
    legends = [LEGEND] if set(problems) - {SOURCES} else []
    for legend in [*legends, *([OF_SOURCES] if SOURCES in problems else [])]:
        console.print(legend)
    _print_rest(console, session.record)
    _write(session.record, options, console)
    wrong = record.all_wrong(session.record)
    if wrong:
        tell(f"linreg-fast: {len(wrong)} wrong: {', '.join(wrong)}")
    return 1 if wrong else 0


def _print_rest(console, found):
    """What is said below the tables: the weather, digits by condition, the comparison."""
    from linreg_fast.bench import against
    from linreg_fast.bench.table import digits_lines, sweep_lines

    if found["weather"] and found["weather"]["sentence"]:
        console.print(found["weather"]["sentence"])
    for swept in found["sweeps"]:
        for line in sweep_lines(swept):
            console.print(line, soft_wrap=True, markup=False)
    if found["digits"]:
        for line in digits_lines(found["digits"]):
            console.print(line, soft_wrap=True, markup=False)
    if found["against"] is not None:
        for line in against.in_words(found["against"]):
            console.print(line, soft_wrap=True, markup=False)


def _in_processes(session, options, tell):
    """Fill the session's record from fresh processes with the same options."""
    from linreg_fast.bench.runs import in_processes, joined

    arguments = ["--problem", ",".join(session.plan.problems)]
    for name in REPEATED if options.data is not None else ALWAYS_REPEATED:
        value = getattr(options, name, None)
        for one in value if isinstance(value, list) else [value]:
            if one is True:
                arguments.append(f"--{name}")
            elif one:
                arguments.append(f"--{name}={one}")
    found = joined(in_processes(arguments, options.runs, tell))
    session.record.update({key: found[key] for key in ("weather", "tables", "sweeps", "digits")})


def _code(found):
    from linreg_fast.bench.code import of_tables

    return of_tables(found["tables"])


def _write(found, options, console):
    """Write what was asked for: the record, the report, the pictures."""
    if options.json:
        from linreg_fast.bench import record
        from linreg_fast.data import jsonfile

        jsonfile.write_text(options.json, record.dumps(found))
        console.print(f"written to {options.json}")
    if options.html:
        from linreg_fast.bench import page
        from linreg_fast.runtime import atomic

        atomic.write_bytes(options.html, page.page(found).encode())
        console.print(f"report written to {options.html}")
    if options.plot:
        from linreg_fast.bench import pictures

        pictures.save(options.plot, found)
        console.print(f"pictures written to {options.plot}")
