"""Gradient descent, the whole loop in one compiled call: on a quadratic, or on few rows."""

import math

import numpy as np

from linreg_fast.kernels.compile import compiled
from linreg_fast.kernels.jit import gradient_block

RUNNING, CONVERGED, DIVERGED = 0, 1, 2


@compiled
def descend(
    H, b, constant, offset, target, intercept, joint, limits, u, c, last_u, last_c, updates, losses
):
    """Step on the mean over targets k of constant_k + u_k'H u_k / 2 - u_k'b_k + e_k^2.

    2 p^2 flops a step.
    e_k = c_k + offset'u_k - target_k is the mean residual. H (p, p), b and u (p, t), offset (p,),
    the others (t,). limits = (rate, smallest eigenvalue, tol, floor). u and c are updated in place,
    `updates` times at most, last_u and last_c keep what they were one step before; losses[i] is the
    loss before update i. Returns (losses filled, status, bound on the distance to the minimum, the
    size it is relative to).
    """
    rate, smallest, tol, floor = limits
    p, t = u.shape
    now, before = np.ascontiguousarray(u.T), np.ascontiguousarray(last_u.T)  # vectors side by side
    slopes, by_c = np.empty((t, p)), np.zeros(t)
    distance = size = math.inf
    status, filled = RUNNING, len(losses)
    for step in range(len(losses)):
        loss = slope_square = size_square = 0.0
        for k in range(t):
            v, slope_of = now[k], slopes[k]
            e = c[k] - target[k]
            for j in range(p):
                e += offset[j] * v[j]
            loss += constant[k] + e * e
            for j in range(p):
                row, slope = H[j], 0.0
                for i in range(p):
                    slope += row[i] * v[i]
                slope -= b[j, k]
                loss += 0.5 * v[j] * (slope - b[j, k])
                slope += 2 * e * offset[j]
                slope_of[j] = slope
                slope_square += slope * slope
                size_square += v[j] * v[j]
            if intercept:
                by_c[k] = 2 * e
                slope_square += by_c[k] * by_c[k]
            if joint:
                size_square += c[k] * c[k]
        if not math.isfinite(loss):
            now[:] = before
            c[:] = last_c
            status, filled = DIVERGED, step
            break
        losses[step] = max(loss / t, 0.0)
        distance, size = math.sqrt(slope_square) / smallest, math.sqrt(size_square)
        if distance <= tol * size + floor:
            status, filled = CONVERGED, step + 1
            break
        if step < updates:
            for k in range(t):
                last_c[k] = c[k]
                c[k] -= rate * by_c[k]
                v, old, slope_of = now[k], before[k], slopes[k]
                for j in range(p):
                    old[j] = v[j]
                    v[j] -= rate * slope_of[j]
    u[:] = now.T
    last_u[:] = before.T
    return filled, status, distance, size


@compiled
def descend_on_rows(
    X, Y, weights, centre, scale, intercept, joint, limits, u, c, last_u, last_c, updates, losses
):
    """The same steps on the rows: coef = u / scale, intercept = c - centre @ coef.

    4 n p flops a step. For rows that need one thread; with more, a step is a launch of its own.
    """
    rate, smallest, tol, floor = limits
    p, t = u.shape
    by_u, by_c, coef, sums = np.empty((p, t)), np.zeros(t), np.empty(p), np.empty(p + 3)
    distance = size = math.inf
    for step in range(len(losses)):
        loss = slope_square = size_square = 0.0
        for k in range(t):
            base = c[k]
            for j in range(p):
                coef[j] = u[j, k] / scale[j]
                base -= centre[j] * coef[j]
                size_square += u[j, k] * u[j, k]
            sums[:] = 0.0
            gradient_block(X, Y[:, k], coef, base, weights, 0, len(X), sums)
            factor = 2.0 / sums[p + 2]
            loss += sums[p + 1] / sums[p + 2]
            slope = factor * sums[p]
            for j in range(p):
                by_u[j, k] = (factor * sums[j] - centre[j] * slope) / scale[j]
                slope_square += by_u[j, k] * by_u[j, k]
            if intercept:
                by_c[k] = slope
                slope_square += slope * slope
            if joint:
                size_square += c[k] * c[k]
        if not math.isfinite(loss):
            u[:] = last_u
            c[:] = last_c
            return step, DIVERGED, distance, size
        losses[step] = loss / t
        distance = math.sqrt(slope_square) / smallest if smallest > 0.0 else math.inf
        size = math.sqrt(size_square)
        if distance <= tol * size + floor:
            return step + 1, CONVERGED, distance, size
        if step < updates:
            last_u[:] = u
            last_c[:] = c
            for k in range(t):
                c[k] -= rate * by_c[k]
                for j in range(p):
                    u[j, k] -= rate * by_u[j, k]
    return len(losses), RUNNING, distance, size
