"""NumPy, whole arrays at a time: short, and it writes temporaries as long as the data."""

import numpy as np


def _residual(X, y, coef, intercept, sample_weight):
    residual = X @ coef + np.subtract(intercept, y, dtype=np.float64)
    if sample_weight is not None:
        residual[sample_weight == 0.0] = 0.0  # a removed row may hold a number that overflows
    return residual


def mse(X, y, coef, intercept, sample_weight=None):
    residual = _residual(X, y, coef, intercept, sample_weight)
    if sample_weight is None:
        return float(residual @ residual / len(residual))
    return float((sample_weight * residual) @ residual / sample_weight.sum())


def gradient(X, y, coef, intercept, sample_weight=None):
    residual = _residual(X, y, coef, intercept, sample_weight)
    weighted = residual if sample_weight is None else sample_weight * residual
    weight_sum = len(residual) if sample_weight is None else sample_weight.sum()
    scale = 2.0 / weight_sum
    return (
        float(weighted @ residual / weight_sum),
        scale * (weighted @ X).astype(np.float64, copy=False),
        float(scale * weighted.sum()),
    )


def moments(X, Y, sample_weight=None):
    if sample_weight is not None and not sample_weight.all():
        kept = sample_weight != 0.0
        X, Y, sample_weight = X[kept], Y[kept], sample_weight[kept]
    heaviest = 0 if sample_weight is None else sample_weight.argmax()
    shift = np.hstack([X[heaviest], Y[heaviest]]).astype(np.float64)
    Z = np.hstack([X, Y]) - shift
    weighted = Z if sample_weight is None else Z * sample_weight[:, None]
    weight_sum = float(len(Z) if sample_weight is None else sample_weight.sum())
    sums = weighted.sum(axis=0)
    comoment = weighted.T @ Z - np.outer(sums, sums) / weight_sum
    parts = np.array(weight_sum), shift + sums / weight_sum, (comoment + comoment.T) / 2
    return len(Z), *(np.stack([part, np.zeros_like(part)]) for part in parts)
