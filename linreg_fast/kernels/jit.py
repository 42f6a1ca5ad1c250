"""Numba, one fused loop on one thread: each row is read once and nothing is written back.

The `_block` functions do the work for rows start..stop; the parallel rung calls the same ones.
"""

import numpy as np

from linreg_fast.kernels.compile import strict
from linreg_fast.kernels.simd import fma


@strict
def _four_count(weights, i, stop):
    """Whether the four rows from i on are there, and none is to be left out."""
    if i + 4 > stop:
        return False
    if weights is None:
        return True
    return weights[i] * weights[i + 1] != 0.0 and weights[i + 2] * weights[i + 3] != 0.0


@strict
def mse_block(X, y, coef, intercept, sample_weight, start, stop):
    """(sum of weighted squared residuals, sum of weights)."""
    loss = weight_sum = 0.0
    i = start
    while i < stop:
        if _four_count(sample_weight, i, stop):
            a, b = intercept - np.float64(y[i]), intercept - np.float64(y[i + 1])
            c, d = intercept - np.float64(y[i + 2]), intercept - np.float64(y[i + 3])
            for j in range(X.shape[1]):
                slope = coef[j]
                a, b = fma(np.float64(X[i, j]), slope, a), fma(np.float64(X[i + 1, j]), slope, b)
                c = fma(np.float64(X[i + 2, j]), slope, c)
                d = fma(np.float64(X[i + 3, j]), slope, d)
            if sample_weight is None:
                loss += (a * a + b * b) + (c * c + d * d)
                weight_sum += 4.0
            else:
                w, x = sample_weight[i], sample_weight[i + 1]
                v, u = sample_weight[i + 2], sample_weight[i + 3]
                loss += (w * a * a + x * b * b) + (v * c * c + u * d * d)
                weight_sum += (w + x) + (v + u)
            i += 4
            continue
        weight = 1.0 if sample_weight is None else sample_weight[i]
        if weight != 0.0:
            residual = intercept - np.float64(y[i])
            for j in range(X.shape[1]):
                residual = fma(np.float64(X[i, j]), coef[j], residual)
            loss += weight * residual * residual
            weight_sum += weight
        i += 1
    return loss, weight_sum


@strict
def gradient_block(X, y, coef, intercept, sample_weight, start, stop, sums):
    """Add the weighted X'r to sums; return the sums of w r^2, of w r, and of w.

    Four rows at a time: no sum waits for the one before. The order is written down, since LLVM's
    own choice differs between the driver with threads and the one without.
    """
    p = X.shape[1]
    loss = residual_sum = weight_sum = 0.0
    i = start
    while i < stop:
        if _four_count(sample_weight, i, stop):
            a, b = intercept - np.float64(y[i]), intercept - np.float64(y[i + 1])
            c, d = intercept - np.float64(y[i + 2]), intercept - np.float64(y[i + 3])
            for j in range(p):
                slope = coef[j]
                a, b = fma(np.float64(X[i, j]), slope, a), fma(np.float64(X[i + 1, j]), slope, b)
                c = fma(np.float64(X[i + 2, j]), slope, c)
                d = fma(np.float64(X[i + 3, j]), slope, d)
            aw, bw, cw, dw = a, b, c, d
            if sample_weight is None:
                weight_sum += 4.0
            else:
                w, x = sample_weight[i], sample_weight[i + 1]
                v, u = sample_weight[i + 2], sample_weight[i + 3]
                weight_sum += (w + x) + (v + u)
                aw, bw, cw, dw = w * a, x * b, v * c, u * d
            for j in range(p):
                half = fma(aw, np.float64(X[i, j]), bw * np.float64(X[i + 1, j]))
                other = fma(cw, np.float64(X[i + 2, j]), dw * np.float64(X[i + 3, j]))
                sums[j] += half + other
            loss += (aw * a + bw * b) + (cw * c + dw * d)
            residual_sum += (aw + bw) + (cw + dw)
            i += 4
            continue
        weight = 1.0 if sample_weight is None else sample_weight[i]
        if weight != 0.0:
            residual = intercept - np.float64(y[i])
            for j in range(p):
                residual = fma(np.float64(X[i, j]), coef[j], residual)
            weighted = weight * residual
            for j in range(p):
                sums[j] += weighted * np.float64(X[i, j])
            loss += weighted * residual
            residual_sum += weighted
            weight_sum += weight
        i += 1
    return loss, residual_sum, weight_sum


@strict
def moments_block(X, Y, sample_weight, start, stop, z, mean, comoment):
    """Fill mean (q,) and comoment (q, q), both zero on entry; return (rows, sum of weights).

    z (5, q) is scratch: the shift, and four rows at a time, so that an entry of comoment is loaded
    and stored once for four rows. The shift is the block's first row of largest weight: a constant
    column then gives exact zeros, and even where that row is an outlier its own share of the sums
    keeps the relative error below (rows in the block) x 1e-16.
    """
    p = X.shape[1]
    q = p + Y.shape[1]
    shift = z[4]
    heaviest = start
    if sample_weight is not None:
        for i in range(start, stop):
            if sample_weight[i] > sample_weight[heaviest]:
                heaviest = i
    for j in range(p):
        shift[j] = X[heaviest, j]
    for j in range(p, q):
        shift[j] = Y[heaviest, j - p]
    n_samples = 0
    weight_sum = 0.0
    w0 = w1 = w2 = w3 = 0.0
    for i in range(start, stop, 4):
        for r in range(4):
            weight = 0.0
            if i + r < stop:
                weight = 1.0 if sample_weight is None else sample_weight[i + r]
            if weight != 0.0:
                for j in range(p):
                    z[r, j] = X[i + r, j] - shift[j]
                for j in range(p, q):
                    z[r, j] = Y[i + r, j - p] - shift[j]
                n_samples += 1
                weight_sum += weight
            else:
                for j in range(q):
                    z[r, j] = 0.0
            w0, w1, w2, w3 = w1, w2, w3, weight  # after four turns: the rows in order
        for j in range(q):
            a0 = w0 * z[0, j]
            a1 = w1 * z[1, j]
            a2 = w2 * z[2, j]
            a3 = w3 * z[3, j]
            mean[j] += (a0 + a1) + (a2 + a3)
            # Slices, not comoment[j, k]: an index that may be negative keeps LLVM from vectorising
            # (8 against 17 GFLOP/s at q = 101).
            c, z0, z1, z2, z3 = comoment[j, j:], z[0, j:], z[1, j:], z[2, j:], z[3, j:]
            for k in range(len(c)):
                c[k] += fma(a0, z0[k], a1 * z1[k]) + fma(a2, z2[k], a3 * z3[k])
    if weight_sum > 0.0:  # mean holds the sums of z until here
        for j in range(q):
            for k in range(j, q):
                comoment[j, k] -= mean[j] * (mean[k] / weight_sum)
                comoment[k, j] = comoment[j, k]
        for j in range(q):
            mean[j] = shift[j] + mean[j] / weight_sum
    return n_samples, weight_sum


def mse(X, y, coef, intercept, sample_weight=None):
    loss, weight_sum = mse_block(X, y, coef, intercept, sample_weight, 0, len(X))
    return loss / weight_sum


def gradient(X, y, coef, intercept, sample_weight=None):
    p = X.shape[1]
    sums = np.zeros(p)
    loss, residual_sum, weight_sum = gradient_block(
        X, y, coef, intercept, sample_weight, 0, len(X), sums
    )
    scale = 2.0 / weight_sum
    return loss / weight_sum, scale * sums, scale * residual_sum


def moments(X, Y, sample_weight=None):
    q = X.shape[1] + Y.shape[1]
    mean, comoment = np.zeros((2, q)), np.zeros((2, q, q))
    n_samples, weight_sum = moments_block(
        X, Y, sample_weight, 0, len(X), np.empty((5, q)), mean[0], comoment[0]
    )
    return n_samples, np.array([weight_sum, 0.0]), mean, comoment
