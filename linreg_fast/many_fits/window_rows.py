"""The rows of windows: what was passed, as arrays, and where each window begins."""

import itertools
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.data.gate import check_finite
from linreg_fast.many_fits.given import grouped_rows
from linreg_fast.many_fits.keys import Groups, grouped
from linreg_fast.many_fits.table import check_missing
from linreg_fast.many_fits.times import check_sorted, numbers_of

MISSING = ("raise", "skip", "break")
PASS_OVER = ", or have them passed over with missing='skip' or 'break'"


class Input(NamedTuple):
    """What was passed, as arrays; of rows in the order of their groups and times."""

    X: np.ndarray
    y: np.ndarray
    weights: Any  # (n,), or None for ones
    bad: Any  # (n,) bool, rows that are not finite; None for none
    groups: Groups
    names: list  # of the features
    key_names: list  # of the columns of keys, if there are any
    centred: bool
    library: str
    times: Any  # n stamps, or None
    times_label: str  # for messages

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


def input_of(X, y, times, groups, by, features, sample_weight, centred, missing):
    """`Input` of what a user passed."""
    check_missing(missing, MISSING)
    given, beside = grouped_rows(
        X, y, groups, by, features, sample_weight, "keep", {"times": times}
    )  # fmt: skip
    (n, p), weights = given.X.shape, given.weights
    bad = ~np.isfinite(given.y)
    for j in range(p):
        bad |= ~np.isfinite(given.X[:, j])
    if not bad.any():
        bad = None
    elif missing == "raise":
        check_finite(given.X, "X", given.features, advice=PASS_OVER)
        check_finite(given.y, "y", advice=PASS_OVER)
    else:
        weights = np.where(bad, 0.0, 1.0 if weights is None else weights)
        if not weights.any():
            raise ValueError("every row lacks a number: nothing is left to fit")
    whole = Groups(np.zeros(1), np.array([0, n]), np.arange(n))
    label = f"column {times!r}" if isinstance(times, str) else "times"
    return Input(
        given.X,
        given.y,
        weights,
        bad if missing == "break" else None,
        grouped(given.keys, n, given.key_names) if given.keys else whole,
        given.features or [f"x{j}" for j in range(p)],
        given.key_names,
        bool(centred),
        given.library,
        beside["times"],
        label,
    )


def stamps_of(span, given, name):
    stamps, span = numbers_of(given.times, span, len(given.y), name, given.times_label)
    check_sorted(stamps, given.groups.order, given.groups.starts)
    return stamps, span


def begins_of(span, given):
    """(n,): the first place that is later than each row's time less the window."""
    stamps, span = stamps_of(span, given, "window")
    order, starts = given.groups.order, given.groups.starts
    begins = np.empty(len(order), dtype=np.int64)
    for start, stop in itertools.pairwise(starts):
        own = stamps[order[start:stop]]
        begins[start:stop] = start + np.searchsorted(own, own - span, side="right")
    return begins
