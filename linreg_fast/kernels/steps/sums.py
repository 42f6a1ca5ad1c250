"""The sums of a descent step in vectors: along the rows of C order, down the columns of F order."""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic.memory import LINE
from linreg_fast.kernels.steps import by_columns, one_column, reference
from linreg_fast.kernels.steps.by_rows import gradient_block, mse_block
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import by_type, kernel_part


def _by_layout(X, y, weights, rows, down, plain):
    if X.layout == "F":
        return down
    contiguous = all(getattr(array, "layout", "C") == "C" for array in (X, y, weights))
    return rows if contiguous else plain


def _gradient(X, y, coef, intercept, weights, start, stop, sums):
    return reference.gradient_block(X, y, coef, intercept, weights, start, stop, sums)


@by_type(_gradient)
def _gradient_by_layout(X, y, coef, intercept, weights, start, stop, sums):
    return _by_layout(X, y, weights, gradient_block, by_columns.gradient_block, _gradient)


def _mse(X, y, coef, intercept, weights, start, stop):
    return reference.mse_block(X, y, coef, intercept, weights, start, stop)


@by_type(_mse)
def _mse_by_layout(X, y, coef, intercept, weights, start, stop):
    return _by_layout(X, y, weights, mse_block, by_columns.mse_block, _mse)


@kernel_part
def _gradient_block(b, start, stop, scratch, X, y, coef, intercept, weights, sums):
    # four from `over_blocks`, then the arrays of the step
    found = _gradient(X, y, coef, intercept, weights, start, stop, sums[b, 3:])
    for k in range(3):
        sums[b, k] += found[k]


@kernel_part
def _mse_block(b, start, stop, scratch, X, y, coef, intercept, weights, sums):
    # four from `over_blocks`, then the arrays of the step
    found = _mse(X, y, coef, intercept, weights, start, stop)
    for k in range(2):
        sums[b, k] += found[k]


_gradient_blocks, _mse_blocks = over_blocks(_gradient_block), over_blocks(_mse_block)


def _padded(coef):
    """coef with zeros up to a whole number of vectors."""
    found = np.zeros(-(-len(coef) // tuning.WIDE) * tuning.WIDE)
    found[: len(coef)] = coef
    return found


def mse(X, y, coef, intercept, sample_weight=None):
    if X.shape[1] == 1 and sample_weight is None:
        return float(_of_one_column(X, y, coef, intercept)[2] / len(X))
    blocks = launch.count_blocks(*X.shape)
    sums = np.zeros((blocks, 2 + LINE))
    arguments = (X, y, _padded(coef), intercept, sample_weight, sums)
    launch.run(_mse_blocks, len(X), blocks, X.size, 0, *arguments)
    loss, weight_sum = sums.sum(axis=0)[:2]
    return float(loss / weight_sum)


def gradient(X, y, coef, intercept, sample_weight=None):
    n, p = X.shape
    if p == 1 and sample_weight is None:
        slope, residual_sum, loss = _of_one_column(X, y, coef, intercept)
        return float(loss / n), np.array([2 * slope / n]), float(2 * residual_sum / n)
    blocks, coef = launch.count_blocks(n, p), _padded(coef)
    sums = np.zeros((blocks, 3 + len(coef) + LINE))
    launch.run(
        _gradient_blocks, n, blocks, 2 * X.size, 0, X, y, coef, intercept, sample_weight, sums
    )
    return gradient_of(sums, p)


def _of_one_column(X, y, coef, intercept):
    blocks = launch.count_blocks(len(X), 1)
    sums = np.zeros((blocks, 3 + LINE))
    launch.run(
        one_column.gradient_blocks, len(X), blocks, len(X), 0, X[:, 0], y, coef[0], intercept, sums
    )
    return sums.sum(axis=0)[:3]


def gradient_of(sums, p):
    """What `gradient` returns, of blocks' sums of w r^2, w r, w, and w r x for p columns."""
    total = sums.sum(axis=0)
    loss, residual_sum, weight_sum = total[:3]
    scale = 2.0 / weight_sum
    return float(loss / weight_sum), scale * total[3 : 3 + p], float(scale * residual_sum)
