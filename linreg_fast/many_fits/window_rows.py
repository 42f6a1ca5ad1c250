"""The rows of windows: what was passed, as arrays, and where each window begins."""

import itertools
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.data.gate import as_weights, check_finite
from linreg_fast.many_fits.common import keys_of
from linreg_fast.many_fits.frames import column, features_of, library_of, target_of
from linreg_fast.many_fits.keys import Groups, grouped
from linreg_fast.many_fits.times import check_sorted, numbers_of

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


def input_of(X, y, times, groups, by, sample_weight, centred, missing):
    """`Input` of what a user passed."""
    if missing not in MISSING:
        raise ValueError(f"missing must be one of {', '.join(MISSING)}, got {missing!r}")
    alone = groups is None and by is None
    keys, names, without = ([], [], []) if alone else keys_of(X, groups, by)
    without += [name for name in (y, times) if isinstance(name, str)]
    if isinstance(times, str):
        column(X, times)  # refuses a name that there is not
    matrix, features = features_of(X, without, finite=False)
    n, p = matrix.shape
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


def stamps_of(X, times, span, given, name):
    label = f"column {times!r}" if isinstance(times, str) else "times"
    stamps = column(X, times) if isinstance(times, str) else times
    stamps, span = numbers_of(stamps, span, len(given.y), name, label)
    check_sorted(stamps, given.groups.order, given.groups.starts)
    return stamps, span


def begins_of(X, times, span, given):
    """(n,): the first place that is later than each row's time less the window."""
    stamps, span = stamps_of(X, times, span, given, "window")
    order, starts = given.groups.order, given.groups.starts
    begins = np.empty(len(order), dtype=np.int64)
    for start, stop in itertools.pairwise(starts):
        own = stamps[order[start:stop]]
        begins[start:stop] = start + np.searchsorted(own, own - span, side="right")
    return begins
