"""A whole descent on few rows, which fit the cache and need one thread."""

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
from linreg_fast.runtime.compile import fast_kernel


class Aim(NamedTuple):
    """The solution that steps on the rows go to, and the spectrum of the loss around it.

    The spectrum gives conjugate steps their length.
    """

    values: np.ndarray  # (m,): eigenvalues of the Hessian
    axes: np.ndarray  # (m, p + 1): their directions, one a row
    intercept_per_coef: np.ndarray  # (p,): what a coefficient takes off the intercept
    star: np.ndarray  # (t, p + 1): the solution
    tolerances: np.ndarray  # (t, 2), of coefficients and intercept at the end; below 0: never


@fast_kernel
def advance(aim, step, loss, g, rules, z, s, last, before, first, updates, out, path):
    """Note the loss and the gradient g (t, p + 1) at z, and go on from it; returns the status.

    aim : Aim; the other parameters are those of `in_axes.descend`, with z for e.
    """
    # what is aimed at, this step, and the arrays of `in_axes.descend`, taken apart: see there
    t, m = z.shape
    square = 0.0
    for k in range(t):
        for j in range(m):
            square += g[k, j] * g[k, j]
    if not math.isfinite(loss):
        copy_points(before, z)
        return DIVERGED
    out[0, step], out[1, step] = loss, math.sqrt(square)
    if len(path):
        copy_points(z, path[step])
    arrived = True
    for k in range(t):
        size, of_intercept = distance_parts(z[k] - aim.star[k], aim.intercept_per_coef)
        arrived &= size <= aim.tolerances[k, 0] and of_intercept <= aim.tolerances[k, 1]
    if arrived:
        return CONVERGED
    if step < updates:
        for k in range(t):
            point, move = z[k], s[k]
            next_direction(g[k], move, last[k], rules, first and step == 0)
            share = 1.0
            if rules[3]:
                curvature = 0.0
                for i in range(len(aim.values)):
                    component = 0.0
                    for j in range(m):
                        component += aim.axes[i, j] * move[j]
                    curvature += aim.values[i] * component * component
                share = line_minimum(g[k], move, curvature)
            for j in range(m):
                before[k, j] = point[j]
                point[j] += share * move[j]
    return RUNNING


@fast_kernel
def _residuals(V, y, point, r):
    """r = point . [V, 1] - y, of columns V (p, n), four at a time."""
    p, n = V.shape
    c = point[p]
    for i in range(n):
        r[i] = c - y[i]
    for j in range(0, p - 3, 4):
        a, b, c, d = point[j], point[j + 1], point[j + 2], point[j + 3]
        for i in range(n):
            r[i] += a * V[j, i] + b * V[j + 1, i] + c * V[j + 2, i] + d * V[j + 3, i]
    for j in range(p - p % 4, p):
        a = point[j]
        for i in range(n):
            r[i] += a * V[j, i]


@fast_kernel
def _slopes(V, r, g):
    """g (p,) = 2 V r."""
    p, n = V.shape
    for j in range(0, p - 3, 4):
        a = b = c = d = 0.0
        for i in range(n):
            a += V[j, i] * r[i]
            b += V[j + 1, i] * r[i]
            c += V[j + 2, i] * r[i]
            d += V[j + 3, i] * r[i]
        g[j], g[j + 1], g[j + 2], g[j + 3] = 2.0 * a, 2.0 * b, 2.0 * c, 2.0 * d
    for j in range(p - p % 4, p):
        a = 0.0
        for i in range(n):
            a += V[j, i] * r[i]
        g[j] = 2.0 * a


@fast_kernel
def descend_on_rows(
    V, targets, shares, intercept, aim, rules, z, s, last, before, first, updates, out, path
):
    """The steps of `advance` on the rows: columns V (p, n) and targets (t, n) in the coordinates of
    the steps, shares (n,) of the weight, and whether there is an intercept.

    4 n p flops a step. For rows that need one thread; with more, a step is a launch of its own.
    """
    # the rows, and what `advance` is given
    t, m = z.shape
    p, n = V.shape
    g, r = np.zeros((t, m)), np.empty(n)
    for step in range(out.shape[1]):
        loss = 0.0
        for k in range(t):
            _residuals(V, targets[k], z[k], r)
            total = 0.0
            for i in range(n):
                weighted = shares[i] * r[i]
                loss += weighted * r[i]
                total += weighted
                r[i] = weighted
            _slopes(V, r, g[k])
            if intercept:
                g[k, p] = 2.0 * total
        status = advance(
            aim, step, loss / t, g, rules, z, s, last, before, first, updates, out, path
        )
        if status != RUNNING:
            return step + (status == CONVERGED), status
    return out.shape[1], RUNNING
