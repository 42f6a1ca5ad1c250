"""Many targets of which none lacks a number: all of them at once, by one inverse of the columns."""

import numpy as np

from linreg_fast.data import at_once
from linreg_fast.data.gate import frozen
from linreg_fast.data.many_target_moments import takes
from linreg_fast.data.problem import Problem
from linreg_fast.kernels.systems import one_of_many as of
from linreg_fast.many_fits.alone import errors_of
from linreg_fast.many_fits.common import empty_results


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
    found = empty_results(t, p, "target")
    coef, errors, numbers, states = found
    coef[:], states[:] = solved.coef.T, of.SOLVED
    sse, tss, again = at_once.squares_of(solved)
    spreads, lever = errors_of(solved.columns)
    exponents = solved.columns.triangle[1][:p]
    sigma = np.sqrt(sse / (rows - p - centred))
    np.multiply(sigma[:, None], np.ldexp(spreads, -exponents), out=errors)
    numbers[:, of.SSE], numbers[:, of.TSS] = sse, tss
    numbers[:, of.INTERCEPT], numbers[:, of.INTERCEPT_ERROR] = 0.0, np.nan
    if centred:
        total = solved.columns.moments.weight_sum
        numbers[:, of.INTERCEPT] = solved.intercept
        numbers[:, of.INTERCEPT_ERROR] = sigma * np.sqrt(lever + 1 / total)
    else:
        numbers[:, of.TSS] = at_once.squares_about_means(solved)
    numbers[:, of.CONDITION], numbers[:, of.RANK] = solved.condition, p
    numbers[:, of.SAMPLES] = rows
    return found, again
