"""The sums of a descent step in vectors: along the rows of C order, down the columns of F order."""

import numpy as np
from numba import prange

from linreg_fast.kernels import columns, direct, dots, jit, launch, simd
from linreg_fast.kernels.blocks import rows_of, take
from linreg_fast.kernels.compile import chosen, inner, strict_driver
from linreg_fast.kernels.parallel import gradient_of
from linreg_fast.kernels.simd import LINE

TARGET_AHEAD = 512  # numbers, beside rows that `dots` asks for


@inner
def _whole(X, start, stop):
    """Where the last vector of rows ends that reads nothing behind X."""
    n, p = X.shape
    padded = -(-p // simd.WIDE) * simd.WIDE
    end = min(stop, n + 1 - -(-padded // p))
    return start + max(end - start, 0) // simd.WIDE * simd.WIDE


@inner
def _some_out(weights, i):
    """Whether a row of the vector is to be left out."""
    if weights is not None:
        for k in range(i, i + simd.WIDE):
            if weights[k] == 0.0:
                return True
    return False


def _gradient_rows(X, y, coef, intercept, weights, start, stop, sums):
    p = X.shape[1]
    whole = _whole(X, start, stop)
    constant, one = simd.splat_wide(intercept), simd.splat_wide(1.0)
    losses, residuals, shares = simd.zeros_wide(), simd.zeros_wide(), simd.zeros_wide()
    loss = residual_sum = weight_sum = 0.0
    for i in range(start, whole, simd.WIDE):
        if _some_out(weights, i):
            found = jit.gradient_block(X, y, coef, intercept, weights, i, i + simd.WIDE, sums)
            loss, residual_sum = loss + found[0], residual_sum + found[1]
            weight_sum += found[2]
            continue
        simd.bring_near(y, i + TARGET_AHEAD)
        r = simd.subtract(constant, simd.load_wide(y, i))
        r = simd.add(dots.dots(X, i * p, p, coef), r)
        share = one if weights is None else simd.load_wide(weights, i)
        weighted = simd.multiply(share, r)
        dots.add_rows(X, i * p, p, weighted, sums)
        losses = simd.fma_vectors(weighted, r, losses)
        residuals, shares = simd.add(residuals, weighted), simd.add(shares, share)
    found = jit.gradient_block(X, y, coef, intercept, weights, whole, stop, sums)
    return (
        simd.total(losses) + loss + found[0],
        simd.total(residuals) + residual_sum + found[1],
        simd.total(shares) + weight_sum + found[2],
    )


def _mse_rows(X, y, coef, intercept, weights, start, stop):
    p = X.shape[1]
    whole = _whole(X, start, stop)
    constant, one = simd.splat_wide(intercept), simd.splat_wide(1.0)
    losses, shares = simd.zeros_wide(), simd.zeros_wide()
    loss = weight_sum = 0.0
    for i in range(start, whole, simd.WIDE):
        if _some_out(weights, i):
            found = jit.mse_block(X, y, coef, intercept, weights, i, i + simd.WIDE)
            loss, weight_sum = loss + found[0], weight_sum + found[1]
            continue
        simd.bring_near(y, i + TARGET_AHEAD)
        r = simd.subtract(constant, simd.load_wide(y, i))
        r = simd.add(dots.dots(X, i * p, p, coef), r)
        share = one if weights is None else simd.load_wide(weights, i)
        losses = simd.fma_vectors(simd.multiply(share, r), r, losses)
        shares = simd.add(shares, share)
    found = jit.mse_block(X, y, coef, intercept, weights, whole, stop)
    return simd.total(losses) + loss + found[0], simd.total(shares) + weight_sum + found[1]


def _by_layout(X, y, weights, rows, down, plain):
    if X.layout == "F":
        return down
    contiguous = all(getattr(array, "layout", "C") == "C" for array in (X, y, weights))
    return rows if contiguous else plain


def _gradient(X, y, coef, intercept, weights, start, stop, sums):
    return jit.gradient_block(X, y, coef, intercept, weights, start, stop, sums)


@chosen(_gradient)
def _gradient_by_layout(X, y, coef, intercept, weights, start, stop, sums):
    return _by_layout(X, y, weights, _gradient_rows, columns.gradient_block, _gradient)


def _mse(X, y, coef, intercept, weights, start, stop):
    return jit.mse_block(X, y, coef, intercept, weights, start, stop)


@chosen(_mse)
def _mse_by_layout(X, y, coef, intercept, weights, start, stop):
    return _by_layout(X, y, weights, _mse_rows, columns.mse_block, _mse)


@strict_driver
def _gradient_blocks(X, y, coef, intercept, weights, sums, blocks, turn, turns, taken, scratch):
    for _ in prange(len(scratch)):
        b = take(taken)
        while b < blocks:
            start, stop = rows_of(b, blocks, len(X), turn, turns)
            found = _gradient(X, y, coef, intercept, weights, start, stop, sums[b, 3:])
            for k in range(3):
                sums[b, k] += found[k]
            b = take(taken)


@strict_driver
def _mse_blocks(X, y, coef, intercept, weights, sums, blocks, turn, turns, taken, scratch):
    for _ in prange(len(scratch)):
        b = take(taken)
        while b < blocks:
            start, stop = rows_of(b, blocks, len(X), turn, turns)
            found = _mse(X, y, coef, intercept, weights, start, stop)
            for k in range(2):
                sums[b, k] += found[k]
            b = take(taken)


def _padded(coef):
    """coef with zeros up to a whole number of vectors."""
    found = np.zeros(-(-len(coef) // simd.WIDE) * simd.WIDE)
    found[: len(coef)] = coef
    return found


def mse(X, y, coef, intercept, sample_weight=None):
    if X.shape[1] == 1 and sample_weight is None:
        return float(_of_one_column(X, y, coef, intercept)[2] / len(X))
    blocks = launch.count_blocks(*X.shape)
    sums = np.zeros((blocks, 2 + LINE))
    arguments = (X, y, _padded(coef), intercept, sample_weight, sums)
    launch.run(_mse_blocks, blocks, X.size, 0, *arguments)
    loss, weight_sum = sums.sum(axis=0)[:2]
    return float(loss / weight_sum)


def gradient(X, y, coef, intercept, sample_weight=None):
    n, p = X.shape
    if p == 1 and sample_weight is None:
        slope, residual_sum, loss = _of_one_column(X, y, coef, intercept)
        return float(loss / n), np.array([2 * slope / n]), float(2 * residual_sum / n)
    blocks, coef = launch.count_blocks(n, p), _padded(coef)
    sums = np.zeros((blocks, 3 + len(coef) + LINE))
    launch.run(_gradient_blocks, blocks, 2 * X.size, 0, X, y, coef, intercept, sample_weight, sums)
    return gradient_of(sums, p)


def _of_one_column(X, y, coef, intercept):
    blocks = launch.count_blocks(len(X), 1)
    sums = np.zeros((blocks, 3 + LINE))
    launch.run(direct.gradient_blocks, blocks, len(X), 0, X[:, 0], y, coef[0], intercept, sums)
    return sums.sum(axis=0)[:3]
