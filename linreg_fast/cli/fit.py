"""The command fit."""

import time

from linreg_fast.cli import diagnose, how_sure, restrictions, streaming, summary
from linreg_fast.cli.common import Command, Names, patience
from linreg_fast.cli.tables import DATA_HELP, add_columns, add_reading, add_weights, read_rows

EXAMPLES = """\
  linreg-fast fit houses.csv --target price
  linreg-fast fit houses.csv --target price --features area,rooms --out model.json
  linreg-fast fit houses.csv --target price --exclude id --categorical city,"heated by"
  linreg-fast fit houses.csv --target price --summary --cov HC3 --csv coefficients.csv
  linreg-fast fit houses.csv --target price --test "area = 2*rooms, age = 0" --test floor
  linreg-fast fit houses.csv --formula "log(price) ~ area * C(city)" --cluster street
  linreg-fast fit houses.csv --target price --summary --diagnose --plot four.png
  linreg-fast fit houses.parquet --target price --weights n_sold --weights-are frequency
  linreg-fast fit houses.csv --target price --features area --plot line.png
  linreg-fast fit 'trips/*.parquet' --target fare
  zcat houses.csv.gz | linreg-fast fit - --target price --missing raise
"""


def _solvers():
    from linreg_fast.solvers import SOLVERS

    return ("auto", *SOLVERS)


def add_options(command):
    command.add_argument("data", metavar="DATA", nargs="+", help=DATA_HELP + streaming.MANY_HELP)
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
    how_sure.add_options(command)
    add_reading(command, "leaves them out and says how many")


def run(options):
    from linreg_fast.cli import by_formula, certainty, fit_common, fit_report
    from linreg_fast.cli.model_file import Model
    from linreg_fast.solvers import check_known

    if streaming.takes(options):
        from linreg_fast.cli import fit_streams

        return fit_streams.fit(options)
    check_known(options.solver)
    fit_common.check_outputs(options)
    choice = how_sure.choice_of(options) if how_sure.asked(options) else None
    rows, design, kinds = _read(options)
    target = options.target if design is None else design.target
    estimator = fit_common.estimator_of(options, design)
    started = time.perf_counter()
    found = looked_at = None
    with patience("fitting (the first time, compiling too)"):
        fit_common.fit(estimator, rows)
        taken = time.perf_counter() - started
        if choice is not None:
            found = summary.infer(estimator, rows, choice, target, design)
        if options.diagnose:
            looked_at = _diagnosed(estimator, rows, target, choice.weights)
        details = fit_report.details_of(estimator, rows)
    tests = restrictions.tested(found, options.tests)
    fit_common.warn_of_dependence(estimator, rows)
    model = Model(
        rows.names,
        target,
        estimator.coef_,
        float(estimator.intercept_),
        details,
        rows.categories,
        certainty.of_fit(estimator, found, options),
        None if design is None else by_formula.plain(design, kinds),
    )
    screen = summary.written(options, model, found, rows, design, tests)
    fit_report.show(options, estimator, model, taken, found, rows, tests, looked_at, screen)
    if looked_at is not None and options.plot:
        diagnose.draw(options.plot, looked_at[0], screen)
    else:
        fit_common.draw(options, estimator, rows)
    return 0


def _read(options):
    """(rows, design of a formula or None, kinds of its columns or None)."""
    from linreg_fast.cli import by_formula

    if options.formula is not None:
        return by_formula.read_rows(options)
    if options.target is None:
        raise ValueError("name the column to explain: --target price, or --formula 'price ~ area'")
    return read_rows(options), None, None


def _diagnosed(estimator, rows, target, meaning):
    import numpy as np

    index = np.arange(len(rows.y)) if rows.kept is None else np.flatnonzero(rows.kept)
    known = summary.fitted(estimator, rows, target)
    return diagnose.looked_at(known, summary.checked(rows), index, meaning)


COMMAND = Command(
    "fit",
    "fit a table: equation, coefficients, R2; standard errors, tests; why this solver",
    EXAMPLES,
    add_options,
    run,
)
