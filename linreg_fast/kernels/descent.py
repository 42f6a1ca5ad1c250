"""Descent on a quadratic, the whole loop in one compiled call: in its own axes, or on few rows.

A point is z (t, m): for each target the coefficients, and last the intercept. All methods go on to
z + s. Of gradient descent, heavy-ball momentum and Nesterov's, s is

    s = beta s - rate (g + gamma (g - last g)),

with beta = gamma = 0, gamma = 0, and gamma = beta: the gradient where Nesterov looks ahead, since a
quadratic's is linear. Of conjugate gradients s is a direction, and a step along it goes to the
lowest point. Source: Nocedal and Wright, Numerical Optimization, chapter 5 (Polak-Ribiere).
"""

import math

import numpy as np

from linreg_fast.kernels.compile import compiled

RUNNING, CONVERGED, DIVERGED = 0, 1, 2
BLOCK = 8  # coordinates a step takes together


@compiled
def _copy(points, to):
    """To the columns that both have. By hand: to compile a slice's assignment takes 1.5 s, most of
    it for its error message."""
    for k in range(len(points)):
        for j in range(min(points.shape[1], to.shape[1])):
            to[k, j] = points[k, j]


@compiled
def turn(g, s, last, rules, first):
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


@compiled
def along(g, s, curvature):
    """How far to go along s, whose s'Hs is `curvature`: to the lowest point."""
    slope = 0.0
    for j in range(len(g)):
        slope += g[j] * s[j]
    return -slope / curvature if curvature > 0.0 else 0.0


@compiled
def away(e, lean):
    """Of a difference e (m,): the coefficients' norm, and the intercept's in the data's units."""
    size, intercept = 0.0, e[-1]
    for j in range(len(e) - 1):
        size += e[j] * e[j]
        intercept -= lean[j] * e[j]
    return math.sqrt(size), abs(intercept)


@compiled
def _arrived(e, axes, lean, near, z):
    m = len(z)
    for k in range(len(e)):
        for j in range(m):
            z[j] = 0.0
        for i in range(m):
            for j in range(m):
                z[j] += e[k, i] * axes[i, j]
        size, intercept = away(z, lean)
        if size > near[k, 0] or intercept > near[k, 1]:
            return False
    return True


@compiled
def _conjugate(values, point, g, s, last, before, first):
    m = len(values)
    for j in range(m):
        g[j] = values[j] * point[j]
    turn(g, s, last, (0.0, 0.0, 0.0, True), first)
    curvature = 0.0
    for j in range(m):
        curvature += values[j] * s[j] * s[j]
    far = along(g, s, curvature)
    for j in range(m):
        before[j] = point[j]
        point[j] += far * s[j]


@compiled
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
    size = (m + BLOCK - 1) // BLOCK * BLOCK
    # In turn the point, where it was and where it goes. Padded: whole registers, no remainders.
    points = np.zeros((3, t, size))
    _copy(e, points[0])
    _copy(before, points[2])
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
            for start in range(0, size, BLOCK):
                for j in range(start, start + BLOCK):
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
            _copy(points[now], path[step])
        if arrived and _arrived(points[now, :, :m], axes, lean, near, z):
            filled, status = step + 1, CONVERGED
            break
        if step < updates:
            if conjugate:
                begin = first and step == 0
                _copy(points[now], e)
                for k in range(t):
                    _conjugate(values, e[k], g, s[k], last[k], before[k], begin)
                _copy(e, points[next_one])
            now, then, next_one = next_one, now, then
    _copy(points[now], e)
    _copy(points[then], before)
    return filled, status


@compiled
def advance(at, step, loss, g, star, near, rules, z, s, last, before, first, updates, out, path):
    """Note the loss and the gradient g (t, m) at z, and go on from it, in the coordinates of z.

    at = (H (p, p) second derivatives at a fixed mean residual, offset (p,), lean (p,), intercept)
    gives the conjugate steps their length. Returns the status.
    """
    H, offset, lean, intercept = at
    t, m = z.shape
    p = m - 1
    square = 0.0
    for k in range(t):
        for j in range(m):
            square += g[k, j] * g[k, j]
    if not math.isfinite(loss):
        _copy(before, z)
        return DIVERGED
    out[0, step], out[1, step] = loss, math.sqrt(square)
    if len(path):
        _copy(z, path[step])
    arrived = True
    for k in range(t):
        size, rest = away(z[k] - star[k], lean)
        arrived &= size <= near[k, 0] and rest <= near[k, 1]
    if arrived:
        return CONVERGED
    if step < updates:
        for k in range(t):
            point, move = z[k], s[k]
            turn(g[k], move, last[k], rules, first and step == 0)
            far = 1.0
            if rules[3]:
                mean = move[p] if intercept else 0.0
                curvature = 0.0
                for j in range(p):
                    mean += offset[j] * move[j]
                    for i in range(p):
                        curvature += move[j] * H[j, i] * move[i]
                far = along(g[k], move, curvature + 2.0 * mean * mean)
            for j in range(m):
                before[k, j] = point[j]
                point[j] += far * move[j]
    return RUNNING


@compiled
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


@compiled
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


@compiled
def descend_on_rows(
    V, targets, shares, at, star, near, rules, z, s, last, before, first, updates, out, path
):
    """The steps of `advance` on the rows: columns V (p, n) and targets (t, n) in the coordinates of
    the steps, shares (n,) of the weight.

    4 n p flops a step. For rows that need one thread; with more, a step is a launch of its own.
    """
    t, m = z.shape
    p, n = V.shape
    intercept = at[3]
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
            at, step, loss / t, g, star, near, rules, z, s, last, before, first, updates, out, path
        )
        if status != RUNNING:
            return step + (status == CONVERGED), status
    return out.shape[1], RUNNING
