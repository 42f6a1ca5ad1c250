"""What lies between two passes of refinement, in a few compiled calls.

In NumPy it took as long as a third of a pass over 100,000 x 20 (AVX-512), whose rows had driven
Python's own data out of the cache.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.runtime.compile import kernel


@kernel
def add_blocks(sums, lows, out):
    """Write to out (2, t, k), hi and lo, the first k sums of all blocks (b, t, more), in order."""
    for target in range(out.shape[1]):
        for j in range(out.shape[2]):
            total, low = 0.0, 0.0
            for b in range(len(sums)):
                total, lost = dd.two_sum(total, sums[b, target, j])
                low += lost + lows[b, target, j]
            out[0, target, j], out[1, target, j] = dd.quick_two_sum(total, low)


@kernel
def about_the_mean(found, mean, right, left):
    """Write right sides (p, t), and what is left of each target's sum (t,).

    found (2, t, p + 1), hi and lo, of `residual_products`; mean (2, p or more).
    """
    t, p = found.shape[1], found.shape[2] - 1
    for k in range(t):
        whole, whole_lo = found[0, k, p], found[1, k, p]
        left[k] = whole + whole_lo
        for j in range(p):
            moved, moved_lo = dd.multiply(whole, whole_lo, mean[0, j], mean[1, j])
            own, own_lo = dd.add(found[0, k, j], found[1, k, j], -moved, -moved_lo)
            right[j, k] = own + own_lo


@kernel
def correct(coef, step, sizes, targets, nothing):
    """Make coef (2, p, t) its hi parts plus step (p, t); the largest relative correction.

    In units of the columns' sizes (p,), and of at least `nothing` of the targets' (t,). inf for
    numbers that are not finite.
    """
    p, t = step.shape
    largest = 0.0
    for k in range(t):
        moved = square = 0.0
        for j in range(p):
            part = step[j, k] * sizes[j]
            coef[0, j, k], coef[1, j, k] = dd.two_sum(coef[0, j, k], step[j, k])
            whole = coef[0, j, k] * sizes[j]
            moved += part * part
            square += whole * whole
        if not moved + square < np.inf:
            return np.inf
        size = max(np.sqrt(square), nothing * targets[k])
        if size > 0.0:
            largest = max(largest, np.sqrt(moved) / size)
    return largest
