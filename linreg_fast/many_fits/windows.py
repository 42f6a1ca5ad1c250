"""`fit_rolling`, `fit_expanding` and `fit_ewm`: a line for each row, of the rows up to it."""

import itertools
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.data import scaling
from linreg_fast.data.gate import as_weights, check_finite
from linreg_fast.kernels.moments import windows as kernel
from linreg_fast.kernels.moments.records import record_size
from linreg_fast.kernels.systems import one_of_many as of
from linreg_fast.kernels.tuning import SMALL_SYSTEM_COLUMNS, WINDOW_FEWEST, WINDOW_LAUNCH
from linreg_fast.many_fits.common import (
    empty_results,
    fit_left,
    in_own_units,
    keys_of,
    rows_for_kernels,
    whole_number,
)
from linreg_fast.many_fits.frames import column, features_of, library_of, target_of
from linreg_fast.many_fits.keys import Groups, grouped
from linreg_fast.many_fits.progress import Progress
from linreg_fast.many_fits.results import ManyFits
from linreg_fast.many_fits.times import check_sorted, numbers_of, span_of
from linreg_fast.many_fits.window_fits import WindowFits
from linreg_fast.runtime import launch
from linreg_fast.runtime.interrupt import as_keyboard_interrupt

MISSING = ("raise", "skip", "break")


class Input(NamedTuple):
    """What was passed, as arrays; of rows in the order of their groups and times."""

    X: np.ndarray
    y: np.ndarray
    weights: Any  # (n,), or None for ones
    bad: Any  # (n,) bool, rows that are not finite; None for none
    groups: Groups
    names: list  # of the features
    keyed: bool
    centred: bool
    library: str

    @property
    def place(self):
        """(n,): how many rows of its group stand before each, in the order of the groups."""
        starts = self.groups.starts
        return np.arange(len(self.y)) - np.repeat(starts[:-1], np.diff(starts))

    @property
    def live(self):
        """(n,) int64: 1 for rows with a weight, in the order of the groups."""
        weights = np.ones(len(self.y)) if self.weights is None else self.weights
        return (weights[self.groups.order] > 0).astype(np.int64)


def fit_rolling(
    X,
    y,
    window,
    *,
    step=1,
    times=None,
    groups=None,
    by=None,
    sample_weight=None,
    fit_intercept=True,
    min_samples=None,
    missing="raise",
    n_jobs=None,
):
    """A least-squares line for each window of rows, or of time, that moves forward over the rows.

    Sums of windows are joined and never subtracted: a number that has left the window, however
    large, leaves nothing in it, and the last of a million windows is as exact as the first.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or a data frame
    y : array-like of shape (n_samples,), or the name of a column of X
    window : int, or a span of the times
        How many rows; or with `times` how much time: a number, or for dates a span such as '30d',
        '12h' or a timedelta. A window at time t has the rows later than t - window, up to t.
    step : int, default=1
        Every so many rows a window ends: at row step - 1 of the last full step, counted so that
        the first full window is among them.
    times : array-like of shape (n_samples,), or the name of a column of X, optional
        Numbers or dates that do not go back.
    groups, by : optional
        As in `fit_groups`: windows of each group's rows, in the order in which they stand.
    sample_weight : array-like of shape (n_samples,), optional
    fit_intercept : bool, default=True
    min_samples : int, optional
        Windows with fewer rows (of a weight above zero) get NaN. None: the window's length or, with
        times, the number of coefficients.
    missing : {"raise", "skip", "break"}, default="raise"
        What rows with NaN or infinity do: raise, be left out, or give all windows NaN that they
        are in.
    n_jobs : int or None, default=None
        Threads: None for Numba's setting, -1 for all, k for at most k. The bits are the same.

    Returns
    -------
    WindowFits
        Of windows that end at `rows`; with a step of one, at every row.

    Raises
    ------
    ValueError
        For a window that is not positive or smaller than the number of coefficients, times that go
        back, and numbers that are not finite; it says where.

    Examples
    --------
    >>> from linreg_fast import fit_rolling
    >>> fits = fit_rolling([[1.0], [2.0], [3.0], [4.0]], [1.0, 2.0, 3.0, 5.0], window=3)
    >>> fits.coef[:, 0].round(12).tolist()
    [nan, nan, 1.0, 1.5]
    """
    step = whole_number(step, "step")
    span = span_of(window, "window")
    if not span > (np.timedelta64(0) if isinstance(span, np.timedelta64) else 0):
        raise ValueError(f"window must be above zero, got {window!r}")
    given = _input(X, y, times, groups, by, sample_weight, fit_intercept, missing)
    order, starts = given.groups.order, given.groups.starts
    least = given.X.shape[1] + given.centred
    first = np.repeat(starts[:-1], np.diff(starts))
    every = np.arange(len(order))
    if times is None:
        rows = whole_number(window, "window")
        if rows < least:
            raise ValueError(
                f"a window of {rows} rows is too small for {least} coefficients: {least} at least"
            )
        begins = np.maximum(every - (rows - 1), first)
        ends_here = (given.place - (rows - 1)) % step == 0
        least = rows
    else:
        begins = _begins(X, times, span, given)
        ends_here = given.place % step == step - 1
    fewest = least if min_samples is None else whole_number(min_samples, "min_samples")
    at = np.flatnonzero(ends_here)
    with as_keyboard_interrupt(), launch.threads(n_jobs):
        found = _fit_windows(given, begins[at], at + 1, fewest)
    return _result(given, at, found)


def fit_expanding(
    X,
    y,
    *,
    groups=None,
    by=None,
    sample_weight=None,
    fit_intercept=True,
    min_samples=None,
    missing="raise",
    n_jobs=None,
):
    """A least-squares line for each row, of it and all rows before it.

    Parameters are those of `fit_rolling`; min_samples is the number of coefficients by default, and
    missing="break" gives NaN from the first row on that is not finite.

    Returns
    -------
    WindowFits

    Raises
    ------
    ValueError
        As `fit_rolling` does.

    Examples
    --------
    >>> from linreg_fast import fit_expanding
    >>> fit_expanding([[1.0], [2.0], [3.0]], [1.0, 2.0, 5.0]).coef[:, 0].round(12).tolist()
    [nan, 1.0, 2.0]
    """
    given = _input(X, y, None, groups, by, sample_weight, fit_intercept, missing)
    n = len(given.y)
    return _grown(given, [np.ones(n), np.zeros(n)], min_samples, n_jobs)


def fit_ewm(
    X,
    y,
    halflife,
    *,
    times=None,
    groups=None,
    by=None,
    sample_weight=None,
    fit_intercept=True,
    min_samples=None,
    missing="raise",
    n_jobs=None,
):
    """A weighted least-squares line for each row: a row `halflife` ago has half the weight.

    The same as a fit of all rows up to this one with the weights 0.5 ** (age / halflife).

    Parameters
    ----------
    halflife : number, or a span of the times
        In rows; or with `times` in time: a number, or for dates a span such as '30d'.

    The other parameters are those of `fit_rolling`; min_samples is the number of coefficients by
    default, and missing="break" gives NaN from the first row on that is not finite.

    Returns
    -------
    WindowFits

    Raises
    ------
    ValueError
        As `fit_rolling` does.

    Examples
    --------
    >>> from linreg_fast import fit_ewm
    >>> fit_ewm([[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0], halflife=2).coef[:, 0].round(12).tolist()
    [nan, 1.0, 1.0]
    """
    span = span_of(halflife, "halflife")
    if not span > (np.timedelta64(0) if isinstance(span, np.timedelta64) else 0):
        raise ValueError(f"halflife must be above zero, got {halflife!r}")
    given = _input(X, y, times, groups, by, sample_weight, fit_intercept, missing)
    order = given.groups.order
    if times is None:
        if isinstance(span, np.timedelta64):
            raise ValueError(f"halflife={halflife!r} is a span of time: pass times too")
        ages = np.full(len(order), 1 / np.longdouble(span))
    else:
        stamps, span = _stamps(X, times, span, given, "halflife")
        ages = np.diff(stamps[order], prepend=0) / np.longdouble(span)
    # Two doubles: over thousands of rows the rounding of one would add up.
    exact = np.longdouble(0.5) ** np.maximum(ages, 0)
    decays = exact.astype(np.float64)
    return _grown(given, [decays, (exact - decays).astype(np.float64)], min_samples, n_jobs)


def _input(X, y, times, groups, by, sample_weight, centred, missing):
    """`Input` of what a user passed."""
    if missing not in MISSING:
        raise ValueError(f"missing must be one of {', '.join(MISSING)}, got {missing!r}")
    alone = groups is None and by is None
    keys, names, without = ([], [], []) if alone else keys_of(X, groups, by)
    without += [name for name in (y, times) if isinstance(name, str)]
    matrix, features = features_of(X, without, finite=False)
    n, p = matrix.shape
    if p > SMALL_SYSTEM_COLUMNS:
        raise ValueError(f"windows take up to {SMALL_SYSTEM_COLUMNS} columns, and X has {p}")
    target, _ = target_of(X, y, n, finite=False)
    weights = as_weights(sample_weight, n)
    bad = ~np.isfinite(target)
    for j in range(p):
        bad |= ~np.isfinite(matrix[:, j])
    if not bad.any():
        bad = None
    elif missing == "raise":
        check_finite(matrix, "X", features)
        check_finite(target, "y")
    else:
        weights = np.where(bad, 0.0, 1.0 if weights is None else weights)
    whole = Groups(np.zeros(1), np.array([0, n]), np.arange(n))
    return Input(
        matrix,
        target,
        weights,
        bad if missing == "break" else None,
        grouped(keys, n, names) if keys else whole,
        features or [f"x{j}" for j in range(p)],
        bool(keys),
        bool(centred),
        library_of(X),
    )


def _stamps(X, times, span, given, name):
    stamps = column(X, times) if isinstance(times, str) else times
    stamps, span = numbers_of(stamps, span, len(given.y), name)
    check_sorted(stamps, given.groups.order, given.groups.starts)
    return stamps, span


def _begins(X, times, span, given):
    """(n,): the first place that is later than each row's time less the window."""
    stamps, span = _stamps(X, times, span, given, "window")
    order, starts = given.groups.order, given.groups.starts
    begins = np.empty(len(order), dtype=np.int64)
    for start, stop in itertools.pairwise(starts):
        own = stamps[order[start:stop]]
        begins[start:stop] = start + np.searchsorted(own, own - span, side="right")
    return begins


def _scaled(given):
    """(exponents, the rows as the kernels take them) of columns that are ordinary numbers."""
    X, y, weights = given.X, given.y, given.weights
    exponents = scaling.exponents(X, y[:, None], weights)[:-1]
    return exponents, rows_for_kernels(X, y, weights, np.ldexp(1.0, -exponents))


def _fit_windows(given, begins, ends, fewest):
    """coef, errors, numbers and states of windows of the ordered rows, a row a window."""
    order, count, p = given.groups.order, len(ends), given.X.shape[1]
    exponents, rows = _scaled(given)
    counts = np.append(0, np.cumsum(given.live))
    found = empty_results(count, p)
    longest = int((ends - begins).max(initial=0))
    chunks = kernel.chunks_of(longest)
    scratch = kernel.scratch_size(p, kernel.WINDOW_CHUNK + chunks)
    # Each stretch sums its first window anew.
    step = max(int(ends[-1] - ends[0]) // max(count - 1, 1), 1) if count else 1
    stretch = max(WINDOW_FEWEST, 2 * longest // step)
    with Progress("window", count) as progress:
        for start in range(0, count, WINDOW_LAUNCH * stretch):
            piece = slice(start, min(start + WINDOW_LAUNCH * stretch, count))
            own = piece.stop - piece.start
            launch.in_turns(
                kernel.windows,
                own,
                -(-own // stretch),
                1,
                scratch,
                *rows,
                order,
                begins[piece],
                ends[piece],
                counts,
                np.arange(piece.start, piece.stop),
                chunks,
                given.centred,
                fewest,
                *found,
            )
            progress(piece.stop)
    in_own_units(found, exponents)
    _break(given, begins, ends, found)
    left = np.flatnonzero((found[-1] == of.LEFT) | (found[-1] == of.EXTREME))
    ranges = (order[begins[k] : ends[k]] for k in left)
    fit_left(given.X, given.y, given.weights, given.centred, fewest, left, ranges, found, "window")
    return found


def _break(given, begins, ends, found):
    """NaN for windows that have a row which is not finite, where that was asked for."""
    if given.bad is None:
        return
    counts = np.append(0, np.cumsum(given.bad[given.groups.order]))
    broken = counts[ends] > counts[begins]
    for part in found[:2]:
        part[broken] = np.nan
    found[2][broken, : of.SAMPLES] = np.nan
    found[3][broken] = of.TOO_FEW


def _grown(given, decays, min_samples, n_jobs):
    """Of all rows up to each; decays: two (n,), of all weights before, as hi and lo."""
    starts = given.groups.starts
    n, p = given.X.shape
    least = p + given.centred
    fewest = least if min_samples is None else whole_number(min_samples, "min_samples")
    for part in decays:
        part[starts[:-1]] = 0.0
    with as_keyboard_interrupt(), launch.threads(n_jobs):
        found = _fit_growing(given, decays, fewest)
    return _result(given, np.arange(n), found)


def _fit_growing(given, decays, fewest):
    order, starts = given.groups.order, given.groups.starts
    n, p = given.X.shape
    exponents, rows = _scaled(given)
    live = given.live
    counts = np.cumsum(live)
    before = np.append(0, counts)[starts[:-1]]
    counts = counts - np.repeat(before, np.diff(starts))
    found = empty_results(n, p)
    stretches = -(-n // WINDOW_FEWEST)
    kept = np.empty((stretches, record_size(p + 1)))
    kernel.states_before(*rows, order, *decays, WINDOW_FEWEST, kept)
    scratch = kernel.scratch_size(p, 1)
    with Progress("row", n) as progress:
        for start in range(0, stretches, WINDOW_LAUNCH):
            stop = min(start + WINDOW_LAUNCH, stretches)
            piece = slice(start * WINDOW_FEWEST, min(stop * WINDOW_FEWEST, n))
            launch.in_turns(
                kernel.growing,
                stop - start,
                stop - start,
                1,
                scratch,
                *rows,
                order[piece],
                decays[0][piece],
                decays[1][piece],
                WINDOW_FEWEST,
                kept[start:stop],
                counts[piece],
                np.arange(piece.start, piece.stop),
                given.centred,
                fewest,
                *found,
            )
            progress(piece.stop)
    in_own_units(found, exponents)
    first = np.repeat(starts[:-1], np.diff(starts))
    _break(given, first, np.arange(1, n + 1), found)
    _fit_left_growing(given, decays, fewest, first, found)
    return found


def _fit_left_growing(given, decays, fewest, first, found):
    """Those that are left to the solvers, with weights of their own."""
    order, weights = given.groups.order, given.weights
    left = np.flatnonzero((found[-1] == of.LEFT) | (found[-1] == of.EXTREME))
    with Progress("row", len(left)) as progress:
        for done, k in enumerate(left):
            own = order[first[k] : k + 1]
            after = np.append(decays[0][first[k] + 1 : k + 1], 1.0)
            some = np.cumprod(after[::-1])[::-1]
            if weights is not None:
                some = some * weights[own]
            part = [each[k : k + 1] for each in found]
            fit_left(
                given.X[own], given.y[own], some, given.centred, fewest,
                np.zeros(1, dtype=np.int64), [np.arange(len(own))], part, "row",
            )  # fmt: skip
            progress(done)


def _result(given, at, found):
    """`WindowFits`, in the order of the rows."""
    rows = given.groups.order[at]
    keys = None
    if given.keyed:
        which = np.repeat(np.arange(len(given.groups.labels)), np.diff(given.groups.starts))[at]
        back = np.argsort(rows, kind="stable")
        rows, found = rows[back], [part[back] for part in found]
        keys = given.groups.labels[which[back]]
    return WindowFits(
        *ManyFits.arrays(*found), given.names, given.centred, given.library, rows, keys
    )
