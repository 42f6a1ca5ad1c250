"""What a Dask worker does: the moments of a block of rows, and of blocks added in order."""

import contextlib
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.data import many_target_moments
from linreg_fast.data.forgetting import fading_weights, joined
from linreg_fast.data.gate import as_floats, as_weights, check_finite, frozen
from linreg_fast.data.moments import Moments
from linreg_fast.kernels import RUNGS
from linreg_fast.kernels.steps.predict import predict
from linreg_fast.runtime import launch
from linreg_fast.sources.table import wider

EXACT = 2**53  # whole numbers beyond are rounded in float64
BLOCKS = np.empty(0, object)  # what Dask is told of the results, so that it does not try
LEAVE_OUT = "; missing='drop' leaves such rows out"


class Plan(NamedTuple):
    """What is done with every block; it travels to the workers."""

    features: tuple[Any, ...] | None = None  # names of the columns of X
    target: str = "y"  # as messages call it
    rung: str = "compensated"
    missing: str = "raise"
    decay: float | None = None
    weight: float | None = None  # that every row has, where there is no column of weights
    line: Any = None  # (coef, intercept): sum the residuals of this line, not X
    one_of_many: bool = True  # other blocks keep the other cores busy


class Part(NamedTuple):
    """What is known of some blocks that follow each other."""

    moments: Any  # Moments, or ManyTargetMoments
    share: float  # what is left of the weight of earlier rows: `decay`
    rows: int  # that were read
    dropped: int  # of these, for a missing value
    far: dict  # column -> its range, of whole numbers that float64 rounds


class Cut(NamedTuple):
    """Collections that are cut alike, and how the parts are made of them."""

    leaves: Any  # a Dask array of one `Part` a block
    starts: Any  # first row of each block, or None where unknown
    features: list[Any] | None
    n_features: int
    n_targets: int
    one_target: bool
    dtype: np.dtype


class BlockError(ValueError):
    """Something in one block that no fit can use."""

    def __init__(self, block, reason):
        self.block, self.reason = block, reason
        super().__init__(f"block {block}: {reason}")

    def __reduce__(self):
        return BlockError, (self.block, self.reason)


@contextlib.contextmanager
def naming(block):
    """Errors in the block's numbers say which block it is."""
    try:
        yield
    except ValueError as error:
        raise BlockError(block, str(error)) from None


def only(block):
    """The block that Dask hands over in a list for each dimension that is summed."""
    while isinstance(block, list):
        (block,) = block
    return block


def part_of_arrays(X, y, weights, block, plan):
    """The `Part` of a block of arrays; block: (number,)."""
    with naming(block[0]):
        X, y, weights = only(X), only(y), only(weights)
        return part(X, y, weights, plan, {} if len(X) == 0 else far_integers(X, y, plan))


def part_of_frames(X, *others, plan, columns, partition_info=None):
    """The `Part` of a partition: frames and series, side by side.

    columns: names of the features in X, and those of target and weights in X or, where they come
    in `others`, None.
    """
    with naming(0 if partition_info is None else partition_info["number"]):
        features, target, weight = columns
        others = list(others)
        y = X[list(target)] if target is not None else others.pop(0)
        y = y.iloc[:, 0] if target is not None and len(target) == 1 else y
        weights = X[weight] if weight is not None else others.pop(0) if others else None
        if len(y) != len(X) or (weights is not None and len(weights) != len(X)):
            raise ValueError(_unlike(len(X), len(y), weights))
        far = {}
        values = as_array(X[list(features)], far), as_array(y, far)
        weights = None if weights is None else as_array(weights, {})
        found = part(*values, weights, plan, far)
    box = np.empty(1, object)  # Dask takes what it gets here for an array
    box[0] = found
    return box


def as_array(frame, far):
    """The numbers of a frame (n, p) in column-major order, or of a series (n,), NaN for missing."""
    if frame.ndim == 1:
        return _column(frame, far)
    kinds = set(frame.dtypes)
    if len(kinds) == 1 and next(iter(kinds)) in (np.float32, np.float64):
        return frame.to_numpy()
    narrow = all(kind in (np.float32, np.float16) for kind in kinds)
    values = np.empty(frame.shape, np.float32 if narrow else np.float64, order="F")
    for j in range(frame.shape[1]):
        values[:, j] = _column(frame.iloc[:, j], far)
    return values


def _column(series, far):
    kind = series.dtype
    if isinstance(kind, np.dtype) and kind.kind in "biuf":
        values = series.to_numpy()
        _note_far(values, series.name, far)
        return as_floats(values, repr(series.name))
    if getattr(kind, "kind", "") in "iu" and not series.isna().any():  # Int64 and Arrow's
        _note_far(series.to_numpy(dtype=f"{kind.kind}8"), series.name, far)
    try:
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"column {series.name!r} does not hold numbers: {error}") from None


def far_integers(X, y, plan):
    """Column -> its range, of columns of whole numbers that float64 rounds."""
    far = {}
    for j in range(X.shape[1]) if X.ndim == 2 and X.dtype.kind in "iu" else ():
        _note_far(X[:, j], f"column {j}" if plan.features is None else plan.features[j], far)
    _note_far(y, plan.target, far)
    return far


def _note_far(values, name, far):
    if values.dtype.kind in "iu" and values.dtype.itemsize == 8 and values.size:
        low, high = int(values.min()), int(values.max())
        if max(-low, high) > EXACT:
            far[name] = low, high


def part(X, y, weights, plan, far):
    """The `Part` of arrays as they come: X (n, p), y (n,) or (n, t), weights (n,) or None."""
    n, dropped = len(X), 0
    if len(y) != n or (weights is not None and len(weights) != n):
        raise ValueError(_unlike(n, len(y), weights))
    X, y = as_floats(X, "X"), as_floats(y, plan.target)
    X, Y = _as_compiled(X), _as_compiled(y[:, None] if y.ndim == 1 else y)
    weights = plan.weight if weights is None else as_floats(weights, "sample_weight")
    if plan.missing == "drop" and n:
        X, Y, weights, dropped = without_missing(X, Y, weights)
    with _threads_here(plan):
        moments, share = sums(X, Y, weights, plan)
    return Part(moments, share, n, dropped, far)


def _threads_here(plan):
    """Bits follow the cut: it follows the plan alone. Plain sums lose digits in one long block."""
    alone = launch.whole if RUNGS[plan.rung].doubled else launch.alone
    return alone() if plan.one_of_many else contextlib.nullcontext()


def _as_compiled(values):
    """In a layout that `warmup` compiles for: another one would take seconds in each worker."""
    whole = values.flags.c_contiguous or values.flags.f_contiguous
    return frozen(values if whole else np.ascontiguousarray(values))


def _unlike(n, n_targets, weights):
    lengths = f"X has {n} rows here, y {n_targets}"
    lengths += "" if weights is None else f" and sample_weight {len(weights)}"
    return f"{lengths}: cut them alike, or make them columns of one collection before it is cut"


def without_missing(X, Y, weights):
    """The rows in which nothing is NaN, and how many others there were."""
    missing = np.isnan(X).any(axis=1) | np.isnan(Y).any(axis=1)
    if np.ndim(weights):
        missing |= np.isnan(weights)
    count = int(missing.sum())
    if count:
        X, Y = frozen(X[~missing]), frozen(Y[~missing])
        weights = weights[~missing] if np.ndim(weights) else weights
    return X, Y, weights, count


def sums(X, Y, weights, plan):
    """Moments of the rows, and what `decay` leaves of earlier ones."""
    p = X.shape[1] if plan.line is None else Y.shape[1]
    if len(X) == 0:
        return _of_no_rows(p, Y), 1.0
    if weights is not None and not np.any(weights):
        _check(X, Y, plan)
        return _of_no_rows(p, Y), 1.0
    weights = as_weights(weights, len(X))
    if weights is not None and not weights.all():  # the sums skip rows of weight zero
        _check(X, Y, plan)
    weights, share = fading_weights(weights, len(X), plan.decay)
    weights = None if weights is None else frozen(weights)
    if plan.line is not None:
        given, X = X, frozen(Y - predict(frozen(X.astype(np.float64, copy=False)), *plan.line))
    with np.errstate(all="ignore"):
        found = many_target_moments.moments_of(X, Y, weights, RUNGS[plan.rung])
    if not all(np.isfinite(each).all() for kept in found.apart for each in kept.parts):
        _check(X if plan.line is None else given, Y, plan)
        raise ValueError("squares of these numbers overflow: use other units, or double-double")
    return found, share


def _of_no_rows(p, Y):
    """Moments of no rows, of as many features and of the targets of Y."""
    chunks = many_target_moments.chunks(p, Y[:0])
    return many_target_moments.joined([Moments.empty(p, part.shape[1]) for part in chunks])


def predictions(X, block, coef, intercept, names=None, gaps=False):
    """Predictions (n, t) for the rows of a block; coef (t, p), intercept (t,).

    gaps: NaN may be, and gives NaN in its rows; infinities are an error all the same.
    """
    with naming(block):
        X = frozen(as_floats(X, "X"))
        if len(X) == 0:
            return np.empty((0, len(coef)), X.dtype)
        with launch.alone():
            found = predict(X, coef, intercept)
        with np.errstate(over="ignore", invalid="ignore"):
            suspicious = not np.isfinite(found.sum())
        if suspicious:
            check_finite(np.where(np.isnan(X), 0, X) if gaps else X, "X", names)
        return found


def _check(X, Y, plan):
    """Raise for the first number that is not finite."""
    try:
        check_finite(X, "X", plan.features)
        check_finite(Y if Y.shape[1] > 1 else Y[:, 0], plan.target)
    except ValueError as error:
        raise ValueError(f"{error}{LEAVE_OUT if 'NaN' in str(error) else ''}") from None


def merged(parts):
    """Parts of blocks that follow each other, as one, added in this order."""
    first, *rest = parts
    for part in rest:
        far = dict(first.far)
        for name, ends in part.far.items():
            far[name] = wider(far.get(name), ends)
        first = Part(
            joined(first.moments, part.moments, part.share),
            first.share * part.share,
            first.rows + part.rows,
            first.dropped + part.dropped,
            far,
        )
    return first
