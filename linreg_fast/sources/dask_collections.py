"""The moments of Dask arrays and frames: summed where the blocks are, added in a fixed order.

One task a block, fused with what makes the block, and a tree of sums over eight at a time. What
travels are `Part`s of p**2 numbers. The tree follows the blocks' numbers, so the result has the
same bits with any scheduler, any workers, and after any of them has died.
"""

import contextlib
import functools
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
    part = reduced(cut.leaves, cut.starts, merged)
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


def reduced(leaves, starts, merge, when=" during the fit"):
    """What `merge` makes of all leaves (an object a block), eight at a time, in their order.

    merge: of a list of neighbours the same as of one; it travels to the workers. starts: the first
    row of each block, for messages, or None.
    """
    import dask
    import dask.array as da

    total = da.reduction(
        leaves,
        chunk=_as_it_is,
        combine=functools.partial(_merged, merge=merge),
        aggregate=functools.partial(_last, merge=merge),
        axis=0,
        concatenate=False,
        split_every=FAN_IN,
        dtype=object,
        meta=np.empty((), object),
    )
    # Dask's optimisation fuses tasks and loses their annotations: the scheduler is told again.
    retries = getattr(dask, "get_annotations", dict)().get("retries")
    with told(starts, when):
        return total.compute(**({} if retries is None else {"retries": retries}))[()]


@contextlib.contextmanager
def told(starts=None, when=""):
    """Errors of workers, and of a cluster that went away, in words that say where and what to do.

    starts: the first row of each block, or None where it is not known.
    """
    try:
        yield
    except BlockError as error:
        raise ValueError(_told(error, starts)) from None
    except Exception as error:
        kind = type(error).__name__
        if kind in LOST:
            raise RuntimeError(
                f"the Dask cluster or its client was closed, restarted or lost{when}, or a worker "
                "died that held data which Dask cannot make anew, such as scattered arrays "
                f"({kind}: {error}): start the cluster, put the data there and call again"
            ) from error
        if kind == "KilledWorker":
            raise RuntimeError(
                f"the same work has ended one Dask worker after the other{when}: as a rule its "
                "memory is too small for the blocks. Cut the data into smaller ones (rechunk, "
                f"repartition), or give each worker more memory ({error})"
            ) from error
        raise


LOST = {
    "FutureCancelledError",
    "CancelledError",
    "CommClosedError",
    "ClosedClientError",
    "NoWorkerError",
}


def _told(error, starts):
    where = f"block {error.block}"
    if starts is not None:
        where += f" (from row {starts[error.block]} of all on)"
    return f"in {where}: {error.reason}"


def _as_it_is(parts, axis, keepdims):
    return parts


def _merged(parts, axis, keepdims, merge):
    return merge(list(_flat(parts)))


def _last(parts, axis, keepdims, merge):
    total = np.empty((), object)
    total[()] = _merged(parts, axis, keepdims, merge)
    return total


def _flat(parts):
    """Of a partition, an array of one; of several, lists."""
    if isinstance(parts, (list, np.ndarray)):
        for each in parts:
            yield from _flat(each)
    else:
        yield parts


def _warn_of_far_integers(far):
    for name, (low, high) in far.items():
        step = 2 ** (max(-low, high).bit_length() - 53)
        warnings.warn(
            f"{name!r} holds whole numbers from {low} to {high}: beyond 2**53 they are rounded to "
            f"multiples of {step}; take an offset off",
            stacklevel=5,
        )
