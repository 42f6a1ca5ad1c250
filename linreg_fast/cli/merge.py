"""The command merge."""

import time

from linreg_fast.cli import fit_common, streaming
from linreg_fast.cli.common import Command, check_writable, for_a_reader, patience
from linreg_fast.cli.fit_report import report

EXAMPLES = """\
  linreg-fast merge january.json february.json
  linreg-fast merge january.json february.json --model model.json
  linreg-fast merge january.json february.json --out winter.json
"""


def add_options(command):
    command.add_argument("files", metavar="FILE", nargs="+", help="what `moments --out` wrote")
    command.add_argument(
        "--out",
        metavar="FILE",
        help="write the sum of the files here, for merge; without --model nothing is fitted",
    )
    command.add_argument(
        "--model", metavar="FILE", help="write the model of all rows here, for predict and score"
    )
    command.add_argument("--no-intercept", action="store_true", help="a line through the origin")


def run(options):
    import sys

    from linreg_fast.cli import certainty
    from linreg_fast.cli.model_file import Model
    from linreg_fast.cli.named_moments import merged
    from linreg_fast.estimators.linear_regression import LinearRegression

    for path in (options.out, options.model):
        if path is not None:
            check_writable(path, *options.files)
    if options.out is not None and options.out == options.model:
        raise ValueError("--out and --model name the same file")
    total = merged(options.files)
    if options.out is not None:
        total.save(options.out)
        print(f"{total.moments.n_samples} rows of {len(options.files)} files")
        print(f"written to {options.out}")
        if options.model is None:
            return 0
    started = time.perf_counter()
    estimator = LinearRegression(fit_intercept=not options.no_intercept)
    with patience("fitting (the first time, compiling too)"):
        estimator.fit_moments(total.moments)
        taken = time.perf_counter() - started
        details = streaming.details_of(estimator)
    fit_common.warn_of_dependent_columns(estimator, total.features)
    coef, intercept = estimator.coef_, float(estimator.intercept_)
    kept = certainty.of_moments(estimator)
    model = Model(total.features, total.target, coef, intercept, details, certainty=kept)
    if options.model is not None:
        model.save(options.model)
    with for_a_reader():
        report(model, taken, not options.no_intercept, sys.stdout, summary=False)
        if options.model is not None:
            print(f"written to {options.model}")
    return 0


COMMAND = Command(
    "merge",
    "add up what moments wrote, and fit to all of its rows",
    EXAMPLES,
    add_options,
    run,
)
