"""Batch gradient descent on the mean squared error, n p^2 flops once and 2 p^2 a step.

When: to watch it converge, or to stop early. By default the steps are taken in standardised
coordinates with the best constant step size for the data's spectrum, on the moments (the iterates
of descent on the data, at a cost that does not depend on the number of rows).

Coordinates: coef = u / scale, intercept = c - centre @ coef. Standardised, scale and centre are the
columns' standard deviations and means; else ones and zeros, and (u, c) is (coef, intercept).
"""

from typing import NamedTuple

import numpy as np

from linreg_fast.kernels import DEFAULT
from linreg_fast.kernels.descent import CONVERGED, DIVERGED, RUNNING, descend, descend_on_rows
from linreg_fast.kernels.interrupt import interruptible
from linreg_fast.kernels.launch import count_blocks
from linreg_fast.solvers import Solution

EPSILON = np.finfo(np.float64).eps
LAUNCH_FLOPS = 2e8  # a compiled call ends after about 0.1 s, so that Ctrl-C is answered


class Descent(NamedTuple):
    """How a descent went. Losses are mean squared errors, averaged over the targets."""

    loss_curve: np.ndarray  # (n_iter + 1,): at the start, and after each step
    n_iter: int
    converged: bool
    diverged: bool  # the loss overflowed; the parameters are the last finite ones
    distance: float  # bound on |u - least-squares u| / |u| at the end
    learning_rate: float
    max_stable_learning_rate: float  # 2 / largest eigenvalue of the Hessian, in these coordinates


class Coordinates(NamedTuple):
    """Where the steps are taken, and what the moments are there (see the module's docstring)."""

    centre: np.ndarray  # (p,)
    scale: np.ndarray  # (p,)
    H: np.ndarray  # (p, p): second derivatives by u at a fixed mean residual
    b: np.ndarray  # (p, t): minus the first derivatives by u at zero, likewise
    constant: np.ndarray  # (t,): variance of the targets
    offset: np.ndarray  # (p,): (mean - centre) / scale
    target: np.ndarray  # (t,): mean of the targets


def solve(
    problem,
    *,
    learning_rate="auto",
    max_iter=200_000,
    tol=1e-10,
    standardize=True,
    space="auto",
    init=None,
    report=None,
    report_every=None,
):
    """Descend from init = (coef (p, t), intercept (t,)) or zeros.

    tol: stop when the bound on the distance to the least-squares solution is below tol x |u|.
    space: "gram" steps on the moments, "data" on the rows, "auto" takes gram for an array that has
    more rows than columns. report(step, loss) is called every so many steps.
    """
    problem.check_range(own_units=True)
    p, intercept = problem.n_features, problem.fit_intercept
    at = _coordinates(problem, standardize)
    if space == "auto":
        space = "data" if problem.n_samples <= p and isinstance(problem.X, np.ndarray) else "gram"
    spectrum = interruptible(p, np.linalg.eigvalsh, _hessian(at, intercept))
    largest = spectrum[-1] if spectrum[-1] > 0 else 1.0
    decided = spectrum[spectrum > len(spectrum) * EPSILON * largest]
    smallest = min(decided, default=largest)
    if len(decided) < len(spectrum) and problem.has_rows:
        # What lies below rounding is either a direction that does not exist, as that of a column
        # given twice, or one in which the distance to the solution cannot be told.
        smallest = 0.0 if len(decided) < problem.rank() + intercept else smallest
    rate = 2 / (largest + smallest) if learning_rate == "auto" else float(learning_rate)

    u, c = np.zeros((p, problem.n_targets)), np.zeros(problem.n_targets)
    if init is not None:
        u = init[0] * at.scale[:, None]
        c = init[1] + at.centre @ init[0]
    # An intercept's rounding error stays in the bound: allow the target's own last digits.
    floor = 4 * EPSILON * np.linalg.norm(at.target) if intercept and tol > 0 else 0.0
    joint = intercept and not standardize
    limits = (rate, smallest, tol, floor)
    last_u, last_c = u.copy(), c.copy()
    advance = _on_moments if space == "gram" else _on_rows
    work = 2 * u.size * p if space == "gram" else 4 * u.size * problem.n_samples
    chunk = int(max(min(LAUNCH_FLOPS / work, 1 << 16), 1))
    if report_every is not None:
        chunk = report_every
    parts, status, left = [], RUNNING, max_iter + 1
    while status == RUNNING and left > 0:
        losses = np.empty(min(chunk, left))
        updates = len(losses) - (len(losses) == left)  # the last loss is only looked at
        with np.errstate(over="ignore", invalid="ignore"):  # told by the status
            filled, status, distance, size = advance(
                problem, at, intercept, joint, limits, u, c, last_u, last_c, updates, losses
            )
        parts.append(losses[:filled])
        left -= filled
        if report is not None and filled:
            report(max_iter + 1 - left - filled, losses[0])
    coef = u / at.scale[:, None]
    descent = Descent(
        np.concatenate(parts),
        max(max_iter - left, 0),
        status == CONVERGED,
        status == DIVERGED,
        float(distance / size) if size > 0 else 0.0 if status == CONVERGED else np.inf,
        rate,
        2 / largest,
    )
    scaled = interruptible(p, np.linalg.eigvalsh, problem.normal_equations.matrix[:p, :p])
    rank = int((scaled > p * EPSILON * scaled[-1]).sum())
    condition = float(np.sqrt(scaled[-1] / scaled[0])) if rank == p else np.inf
    return Solution(coef, c - at.centre @ coef, rank, condition, descent=descent)


def _coordinates(problem, standardize):
    moments, p = problem.moments, problem.n_features
    mean, target = moments.mean[:p], moments.mean[p:]
    covariance = moments.comoment / moments.weight_sum
    centre, scale = np.zeros(p), np.ones(p)
    if standardize:
        centre = problem.centre[:p]
        scale = np.sqrt(np.diag(covariance)[:p] + (mean - centre) ** 2)
        scale[scale == 0] = 1.0
    H = 2 * covariance[:p, :p] / np.multiply.outer(scale, scale)
    b = 2 * covariance[:p, p:] / scale[:, None]
    constant = np.diag(covariance)[p:].copy()
    return Coordinates(centre, scale, H, b, constant, (mean - centre) / scale, target.copy())


def _hessian(at, intercept):
    """Second derivatives of the loss by (u, c), or by u alone where no intercept is fitted."""
    offset = at.offset
    H = at.H + 2 * np.outer(offset, offset)
    if not intercept:
        return H
    return np.block([[H, 2 * offset[:, None]], [2 * offset[None, :], np.full((1, 1), 2.0)]])


def _on_moments(problem, at, intercept, joint, limits, u, c, last_u, last_c, updates, losses):
    """The compiled loop; see `kernels.descent.descend` for what goes in and out."""
    return descend(
        at.H,
        at.b,
        at.constant,
        at.offset,
        at.target,
        intercept,
        joint,
        limits,
        u,
        c,
        last_u,
        last_c,
        updates,
        losses,
    )


def _on_rows(problem, at, intercept, joint, limits, u, c, last_u, last_c, updates, losses):
    """The same steps with the rung's gradient kernel: one fused pass over the rows a step."""
    rate, smallest, tol, floor = limits
    X, Y, weights = problem.X, problem.Y, problem.sample_weight
    if problem.rung is None and count_blocks(*X.shape) == 1:
        return descend_on_rows(
            X,
            Y,
            weights,
            at.centre,
            at.scale,
            intercept,
            joint,
            limits,
            u,
            c,
            last_u,
            last_c,
            updates,
            losses,
        )
    kernels = (problem.rung or DEFAULT).kernels
    targets = [np.ascontiguousarray(y) for y in Y.T]
    by_u, by_c, loss = np.empty_like(u), np.zeros_like(c), np.empty_like(c)
    distance = size = np.inf
    for step in range(len(losses)):
        for k, y in enumerate(targets):
            coef = u[:, k] / at.scale
            loss[k], by_coef, by_c[k] = kernels.gradient(
                X, y, coef, float(c[k] - at.centre @ coef), weights
            )
            by_u[:, k] = (by_coef - at.centre * by_c[k]) / at.scale
        total = loss.sum() / len(loss)
        if not np.isfinite(total):
            u[:], c[:] = last_u, last_c
            return step, DIVERGED, distance, size
        losses[step] = total
        by_c *= intercept
        slope = np.sqrt(np.vdot(by_u, by_u) + by_c @ by_c)
        distance = slope / smallest if smallest > 0 else np.inf
        size = np.sqrt(np.vdot(u, u) + joint * (c @ c))
        if distance <= tol * size + floor:
            return step + 1, CONVERGED, distance, size
        if step < updates:
            last_u[:], last_c[:] = u, c
            u -= rate * by_u
            c -= rate * by_c
    return len(losses), RUNNING, distance, size
