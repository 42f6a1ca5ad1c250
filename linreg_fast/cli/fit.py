"""The command fit."""

import math
import sys
import time

from linreg_fast.cli import summary
from linreg_fast.cli.common import Command, Names, for_a_reader, patience
from linreg_fast.cli.tables import DATA_HELP, add_columns, add_reading, add_weights, read_rows

EXAMPLES = """\
  linreg-fast fit houses.csv --target price
  linreg-fast fit houses.csv --target price --features area,rooms --out model.json
  linreg-fast fit houses.csv --target price --exclude id --categorical city,"heated by"
  linreg-fast fit houses.csv --target price --summary --cov HC3 --csv coefficients.csv
  linreg-fast fit houses.csv --formula "log(price) ~ area * C(city)" --cluster street
  linreg-fast fit houses.csv --target price --summary --diagnose --plot four.png
  linreg-fast fit houses.parquet --target price --weights n_sold --weights-are frequency
  linreg-fast fit houses.csv --target price --features area --plot line.png
  zcat houses.csv.gz | linreg-fast fit - --target price --missing raise
"""


def _solvers():
    from linreg_fast.solvers import SOLVERS

    return ("auto", *SOLVERS)


def add_options(command):
    command.add_argument("data", metavar="DATA", help=DATA_HELP)
    add_columns(command, required=False)
    command.add_argument(
        "--formula",
        help="'price ~ area * C(city)' instead of the columns above: + : * - 1, C(groups), log(x), "
        "I(x**2), poly, bs, . for all others (needs the extra 'formula')",
    )
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
    summary.add_options(command)
    add_reading(command, "leaves them out and says how many")


def run(options):
    from linreg_fast.cli import certainty, diagnose, fitting
    from linreg_fast.cli.model_file import Model
    from linreg_fast.estimators.linear_regression import LinearRegression
    from linreg_fast.solvers import SOLVERS, check_known

    check_known(options.solver)
    fitting.check_outputs(options)
    choice = summary.choice_of(options) if summary.asked(options) else None
    rows, design, kinds = _read(options)
    target = options.target if design is None else design.target
    able = SOLVERS.get(options.solver)
    estimator = LinearRegression(
        solver=options.solver,
        positive=able is not None and able.positive,
        fit_intercept=not options.no_intercept if design is None else design.fit_intercept,
    )
    started = time.perf_counter()
    found = looked_at = None
    with patience("fitting (the first time, compiling too)"):
        fitting.fit(estimator, rows)
        taken = time.perf_counter() - started
        if choice is not None:
            found = summary.infer(estimator, rows, choice, target, design)
            if options.diagnose:
                looked_at = _diagnosed(estimator, rows, diagnose)
        details = details_of(estimator, rows)
    fitting.warn_of_dependence(estimator, rows)
    model = Model(
        rows.names,
        target,
        estimator.coef_,
        float(estimator.intercept_),
        details,
        rows.categories,
        certainty.of_fit(estimator, found, options),
        None if design is None else _plain(design, kinds),
    )
    screen = sys.stdout
    if options.out == "-":
        with for_a_reader():
            print(model.dumps())
    elif options.out:  # before anything is printed, to a pipe that may be closed
        model.save(options.out)
    if (found is not None and summary.write(options, found, rows, design)) or options.out == "-":
        screen = sys.stderr  # the file has the other
    with for_a_reader():
        if found is None:
            report(model, details, taken, estimator.fit_intercept, screen)
        else:
            print(summary.text(found, options.level or 0.95, rows), file=screen)
        if looked_at is not None:
            print("", looked_at[1], sep="\n", file=screen)
        for path in (options.out, options.json, options.csv):
            if path and path != "-":
                print(f"written to {path}", file=screen)
    if looked_at is not None and options.plot:
        diagnose.draw(options.plot, looked_at[0], rows.y, screen)
    else:
        fitting.draw(options, estimator, rows)
    return 0


def _read(options):
    """(rows, design of a formula or None, kinds of its columns or None)."""
    from linreg_fast.cli import by_formula

    if options.formula is not None:
        return by_formula.read_rows(options)
    if options.target is None:
        raise ValueError("name the column to explain: --target price, or --formula 'price ~ area'")
    return read_rows(options), None, None


def _plain(design, kinds):
    from linreg_fast.estimators.formula_file import to_plain

    return {**to_plain(design), "kinds": kinds}


def _diagnosed(estimator, rows, diagnose):
    import numpy as np

    from linreg_fast.data.gate import frozen

    weights = None if rows.weights is None else frozen(np.ascontiguousarray(rows.weights))
    checked = frozen(rows.X), frozen(np.ascontiguousarray(rows.y)[:, None]), weights
    index = np.arange(len(rows.y)) if rows.kept is None else np.flatnonzero(rows.kept)
    fitted = estimator._fitted(checked)
    fitted.names = rows.names
    return diagnose.looked_at(fitted, checked, index)


def details_of(estimator, rows):
    """What the file says of the fit. R2 and MSE are those of `inference`, wherever it has them."""
    import numpy as np

    from linreg_fast.functional.sums import mse

    sums = _sums(estimator, rows)
    if sums is None:
        loss = mse(rows.X, rows.y, estimator.coef_, estimator.intercept_, rows.weights)
        with np.errstate(over="ignore", invalid="ignore"):  # then there is no R2
            several = len(rows.y) > 1
            r2 = estimator.score(rows.X, rows.y, rows.weights) if several else math.nan
    else:
        loss, r2 = sums
    return {
        "n_samples": len(rows.y),
        "rows_left_out": rows.read - len(rows.y),
        "r2": _finite(r2),
        "mse": _finite(loss),
        "rank": estimator.rank_,
        "condition_number": _finite(estimator.condition_number_),
        "solver": estimator.solver_,
        "reason": estimator.solver_reason_,
    }


def _sums(estimator, rows):
    """(MSE, R2 about the mean) by the sums of the fit; None where they do not tell."""
    import numpy as np

    from linreg_fast.cli.certainty import MOST_COLUMNS

    moments = getattr(estimator, "moments_", None)
    if moments is None or moments.n_features > MOST_COLUMNS or len(rows.y) < 2:
        return None
    try:
        found = summary.quietly(estimator.inference, rows.X, rows.y, rows.weights)
    except ValueError:  # bounds, a descent that has not converged
        return None
    about_mean = float(np.asarray(moments.comoment)[-1, -1])
    if not (np.isfinite(found.rss) and 0 < about_mean < np.inf):
        return None
    return found.rss / found.basis.weight_sum, 1 - found.rss / about_mean


def report(model, details, taken, has_intercept, screen):
    """The fit in words and numbers."""
    from linreg_fast.wording import equation, padded, width

    def say(text=""):
        print(text, file=screen)

    names = model.features
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
        about = "" if has_intercept else " (about the mean; --summary has the uncentred one)"
        say(f"R2         {details['r2']:.6f}{about}")
    say(f"MSE        {math.inf if details['mse'] is None else details['mse']:.6g}")
    left_out = details["rows_left_out"]
    also = f" ({left_out} left out for missing values)" if left_out else ""
    say(f"rows       {details['n_samples']}{also}")
    say(f"rank       {details['rank']} of {len(names)}")
    units = "centred, unit columns" if has_intercept else "unit columns"
    say(f"condition  about {condition or math.inf:.3g} ({units})")
    say(f"solver     {details['solver']}: {details['reason']}")
    say(f"time       {taken * 1e3:.1f} ms, compiling or loading the kernels included")
    say("certainty  --summary has standard errors, p and intervals")


def _finite(number):
    """JSON has no word for what is not."""
    return float(number) if math.isfinite(number) else None


COMMAND = Command(
    "fit",
    "fit a table: equation, coefficients, R2; standard errors, tests; why this solver",
    EXAMPLES,
    add_options,
    run,
)
