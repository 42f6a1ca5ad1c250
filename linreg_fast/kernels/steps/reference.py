"""The portable twin of the vectorised steps: four rows at a time, in any layout.

The vectorised kernels call it for the rows that are left over, and where a weight is zero.
"""

import numpy as np

from linreg_fast.kernels.arithmetic.simd import fma
from linreg_fast.runtime.compile import kernel


@kernel
def _four_rows_count(weights, i, stop):
    """Whether the four rows from i on are there, and none is to be left out."""
    if i + 4 > stop:
        return False
    if weights is None:
        return True
    return weights[i] * weights[i + 1] != 0.0 and weights[i + 2] * weights[i + 3] != 0.0


@kernel
def mse_block(X, y, coef, intercept, sample_weight, start, stop):
    """(sum of weighted squared residuals, sum of weights)."""
    loss = weight_sum = 0.0
    i = start
    while i < stop:
        if _four_rows_count(sample_weight, i, stop):
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


@kernel
def gradient_block(X, y, coef, intercept, sample_weight, start, stop, sums):
    """Add the weighted X'r to sums; return the sums of w r^2, of w r, and of w.

    Four rows at a time: no sum waits for the one before. The order is written down, since LLVM's
    own choice differs between the driver with threads and the one without.
    """
    p = X.shape[1]
    loss = residual_sum = weight_sum = 0.0
    i = start
    while i < stop:
        if _four_rows_count(sample_weight, i, stop):
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
