"""What each row has to itself: leverage, residual, external studentised residual, Cook's distance.

Source: Belsley, Kuh and Welsch 1980; nothing is fitted again.
"""

import math

import numpy as np

from linreg_fast.kernels.second_pass import panel
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


@kernel_part
def _block(b, start, stop, scratch, *arguments):
    X, Y, target, weights, fit = panel.given(arguments)
    numbers, out = arguments[panel.GIVEN :]
    size, rank = panel.sizes(fit)
    columns, coordinates, vectors, raw, _ = panel.parts(scratch, X.shape[1], rank, size)
    residual, leverage, weight = vectors[0], vectors[1], vectors[2]
    student, cook = vectors[3], vectors[4]
    most, rss, df, parameters = numbers[0], numbers[1], numbers[2], numbers[3]
    for begin in range(start, stop, ROWS):
        end = min(begin + ROWS, stop)
        panel.read(X, Y, target, weights, fit, begin, end, columns, vectors, raw)
        panel.orthonormal(fit, columns, coordinates, vectors)
        for i in range(ROWS):
            h = leverage[i]
            left = 1.0 - h if h <= most else math.nan
            square = weight[i] * residual[i] * residual[i] / left
            # Without this row the sum of squares is rss - square, on one degree of freedom less.
            outside = max(rss - square, 0.0) / (df - 1.0)
            student[i] = math.copysign(math.sqrt(square / outside), residual[i])
            cook[i] = square * h / (left * parameters * (rss / df))
        for i in range(end - begin):
            out[0, begin + i], out[1, begin + i] = leverage[i], residual[i]
            out[2, begin + i], out[3, begin + i] = student[i], cook[i]


_blocks = over_blocks(_block)


@kernel_part
def _residual_block(b, start, stop, scratch, *arguments):
    X, Y, target, weights, fit = panel.given(arguments)
    (out,) = arguments[panel.GIVEN :]
    _, rank = panel.sizes(fit)
    columns, _, vectors, raw, _ = panel.parts(scratch, X.shape[1], rank, 0)
    for begin in range(start, stop, ROWS):
        end = min(begin + ROWS, stop)
        panel.read(X, Y, target, weights, fit, begin, end, columns, vectors, raw)
        for i in range(end - begin):
            out[begin + i] = vectors[0, i]


_residual_blocks = over_blocks(_residual_block)


def influence(X, Y, target, weights, fit, numbers, out):
    """Into out (4, n): leverage, residual, external studentised residual, Cook's distance.

    numbers: the largest leverage below 1, the residual sum of squares, its degrees of freedom, and
    how many numbers were fitted.
    """
    size, rank = len(fit[0]) + (fit[4] > 0), len(fit[0])
    blocks = launch.count_blocks(len(X), max(X.shape[1], 1))
    work = len(X) * (size + 2) ** 2
    arguments = (X, Y, target, weights, *fit, np.asarray(numbers, dtype=np.float64), out)
    launch.run(
        _blocks, len(X), blocks, work, panel.scratch_size(X.shape[1], rank, size), *arguments
    )


def residuals(X, Y, target, weights, fit, out):
    """Into out (n,): targets less what was fitted, without the weights."""
    blocks = launch.count_blocks(len(X), max(X.shape[1], 1))
    scratch = panel.scratch_size(X.shape[1], len(fit[0]), 0)
    launch.run(_residual_blocks, len(X), blocks, X.size, scratch, X, Y, target, weights, *fit, out)
