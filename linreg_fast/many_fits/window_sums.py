"""The fits of windows, and of ever more rows, in compiled stretches; the few hard ones alone."""

import numpy as np

from linreg_fast.data import scaling
from linreg_fast.kernels.moments import growing
from linreg_fast.kernels.moments import windows as kernel
from linreg_fast.kernels.moments.records import record_size
from linreg_fast.kernels.systems import one_of_many as of
from linreg_fast.kernels.tuning import (
    SMALL_SYSTEM_COLUMNS,
    WINDOW_CALL,
    WINDOW_COST,
    WINDOW_FEWEST,
    WINDOW_FEWEST_LAUNCHED,
    WINDOW_LAUNCH,
    WINDOW_TABLES,
)
from linreg_fast.many_fits.common import (
    empty_results,
    fit_left,
    in_own_units,
    rows_for_kernels,
)
from linreg_fast.many_fits.fading import Faded
from linreg_fast.many_fits.results import ManyFits
from linreg_fast.many_fits.window_fits import WindowFits
from linreg_fast.runtime import launch
from linreg_fast.runtime.progress import Progress


def _scaled(given):
    """(exponents, the rows as the kernels take them) of columns that are ordinary numbers."""
    X, y, weights = given.X, given.y, given.weights
    exponents = scaling.exponents(X, y[:, None], weights)[:-1]
    return exponents, rows_for_kernels(X, y, weights, np.ldexp(1.0, -exponents))


def fit_windows(given, begins, ends, fewest):
    """coef, errors, numbers and states of windows of the ordered rows, a row a window."""
    order, count, p = given.groups.order, len(ends), given.X.shape[1]
    found = empty_results(count, p, "window")
    if p <= SMALL_SYSTEM_COLUMNS:
        _compiled_windows(given, begins, ends, fewest, found)
    else:
        _leave_all(given, begins, ends, found)
    _break(given, begins, ends, found)
    left = np.flatnonzero((found[-1] == of.LEFT) | (found[-1] == of.EXTREME))
    ranges = (order[begins[k] : ends[k]] for k in left)
    fit_left(given.X, given.y, given.weights, given.centred, fewest, left, ranges, found, "window")
    return found


def _compiled_windows(given, begins, ends, fewest, found):
    order, count, p = given.groups.order, len(ends), given.X.shape[1]
    exponents, rows = _scaled(given)
    counts = np.append(0, np.cumsum(given.live))
    longest = int((ends - begins).max(initial=0))
    chunks = kernel.chunks_of(longest)
    # Each stretch sums its first window anew.
    step = max(int(ends[-1] - ends[0]) // max(count - 1, 1), 1) if count else 1
    stretch = max(WINDOW_FEWEST, 2 * longest // step)
    records = kernel.WINDOW_CHUNK + chunks
    some, cost, stays = _launches(p, stretch, records * record_size(p + 1))
    tables = np.empty((min(some, -(-count // stretch)) * stays, records * record_size(p + 1)))
    marks = np.empty((len(tables), 3), dtype=np.int64)
    room = kernel.scratch_size(p, 0 if stays else records)
    with Progress("window", count) as progress:
        for start in range(0, count, some * stretch):
            piece = slice(start, min(start + some * stretch, count))
            own = piece.stop - piece.start
            places = np.arange(piece.start, piece.stop)
            marks[:] = -1
            parts = (*rows, order, begins[piece], ends[piece], counts, places, chunks)
            parts += (tables, marks, given.centred, fewest, *found)
            turns = own * cost // WINDOW_CALL + 1 if stays else 1
            launch.in_turns(kernel.windows, own, -(-own // stretch), turns, room, *parts)
            progress(piece.stop)
    in_own_units(found, exponents)


def _launches(p, stretch, table):
    """(stretches of one launch, cost of a window, whether a launch has turns).

    table: numbers of the records of a stretch.
    """
    cost = WINDOW_COST + (p + 1) ** 2
    fewest, most = WINDOW_FEWEST_LAUNCHED, WINDOW_LAUNCH
    some = max(min(WINDOW_CALL // (cost * stretch), most), 2 * fewest)
    if some * stretch * cost <= 8 * WINDOW_CALL:
        return some, cost, False
    return max(min(WINDOW_TABLES // table, most), fewest), cost, True


def _leave_all(given, begins, ends, found):
    """Leave all windows to the solvers; what is known of them is how many rows they have."""
    counts = np.append(0, np.cumsum(given.live))
    found[2][:] = np.nan
    found[2][:, of.SAMPLES] = counts[ends] - counts[begins]
    found[-1][:] = of.LEFT


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


def fit_growing(given, decays, fewest):
    """The same of all rows up to each; decays: two (n,), hi and lo, of all weights before."""
    starts = given.groups.starts
    n, p = given.X.shape
    found = empty_results(n, p, "row")
    if p <= SMALL_SYSTEM_COLUMNS:
        _compiled_growing(given, decays, fewest, found)
    first, ends = np.repeat(starts[:-1], np.diff(starts)), np.arange(1, n + 1)
    if p > SMALL_SYSTEM_COLUMNS:
        _leave_all(given, first, ends, found)
    _break(given, first, ends, found)
    _fit_left_growing(given, decays, fewest, first, found)
    return found


def _compiled_growing(given, decays, fewest, found):
    order, starts = given.groups.order, given.groups.starts
    n, p = given.X.shape
    exponents, rows = _scaled(given)
    counts = np.cumsum(given.live)
    before = np.append(0, counts)[starts[:-1]]
    counts = counts - np.repeat(before, np.diff(starts))
    stretches = -(-n // WINDOW_FEWEST)
    some, *_ = _launches(p, WINDOW_FEWEST, record_size(p + 1))
    kept = np.empty((min(stretches, some), record_size(p + 1)))
    record = np.zeros(record_size(p + 1))
    room = kernel.scratch_size(p, 1)
    with Progress("row", n) as progress:
        for start in range(0, stretches, some):
            stop = min(start + some, stretches)
            piece = slice(start * WINDOW_FEWEST, min(stop * WINDOW_FEWEST, n))
            ages = decays[0][piece], decays[1][piece], WINDOW_FEWEST
            growing.states_before(*rows, order[piece], *ages, record, kept[: stop - start])
            ages = *ages, kept[: stop - start]
            places = np.arange(piece.start, piece.stop)
            parts = (*rows, order[piece], *ages, counts[piece], places, given.centred, fewest)
            launch.in_turns(growing.growing, stop - start, stop - start, 1, room, *parts, *found)
            progress(piece.stop)
    in_own_units(found, exponents)


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


def result_of(given, at, found, faded=None):
    """`WindowFits`, in the order of the rows."""
    rows = given.groups.order[at]
    keys = None
    if given.key_names:
        which = np.repeat(np.arange(len(given.groups.labels)), np.diff(given.groups.starts))[at]
        back = np.argsort(rows, kind="stable")
        rows, found = rows[back], [part[back] for part in found]
        faded = None if faded is None else Faded(*(part[back] for part in faded))
        keys = given.groups.labels[which[back]]
    return WindowFits(
        *ManyFits.arrays(*found), given.names, given.centred, given.library, rows, keys, faded,
        given.key_names,
    )  # fmt: skip
