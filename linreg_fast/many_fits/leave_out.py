"""Scores of penalties on single rows that were left out, in closed form."""

import numpy as np

from linreg_fast.data.many_target_moments import moments_of
from linreg_fast.data.problem import Problem
from linreg_fast.kernels import RUNGS
from linreg_fast.kernels.tuning import LEAVE_OUT_ELEMENTS, LEAVE_OUT_ROWS
from linreg_fast.many_fits.ridge import solve_paths
from linreg_fast.many_fits.scores import SCORES, means_of
from linreg_fast.runtime import blas
from linreg_fast.runtime.progress import Progress
from linreg_fast.solvers import auto

NEARLY_ALONE = 1e-6  # of a row's leverage below one: it is then fitted without, anew


def leaves_one_out(cv):
    """Whether each row is to be left out: the word, or scikit-learn's own class."""
    return (isinstance(cv, str) and cv == "loo") or type(cv).__name__ == "LeaveOneOut"


def leave_one_out(X, Y, weights, alphas, centred, scoring, mean_only=False):
    """Scores (A, n), or their weighted mean (A, 1), and the moments.

    A residual of a fit without the row is r / (1 - h), h being the row's leverage in the whole fit.
    """
    if scoring == "r2":
        raise ValueError("r2 of a single row means nothing: choose neg_mean_squared_error")
    n, p = X.shape
    if n < 2:
        raise ValueError("leaving out the only row leaves nothing to fit: n_samples = 1")
    moments = moments_of(X, Y, weights, RUNGS["compensated"])
    coef, _ = solve_paths(moments, alphas, centred)
    problem = Problem(None, None, moments=moments.apart[0], fit_intercept=centred)
    centre, low = _centre(moments, p) if centred else np.zeros((2, p + Y.shape[1]))
    products, exponents, _ = problem.normal_equations
    exponents = exponents[:p]
    roots = np.array([_inverse_root(products[0, :p, :p], exponents, alpha) for alpha in alphas])
    whole = 1 / moments.weight_sum if centred else 0.0
    scores = np.zeros((len(alphas), 1 if mean_only else n))
    step = max(LEAVE_OUT_ELEMENTS // (p * len(alphas)), LEAVE_OUT_ROWS)
    with Progress("row", n) as progress:
        for start in range(0, n, step):
            rows = slice(start, min(start + step, n))
            W = None if weights is None else weights[rows]
            Z = (X[rows] - centre[:p]) - low[:p]
            inside = np.ldexp(Z, -exponents) @ roots  # (penalties, rows, p)
            leverage = np.einsum("aik,aik->ai", inside, inside) + whole
            free = 1 - (leverage if W is None else leverage * W)
            alone = np.argwhere(free < NEARLY_ALONE)
            free[alone[:, 0], alone[:, 1]] = 1.0
            rest = ((Y[rows] - centre[p:]) - low[p:]) - Z @ coef  # (penalties, rows, targets)
            rest /= free[:, :, None]
            for k, i in alone.tolist():
                rest[k, i] = _without(X, Y, weights, start + i, float(alphas[k]), centred)
            losses = rest**2 if scoring == SCORES[0] else np.abs(rest)
            found = -losses.mean(axis=2)
            if mean_only:
                scores[:, 0] += found.sum(axis=1) if W is None else found @ W
            else:
                scores[:, rows] = found
            progress(rows.stop)
    if mean_only:
        scores /= n if weights is None else moments.weight_sum
    return scores, moments


def _centre(moments, p):
    """(2, p + t): the means of the columns and of all targets, hi and lo."""
    found = [means_of(part) for part in moments.apart]
    return np.hstack([found[0][:, :p], *(each[:, p:] for each in found)])


def _inverse_root(gram, exponents, alpha):
    """B (p, p) with B B' the inverse of the penalised products of scaled columns."""
    system = gram + np.diag(np.ldexp(alpha, -2 * exponents))
    sizes = np.sqrt(system.diagonal())
    live = sizes > 0
    sizes[~live] = 1.0
    values, vectors = blas.factored(len(gram), np.linalg.eigh, system / np.outer(sizes, sizes))
    kept = values > np.finfo(float).eps * len(values) * values[-1]
    kept &= values > 0
    return vectors * np.where(kept, 1 / np.sqrt(np.where(kept, values, 1.0)), 0.0) / sizes[:, None]


def _without(X, Y, weights, row, alpha, centred):
    """What a fit without a row leaves of it (t,)."""
    kept = np.arange(len(X)) != row
    some = None if weights is None else weights[kept]
    if alpha == 0.0:
        solution = auto.solve(Problem(X[kept], Y[kept], some, fit_intercept=centred))
        return Y[row] - X[row] @ solution.coef - solution.intercept
    found = moments_of(X[kept], Y[kept], some, RUNGS["compensated"])
    coef, intercept = solve_paths(found, np.array([alpha]), centred)
    return Y[row] - X[row] @ coef[0] - intercept[0]
