"""`fit_targets`: a line for each of many targets, each of the rows that have it."""

import numpy as np

from linreg_fast.data.gate import check_finite
from linreg_fast.data.many_target_moments import takes
from linreg_fast.data.room import check_room
from linreg_fast.kernels.systems import one_of_many as of
from linreg_fast.kernels.tuning import TARGET_COPY_ELEMENTS
from linreg_fast.many_fits.common import empty_results, whole_number
from linreg_fast.many_fits.complete import complete
from linreg_fast.many_fits.frames import target_names
from linreg_fast.many_fits.groups import fit_each
from linreg_fast.many_fits.keys import Groups
from linreg_fast.many_fits.results import ManyFits
from linreg_fast.many_fits.table import LEAVE_OUT, check_missing, table_given
from linreg_fast.many_fits.target_fits import TargetFits
from linreg_fast.many_fits.whole_targets import fit_whole
from linreg_fast.runtime import launch
from linreg_fast.runtime.interrupt import as_keyboard_interrupt
from linreg_fast.runtime.progress import Progress

MISSING = "raise", "drop", "each"


def fit_targets(
    X,
    Y,
    *,
    features=None,
    sample_weight=None,
    fit_intercept=True,
    min_samples=None,
    missing="raise",
    n_jobs=None,
):
    """A least-squares line for each of many targets, with standard errors, t and p values.

    Targets may lack numbers in rows of their own: with missing="each" every target is fitted to
    the rows that have it, as a loop would do. Where none lacks one, all targets are fitted at
    once, and so are many (65, or more than columns) that lack the same rows; others are fitted one
    by one, of more than 32 columns by LAPACK: 3 ms for each of 500 x 60.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), a data frame, or a source
        As in `fit_groups`.
    Y : array-like of shape (n_samples, n_targets) or (n_samples,), or names of columns of X
    features : list of str, optional
        Of a frame or a source: the columns to explain the targets by. None: all others.
    sample_weight : array-like of shape (n_samples,), or the name of a column of X, optional
        0 removes a row.
    fit_intercept : bool, default=True
    min_samples : int, optional
        Targets with fewer rows (of a weight above zero) get NaN. None: every target is fitted.
    missing : {"raise", "drop", "each"}, default="raise"
        What a row does that lacks a number: stop it; stay out of all fits; or, if only targets
        are missing, stay out of the fits of those.
    n_jobs : int or None, default=None
        Threads: None for Numba's setting, -1 for all, k for at most k. The bits are the same.

    Returns
    -------
    TargetFits

    Raises
    ------
    ValueError
        For shapes that do not fit and numbers that are not finite; it says where.

    Examples
    --------
    >>> import numpy as np
    >>> from linreg_fast import fit_targets
    >>> Y = [[1.0, 1.0], [2.0, np.nan], [3.0, 5.0], [5.0, 7.0]]
    >>> fits = fit_targets([[1.0], [2.0], [3.0], [4.0]], Y, missing="each")
    >>> fits.coef[:, 0].round(12).tolist(), fits.n_samples.tolist()
    ([1.3, 2.0], [4, 3])
    """
    threads = launch.threads(n_jobs)
    check_missing(missing, MISSING)
    fewest = whole_number(min_samples, "min_samples") if min_samples is not None else 1
    names = target_names(Y)
    given = table_given(X, Y, features, sample_weight, "keep")
    if missing != "raise":
        given = complete(given, (), targets=missing == "drop")
    check_finite(given.X, "X", given.features, advice=LEAVE_OUT)
    told = f"y (column {Y!r})" if isinstance(Y, str) else "y"
    Y = given.y[:, None] if given.y.ndim == 1 else given.y
    t, p = Y.shape[1], given.X.shape[1]
    check_room(8 * t * (3 * p + 16), f"{t:,} targets of {p} features")

    def refuse():
        if missing != "each":
            check_finite(Y if t > 1 else Y[:, 0], told, advice=LEAVE_OUT)

    with as_keyboard_interrupt(), threads:
        rows, centred = (given.X, Y, given.weights), bool(fit_intercept)
        if missing == "each" and np.isnan(Y.sum()):
            found = _by_gaps(*rows, centred, fewest)
        else:
            found = _alike(*rows, centred, fewest, refuse)
    rest = given.features or [f"x{j}" for j in range(p)], bool(fit_intercept), given.library
    return TargetFits(*ManyFits.arrays(*found), *rest, names)


def _alike(X, Y, weights, centred, fewest, refuse):
    """coef, errors, numbers and states of targets that lack nothing."""
    rows = len(X) if weights is None else int(np.count_nonzero(weights))
    whole = fit_whole(X, Y, weights, centred, refuse) if fewest <= rows else None
    if whole is None:
        refuse()
        return _each(X, Y, weights, centred, fewest)
    found, again = whole
    if len(again):
        _write(_each(X, Y[:, again], weights, centred, fewest), found, again)
    return found


def _write(own, found, targets):
    for part, new in zip(found, own, strict=True):
        part[targets] = new


def _by_gaps(X, Y, weights, centred, fewest):
    """The same of targets with gaps: those with the same ones at once, if they are many."""
    t, p = Y.shape[1], X.shape[1]
    there = ~np.isnan(Y)
    bits = np.ascontiguousarray(np.packbits(there, axis=0).T)
    _, which, counts = np.unique(
        bits.view(f"V{bits.shape[1]}").reshape(-1), return_inverse=True, return_counts=True
    )
    found, alone = empty_results(t, p, "target"), []
    for k, count in enumerate(counts.tolist()):
        if not takes(p, count):
            alone.append(k)
            continue
        targets = np.flatnonzero(which == k)
        own = there[:, targets[0]]
        some = None if weights is None else weights[own]
        part = np.ascontiguousarray(Y[:, targets][own])
        _write(_alike(X[own], part, some, centred, fewest, lambda: None), found, targets)
    rest = np.flatnonzero(np.isin(which, alone))
    if len(rest):
        _write(_each(X, Y[:, rest], weights, centred, fewest), found, rest)
    return found


def _each(X, Y, weights, centred, fewest):
    """coef, errors, numbers and states of all targets, some at a time.

    To the kernel of groups a target is a group of rows: those of a copy of X below another.
    """
    (n, p), t = X.shape, Y.shape[1]
    copies = min(max(TARGET_COPY_ELEMENTS // (n * p), 1), t)
    below = np.tile(X, (copies, 1)) if copies > 1 else X
    weights = None if weights is None else np.tile(weights, copies)
    found = []
    with Progress("target", t) as progress:
        for start in range(0, t, copies):
            y = np.array(Y[:, start : start + copies].T, dtype=np.float64, order="C")
            there, count = ~np.isnan(y), len(y)
            y[~there] = 0.0  # of rows that no fit has
            units = np.frexp(np.abs(y).max(axis=1))[1]
            # Beside a target of 1e100 the squares of one of 1e-100 would be nothing.
            y = np.ldexp(y, -units[:, None])
            starts = np.append(0, np.cumsum(there.sum(axis=1)))
            groups = Groups(np.arange(count), starts, np.flatnonzero(there.reshape(-1)))
            rows, some = below[: count * n], None if weights is None else weights[: count * n]
            one = fit_each(rows, y.reshape(-1), some, groups, centred, fewest, None)
            found.append(_in_units(one, units))
            progress(start + count)
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def _in_units(found, units):
    """Results of targets that were divided by two to the power of their units, in their own."""
    coef, errors, numbers, states = found
    with np.errstate(over="ignore", under="ignore"):
        coef, errors = (np.ldexp(part, units[:, None]) for part in (coef, errors))
        for k, times in ((of.INTERCEPT, 1), (of.INTERCEPT_ERROR, 1), (of.SSE, 2), (of.TSS, 2)):
            numbers[:, k] = np.ldexp(numbers[:, k], times * units)
    return coef, errors, numbers, states
