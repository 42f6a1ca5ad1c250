"""The moments of Dask arrays and frames: summed where the blocks are, added in a fixed order.

One task a block, fused with what makes the block, and a tree of sums over eight at a time. What
travels are `Part`s of p**2 numbers. The tree follows the blocks' numbers, so the result has the
same bits with any scheduler, any workers, and after any of them has died.
"""

import contextlib
import sys
import warnings
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.data.gate import is_dask
from linreg_fast.sources.dask_arrays import cut_arrays
from linreg_fast.sources.dask_blocks import BlockError, Part, Plan, merged
from linreg_fast.sources.dask_frames import cut_frames

FAN_IN = 8  # 8 or 32 take the same time; with 8 a merge stays below a millisecond at p = 100


class Summed(NamedTuple):
    """What a fit needs of the rows of Dask collections."""

    part: Part
    features: list[Any] | None  # names of the columns, of frames
    n_targets: int
    one_target: bool  # y is 1-D
    dtype: np.dtype  # of X, and of the coefficients

    @property
    def moments(self):
        return self.part.moments


def libraries():
    """dask.array, and dask.dataframe if that has been imported."""
    try:
        import dask.array as da
    except ImportError as error:
        raise ImportError(
            f"Dask collections need dask with its arrays: pip install 'linreg_fast[dask]' ({error})"
        ) from None
    return da, sys.modules.get("dask.dataframe")


def summed(X, y, sample_weight=None, *, features=None, missing=None, **how):
    """`Summed` of Dask collections: X with y, or a frame X and the names of its columns.

    how: further fields of the `Plan`.
    """
    if missing not in (None, "raise", "drop"):
        raise ValueError(f"missing must be 'raise' or 'drop', got {missing!r}")
    if y is None:
        raise ValueError("y is missing: pass a Dask collection, or the name of a column of X")
    da, dd = libraries()
    plan = Plan(missing=missing or "raise", **how)
    if isinstance(sample_weight, (int, float, np.number)):
        plan, sample_weight = plan._replace(weight=float(sample_weight)), None
    given = [each for each in (X, y, sample_weight) if is_dask(each)]
    if dd is not None and isinstance(X, dd.DataFrame) and all(map(_in_frames(dd), given)):
        cut = cut_frames(dd, X, y, sample_weight, features, plan)
    else:
        if features is not None:
            raise ValueError("features are names of columns: X must be a Dask dataframe for them")
        cut = cut_arrays(da, dd, X, y, sample_weight, plan)
    if plan.line is not None and plan.line[0].shape != (cut.n_targets, cut.n_features):
        targets, columns = plan.line[0].shape
        raise ValueError(
            f"X has {cut.n_features} features and y {cut.n_targets} targets, and the fit had "
            f"{columns} and {targets}"
        )
    part = _computed(da, cut)
    _warn_of_far_integers(part.far)
    return Summed(part, cut.features, cut.n_targets, cut.one_target, cut.dtype)


def _in_frames(dd):
    return lambda each: isinstance(each, (dd.DataFrame, dd.Series))


def check_rows(found):
    """Raise if nothing is left to fit."""
    part = found.part
    if part.moments.n_samples:
        return
    if part.rows == 0:
        raise ValueError("X has no rows: all its blocks are empty")
    if part.dropped == part.rows:
        raise ValueError(
            f"nothing is left to fit: each of the {part.rows} rows has a missing value"
        )
    raise ValueError("sample_weight is zero on every row: nothing is left to fit")


def _computed(da, cut):
    """The `Part` of all blocks."""
    import dask

    total = da.reduction(
        cut.leaves,
        chunk=_as_it_is,
        combine=_merged,
        aggregate=_last,
        axis=0,
        concatenate=False,
        split_every=FAN_IN,
        dtype=object,
        meta=np.empty((), object),
    )
    # Dask's optimisation fuses tasks and loses their annotations: the scheduler is told again.
    retries = getattr(dask, "get_annotations", dict)().get("retries")
    with told_of_a_lost_cluster(" during the fit"):
        try:
            return total.compute(**({} if retries is None else {"retries": retries}))[()]
        except BlockError as error:
            raise ValueError(_told(error, cut.starts)) from None


@contextlib.contextmanager
def told_of_a_lost_cluster(when=""):
    """Say in words that the cluster went away, where Dask has only the name of an error."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ in LOST:
            raise RuntimeError(
                f"the Dask cluster or its client was closed, restarted or lost{when} "
                f"({type(error).__name__}: {error}): start it and call again"
            ) from error
        raise


LOST = {"FutureCancelledError", "CancelledError", "CommClosedError", "ClosedClientError"}


def _told(error, starts):
    where = f"block {error.block}"
    if starts is not None:
        where += f" (from row {starts[error.block]} of all on)"
    return f"in {where}: {error.reason}"


def _as_it_is(parts, axis, keepdims):
    return parts


def _merged(parts, axis, keepdims):
    return merged(_flat(parts))


def _last(parts, axis, keepdims):
    total = np.empty((), object)
    total[()] = _merged(parts, axis, keepdims)
    return total


def _flat(parts):
    """Of a partition, an array of one; of several, lists."""
    if isinstance(parts, Part):
        yield parts
    else:
        for each in parts:
            yield from _flat(each)


def _warn_of_far_integers(far):
    for name, (low, high) in far.items():
        step = 2 ** (max(-low, high).bit_length() - 53)
        warnings.warn(
            f"{name!r} holds whole numbers from {low} to {high}: beyond 2**53 they are rounded to "
            f"multiples of {step}; take an offset off",
            stacklevel=5,
        )
