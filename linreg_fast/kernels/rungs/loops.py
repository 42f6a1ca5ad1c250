"""Pure Python: the specification. Slow, and meant to be read; every other rung must agree."""

from itertools import repeat

import numpy as np


def _rows(X, y, sample_weight):
    """Rows with a weight above zero, as Python numbers: (features, target, weight)."""
    weights = repeat(1.0) if sample_weight is None else sample_weight
    for x, target, weight in zip(X, y, weights, strict=False):
        if weight != 0.0:
            yield x.tolist(), target.tolist(), float(weight)


def mse(X, y, coef, intercept, sample_weight=None):
    coef = coef.tolist()
    loss = weight_sum = 0.0
    for x, target, weight in _rows(X, y, sample_weight):
        residual = intercept - target
        for x_j, coef_j in zip(x, coef, strict=True):
            residual += x_j * coef_j
        loss += weight * residual * residual
        weight_sum += weight
    return loss / weight_sum


def gradient(X, y, coef, intercept, sample_weight=None):
    coef = coef.tolist()
    loss = weight_sum = gradient_intercept = 0.0
    gradient_coef = [0.0] * len(coef)
    for x, target, weight in _rows(X, y, sample_weight):
        residual = intercept - target
        for x_j, coef_j in zip(x, coef, strict=True):
            residual += x_j * coef_j
        loss += weight * residual * residual
        for j, x_j in enumerate(x):
            gradient_coef[j] += weight * residual * x_j
        gradient_intercept += weight * residual
        weight_sum += weight
    scale = 2.0 / weight_sum
    return loss / weight_sum, scale * np.array(gradient_coef), scale * gradient_intercept


def moments(X, Y, sample_weight=None):
    q = X.shape[1] + Y.shape[1]
    n_samples, weight_sum = 0, 0.0
    # A row of largest weight: a constant column then sums to exactly zero, and even if the row is
    # an outlier its own share of the sums keeps the relative error small.
    heaviest = 0 if sample_weight is None else max(range(len(X)), key=sample_weight.__getitem__)
    shift = X[heaviest].tolist() + Y[heaviest].tolist()
    sums = [0.0] * q
    products = [[0.0] * q for _ in range(q)]
    for x, targets, weight in _rows(X, Y, sample_weight):
        z = x + targets
        z = [a - b for a, b in zip(z, shift, strict=True)]
        for j in range(q):
            sums[j] += weight * z[j]
            for k in range(j, q):
                products[j][k] += weight * z[j] * z[k]
        n_samples += 1
        weight_sum += weight
    mean = [s + a / weight_sum for s, a in zip(shift, sums, strict=True)]
    for j in range(q):
        for k in range(j, q):
            products[j][k] -= sums[j] * sums[k] / weight_sum
            products[k][j] = products[j][k]
    zeros = [[0.0] * q for _ in range(q)]
    return (
        n_samples,
        np.array([weight_sum, 0.0]),
        np.array([mean, zeros[0]]),
        np.array([products, zeros]),
    )
