"""The command fit."""

import math
import sys
import time

from linreg_fast.cli import streaming
from linreg_fast.cli.common import Command, Names, for_a_reader, patience
from linreg_fast.cli.tables import DATA_HELP, add_columns, add_reading, add_weights, read_rows

EXAMPLES = """\
  linreg-fast fit houses.csv --target price
  linreg-fast fit houses.csv --target price --features area,rooms --out model.json
  linreg-fast fit houses.csv --target price --exclude id --categorical city,"heated by"
  linreg-fast fit houses.parquet --target price --weights n_sold --solver svd
  linreg-fast fit houses.csv --target price --features area --plot line.png
  linreg-fast fit 'trips/*.parquet' --target fare
  zcat houses.csv.gz | linreg-fast fit - --target price --missing raise
"""


def _solvers():
    from linreg_fast.solvers import SOLVERS

    return ("auto", *SOLVERS)


def add_options(command):
    command.add_argument("data", metavar="DATA", nargs="+", help=DATA_HELP + streaming.MANY_HELP)
    add_columns(command)
    add_weights(command)
    command.add_argument("--no-intercept", action="store_true", help="a line through the origin")
    command.add_argument(
        "--solver",
        default="auto",
        metavar="SOLVER",
        choices=Names(_solvers, open=True),
        help="one of %(choices)s (default: auto)",
    )
    command.add_argument("--out", metavar="FILE", help="write the model as JSON; - to the screen")
    command.add_argument(
        "--plot", metavar="FILE", help="draw the line, or predicted against actual"
    )
    add_reading(command, "leaves them out and says how many")


def run(options):
    import numpy as np

    from linreg_fast.cli import fitting
    from linreg_fast.solvers import SOLVERS, check_known

    if streaming.takes(options):
        return streaming.fit(options, lambda m, *rest: report(m, m.details["mse"], *rest))
    check_known(options.solver)
    fitting.check_outputs(options)
    rows = read_rows(options)

    from linreg_fast.cli.model_file import Model
    from linreg_fast.estimators.linear_regression import LinearRegression
    from linreg_fast.functional.sums import mse

    able = SOLVERS.get(options.solver)
    estimator = LinearRegression(
        solver=options.solver,
        positive=able is not None and able.positive,
        fit_intercept=not options.no_intercept,
    )
    started = time.perf_counter()
    with patience("fitting (the first time, compiling too)"):
        fitting.fit(estimator, rows)
        taken = time.perf_counter() - started
        loss = mse(rows.X, rows.y, estimator.coef_, estimator.intercept_, rows.weights)
        with np.errstate(over="ignore", invalid="ignore"):  # then there is no R2
            several = len(rows.y) > 1
            r2 = _finite(estimator.score(rows.X, rows.y, rows.weights)) if several else None
    details = {
        "n_samples": len(rows.y),
        "rows_left_out": rows.read - len(rows.y),
        "r2": r2,
        "mse": _finite(loss),
        "rank": estimator.rank_,
        "condition_number": _finite(estimator.condition_number_),
        "solver": estimator.solver_,
        "reason": estimator.solver_reason_,
    }
    fitting.warn_of_dependence(estimator, rows)
    model = Model(
        rows.names,
        options.target,
        estimator.coef_,
        float(estimator.intercept_),
        details,
        rows.categories,
    )
    screen = sys.stdout
    if options.out == "-":
        screen = sys.stderr  # the model has the other
        with for_a_reader():
            print(model.dumps())
    elif options.out:  # before anything is printed, to a pipe that may be closed
        model.save(options.out)
    with for_a_reader():
        report(model, loss, taken, not options.no_intercept, screen)
        if options.out and screen is sys.stdout:
            print(f"written to {options.out}")
    fitting.draw(options, estimator, rows)
    return 0


def report(model, loss, taken, has_intercept, screen):
    """The fit in words and numbers."""
    from linreg_fast.wording import equation, padded, width

    def say(text=""):
        print(text, file=screen)

    names, details = model.features, model.details
    condition = details["condition_number"]
    say(equation(model.coef, model.intercept, names, model.target, has_intercept))
    say()
    lines = list(zip(names, model.coef, strict=True))
    if has_intercept:
        clash = any(name.strip().lower() == "intercept" for name in names)
        lines.append(("(intercept)" if clash else "intercept", model.intercept))
    widest = max(width(name) for name, _ in lines)
    for name, value in lines:
        say(f"  {padded(name, widest)}  {value: .15g}")
    say()
    for column, levels in model.categories.items():
        say(f"groups     of {column}: against {levels[0]}")
    if details["r2"] is not None:
        say(f"R2         {details['r2']:.6f}")
    say(f"MSE        {loss:.6g}")
    left_out = details["rows_left_out"]
    also = f" ({left_out} left out for missing values)" if left_out else ""
    say(f"rows       {details['n_samples']}{also}")
    say(f"rank       {details['rank']} of {len(names)}")
    units = "centred, unit columns" if has_intercept else "unit columns"
    say(f"condition  about {condition or math.inf:.3g} ({units})")
    say(f"solver     {details['solver']}: {details['reason']}")
    say(f"time       {taken * 1e3:.1f} ms, compiling or loading the kernels included")


def _finite(number):
    """JSON has no word for what is not."""
    return number if math.isfinite(number) else None


COMMAND = Command(
    "fit",
    "fit a table: equation, coefficients, R2, rank, why this solver",
    EXAMPLES,
    add_options,
    run,
)
