"""The sums of a descent step along the rows of C order, a vector of rows at a time."""

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import memory, simd
from linreg_fast.kernels.steps import reference, row_products
from linreg_fast.kernels.tuning import STEP_TARGET_AHEAD
from linreg_fast.runtime.compile import kernel_part


@kernel_part
def _last_whole_vector(X, start, stop):
    """The row at which the last vector of rows ends that reads nothing beyond X."""
    n, p = X.shape
    padded = -(-p // tuning.WIDE) * tuning.WIDE
    end = min(stop, n + 1 - -(-padded // p))
    return start + max(end - start, 0) // tuning.WIDE * tuning.WIDE


@kernel_part
def _has_zero_weight(weights, i):
    """Whether one of the vector's rows has weight zero, and is to be left out."""
    if weights is not None:
        for k in range(i, i + tuning.WIDE):
            if weights[k] == 0.0:
                return True
    return False


def gradient_block(X, y, coef, intercept, weights, start, stop, sums):
    p = X.shape[1]
    whole = _last_whole_vector(X, start, stop)
    constant, one = simd.broadcast(intercept), simd.broadcast(1.0)
    losses, residuals, shares = simd.zeros(), simd.zeros(), simd.zeros()
    loss = residual_sum = weight_sum = 0.0
    for i in range(start, whole, tuning.WIDE):
        if _has_zero_weight(weights, i):
            found = reference.gradient_block(
                X, y, coef, intercept, weights, i, i + tuning.WIDE, sums
            )
            loss, residual_sum = loss + found[0], residual_sum + found[1]
            weight_sum += found[2]
            continue
        memory.prefetch(y, i + STEP_TARGET_AHEAD)
        r = simd.subtract(constant, simd.load(y, i))
        r = simd.add(row_products.dots(X, i * p, p, coef), r)
        share = one if weights is None else simd.load(weights, i)
        weighted = simd.multiply(share, r)
        row_products.add_rows(X, i * p, p, weighted, sums)
        losses = simd.fma_vectors(weighted, r, losses)
        residuals, shares = simd.add(residuals, weighted), simd.add(shares, share)
    found = reference.gradient_block(X, y, coef, intercept, weights, whole, stop, sums)
    return (
        simd.total(losses) + loss + found[0],
        simd.total(residuals) + residual_sum + found[1],
        simd.total(shares) + weight_sum + found[2],
    )


def mse_block(X, y, coef, intercept, weights, start, stop):
    p = X.shape[1]
    whole = _last_whole_vector(X, start, stop)
    constant, one = simd.broadcast(intercept), simd.broadcast(1.0)
    losses, shares = simd.zeros(), simd.zeros()
    loss = weight_sum = 0.0
    for i in range(start, whole, tuning.WIDE):
        if _has_zero_weight(weights, i):
            found = reference.mse_block(X, y, coef, intercept, weights, i, i + tuning.WIDE)
            loss, weight_sum = loss + found[0], weight_sum + found[1]
            continue
        memory.prefetch(y, i + STEP_TARGET_AHEAD)
        r = simd.subtract(constant, simd.load(y, i))
        r = simd.add(row_products.dots(X, i * p, p, coef), r)
        share = one if weights is None else simd.load(weights, i)
        losses = simd.fma_vectors(simd.multiply(share, r), r, losses)
        shares = simd.add(shares, share)
    found = reference.mse_block(X, y, coef, intercept, weights, whole, stop)
    return simd.total(losses) + loss + found[0], simd.total(shares) + weight_sum + found[1]
