"""A whole descent in the axes of the Hessian, where every coordinate goes its own way."""

import math
from typing import NamedTuple

import numpy as np

from linreg_fast.kernels.descent.rules import (
    CONVERGED,
    DIVERGED,
    RUNNING,
    copy_points,
    distance_parts,
    line_minimum,
    next_direction,
)
from linreg_fast.kernels.tuning import DESCENT_BLOCK
from linreg_fast.runtime.compile import fast_kernel


class LossInAxes(NamedTuple):
    """The loss of t targets in the m axes of its Hessian."""

    values: np.ndarray  # (m,): eigenvalues, zero for directions that do not change the loss
    axes: np.ndarray  # (m, p + 1), a row for each: z = star + e @ axes
    intercept_per_coef: np.ndarray  # (p,): what a coefficient takes off the intercept
    minimum: np.ndarray  # (t,): the loss of each target at the solution
    unit: np.ndarray  # (t,): of each target's numbers
    tolerances: np.ndarray  # (t, 2), of coefficients and intercept at the end; below 0: never


@fast_kernel
def _converged(e, loss, z):
    """Whether the point is within the tolerances; z (p + 1,) is scratch."""
    for k in range(len(e)):
        for j in range(len(z)):
            z[j] = 0.0
        for i in range(len(loss.axes)):
            for j in range(len(z)):
                z[j] += e[k, i] * loss.axes[i, j]
        size, intercept = distance_parts(z, loss.intercept_per_coef)
        if size > loss.tolerances[k, 0] or intercept > loss.tolerances[k, 1]:
            return False
    return True


@fast_kernel
def _conjugate(values, point, g, s, last, before, first):
    m = len(values)
    for j in range(m):
        g[j] = values[j] * point[j]
    next_direction(g, s, last, (0.0, 0.0, 0.0, True), first)
    curvature = 0.0
    for j in range(m):
        curvature += values[j] * s[j] * s[j]
    share = line_minimum(g, s, curvature)
    for j in range(m):
        before[j] = point[j]
        point[j] += share * s[j]


@fast_kernel
def descend(loss, rules, e, s, last, before, first, updates, out, path):
    """Descend in the axes of the Hessian, where every coordinate goes its own way: 8 m flops.

    With a constant step that is x + (beta - rate (1 + gamma) v) x - (beta - rate gamma v) (x
    before), v the eigenvalue.

    Parameters
    ----------
    loss : LossInAxes
    rules : (rate, beta, gamma, conjugate)
    e, s, last : (t, m), changed in place, the last two by conjugate steps; before: e a step earlier
    first : whether no step was taken yet
    updates : steps to take at the most
    out : (2, steps), takes the losses and the gradients' norms
    path : (steps, t, m) or (0, t, m), takes e

    Returns
    -------
    filled : int, columns of out
    status : RUNNING, CONVERGED or DIVERGED
    """
    # One by one: Numba takes 1.5 us longer to take a record of eight apart (Zen 4).
    t, m = e.shape
    z, g = np.empty(loss.axes.shape[1]), np.empty(m)
    rate, beta, gamma, conjugate = rules
    size = (m + DESCENT_BLOCK - 1) // DESCENT_BLOCK * DESCENT_BLOCK
    # The point, where it was and where it goes, whose places change in rotation. They are padded,
    # so that whole registers are read and no remainder is left.
    points = np.zeros((3, t, size))
    copy_points(e, points[0])
    copy_points(before, points[2])
    slope, share, past = np.zeros((3, size))
    for j in range(m):
        slope[j] = loss.values[j]
        share[j] = beta - rate * (1.0 + gamma) * loss.values[j]
        past[j] = beta - rate * gamma * loss.values[j]
    radius, never = np.empty(t), False  # Squared: outside of it no point is within the tolerances.
    tilt = 0.0
    for j in range(len(loss.intercept_per_coef)):
        tilt += loss.intercept_per_coef[j] * loss.intercept_per_coef[j]
    for k in range(t):
        of_coef, of_intercept = loss.tolerances[k, 0], loss.tolerances[k, 1]
        radius[k] = of_coef**2 + (of_intercept + math.sqrt(tilt) * of_coef) ** 2
        never |= of_coef < 0.0 or of_intercept < 0.0
    now, then, next_one = 0, 2, 1
    filled, status = out.shape[1], RUNNING
    for step in range(out.shape[1]):
        value = norm = 0.0
        arrived = not never
        for k in range(t):
            energy = square = length = 0.0
            for start in range(0, size, DESCENT_BLOCK):
                for j in range(start, start + DESCENT_BLOCK):
                    x = points[now, k, j]
                    by_x = slope[j] * x
                    energy += by_x * x
                    square += by_x * by_x
                    length += x * x
                    points[next_one, k, j] = x + (share[j] * x - past[j] * points[then, k, j])
            value += (loss.minimum[k] + 0.5 * energy) * loss.unit[k] * loss.unit[k]
            norm += square * loss.unit[k] * loss.unit[k]
            arrived &= length <= radius[k]
        if not math.isfinite(value):
            filled, status, now = step, DIVERGED, then
            break
        out[0, step], out[1, step] = value / t, math.sqrt(norm)
        if len(path):
            copy_points(points[now], path[step])
        if arrived and _converged(points[now, :, :m], loss, z):
            filled, status = step + 1, CONVERGED
            break
        if step < updates:
            if conjugate:
                begin = first and step == 0
                copy_points(points[now], e)
                for k in range(t):
                    _conjugate(loss.values, e[k], g, s[k], last[k], before[k], begin)
                copy_points(e, points[next_one])
            now, then, next_one = next_one, now, then
    copy_points(points[now], e)
    copy_points(points[then], before)
    return filled, status
