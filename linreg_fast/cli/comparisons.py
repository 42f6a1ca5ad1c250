"""The commands bench, demo and info."""

import math
import sys

from linreg_fast.cli.common import (
    check_picture,
    check_writable,
    closed_output,
    patience,
    read_problem,
)

PROBLEMS = ("mse", "gradient", "moments", "fit")
BENCH_LEGEND = """
Every time is of a row whose answer was compared with scikit-learn's method first: coefficients, or
predictions where the condition number leaves too few digits of coefficients to compare.
x loop: speed-up over the first row; x above: over the row above.
moves: bytes of the data that its passes read, at least; temporaries: most bytes it held beside.
~: measured on fewer rows and scaled. compile: what the first call took longer."""


def _checked_problems(options):
    """The problems asked for; a ValueError for options that contradict each other."""
    problems = [name.strip() for name in options.problem.split(",") if name.strip()]
    for name in problems:
        if name not in PROBLEMS:
            raise ValueError(f"unknown problem {name!r}: choose of {', '.join(PROBLEMS)}")
    if not problems:
        raise ValueError(f"--problem names none: choose of {', '.join(PROBLEMS)}")
    if (options.data is None) != (options.target is None):
        raise ValueError("--data and --target go together")
    if options.features is not None and options.data is None:
        raise ValueError("--features are columns of --data")
    if (options.n is None) != (options.p is None):
        raise ValueError("--n and --p go together")
    if options.data is not None and options.n is not None:
        raise ValueError("--data and --n are two different things to compare on: give one")
    return problems


def _bench_data(options):
    """(label, X, y) of each data set to compare on."""
    from linreg_fast.bench import cases, report

    if options.data is not None:
        with patience(f"reading {options.data}"):
            X, y, _, _ = read_problem(options.data, options.target, options.features)
        largest = max(abs(X).max(), abs(y).max())
        if not largest * largest * X.size < math.inf:
            raise ValueError(f"{options.data}: squares of these numbers overflow: use other units")
        return [(options.data, X, y)]
    if options.n is not None:
        return [("generated", *cases.generate(options.n, options.p))]
    return report.default_data(options.quick)


def bench(options):
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
    console.print(BENCH_LEGEND)
    if options.json:
        report.write_json(options.json, tables)
        console.print(f"written to {options.json}")
    if wrong:
        print(f"linreg-fast: {len(wrong)} wrong: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


def demo(options):
    from linreg_fast import datasets, demos

    picture = f"demo_{options.name}.png" if options.plot is None else options.plot
    if options.plot is not None:
        if options.no_plot:
            raise ValueError("--plot and --no-plot contradict each other: give one")
        check_picture(picture)
    elif not options.no_plot:
        check_writable(picture)
    data = datasets.load(options.name)
    with patience("running (the first time, compiling too)"):
        demo = demos.run(data)
    print("\n".join(demos.describe(data, demo)))
    if not options.no_plot:
        from linreg_fast.displays import pictures as plots

        try:
            plots.save_demo(picture, data, demo.model, demo.descent)
        except ImportError as error:
            if options.plot is not None:
                raise
            print(f"\nno picture: {error}")
        else:
            print(f"\npicture written to {picture}")
    return 1 if demo.wrong else 0


def info(options):
    import numpy as np

    from linreg_fast.bench.report import machine
    from linreg_fast.data.gate import frozen
    from linreg_fast.kernels import RUNGS
    from linreg_fast.kernels.rungs import jit
    from linreg_fast.runtime import launch

    # Numba knows its threading layer, and we the cache folder, once a parallel kernel has run.
    one = frozen(np.ones((1, 1)))
    with patience("compiling"):
        RUNGS["parallel"].kernels.mse(one, one[0], one[0], 1.0)
    for name, value in machine().items():
        print(f"{name:16}{value}")
    print(f"{'layer':16}{launch.threading_layer()}")
    stats = getattr(jit.mse_block, "stats", None)  # None where NUMBA_DISABLE_JIT is set
    print(f"{'cache folder':16}{stats and stats.cache_path}")
    return 0
