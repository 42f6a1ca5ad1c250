"""`fit_rolling`, `fit_expanding` and `fit_ewm`: a line for each row, of the rows up to it."""

import numpy as np

from linreg_fast.many_fits import fading
from linreg_fast.many_fits.common import whole_number
from linreg_fast.many_fits.times import span_of
from linreg_fast.many_fits.window_rows import begins_of, input_of, stamps_of
from linreg_fast.many_fits.window_sums import fit_growing, fit_windows, result_of
from linreg_fast.runtime import launch
from linreg_fast.runtime.interrupt import as_keyboard_interrupt


def fit_rolling(
    X,
    y,
    window,
    *,
    step=1,
    times=None,
    groups=None,
    by=None,
    features=None,
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
    X : array-like of shape (n_samples, n_features), a data frame, or a source
        As in `fit_groups`; rows in the order in which they stand in the files.
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
    features : list of str, optional
        Of a frame or a source: the columns to explain y by. None: all others.
    sample_weight : array-like of shape (n_samples,), or the name of a column of X, optional
        0 removes a row.
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
    threads = launch.threads(n_jobs)
    step = whole_number(step, "step")
    span = span_of(window, "window")
    if not span > (np.timedelta64(0) if isinstance(span, np.timedelta64) else 0):
        raise ValueError(f"window must be above zero, got {window!r}")
    given = input_of(X, y, times, groups, by, features, sample_weight, fit_intercept, missing)
    order, starts = given.groups.order, given.groups.starts
    least = given.X.shape[1] + given.centred
    first = np.repeat(starts[:-1], np.diff(starts))
    every = np.arange(len(order))
    if times is None:
        if isinstance(span, np.timedelta64):
            raise ValueError(f"window={window!r} is a span of time: pass times too")
        rows = whole_number(window, "window")
        if rows < least:
            raise ValueError(
                f"a window of {rows} rows is too small for {least} coefficients: {least} at least"
            )
        if min_samples is not None and whole_number(min_samples, "min_samples") > rows:
            raise ValueError(
                f"min_samples={min_samples} is more than a window of {rows} rows ever has"
            )
        begins = np.maximum(every - (rows - 1), first)
        ends_here = (given.place - (rows - 1)) % step == 0
        least = rows
    else:
        begins = begins_of(span, given)
        ends_here = given.place % step == step - 1
    fewest = least if min_samples is None else whole_number(min_samples, "min_samples")
    at = np.flatnonzero(ends_here)
    with as_keyboard_interrupt(), threads:
        found = fit_windows(given, begins[at], at + 1, fewest)
    return result_of(given, at, found)


def fit_expanding(
    X,
    y,
    *,
    groups=None,
    by=None,
    features=None,
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
    threads = launch.threads(n_jobs)
    given = input_of(X, y, None, groups, by, features, sample_weight, fit_intercept, missing)
    n = len(given.y)
    return _grown(given, [np.ones(n), np.zeros(n)], min_samples, threads)


def fit_ewm(
    X,
    y,
    halflife,
    *,
    times=None,
    groups=None,
    by=None,
    features=None,
    sample_weight=None,
    fit_intercept=True,
    min_samples=None,
    missing="raise",
    n_jobs=None,
):
    """A weighted least-squares line for each row: a row `halflife` ago has half the weight.

    The coefficients of a fit of all rows up to this one with the weights 0.5 ** (age / halflife).
    A weight that fades is no inverse variance: standard errors, sigma and degrees of freedom
    (Satterthwaite's) are those of rows whose errors have one variance whatever their age, or one
    in inverse proportion to `sample_weight`.

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
    threads = launch.threads(n_jobs)
    span = span_of(halflife, "halflife")
    if not span > (np.timedelta64(0) if isinstance(span, np.timedelta64) else 0):
        raise ValueError(f"halflife must be above zero, got {halflife!r}")
    given = input_of(X, y, times, groups, by, features, sample_weight, fit_intercept, missing)
    order = given.groups.order
    if times is None:
        if isinstance(span, np.timedelta64):
            raise ValueError(f"halflife={halflife!r} is a span of time: pass times too")
        ages = np.full(1, 1 / np.longdouble(span))
    else:
        stamps, span = stamps_of(span, given, "halflife")
        ages = np.diff(stamps[order], prepend=0) / np.longdouble(span)
    # Two doubles: over thousands of rows the rounding of one would add up.
    # Powers of long doubles are slow, and the ages of most rows are alike.
    ages, which = np.unique(ages, return_inverse=True)
    exact = (np.longdouble(0.5) ** np.maximum(ages, 0))[which.reshape(-1)]
    exact = np.broadcast_to(exact, len(order))
    decays = exact.astype(np.float64)
    both = [decays, (exact - decays).astype(np.float64)]
    return _grown(given, both, min_samples, threads, fades=True)


def _grown(given, decays, min_samples, threads, fades=False):
    """Of all rows up to each; decays: two (n,), of all weights before, as hi and lo."""
    starts = given.groups.starts
    n, p = given.X.shape
    least = p + given.centred
    fewest = least if min_samples is None else whole_number(min_samples, "min_samples")
    for part in decays:
        part[starts[:-1]] = 0.0
    with as_keyboard_interrupt(), threads:
        found = fit_growing(given, decays, fewest)
        faded = fading.correct(given, decays[0], found) if fades else None
    return result_of(given, np.arange(n), found, faded)
