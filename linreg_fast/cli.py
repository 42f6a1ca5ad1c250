"""The command line: fit, predict, score, bench, demo, info.

Exit codes: 0, 1 when a check failed, 2 for usage and unusable input. Heavy imports happen inside
the commands, so `--help` and `--version` are quick.
"""

import argparse
import contextlib
import os
import sys
import threading
import time
import warnings

from linreg_fast import __version__

PROBLEMS = ("mse", "gradient", "moments", "fit")
DEMOS = ("age", "drug", "diabetes", "line")

FIT_HELP = """examples:
  linreg-fast fit houses.csv --target price
  linreg-fast fit houses.csv --target price --features area,rooms --out model.json
  linreg-fast fit houses.parquet --target price --weights n_sold --solver svd
"""
PREDICT_HELP = """examples:
  linreg-fast predict model.json new_houses.csv
  linreg-fast predict model.json new_houses.csv --out predicted.csv
"""
SCORE_HELP = """example:
  linreg-fast score model.json test_houses.csv
"""
BENCH_HELP = """examples:
  linreg-fast bench                              the real diabetes data and 1 000 000 x 10
  linreg-fast bench --quick --problem fit
  linreg-fast bench --n 200000 --p 50 --problem moments,fit
  linreg-fast bench --data houses.csv --target price --json result.json
"""
BENCH_LEGEND = """
Every time is of a row whose answer was compared with scikit-learn first.
x loop: speed-up over the first row; x above: over the row above.
moves: bytes that its passes over the data read; temporaries: most bytes it held beside them.
~: measured on fewer rows and scaled. compile: what the first call took longer."""
DEMO_HELP = """examples:
  linreg-fast demo age
  linreg-fast demo diabetes --plot picture.png
"""


def _parser():
    parser = argparse.ArgumentParser(
        prog="linreg-fast",
        description="Least squares at the speed of memory, with digits you can trust.",
        epilog="linreg-fast COMMAND --help shows examples of each.",
    )
    parser.add_argument("--version", action="version", version=f"linreg-fast {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name, run, help, epilog=None):
        command = commands.add_parser(
            name,
            help=help,
            description=help[0].upper() + help[1:] + ".",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(run=run)
        return command

    fit = add(
        "fit", _fit, "fit a table: equation, coefficients, R2, rank, why this solver", FIT_HELP
    )
    fit.add_argument("data", metavar="DATA", help="CSV; Parquet or Feather with the extra 'arrow'")
    fit.add_argument("--target", required=True, help="the column to explain")
    fit.add_argument("--features", help="columns to explain it by, a,b,c; default: all the others")
    fit.add_argument("--weights", help="a column of row weights, 0 or more")
    fit.add_argument("--solver", default="auto", help="auto (default) or a solver's name")
    fit.add_argument("--out", metavar="FILE", help="write the model as JSON")

    predict = add("predict", _predict, "predict with a model that fit wrote", PREDICT_HELP)
    predict.add_argument("model", metavar="MODEL", help="the JSON file of fit --out")
    predict.add_argument("data", metavar="DATA", help="a table with the model's columns")
    predict.add_argument("--out", metavar="FILE", help="write a CSV here, not to the screen")

    score = add("score", _score, "R2 and MSE of a model on a table", SCORE_HELP)
    score.add_argument("model", metavar="MODEL", help="the JSON file of fit --out")
    score.add_argument(
        "data", metavar="DATA", help="a table with the model's columns and its target"
    )

    bench = add("bench", _bench, "run, check and time every rung and every solver", BENCH_HELP)
    bench.add_argument("--quick", action="store_true", help="less data, shorter timings")
    bench.add_argument("--problem", default=",".join(PROBLEMS), help="of mse,gradient,moments,fit")
    bench.add_argument("--data", metavar="FILE", help="compare on this table (with --target)")
    bench.add_argument("--target", help="the column of --data to explain")
    bench.add_argument("--n", type=_count, help="rows of generated data (with --p)")
    bench.add_argument("--p", type=_count, help="features of generated data (with --n)")
    bench.add_argument("--json", metavar="FILE", help="also write the numbers here")

    demo = add("demo", _demo, "a teaching text's run: what it printed and what is true", DEMO_HELP)
    demo.add_argument("name", choices=DEMOS)
    demo.add_argument("--plot", metavar="FILE", help="where the picture goes (demo_NAME.png)")
    demo.add_argument("--no-plot", action="store_true", help="draw no picture")

    add("info", _info, "versions, threads, cache: what a bug report needs")
    return parser


def _count(text):
    number = int(text.replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return number


def main(arguments=None):
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return options.run(options)
    except BrokenPipeError:  # the reader of a pipe has had enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError, ImportError, MemoryError) as error:
        text = str(error) or type(error).__name__
        if isinstance(error, OSError) and error.filename is not None:
            text = f"{error.filename}: {error.strerror}"
        print(f"linreg-fast: error: {text}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("linreg-fast: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        print(
            f"linreg-fast: internal error: {type(error).__name__}: {error}\n"
            "please report it with the output of `linreg-fast info`",
            file=sys.stderr,
        )
        return 2


def _show_warning(message, category, filename, lineno, file=None, line=None):
    print(f"linreg-fast: warning: {message}", file=sys.stderr)


@contextlib.contextmanager
def _patience(what):
    """Tell the user, from two seconds on, that it is still going on."""
    done, started = threading.Event(), time.monotonic()

    def tell():
        while not done.wait(2):
            print(f"{what}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _read_problem(path, target, features=None, weights=None):
    """(X, y, weights or None, feature names) of a table."""
    from linreg_fast.files.table import column_names, read_table

    if features is None:
        names = [name for name in column_names(path) if name not in (target, weights)]
        if target not in column_names(path):
            raise ValueError(f"{path} has no column {target!r}: it has {', '.join(names)}")
    else:
        names = [name.strip() for name in features.split(",") if name.strip()]
        if target in names:
            raise ValueError(f"--target {target!r} is among --features too")
    if not names:
        raise ValueError(f"{path} has no columns to explain {target!r} by")
    if len(set(names)) != len(names):
        raise ValueError(f"--features names a column twice: {features}")
    table = read_table(path, [*names, target, *([weights] if weights else [])])
    p = len(names)
    return (
        table.values[:, :p],
        table.values[:, p],
        table.values[:, p + 1] if weights else None,
        names,
    )


def _check_folder(path):
    """Fail before the work if a result could not be written after it."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ValueError(f"cannot write {path}: there is no folder {folder}")
    if os.path.isdir(path) or not os.access(folder, os.W_OK):
        raise ValueError(f"cannot write {path}")


def _fit(options):
    if options.out:
        _check_folder(options.out)
    with _patience(f"reading {options.data}"):
        X, y, weights, names = _read_problem(
            options.data, options.target, options.features, options.weights
        )

    from linreg_fast.data.functional import mse
    from linreg_fast.estimators.linear_regression import LinearRegression
    from linreg_fast.files.model import Model
    from linreg_fast.solvers import SOLVERS
    from linreg_fast.wording import equation

    able = SOLVERS.get(options.solver)
    estimator = LinearRegression(solver=options.solver, positive=able is not None and able.positive)
    started = time.perf_counter()
    with _patience("fitting"):
        estimator.fit(X, y, weights)
    taken = time.perf_counter() - started
    loss = mse(X, y, estimator.coef_, estimator.intercept_, weights)
    details = {
        "n_samples": len(X),
        "r2": estimator.score(X, y, weights) if len(X) > 1 else None,
        "mse": loss,
        "rank": estimator.rank_,
        "condition_number": _finite(estimator.condition_number_),
        "solver": estimator.solver_,
        "reason": estimator.solver_reason_,
    }
    model = Model(names, options.target, estimator.coef_, float(estimator.intercept_), details)
    print(equation(model.coef, model.intercept, names, options.target))
    print()
    width = max(len(name) for name in [*names, "intercept"])
    for name, value in [*zip(names, model.coef, strict=True), ("intercept", model.intercept)]:
        print(f"  {name:{width}}  {value: .15g}")
    print()
    if details["r2"] is not None:
        print(f"R2         {details['r2']:.6f}")
    print(f"MSE        {loss:.6g}")
    print(f"rows       {len(X)}")
    print(f"rank       {estimator.rank_} of {len(names)}")
    print(f"condition  {estimator.condition_number_:.3g} (centred, unit columns)")
    print(f"solver     {estimator.solver_}: {estimator.solver_reason_}")
    print(f"time       {taken * 1e3:.1f} ms, compiling or loading the kernels included")
    if options.out:
        model.save(options.out)
        print(f"written to {options.out}")
    return 0


def _finite(number):
    return number if number < float("inf") else None


def _predict(options):
    from linreg_fast.data.jsonfile import write_text
    from linreg_fast.files.model import Model
    from linreg_fast.files.table import read_table

    if options.out:
        _check_folder(options.out)
    model = Model.load(options.model)
    with _patience(f"reading {options.data}"):
        predicted = model.predict(read_table(options.data, model.features).values)
    header = f'"{model.target}"' if any(c in model.target for c in ',"\n\r') else model.target
    text = "\n".join([header, *(repr(value) for value in predicted.tolist()), ""])
    if options.out:
        write_text(options.out, text)
        print(f"{len(predicted)} predictions written to {options.out}")
    else:
        sys.stdout.write(text)
    return 0


def _score(options):
    from sklearn.metrics import mean_squared_error, r2_score

    from linreg_fast.files.model import Model
    from linreg_fast.files.table import read_table

    model = Model.load(options.model)
    with _patience(f"reading {options.data}"):
        table = read_table(options.data, [*model.features, model.target])
    actual, predicted = table.values[:, -1], model.predict(table.values[:, :-1])
    if len(actual) > 1:
        print(f"R2    {r2_score(actual, predicted):.6f}")
    print(f"MSE   {mean_squared_error(actual, predicted):.6g}")
    print(f"rows  {len(actual)}")
    return 0


def _bench(options):
    problems = [name.strip() for name in options.problem.split(",") if name.strip()]
    for name in problems:
        if name not in PROBLEMS:
            raise ValueError(f"unknown problem {name!r}: choose of {', '.join(PROBLEMS)}")
    if not problems:
        raise ValueError(f"--problem names none: choose of {', '.join(PROBLEMS)}")
    if (options.data is None) != (options.target is None):
        raise ValueError("--data and --target go together")
    if (options.n is None) != (options.p is None):
        raise ValueError("--n and --p go together")
    if options.data is not None and options.n is not None:
        raise ValueError("--data and --n are two different things to compare on: give one")
    if options.json:
        _check_folder(options.json)
    try:
        from rich.console import Console
    except ImportError:
        raise ImportError("bench needs rich: pip install 'linreg_fast[bench]'") from None

    from linreg_fast.bench import report
    from linreg_fast.bench.cases import generate

    if options.data is not None:
        with _patience(f"reading {options.data}"):
            X, y, _, _ = _read_problem(options.data, options.target)
        data = [(options.data, X, y)]
    elif options.n is not None:
        data = [("generated", *generate(options.n, options.p))]
    else:
        data = report.default_data(options.quick)

    # Tables are wider than 80 columns: where nobody's terminal cuts the lines, neither do we.
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    facts = report.machine()
    console.print(", ".join(f"{name} {value}" for name, value in facts.items()))
    tables = []
    wrong = 0
    with Console(stderr=True).status("starting") as status:
        for piece in data:
            for problem in problems:
                budget = 0.1 if options.quick else 0.5
                (table,) = report.run([piece], [problem], budget, status.update)
                report.print_table(console, table)
                tables.append(table)
                wrong += sum(row["correct"] is False for row in table["rows"])
    console.print(BENCH_LEGEND)
    if options.json:
        report.write_json(options.json, tables)
        console.print(f"written to {options.json}")
    if wrong:
        print(f"linreg-fast: {wrong} rows are wrong", file=sys.stderr)
    return 1 if wrong else 0


def _demo(options):
    from linreg_fast import datasets, demos

    if options.plot:
        _check_folder(options.plot)
    data = datasets.load(options.name)
    demo = demos.run(data)
    print("\n".join(demos.describe(data, demo)))
    if not options.no_plot:
        from linreg_fast import plots

        path = options.plot or f"demo_{options.name}.png"
        try:
            curve = demo.descent.loss_curve_ if demo.descent is not None else None
            plots.save_demo(path, data, demo.model, demo.mse, curve)
        except ImportError as error:
            if options.plot:
                raise
            print(f"\nno picture: {error}")
        else:
            print(f"\npicture written to {path}")
    return 1 if demo.wrong else 0


def _info(options):
    import numpy as np

    from linreg_fast.bench.report import machine
    from linreg_fast.data.gate import frozen
    from linreg_fast.kernels import RUNGS, jit, launch

    # Numba knows its threading layer, and we the cache folder, once a parallel kernel has run.
    one = frozen(np.ones((1, 1)))
    RUNGS["parallel"].kernels.mse(one, one[0], one[0], 1.0)
    for name, value in machine().items():
        print(f"{name:16}{value}")
    print(f"{'layer':16}{launch.threading_layer()}")
    stats = getattr(jit.mse_block, "stats", None)  # None where NUMBA_DISABLE_JIT is set
    print(f"{'cache folder':16}{stats and stats.cache_path}")
    return 0
