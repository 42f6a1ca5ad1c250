"""The commands fit, descend, predict and score."""

import csv
import io
import math
import os
import sys
import time
import warnings

from linreg_fast.cli.common import (
    check_picture,
    check_writable,
    for_a_reader,
    patience,
    read_problem,
)


def fit(options):
    import numpy as np

    from linreg_fast.solvers import SOLVERS, check_known

    check_known(options.solver)
    _check_outputs(options)
    with patience(f"reading {options.data}"):
        X, y, weights, names = read_problem(
            options.data, options.target, options.features, options.weights
        )

    from linreg_fast.cli.model_file import Model
    from linreg_fast.estimators.linear_regression import LinearRegression
    from linreg_fast.functional.sums import mse

    able = SOLVERS.get(options.solver)
    estimator = LinearRegression(solver=options.solver, positive=able is not None and able.positive)
    started = time.perf_counter()
    with patience("fitting (the first time, compiling too)"):
        _fit(estimator, X, y, weights, names)
        taken = time.perf_counter() - started
        loss = mse(X, y, estimator.coef_, estimator.intercept_, weights)
        with np.errstate(over="ignore", invalid="ignore"):  # then there is no R2
            r2 = _finite(estimator.score(X, y, weights)) if len(X) > 1 else None
    details = {
        "n_samples": len(X),
        "r2": r2,
        "mse": _finite(loss),
        "rank": estimator.rank_,
        "condition_number": _finite(estimator.condition_number_),
        "solver": estimator.solver_,
        "reason": estimator.solver_reason_,
    }
    model = Model(names, options.target, estimator.coef_, float(estimator.intercept_), details)
    if options.out:  # before anything is printed, to a pipe that may be closed
        model.save(options.out)
    with for_a_reader():
        _report(model, loss, taken)
        if options.out:
            print(f"written to {options.out}")
    _draw(options, estimator, X, y, weights, names)
    return 0


def _report(model, loss, taken):
    from linreg_fast.wording import equation

    names, details = model.features, model.details
    condition = details["condition_number"]
    print(equation(model.coef, model.intercept, names, model.target))
    print()
    width = max(len(name) for name in [*names, "intercept"])
    for name, value in [*zip(names, model.coef, strict=True), ("intercept", model.intercept)]:
        print(f"  {name:{width}}  {value: .15g}")
    print()
    if details["r2"] is not None:
        print(f"R2         {details['r2']:.6f}")
    print(f"MSE        {loss:.6g}")
    print(f"rows       {details['n_samples']}")
    print(f"rank       {details['rank']} of {len(names)}")
    print(f"condition  about {condition or math.inf:.3g} (centred, unit columns)")
    print(f"solver     {details['solver']}: {details['reason']}")
    print(f"time       {taken * 1e3:.1f} ms, compiling or loading the kernels included")


def _fit(estimator, X, y, weights, names):
    """What it says knows the columns' places only: say it with their names."""
    from linreg_fast.estimators.errors import LostDigitsWarning, TooLargeError

    show = warnings.showwarning

    def show_named(message, *details):
        show(message.named(names) if isinstance(message, LostDigitsWarning) else message, *details)

    warnings.showwarning = show_named
    try:
        estimator.fit(X, y, weights)
    except TooLargeError as error:
        raise TooLargeError(error.columns, names) from None
    finally:
        warnings.showwarning = show


def _check_outputs(options):
    """Fail before the work for what could not be written, or drawn, after it."""
    out = getattr(options, "out", None)
    if out is not None:
        check_writable(out, options.data)
    if options.plot is not None:
        check_picture(options.plot, options.data)
        if out is not None and os.path.realpath(out) == os.path.realpath(options.plot):
            raise ValueError("--out and --plot name the same file")


def _draw(options, estimator, X, y, weights, names):
    if options.plot is not None:
        from linreg_fast.displays import pictures as plots

        with patience("drawing"):
            try:
                plots.save_model(options.plot, estimator, X, y, names, options.target, weights)
            except (ValueError, OverflowError) as error:  # of numbers that are no ordinary ones
                raise ValueError(f"the model stands, and cannot be drawn: {error}") from None
        print(f"picture written to {options.plot}")


def descend(options):
    from linreg_fast.estimators.gradient_descent.estimator import GradientDescentRegressor

    model = GradientDescentRegressor(
        method=options.method,
        learning_rate=_learning_rate(options.learning_rate),
        max_iter=options.max_iter,
        tol=options.tol,
        standardize=not options.raw,
        space=options.space,
        random_state=options.seed,
    )
    model.check_options()
    _check_outputs(options)
    with patience(f"reading {options.data}"):
        X, y, weights, names = read_problem(
            options.data, options.target, options.features, options.weights
        )
    with patience("descending (the first time, compiling too)"):
        _fit(model, X, y, weights, names)
    with for_a_reader():
        _report_of_descent(options, model, names)
    _draw(options, model, X, y, weights, names)
    return 0


def _report_of_descent(options, model, names):
    from linreg_fast.wording import equation

    unit = "passes" if options.method == "sgd" else "steps"
    print(equation(model.coef_, float(model.intercept_), names, options.target))
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


def _finite(number):
    """JSON has no word for what is not."""
    return number if math.isfinite(number) else None


def _model(options):
    from linreg_fast.cli.model_file import Model

    try:
        return Model.load(options.model)
    except ValueError as error:
        raise ValueError(f"{error} (MODEL, which fit --out wrote, comes before DATA)") from None


def predict(options):
    from linreg_fast.data.jsonfile import write_text
    from linreg_fast.sources.arrow_files import is_arrow
    from linreg_fast.sources.table import read_table

    if options.out is not None:
        check_writable(options.out, options.data, options.model)
        if is_arrow(options.out):
            raise ValueError(f"predictions are written as CSV: {options.out} names another kind")
    model = _model(options)
    with patience(f"reading {options.data}"):
        predicted = model.predict(read_table(options.data, model.features).values)
    with patience("writing"):
        lines = io.StringIO(newline="")
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow([model.target])
        writer.writerows([repr(value)] for value in predicted.tolist())
        text = lines.getvalue()
        if options.out:
            write_text(options.out, text)
    if options.out:
        print(f"{len(predicted)} predictions written to {options.out}")
    else:
        sys.stdout.write(text)
    return 0


def score(options):
    import numpy as np
    from sklearn.metrics import mean_squared_error, r2_score

    from linreg_fast.data.gate import as_weights
    from linreg_fast.sources.table import read_table

    model = _model(options)
    with patience(f"reading {options.data}"):
        asked = [] if options.weights is None else [options.weights]
        values = read_table(options.data, [*model.features, model.target, *asked]).values
    p = len(model.features)
    actual, predicted = values[:, p], model.predict(values[:, :p])
    weights = as_weights(values[:, p + 1] if asked else None, len(values))
    with np.errstate(over="ignore", invalid="ignore"):
        error = mean_squared_error(actual, predicted, sample_weight=weights)
        explained = r2_score(actual, predicted, sample_weight=weights) if len(actual) > 1 else 0.0
    if not np.isfinite([error, explained]).all():
        raise ValueError(f"{options.data}: squares of these numbers overflow: use other units")
    if len(actual) > 1:
        print(f"R2    {explained:.6f}")
    print(f"MSE   {error:.6g}")
    print(f"rows  {len(actual)}")
    return 0
