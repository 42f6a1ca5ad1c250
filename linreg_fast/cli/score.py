"""The command score."""

import warnings

from linreg_fast.cli.common import Command, patience
from linreg_fast.cli.tables import DATA_HELP, add_reading, add_weights, opened

EXAMPLES = """\
  linreg-fast score model.json test_houses.csv
  linreg-fast score model.json test_houses.csv --weights n_sold
"""


def add_options(command):
    command.add_argument("model", metavar="MODEL", help="the JSON file of fit --out")
    command.add_argument(
        "data", metavar="DATA", help=f"a table with the model's columns and target: {DATA_HELP}"
    )
    add_weights(command)
    add_reading(command, "leaves them out and says how many")


def run(options):
    import numpy as np
    from sklearn.metrics import mean_squared_error, r2_score

    from linreg_fast.cli.applying import Applied, load
    from linreg_fast.data.gate import as_weights
    from linreg_fast.sources.names import counted, is_or_are

    model = load(options)
    if options.weights == "":
        raise ValueError("--weights names no column")
    asked = [] if options.weights is None else [options.weights]
    with patience(f"reading {options.data}"), opened(options) as source:
        applied = Applied(source, model, asked, missing=options.missing, target=True)
        kept = applied.complete()
        actual, predicted = applied.targets(kept), model.predict(applied.design(kept))
        weights = as_weights(applied.others_of(kept)[:, 0] if asked else None, len(actual))
    left_out = applied.columns.rows - len(actual)
    if left_out:
        warnings.warn(
            f"{source.path}: {left_out} of {counted(applied.columns.rows, 'row')} "
            f"{is_or_are(left_out)} left out for missing values (--missing raise stops at them)",
            stacklevel=2,
        )
    with np.errstate(over="ignore", invalid="ignore"):
        error = mean_squared_error(actual, predicted, sample_weight=weights)
        explained = r2_score(actual, predicted, sample_weight=weights) if len(actual) > 1 else 0.0
    if not np.isfinite([error, explained]).all():
        raise ValueError(f"{options.data}: squares of these numbers overflow: use other units")
    if len(actual) > 1:
        print(f"R2    {explained:.6f}")
    print(f"MSE   {error:.6g}")
    print(f"rows  {len(actual)}" + f" ({left_out} left out for missing values)" * bool(left_out))
    return 0


COMMAND = Command("score", "R2 and MSE of a model on a table", EXAMPLES, add_options, run)
