"""What a descent warns of: before the run steps that are too large, after it what is missing."""

import functools
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from linreg_fast.solvers.gradient_descent import stream


def announcer(model):
    """A function that the solver calls with (rate, limit) before the first step."""
    return functools.partial(_announce, model)


def _announce(model, rate, limit):
    if model.learning_rate == "auto" or rate < limit:
        return
    where = "of standardised columns" if model.standardize else "of these columns"
    what = "the loss will grow" if model.method != "sgd" else "some batches may make it diverge"
    warnings.warn(
        f"learning_rate={rate:.4g} is above the largest stable step {where}, {limit:.4g}: "
        f"{what}. Use 'auto' or at most {0.5 * limit:.2g}",
        ConvergenceWarning,
        stacklevel=4,  # past the solver and `fit`
    )


def warn(model, descent):
    """Of a descent that diverged or did not reach the model's tol, with what to do about it."""
    if descent.converged or (model.tol == 0 and not descent.diverged):
        return
    unit = "passes" if model.method == "sgd" else "steps"
    if descent.diverged:
        limit = descent.max_stable_learning_rate
        what = (
            f"the loss overflowed after {descent.n_iter} {unit}; the last finite parameters "
            f"are kept. The largest stable learning_rate is {limit:.4g}"
        )
        advice = "use 'auto' or a smaller one"
    else:
        coef, intercept = descent.distances
        what = (
            f"not converged after {descent.state.done} {unit}: "
            f"within {descent.distance:.2g} of the least-squares solution (relative; "
            f"coefficients {coef:.2g}, intercept {intercept:.2g})"
        )
        advice = _advice(model, descent)
    warnings.warn(f"{what}: {advice}", ConvergenceWarning, stacklevel=3)


def warn_of_stream(model, learnt):
    """Of one call of `partial_fit`. The words do not change, so Python shows them once."""
    advice = "use learning_rate='auto', " if model.learning_rate != "auto" else ""
    if learnt.diverged:
        what = "the loss of all rows so far overflowed in the steps of this call, which were undone"
    elif learnt.far and not learnt.unstable:  # else it was told before the steps
        what = (
            "the coefficients are not near the least-squares solution of the rows so far: R2 is "
            f"more than {stream.NEAR:g} below the best"
        )
    else:
        return
    warnings.warn(
        f"{what}. Pass the rows again, {advice}or LinearRegression.partial_fit, which is exact",
        ConvergenceWarning,
        stacklevel=4,
    )


def _advice(model, descent):
    if descent.stalled:
        return "as near as sums over the rows can be told in double precision; use space='gram'"
    if descent.rules.rate >= descent.max_stable_learning_rate and model.method != "cg":
        limit = descent.max_stable_learning_rate
        return f"learning_rate is above the largest stable step, {limit:.4g}: use 'auto'"
    if model.method == "sgd":
        return "use more passes, a larger tol, or another method"
    remaining = descent.remaining(model.tol)
    takes = f"tol={model.tol:g} would take {remaining:,} more" if remaining < np.inf else ""
    others = [
        "learning_rate='auto'" if model.learning_rate != "auto" else "",
        "standardize=True" if not model.standardize else "",
        "method='cg'" if model.method != "cg" else "",
        "LinearRegression",
    ]
    others = "use a larger max_iter or tol, " + ", ".join(filter(None, others))
    return "; ".join(filter(None, [takes, others]))
