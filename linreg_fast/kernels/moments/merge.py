"""Joining the moments of two sets of rows (Chan, Golub and LeVeque 1983), in double-double.

Weight sum (2,), means (2, q) and centred cross-products (2, q, q): each is hi and lo parts.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.runtime.compile import kernel


@kernel
def _combine(weight_a, mean_a, comoment_a, weight_b, mean_b, comoment_b, sign):
    """Rows b joined to rows a (sign 1), or taken out of a whole a (sign -1)."""
    q = mean_a.shape[1]
    weight, mean, comoment = np.empty(2), np.empty((2, q)), np.empty((2, q, q))
    weight[0], weight[1] = dd.add(weight_a[0], weight_a[1], sign * weight_b[0], sign * weight_b[1])
    share, share_lo = dd.divide(sign * weight_b[0], sign * weight_b[1], weight[0], weight[1])
    lever, lever_lo = dd.multiply(weight_a[0], weight_a[1], share, share_lo)
    step, step_lo = np.empty(q), np.empty(q)
    for j in range(q):
        step[j], step_lo[j] = dd.add(mean_b[0, j], mean_b[1, j], -mean_a[0, j], -mean_a[1, j])
        moved, moved_lo = dd.multiply(step[j], step_lo[j], share, share_lo)
        mean[0, j], mean[1, j] = dd.add(mean_a[0, j], mean_a[1, j], moved, moved_lo)
    for j in range(q):
        # Added is lever * step step', with lever = weight_a * weight_b / weight. The lever comes
        # first: it is small where steps are large, whose products alone would overflow.
        arm, arm_lo = dd.multiply(step[j], step_lo[j], lever, lever_lo)
        for k in range(j, q):
            apart, apart_lo = dd.multiply(arm, arm_lo, step[k], step_lo[k])
            inside, inside_lo = dd.add(
                comoment_a[0, j, k],
                comoment_a[1, j, k],
                sign * comoment_b[0, j, k],
                sign * comoment_b[1, j, k],
            )
            inside, inside_lo = dd.add(inside, inside_lo, apart, apart_lo)
            comoment[0, j, k] = comoment[0, k, j] = inside
            comoment[1, j, k] = comoment[1, k, j] = inside_lo
    return weight, mean, comoment


def merge(weight_a, mean_a, comoment_a, weight_b, mean_b, comoment_b):
    """The moments of the rows of a and b together."""
    if weight_b[0] == 0.0:
        return weight_a, mean_a, comoment_a
    if weight_a[0] == 0.0:
        return weight_b, mean_b, comoment_b
    return _combine(weight_a, mean_a, comoment_a, weight_b, mean_b, comoment_b, 1.0)


def remove(weight, mean, comoment, weight_b, mean_b, comoment_b):
    """The inverse of `merge`: what is left when the rows of b are taken out of a whole."""
    return _combine(weight, mean, comoment, weight_b, mean_b, comoment_b, -1.0)


def merge_all(weights, means, comoments):
    """Merge plain blocks (b,), (b, q), (b, q, q) as a balanced tree, always in the same order."""
    parts = [
        tuple(np.array([part, np.zeros_like(part)]) for part in parts)
        for parts in zip(weights, means, comoments, strict=True)
    ]
    while len(parts) > 1:
        joined = [merge(*a, *b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = joined + parts[len(joined) * 2 :]
    return parts[0]


@kernel
def about_zero(weight, mean, comoment):
    """The cross-products about zero, sum(w z_j z_k), of moments about the mean."""
    q = mean.shape[1]
    products = np.empty((2, q, q))
    for j in range(q):
        arm, arm_lo = dd.multiply(mean[0, j], mean[1, j], weight[0], weight[1])
        for k in range(j, q):
            value, low = dd.multiply(arm, arm_lo, mean[0, k], mean[1, k])
            value, low = dd.add(value, low, comoment[0, j, k], comoment[1, j, k])
            products[0, j, k] = products[0, k, j] = value
            products[1, j, k] = products[1, k, j] = low
    return products
