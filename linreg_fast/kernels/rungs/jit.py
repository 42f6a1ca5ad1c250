"""Numba, one fused loop on one thread: each row is read once and nothing is written back.

The `_block` functions do the work for rows start..stop; the parallel rung calls the same ones.
"""

import numpy as np

from linreg_fast.kernels.moments.reference import moments_block
from linreg_fast.kernels.steps.reference import gradient_block, mse_block


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
