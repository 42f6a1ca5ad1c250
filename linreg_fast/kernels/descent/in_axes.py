"""A whole descent in the axes of the Hessian, where every coordinate goes its own way."""

import math

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


@fast_kernel
def _converged(e, axes, lean, near, z):
    m = len(z)
    for k in range(len(e)):
        for j in range(m):
            z[j] = 0.0
        for i in range(m):
            for j in range(m):
                z[j] += e[k, i] * axes[i, j]
        size, intercept = distance_parts(z, lean)
        if size > near[k, 0] or intercept > near[k, 1]:
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
    far = line_minimum(g, s, curvature)
    for j in range(m):
        before[j] = point[j]
        point[j] += far * s[j]


@fast_kernel
def descend(
    values, axes, lean, minimum, unit, near, rules, e, s, last, before, first, updates, out, path
):
    """Descend in the axes of the Hessian, where every coordinate goes its own way: 8 m flops.

    With a constant step that is x + (beta - rate (1 + gamma) v) x - (beta - rate gamma v) (x
    before), v the eigenvalue.

    Parameters
    ----------
    values : (m,) eigenvalues, and zero for directions that do not change the loss
    axes : (m, m), a row for each: z = star + e @ axes
    lean : (p,), what a coefficient takes off the intercept
    minimum, unit : (t,), the loss of each target at the solution, and what its numbers' unit is
    near : (t, 2), how close to the solution coefficients and intercept shall be; below 0: never
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
    t, m = e.shape
    z, g = np.empty(m), np.empty(m)
    rate, beta, gamma, conjugate = rules
    size = (m + DESCENT_BLOCK - 1) // DESCENT_BLOCK * DESCENT_BLOCK
    # In turn the point, where it was and where it goes. Padded: whole registers, no remainders.
    points = np.zeros((3, t, size))
    copy_points(e, points[0])
    copy_points(before, points[2])
    slope, share, past = np.zeros((3, size))
    for j in range(m):
        slope[j] = values[j]
        share[j] = beta - rate * (1.0 + gamma) * values[j]
        past[j] = beta - rate * gamma * values[j]
    reach, never = np.empty(t), False  # nearer than this in all: look closely
    tilt = 0.0
    for j in range(m - 1):
        tilt += lean[j] * lean[j]
    for k in range(t):
        reach[k] = near[k, 0] ** 2 + (near[k, 1] + math.sqrt(tilt) * near[k, 0]) ** 2
        never |= near[k, 0] < 0.0 or near[k, 1] < 0.0
    now, then, next_one = 0, 2, 1
    filled, status = out.shape[1], RUNNING
    for step in range(out.shape[1]):
        loss = norm = 0.0
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
            loss += (minimum[k] + 0.5 * energy) * unit[k] * unit[k]
            norm += square * unit[k] * unit[k]
            arrived &= length <= reach[k]
        if not math.isfinite(loss):
            filled, status, now = step, DIVERGED, then
            break
        out[0, step], out[1, step] = loss / t, math.sqrt(norm)
        if len(path):
            copy_points(points[now], path[step])
        if arrived and _converged(points[now, :, :m], axes, lean, near, z):
            filled, status = step + 1, CONVERGED
            break
        if step < updates:
            if conjugate:
                begin = first and step == 0
                copy_points(points[now], e)
                for k in range(t):
                    _conjugate(values, e[k], g, s[k], last[k], before[k], begin)
                copy_points(e, points[next_one])
            now, then, next_one = next_one, now, then
    copy_points(points[now], e)
    copy_points(points[then], before)
    return filled, status
