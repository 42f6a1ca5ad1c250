"""Descent over rows that arrive piece by piece: what `partial_fit` promises, kept.

The moments of all rows so far say where the loss is lowest, how steep it is, and which steps are
stable. None of that may be taken from the rows of one call: ten rows, or one, are not the data.
With learning_rate="auto" even the gradient is that of all rows so far, at p^2 flops a step, fewer
than adding one row to the moments takes. A learning rate that is a number is the textbooks'
method: steps along the gradients of the batches, which know their own rows only.
"""

from typing import NamedTuple

import numpy as np

from linreg_fast.kernels.descent.minibatch import one_pass
from linreg_fast.kernels.tuning import BATCH_CALL_ELEMENTS, BATCH_ROWS, STREAM_CALL_STEPS
from linreg_fast.runtime.blas import factored
from linreg_fast.solvers.gradient_descent.rules import steepest_of_batches
from linreg_fast.solvers.gradient_descent.surface import FLAT, descend, surface_of

WIDE_ROWS = 16  # Rows kept to know the widest in coordinates that still change.
REFRESH = 0.1  # The spectrum is found again after so many new rows for each one that counts.
NEAR = 0.05  # A share of the target's variance: further above the minimum is not near.
ROWS_A_PARAMETER = 3  # With fewer rows the minimum says little, and nothing is told.


class Spectrum(NamedTuple):
    """Eigenvalues and axes of a Hessian, and how many rows it was of."""

    values: np.ndarray
    axes: np.ndarray  # (m, m), one a column
    n_samples: int


class Stream(NamedTuple):
    """Where a stream is. Everything is in the data's units, which later rows do not change."""

    coef: np.ndarray  # (t, p)
    intercept: np.ndarray  # (t,)
    step: np.ndarray  # (t, p): of the coefficients, the last one taken
    rows: float  # how many rows there were; with a decay each counts what is left of it
    calls: int
    wide: np.ndarray  # (k, p): the widest rows so far
    wide_weights: np.ndarray  # (k,)
    batch: int = 1  # rows a step in the last call
    diverged: bool = False  # whether the steps of the last call overflowed and were undone
    spectrum: Spectrum | None = None  # of standardised columns, or None where not found yet
    steepest: tuple = (0.0, 0)  # eigenvalue in the coordinates of the steps, and rows it was of

    @classmethod
    def begin(cls, coef, intercept, rows, calls):
        """At coefficients (t, p) and intercepts (t,), after `rows` rows."""
        none = np.zeros((0, coef.shape[1]))
        return cls(coef, intercept, np.zeros_like(coef), float(rows), calls, none, np.zeros(0))


class Learnt(NamedTuple):
    """What one call brought."""

    stream: Stream
    loss: float  # of all rows so far, averaged over the targets
    norm: float  # of its gradient, in the coordinates of the steps
    rate: float
    diverged: bool
    far: bool  # the loss is more than NEAR of the targets' variance above the lowest
    unstable: bool  # the rate is above the largest stable one, as `announce` was told


class Options(NamedTuple):
    """How to learn."""

    fit_intercept: bool
    standardize: bool
    learning_rate: float | str
    batch_size: int | None
    shuffle: bool
    seed: int


def learn(moments, rows, stream, options, announce):
    """Learn from `rows` = (X, Y, weights or None), which `moments` hold already; see `Learnt`.

    announce(rate, limit) is called before steps of a rate that is a number.
    """
    surface = surface_of(moments, options.fit_intercept, options.standardize)
    count = len(rows[0]) if rows[2] is None else int(np.count_nonzero(rows[2]))
    auto = options.learning_rate == "auto"
    most = min(max(count // STREAM_CALL_STEPS, 1), BATCH_ROWS) if auto else BATCH_ROWS
    batch = min(options.batch_size or most, count)
    wide, wide_weights = _widest(surface, stream, rows)
    stream = stream._replace(
        wide=wide, wide_weights=wide_weights, batch=batch, calls=stream.calls + 1
    )
    unstable = False
    start = surface.into(stream.coef, stream.intercept)
    with np.errstate(over="ignore", invalid="ignore"):  # told by the loss
        if auto:
            step = stream.step * surface.scale
            z, step, rate = descend(surface, start, step, -(-count // batch))
            stream = stream._replace(step=step / surface.scale)
        else:
            rate = float(options.learning_rate)
            stream, limit = largest_stable_rate(moments, stream, options, surface)
            announce(rate, limit)
            unstable = rate >= limit
            z = start.copy()
            mean_weight = moments.weight_sum / stream.rows
            _steps_of_batches(surface, z, rows, batch, rate, mean_weight, stream.calls, options)
        losses = surface.losses(z)
    diverged = not np.isfinite(losses).all()
    if diverged:
        z = start
        losses = surface.losses(z)
    norm = float(np.linalg.norm(surface.slopes(z)))
    coef, intercept = surface.out_of(z)
    stream = stream._replace(coef=coef, intercept=intercept, diverged=diverged)
    stream, far = _is_far(moments, stream, surface, z)
    return Learnt(stream, float(np.maximum(losses, 0).mean()), norm, rate, diverged, far, unstable)


def _steps_of_batches(surface, z, rows, batch, rate, mean_weight, number, options):
    """The textbooks' steps: one along the gradient of each batch, in place."""
    X, Y, weights = rows
    order = np.arange(len(X)) if weights is None else np.flatnonzero(weights)
    if options.shuffle:
        order = np.random.default_rng([options.seed, number - 1]).permutation(order)
    piece = max(int(BATCH_CALL_ELEMENTS / z.size) // batch, 1) * batch
    for start in range(0, len(order), piece):
        one_pass(
            X,
            Y,
            weights,
            order[start : start + piece],
            batch,
            surface.centre,
            surface.scale,
            surface.intercept,
            mean_weight,
            rate,
            z,
        )


def _widest(surface, stream, rows):
    """(rows (k, p), weights (k,)): the widest so far, in today's coordinates."""
    X, _, weights = rows
    kept, kept_weights = stream.wide, stream.wide_weights
    for start in range(0, len(X), 4096):
        part = X[start : start + 4096]
        heavy = np.ones(len(part)) if weights is None else weights[start : start + 4096]
        kept, kept_weights = np.vstack([kept, part]), np.append(kept_weights, heavy)
        if len(kept) > WIDE_ROWS:
            sizes = kept_weights * _squares(surface, kept)
            top = np.argpartition(sizes, -WIDE_ROWS)[-WIDE_ROWS:]
            kept, kept_weights = kept[top], kept_weights[top]
    return kept, kept_weights


def _squares(surface, rows):
    """(k,): squared norms in the coordinates of the steps."""
    at = (rows - surface.centre) / surface.scale
    return np.einsum("ij,ij->i", at, at) + surface.intercept


def largest_stable_rate(moments, stream, options, surface=None):
    """(stream, rate): steps are stable below it whichever of all rows so far meet in a batch.

    Without a surface everything is found anew, else the steepest curvature may be a tenth old.
    """
    if surface is None:
        surface = surface_of(moments, options.fit_intercept, options.standardize)
        stream = stream._replace(steepest=(0.0, 0))
    slope, known = stream.steepest
    if _is_stale(known, moments, stream):
        matrix = surface.hessian()
        slope = float(factored(len(matrix), np.linalg.eigvalsh, matrix)[-1])
        stream = stream._replace(steepest=(slope, moments.n_samples))
    widest = float((stream.wide_weights * _squares(surface, stream.wide)).max())
    widest *= 2 * stream.rows / moments.weight_sum
    return stream, 2 / max(steepest_of_batches(slope, widest, stream.rows, stream.batch), 1e-300)


def _is_stale(known, moments, stream):
    """Whether what was found when there were `known` rows is to be found again."""
    return known == 0 or moments.n_samples - known > REFRESH * stream.rows


def _is_far(moments, stream, surface, z):
    """(stream, whether z is not near the lowest point), by the gradient and the spectrum."""
    p = len(surface.scale)
    if stream.rows <= ROWS_A_PARAMETER * (p + surface.intercept) or not surface.constant.any():
        return stream, False
    unit = surface.scale / surface.spread  # to standardised columns
    H = surface.H * unit * unit[:, None]
    known = stream.spectrum
    if known is None or _is_stale(known.n_samples, moments, stream):
        known = Spectrum(*factored(p, np.linalg.eigh, H), moments.n_samples)
        stream = stream._replace(spectrum=known)
    slopes = (z[:, :-1] / unit) @ H - surface.b * unit
    components = slopes @ known.axes
    live = known.values > FLAT * known.values[-1]
    above = 0.5 * (components[:, live] ** 2 / known.values[live]).sum(axis=1)
    above += surface.mean_residual(z) ** 2
    varies = surface.constant > 0
    with np.errstate(over="ignore"):
        return stream, bool((above[varies] > NEAR * surface.constant[varies]).any())
