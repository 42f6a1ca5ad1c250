"""Gradient descent on a quadratic: the whole loop in one compiled call, p^2 flops x 2 a step."""

import math

import numpy as np

from linreg_fast.kernels.compile import compiled

RUNNING, CONVERGED, DIVERGED = 0, 1, 2


@compiled
def descend(
    H, b, constant, offset, target, intercept, joint, limits, u, c, last_u, last_c, updates, losses
):
    """Step on the mean over targets k of constant_k + u_k'H u_k / 2 - u_k'b_k + e_k^2.

    e_k = c_k + offset'u_k - target_k is the mean residual. H (p, p), b and u (p, t), offset (p,),
    the others (t,). limits = (rate, smallest eigenvalue, tol, floor). u and c are updated in place,
    `updates` times at most, last_u and last_c keep what they were one step before; losses[i] is the
    loss before update i. Returns (losses filled, status, bound on the distance to the minimum, the
    size it is relative to).
    """
    rate, smallest, tol, floor = limits
    p, t = u.shape
    by_u, by_c = np.empty((p, t)), np.zeros(t)
    distance = size = math.inf
    for step in range(len(losses)):
        loss = slope_square = size_square = 0.0
        for k in range(t):
            e = c[k] - target[k]
            for j in range(p):
                e += offset[j] * u[j, k]
            loss += constant[k] + e * e
            for j in range(p):
                slope = -b[j, k]
                for i in range(p):
                    slope += H[j, i] * u[i, k]
                loss += 0.5 * u[j, k] * (slope - b[j, k])
                slope += 2 * e * offset[j]
                by_u[j, k] = slope
                slope_square += slope * slope
                size_square += u[j, k] * u[j, k]
            if intercept:
                by_c[k] = 2 * e
                slope_square += by_c[k] * by_c[k]
            if joint:
                size_square += c[k] * c[k]
        if not math.isfinite(loss):
            u[:] = last_u
            c[:] = last_c
            return step, DIVERGED, distance, size
        losses[step] = max(loss / t, 0.0)
        distance, size = math.sqrt(slope_square) / smallest, math.sqrt(size_square)
        if distance <= tol * size + floor:
            return step + 1, CONVERGED, distance, size
        if step < updates:
            for k in range(t):
                last_c[k] = c[k]
                c[k] -= rate * by_c[k]
                for j in range(p):
                    last_u[j, k] = u[j, k]
                    u[j, k] -= rate * by_u[j, k]
    return len(losses), RUNNING, distance, size
