"""Descent on a quadratic, the whole loop in one compiled call: in its own axes, or on few rows.

A point is z (t, m): for each target the coefficients, and last the intercept. All methods go on to
z + s. Of gradient descent, heavy-ball momentum and Nesterov's, s is

    s = beta s - rate (g + gamma (g - last g)),

with beta = gamma = 0, gamma = 0, and gamma = beta: the gradient where Nesterov looks ahead, since a
quadratic's is linear. Of conjugate gradients s is a direction, and a step along it goes to the
lowest point. Source: Nocedal and Wright, Numerical Optimization, chapter 5 (Polak-Ribiere).
"""

import math

from linreg_fast.runtime.compile import fast_kernel

RUNNING, CONVERGED, DIVERGED = 0, 1, 2


@fast_kernel
def copy_points(points, to):
    """To the columns that both have. By hand: to compile a slice's assignment takes 1.5 s, most of
    it for its error message."""
    for k in range(len(points)):
        for j in range(min(points.shape[1], to.shape[1])):
            to[k, j] = points[k, j]


@fast_kernel
def next_direction(g, s, last, rules, first):
    """Make s the step from here, or the direction of a conjugate step; last becomes g."""
    rate, beta, gamma, conjugate = rules
    m = len(g)
    if conjugate:
        new = old = product = 0.0
        for j in range(m):
            new += g[j] * g[j]
            product += g[j] * last[j]
            old += last[j] * last[j]
        share = max((new - product) / old, 0.0) if old > 0.0 and not first else 0.0
        for j in range(m):
            s[j] = share * s[j] - g[j]
            last[j] = g[j]
        return
    for j in range(m):
        before = g[j] if first else last[j]
        s[j] = beta * s[j] - rate * (g[j] + gamma * (g[j] - before))
        last[j] = g[j]


@fast_kernel
def line_minimum(g, s, curvature):
    """How far to go along s, whose s'Hs is `curvature`: to the lowest point."""
    slope = 0.0
    for j in range(len(g)):
        slope += g[j] * s[j]
    return -slope / curvature if curvature > 0.0 else 0.0


@fast_kernel
def distance_parts(e, intercept_per_coef):
    """Of a difference e (m,): the coefficients' norm, and the intercept's in the data's units."""
    size, intercept = 0.0, e[-1]
    for j in range(len(e) - 1):
        size += e[j] * e[j]
        intercept -= intercept_per_coef[j] * e[j]
    return math.sqrt(size), abs(intercept)
