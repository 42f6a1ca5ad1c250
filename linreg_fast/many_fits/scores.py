"""Scores of penalties on folds, from the moments of their rows."""

import numpy as np

from linreg_fast.kernels.systems import one_of_many
from linreg_fast.many_fits.ridge import solve_path
from linreg_fast.runtime.progress import Progress

SCORES = ("neg_mean_squared_error", "neg_root_mean_squared_error", "r2")


def fold_scores(folds, alphas, centred, scoring):
    """(A, K): of each penalty on each fold."""
    found = []
    with Progress("fold", len(folds)) as progress:
        for k, fold in enumerate(folds):
            progress(k)
            found.append(_fold_scores(fold, k, alphas, centred, scoring))
    return np.column_stack(found)


def _fold_scores(fold, k, alphas, centred, scoring):
    """(A,): of each penalty, on the fold's own rows, from their moments."""
    for moments, what in zip(fold, ("train on", "test on"), strict=True):
        if moments.n_samples == 0:
            raise ValueError(f"fold {k} has no rows of a weight above zero to {what}")
    found = [
        _of_targets(train, test, alphas, centred, scoring)
        for train, test in zip(fold.train.apart, fold.test.apart, strict=True)
    ]
    scores = found[0] if len(found) == 1 else np.concatenate(found, axis=1)
    return scores.mean(axis=1)


def _of_targets(train, test, alphas, centred, scoring):
    """(A, t): of each penalty and target."""
    coef, _ = solve_path(train, alphas, centred)
    p, t = test.n_features, test.n_targets
    # What is extreme is divided by powers of two of its own.
    units = np.zeros(p + t, np.int64)
    if test.exponents is not None:
        units = test.exponents[:-1]
    columns, targets = units[:p], units[p:]
    # How far a line passes the fold's mean: from the distance of the means, which has all its
    # digits, where there is an intercept.
    apart = test.mean_parts
    if centred:
        apart = apart - np.ldexp(means_of(train), -units)
    apart = apart.sum(axis=0)
    own, losses = np.ldexp(coef, columns[:, None] - targets), np.empty((len(alphas), t))
    one_of_many.left_of_each(test.comoment_parts, own, losses)
    shift = apart[p:] - np.einsum("apt,p->at", own, apart[:p])
    return _scored(losses / test.weight_parts[0] + shift * shift, test, targets, scoring)


def _scored(losses, test, targets, scoring):
    if scoring == "r2":
        squares = test.comoment_parts[0].diagonal()[test.n_features :] / test.weight_parts[0]
        with np.errstate(invalid="ignore", divide="ignore"):
            found = 1 - losses / squares
        flat = squares == 0
        found[:, flat] = np.where(losses[:, flat] == 0, 1.0, 0.0)  # as scikit-learn has it
        if test.n_samples < 2:
            found[:] = np.nan
        return found
    losses = np.ldexp(losses, 2 * targets)
    if scoring == "neg_root_mean_squared_error":
        losses = np.sqrt(losses)
    return -losses


def means_of(moments):
    """(2, q): hi and lo, in the columns' own units."""
    if moments.exponents is None:
        return moments.mean_parts
    return np.ldexp(moments.mean_parts, moments.exponents[:-1])
