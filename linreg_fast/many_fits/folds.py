"""Moments of the rows that folds train on and are tested on, each row being read once."""

import itertools
import warnings
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.data import many_target_moments
from linreg_fast.data.many_target_moments import moments_of
from linreg_fast.data.moments import Moments
from linreg_fast.kernels import RUNGS
from linreg_fast.runtime.progress import Progress

MOST_ATOMS = 4  # times the folds: with more sets of rows than that, folds are summed one by one
COMPRESSED = 4**30  # a code of folds, 0 to 3 for each, that fits an int64


class Fold(NamedTuple):
    """Moments of one fold, `ManyTargetMoments` where there are many targets."""

    train: Any
    test: Any


def split(cv, X, y, groups):
    """Pairs (train, test) of row numbers, or slices where rows are taken in order.

    Raises
    ------
    ValueError
        For fewer than two folds, more than rows, or a fold with no rows, naming it.
    TypeError
        For what is no splitter.
    """
    n = len(X)
    check_splitter(cv)
    splits = hasattr(cv, "split")
    if groups is not None and not splits:
        warn_of_groups(cv)
    if isinstance(cv, (int, np.integer)) and not isinstance(cv, bool):
        if not 2 <= cv <= n:
            raise ValueError(f"cv must be between 2 and the number of rows, {n}; got {cv}")
        ends = np.cumsum(np.full(cv, n // cv) + (np.arange(cv) < n % cv))
        return [slice(a, b) for a, b in itertools.pairwise([0, *ends.tolist()])]
    if splits:
        cv = cv.split(X, y, groups)
    pairs = [_pair(pair, k) for k, pair in enumerate(cv)]
    if not pairs:
        used = ": has this iterator been used up?" if hasattr(cv, "__next__") else ""
        raise ValueError(f"cv gives no folds{used}")
    for k, (train, test) in enumerate(pairs):
        for rows, what in ((train, "train on"), (test, "test on")):
            if rows.dtype == bool:
                raise ValueError(f"fold {k}: pass row numbers, not masks: np.flatnonzero(mask)")
            if rows.ndim != 1 or (len(rows) and rows.dtype.kind not in "iu"):
                raise ValueError(
                    f"fold {k}: the rows to {what} must be 1-D whole numbers, got "
                    f"{rows.dtype} of shape {rows.shape}"
                )
            if not len(rows):
                raise ValueError(f"fold {k} has no rows to {what}")
            if rows.min() < 0 or rows.max() >= n:
                row = rows.min() if rows.min() < 0 else rows.max()
                raise ValueError(f"fold {k} has row {row}, and X has {n} rows")
    return pairs


def check_splitter(cv):
    """Raise for what is no number of folds, splitter or iterable of pairs."""
    if isinstance(cv, type):
        raise TypeError(f"cv is the class {cv.__name__}: make a splitter of it, {cv.__name__}(...)")
    number = isinstance(cv, (int, np.integer)) and not isinstance(cv, bool)
    others = hasattr(cv, "split") or hasattr(cv, "__iter__")
    if isinstance(cv, (str, bytes)) or not (number or others):
        raise TypeError(
            "cv must be a number of folds, 'loo', an object with split() such as scikit-learn's, "
            f"or pairs (train, test) of row numbers; got {cv!r}"
        )
    if number and cv < 2:
        raise ValueError(f"cv must be between 2 and the number of rows; got {cv}")


def _pair(pair, k):
    parts = tuple(pair) if hasattr(pair, "__iter__") else ()
    if len(parts) != 2:
        raise ValueError(
            f"fold {k} must be a pair (train, test) of row numbers, got {type(pair).__name__} of "
            f"length {len(parts)}"
        )
    return tuple(map(np.asarray, parts))


def warn_of_groups(cv):
    """Warn where groups are given to what takes no notice of them; scikit-learn's splitters do."""
    warnings.warn(
        f"groups are not used by cv={cv!r}, which may train on rows of the groups that it tests "
        "on: pass a splitter such as sklearn.model_selection.GroupKFold(5), or no groups",
        stacklevel=4,
    )


def moments_of_folds(pairs, X, Y, weights):
    """[Fold] in the order of the pairs, and the moments of all rows if that is known."""
    parts, members = _atoms(pairs, len(X))
    if parts is None:
        return _one_by_one(pairs, X, Y, weights), None
    with Progress("part of the rows", len(parts)) as progress:
        found = []
        for rows in parts:
            found.append(_of(X, Y, weights, rows))
            progress(len(found))
    if members is None:  # each part is a test set, and the others are trained on
        return _others(found), sum(found[1:], found[0])
    zero = _none(X, Y)
    return [
        Fold(*(sum((found[k] for k in chosen), zero) for chosen in pair)) for pair in members
    ], None


def _of(X, Y, weights, rows):
    some = None if weights is None else weights[rows]
    if some is not None and not some.any():
        return _none(X, Y)
    return moments_of(X[rows], Y[rows], some, RUNGS["compensated"])


def _none(X, Y):
    """The moments of no rows."""
    p = X.shape[1]
    parts = many_target_moments.chunks(p, Y[:0])
    return many_target_moments.joined([Moments.empty(p, part.shape[1]) for part in parts])


def _others(found):
    """Each part to test on, the sum of the others to train on: joined from both ends."""
    before, after = [None], [None]
    for part in found[:-1]:
        before.append(part if before[-1] is None else before[-1] + part)
    for part in found[:0:-1]:
        after.append(part if after[-1] is None else part + after[-1])
    pairs = zip(before, reversed(after), strict=True)
    return [
        Fold(b if a is None else a if b is None else a + b, part)
        for (a, b), part in zip(pairs, found, strict=True)
    ]


def _one_by_one(pairs, X, Y, weights):
    with Progress("fold", len(pairs)) as progress:
        found = []
        for pair in pairs:
            found.append(Fold(*(_of(X, Y, weights, rows) for rows in pair)))
            progress(len(found))
    return found


def _atoms(pairs, n):
    """(sets of rows that no fold tears apart, for each fold which of them it has).

    (sets, None) where each set is what one fold is tested on; (None, None) where they are many, or
    a fold has a row twice.
    """
    if isinstance(pairs[0], slice):
        return pairs, None
    own = np.full(n, -1, dtype=np.int64)
    tested = sum(len(test) for _, test in pairs)
    for k, (_, test) in enumerate(pairs):
        own[test] = k
    if tested == n and (own >= 0).all():
        seen = np.zeros(n, dtype=bool)
        for k, (train, test) in enumerate(pairs):
            seen[:] = False
            seen[train] = True
            seen[test] = True
            if len(train) + len(test) != n or not seen.all() or (own[train] == k).any():
                break
        else:
            return [_as_slice(test) for _, test in pairs], None
    return _torn(pairs, n)


def _torn(pairs, n):
    codes, largest = np.zeros(n, dtype=np.int64), 1
    for train, test in pairs:
        if largest >= COMPRESSED:
            _, codes = np.unique(codes, return_inverse=True)
            largest = int(codes.max()) + 1
        role = np.zeros(n, dtype=np.int64)
        role[train] += 1
        role[test] += 2
        if np.count_nonzero(role % 2) != len(train) or np.count_nonzero(role >= 2) != len(test):
            return None, None
        codes, largest = codes * 4 + role, largest * 4
    labels, codes = np.unique(codes, return_inverse=True)
    if len(labels) > MOST_ATOMS * len(pairs) + 1:
        return None, None
    order = np.argsort(codes, kind="stable")
    sets = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    place = [rows[0] for rows in sets]
    members = []
    for train, test in pairs:
        chosen = []
        for rows in (train, test):
            inside = np.zeros(n, dtype=bool)
            inside[rows] = True
            chosen.append([k for k, row in enumerate(place) if inside[row]])
        members.append(tuple(chosen))
    return [_as_slice(rows) for rows in sets], members


def _as_slice(rows):
    """Rows in order without a gap as a slice, which copies nothing."""
    if len(rows) == rows[-1] - rows[0] + 1 and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
