"""Scores of penalties on folds, from the moments of their rows."""

import numpy as np

from linreg_fast.kernels.systems import one_of_many
from linreg_fast.many_fits.ridge import solve_path

SCORES = ("neg_mean_squared_error", "neg_root_mean_squared_error", "r2")


def fold_scores(folds, alphas, centred, scoring):
    """(A, K): of each penalty on each fold."""
    return np.column_stack(
        [_fold_scores(fold, k, alphas, centred, scoring) for k, fold in enumerate(folds)]
    )


def _fold_scores(fold, k, alphas, centred, scoring):
    """(A,): of each penalty, on the fold's own rows, from their moments."""
    for moments, what in zip(fold, ("train on", "test on"), strict=True):
        if moments.n_samples == 0:
            raise ValueError(f"fold {k} has no rows of a weight above zero to {what}")
    coef, _ = solve_path(fold.train, alphas, centred)
    test, p = fold.test, fold.test.n_features
    # What is extreme is divided by powers of two of its own.
    units = np.zeros(p + test.n_targets, np.int64)
    if test.exponents is not None:
        units = test.exponents[:-1]
    columns, targets = units[:p], units[p:]
    # How far a line passes the fold's mean: from the distance of the means, which has all its
    # digits, where there is an intercept.
    apart = test.mean_parts
    if centred:
        apart = apart - np.ldexp(means_of(fold.train), -units)
    apart = apart.sum(axis=0)
    parts = np.ldexp(apart[:p], columns)
    losses = np.empty((len(alphas), test.n_targets))
    for i in range(test.n_targets):
        kept = [*range(p), p + i]
        products = np.ascontiguousarray(test.comoment_parts[:, kept][:, :, kept])
        for a in range(len(alphas)):
            own = np.ldexp(coef[a, :, i], columns - targets[i])
            inside = one_of_many.left(products, own) / test.weight_parts[0]
            shift = apart[p + i] - np.ldexp(parts @ coef[a, :, i], -targets[i])
            losses[a, i] = inside + shift * shift
    return _scored(losses, test, targets, scoring)


def _scored(losses, test, targets, scoring):
    if scoring == "r2":
        squares = test.comoment_parts[0].diagonal()[test.n_features :] / test.weight_parts[0]
        with np.errstate(invalid="ignore", divide="ignore"):
            found = 1 - losses / squares
        flat = squares == 0
        found[:, flat] = np.where(losses[:, flat] == 0, 1.0, 0.0)  # as scikit-learn has it
        if test.n_samples < 2:
            found[:] = np.nan
        return found.mean(axis=1)
    losses = np.ldexp(losses, 2 * targets)
    if scoring == "neg_root_mean_squared_error":
        losses = np.sqrt(losses)
    return -losses.mean(axis=1)


def means_of(moments):
    """(2, q): hi and lo, in the columns' own units."""
    if moments.exponents is None:
        return moments.mean_parts
    return np.ldexp(moments.mean_parts, moments.exponents[:-1])
