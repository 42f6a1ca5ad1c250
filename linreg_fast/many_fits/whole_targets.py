"""Many targets of which none lacks a number: all of them at once, by one inverse of the columns."""

import numpy as np

from linreg_fast.data import at_once
from linreg_fast.data.gate import frozen
from linreg_fast.data.many_target_moments import takes
from linreg_fast.data.problem import Problem
from linreg_fast.kernels.systems import one_of_many as of


def fit_whole(X, Y, weights, centred, refuse):
    """coef, errors, numbers and states of all targets, and which of them are to be fitted again.

    refuse(): raises for numbers that are not finite. None where rows or columns are too few, or
    the columns depend on each other or nearly do.
    """
    (n, p), t = X.shape, Y.shape[1]
    rows = n if weights is None else int(np.count_nonzero(weights))
    if not takes(p, t) or rows <= p + centred or X.dtype != Y.dtype or X.dtype != np.float64:
        return None
    problem = Problem(frozen(X), frozen(Y), weights, fit_intercept=centred)
    solved = at_once.solve(problem, True, refuse)
    if solved is None:
        return None
    errors, numbers = np.empty((t, p)), np.empty((t, of.NUMBERS))
    sigma = np.sqrt(solved.rss / (rows - p - centred))
    np.multiply(sigma[:, None], solved.spreads[:p], out=errors)
    numbers[:, of.SSE], numbers[:, of.TSS] = solved.rss, solved.about
    numbers[:, of.INTERCEPT], numbers[:, of.INTERCEPT_ERROR] = 0.0, np.nan
    if centred:
        numbers[:, of.INTERCEPT] = solved.intercept
        numbers[:, of.INTERCEPT_ERROR] = sigma * solved.spreads[p]
    numbers[:, of.CONDITION], numbers[:, of.RANK] = solved.condition, p
    numbers[:, of.SAMPLES] = rows
    states = np.full(t, of.SOLVED, dtype=np.int8)
    return (solved.coef, errors, numbers, states), solved.doubtful
