"""The command descend."""

import math

from linreg_fast.cli.common import Command, Names, for_a_reader, patience, tell
from linreg_fast.cli.tables import DATA_HELP, add_columns, add_reading, add_weights, read_rows

EXAMPLES = """\
  linreg-fast descend houses.csv --target price
  linreg-fast descend houses.csv --target price --method nesterov --plot loss.png
  linreg-fast descend houses.csv --target price --raw --learning-rate 1e-5 --max-iter 5000
"""


def _methods():
    from linreg_fast.solvers.gradient_descent.rules import METHODS

    return METHODS


def add_options(command):
    command.add_argument("data", metavar="DATA", help=DATA_HELP)
    add_columns(command)
    add_weights(command)
    command.add_argument("--no-intercept", action="store_true", help="a line through the origin")
    command.add_argument(
        "--method",
        default="gd",
        metavar="METHOD",
        choices=Names(_methods),
        help="one of %(choices)s (default: %(default)s)",
    )
    command.add_argument("--learning-rate", default="auto", help="auto (default) or a number")
    command.add_argument("--max-iter", type=int, help="steps (sgd: passes) at the most")
    command.add_argument("--tol", type=float, default=1e-10, help="distance to stop at (1e-10)")
    command.add_argument(
        "--space", default="auto", choices=("auto", "data", "gram"), help="auto (default)"
    )
    command.add_argument("--raw", action="store_true", help="do not standardise the columns")
    command.add_argument("--seed", type=int, default=0, help="of the order of sgd's rows (0)")
    command.add_argument("--plot", metavar="FILE", help="draw the fit and the loss")
    add_reading(command, "leaves them out and says how many")


def run(options):
    from linreg_fast.cli import fit_common
    from linreg_fast.estimators.gradient_descent.estimator import GradientDescentRegressor

    model = GradientDescentRegressor(
        method=options.method,
        learning_rate=_learning_rate(options.learning_rate),
        max_iter=options.max_iter,
        tol=options.tol,
        standardize=not options.raw,
        space=options.space,
        random_state=options.seed,
        fit_intercept=not options.no_intercept,
    )
    model.check_options()
    fit_common.check_outputs(options)
    rows = read_rows(options)
    with patience("descending (the first time, compiling too)"):
        fit_common.fit(model, rows)
    with for_a_reader():
        report(options, model, rows.names)
    fit_common.draw(options, model, rows)
    losses = model.loss_curve_
    if not model.converged_ and not losses[-1] <= losses[0]:
        tell(
            f"linreg-fast: the descent diverged: its loss rose from {losses[0]:.3g} to "
            f"{losses[-1]:.3g}"
        )
        return 1
    return 0


def report(options, model, names):
    """How the descent went."""
    from linreg_fast.wording import equation

    unit = "passes" if options.method == "sgd" else "steps"
    intercept = float(model.intercept_)
    print(equation(model.coef_, intercept, names, options.target, not options.no_intercept))
    print()
    print(f"{unit:14}{model.n_iter_}")
    print(f"{'converged':14}{'yes' if model.converged_ else 'no'}")
    print(f"{'distance':14}{model.distance_:.2g} of the least-squares solution")
    if options.method != "cg":
        limit = model.max_stable_learning_rate_
        print(f"{'learning rate':14}{model.learning_rate_:.6g} (largest stable: {limit:.6g})")
    print(f"{'MSE':14}{model.loss_curve_[-1]:.6g}")
    if options.method != "sgd":
        for tol in (1e-2, 1e-4, 1e-8):
            steps = model.predicted_iterations(tol)
            takes = f"{steps:,} steps" if math.isfinite(steps) else "never"
            print(f"{f'to {tol:g}':14}{takes}, by the spectrum")
    print(f"{'condition':14}{model.condition_number_:.3g} (centred, unit columns)")
    steps = model.hessian_condition_number_
    print(f"{'':14}{steps:.3g} (of the loss where the steps are taken)")


def _learning_rate(text):
    if text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--learning-rate must be 'auto' or a number, got {text!r}") from None


COMMAND = Command(
    "descend",
    "fit a table step by step: how many steps, how near, why",
    EXAMPLES,
    add_options,
    run,
)
