"""The command score."""

import warnings

from linreg_fast.cli import streaming
from linreg_fast.cli.common import Command, patience
from linreg_fast.cli.tables import add_reading, add_weights, opened, refuse_empty_names

EXAMPLES = """\
  linreg-fast score model.json test_houses.csv
  linreg-fast score model.json test_houses.csv --weights n_sold
  linreg-fast score model.json 'test/*.parquet'
"""


def add_options(command):
    streaming.add_model_and_data(command, "a table with the model's columns and target")
    add_weights(command)
    add_reading(command, "leaves them out and says how many")


def run(options):
    from linreg_fast.cli.applying import load

    model = load(options)
    refuse_empty_names(options)
    if streaming.are_many(options):
        return _of_many(options, model)
    return _of_one(options, model)


def _of_one(options, model):
    import numpy as np
    from sklearn.metrics import mean_squared_error, r2_score

    from linreg_fast.cli.applying import Applied
    from linreg_fast.data.gate import as_weights
    from linreg_fast.sources.names import counted, is_or_are

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
    _report(explained, error, len(actual), left_out)
    return 0


def _of_many(options, model):
    """Of files, a pattern or a folder, in batches."""
    import numpy as np

    from linreg_fast.cli.applying import stream_of
    from linreg_fast.data.moments import Moments
    from linreg_fast.estimators.base import r2_of_residuals
    from linreg_fast.kernels import RUNGS
    from linreg_fast.kernels.steps.predict import predict
    from linreg_fast.sources.summing import Tree, each_block

    line = np.ascontiguousarray(model.coef[None, :]), np.array([model.intercept])
    told, tree = streaming.Told("looking at the files"), Tree()

    def add(X, Y, weights):
        residuals = Y - predict(X, *line)
        tree.add(Moments.of(residuals, Y, weights, RUNGS["compensated"]))

    with patience(told):
        stream = stream_of(options, model, options.weights)
        told.total = stream.rows
        reading = each_block(stream, add, options.missing, told)
    found = tree.joined()
    error = found.comoment[0, 0] / found.weight_sum + found.mean[0] ** 2
    _report(r2_of_residuals(found, 1), error, reading.whole, reading.dropped)
    print(f"read  {reading}")
    return 0


def _report(explained, error, rows, left_out):
    if rows > 1:
        print(f"R2    {explained:.6f}")
    print(f"MSE   {error:.6g}")
    print(f"rows  {rows}" + f" ({left_out} left out for missing values)" * bool(left_out))


COMMAND = Command("score", "R2 and MSE of a model on a table", EXAMPLES, add_options, run)
