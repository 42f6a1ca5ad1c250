"""Numba: the loops of `loops`, compiled. Each row is read once and nothing is written back.

The `_rows` functions do the work for rows start..stop; the parallel rung calls the same ones on
every block. No fast-math flag is set, so sums are added in the order of the text: the results have
the same bits wherever they run.
"""

import numpy as np

from linreg_fast.runtime.compile import kernel


@kernel
def mse_rows(X, y, coef, intercept, sample_weight, start, stop):
    """(sum of weighted squared residuals, sum of weights)."""
    loss = weight_sum = 0.0
    for i in range(start, stop):
        weight = 1.0 if sample_weight is None else sample_weight[i]
        if weight != 0.0:
            residual = intercept - np.float64(y[i])
            for j in range(X.shape[1]):
                residual += X[i, j] * coef[j]
            loss += weight * residual * residual
            weight_sum += weight
    return loss, weight_sum


@kernel
def gradient_rows(X, y, coef, intercept, sample_weight, start, stop, sums):
    """Add the weighted X'r to sums (p,); return the sums of w r^2, of w r, and of w."""
    loss = residual_sum = weight_sum = 0.0
    for i in range(start, stop):
        weight = 1.0 if sample_weight is None else sample_weight[i]
        if weight != 0.0:
            residual = intercept - np.float64(y[i])
            for j in range(X.shape[1]):
                residual += X[i, j] * coef[j]
            weighted = weight * residual
            for j in range(X.shape[1]):
                sums[j] += weighted * X[i, j]
            loss += weighted * residual
            residual_sum += weighted
            weight_sum += weight
    return loss, residual_sum, weight_sum


@kernel
def moments_rows(X, Y, sample_weight, start, stop, z, mean, comoment):
    """Fill mean (q,) and comoment (q, q), both zero on entry; return (rows, sum of weights).

    z (2, q) is scratch: the shift, and a row less the shift. The shift is the first row of largest
    weight, as in `loops`.
    """
    p, q = X.shape[1], X.shape[1] + Y.shape[1]
    shift, row = z[0], z[1]
    heaviest = start
    if sample_weight is not None:
        for i in range(start, stop):
            if sample_weight[i] > sample_weight[heaviest]:
                heaviest = i
    for j in range(q):
        shift[j] = X[heaviest, j] if j < p else Y[heaviest, j - p]
    n_samples, weight_sum = 0, 0.0
    for i in range(start, stop):
        weight = 1.0 if sample_weight is None else sample_weight[i]
        if weight != 0.0:
            for j in range(p):
                row[j] = X[i, j] - shift[j]
            for j in range(p, q):
                row[j] = Y[i, j - p] - shift[j]
            for j in range(q):
                weighted = weight * row[j]
                mean[j] += weighted
                for k in range(j, q):
                    comoment[j, k] += weighted * row[k]
            n_samples += 1
            weight_sum += weight
    if weight_sum > 0.0:  # mean holds the sums of the shifted rows until here
        for j in range(q):
            for k in range(j, q):
                comoment[j, k] -= mean[j] * (mean[k] / weight_sum)
                comoment[k, j] = comoment[j, k]
        for j in range(q):
            mean[j] = shift[j] + mean[j] / weight_sum
    return n_samples, weight_sum


def mse(X, y, coef, intercept, sample_weight=None):
    loss, weight_sum = mse_rows(X, y, coef, intercept, sample_weight, 0, len(X))
    return loss / weight_sum


def gradient(X, y, coef, intercept, sample_weight=None):
    sums = np.zeros(X.shape[1])
    found = gradient_rows(X, y, coef, intercept, sample_weight, 0, len(X), sums)
    loss, residual_sum, weight_sum = found
    scale = 2.0 / weight_sum
    return loss / weight_sum, scale * sums, scale * residual_sum


def moments(X, Y, sample_weight=None):
    q = X.shape[1] + Y.shape[1]
    mean, comoment = np.zeros((2, q)), np.zeros((2, q, q))
    scratch = np.empty((2, q))
    n_samples, weight_sum = moments_rows(
        X, Y, sample_weight, 0, len(X), scratch, mean[0], comoment[0]
    )
    return n_samples, np.array([weight_sum, 0.0]), mean, comoment
