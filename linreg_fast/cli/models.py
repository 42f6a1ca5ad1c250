"""The commands fit, predict and score."""

import csv
import io
import math
import sys
import time

from linreg_fast.cli.common import check_writable, patience, read_problem


def fit(options):
    if options.out:
        check_writable(options.out, options.data)
    with patience(f"reading {options.data}"):
        X, y, weights, names = read_problem(
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
    with patience("fitting"):
        estimator.fit(X, y, weights)
    taken = time.perf_counter() - started
    loss = mse(X, y, estimator.coef_, estimator.intercept_, weights)
    details = {
        "n_samples": len(X),
        "r2": _finite(estimator.score(X, y, weights)) if len(X) > 1 else None,
        "mse": _finite(loss),
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
    print(f"condition  about {estimator.condition_number_:.3g} (centred, unit columns)")
    print(f"solver     {estimator.solver_}: {estimator.solver_reason_}")
    print(f"time       {taken * 1e3:.1f} ms, compiling or loading the kernels included")
    if options.out:
        model.save(options.out)
        print(f"written to {options.out}")
    return 0


def _finite(number):
    """JSON has no word for what is not."""
    return number if math.isfinite(number) else None


def predict(options):
    from linreg_fast.data.jsonfile import write_text
    from linreg_fast.files.model import Model
    from linreg_fast.files.table import is_arrow, read_table

    if options.out:
        check_writable(options.out, options.data, options.model)
        if is_arrow(options.out):
            raise ValueError(f"predictions are written as CSV: {options.out} names another kind")
    model = Model.load(options.model)
    with patience(f"reading {options.data}"):
        predicted = model.predict(read_table(options.data, model.features).values)
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow([model.target])
    writer.writerows([repr(value)] for value in predicted.tolist())
    text = lines.getvalue()
    if options.out:
        write_text(options.out, text)
        print(f"{len(predicted)} predictions written to {options.out}")
    else:
        sys.stdout.write(text)
    return 0


def score(options):
    from sklearn.metrics import mean_squared_error, r2_score

    from linreg_fast.files.model import Model
    from linreg_fast.files.table import read_table

    model = Model.load(options.model)
    with patience(f"reading {options.data}"):
        table = read_table(options.data, [*model.features, model.target])
    actual, predicted = table.values[:, -1], model.predict(table.values[:, :-1])
    if len(actual) > 1:
        print(f"R2    {r2_score(actual, predicted):.6f}")
    print(f"MSE   {mean_squared_error(actual, predicted):.6g}")
    print(f"rows  {len(actual)}")
    return 0
