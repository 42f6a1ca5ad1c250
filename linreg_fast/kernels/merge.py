"""Joining the moments of two sets of rows (Chan, Golub and LeVeque 1983, the pairwise form)."""

import numpy as np


def merge(weight_a, mean_a, comoment_a, weight_b, mean_b, comoment_b):
    """Weight sum, means (q,) and centred cross-products (q, q) of the rows of a and b together."""
    if weight_b == 0.0:
        return weight_a, mean_a, comoment_a
    if weight_a == 0.0:
        return weight_b, mean_b, comoment_b
    weight = weight_a + weight_b
    step = mean_b - mean_a
    mean = mean_a + step * (weight_b / weight)
    # The factor is split over both sides so that steps of 1e150 do not overflow before they shrink.
    lever = step * np.sqrt(weight_a) * np.sqrt(weight_b / weight)
    return weight, mean, comoment_a + comoment_b + np.outer(lever, lever)


def remove(weight, mean, comoment, weight_b, mean_b, comoment_b):
    """The inverse of `merge`: what is left when the rows of b are taken out of a whole."""
    weight_a = weight - weight_b
    step = mean - mean_b
    mean_a = mean + step * (weight_b / weight_a)
    lever = step * np.sqrt(weight) * np.sqrt(weight_b / weight_a)
    return weight_a, mean_a, comoment - comoment_b - np.outer(lever, lever)


def merge_all(weights, means, comoments):
    """Merge blocks (b,), (b, q), (b, q, q) as a balanced tree, always in the same order."""
    parts = list(zip(weights, means, comoments, strict=True))
    while len(parts) > 1:
        joined = [merge(*a, *b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = joined + parts[len(joined) * 2 :]
    return parts[0]
