"""Whether rows, weights and options are those of the fit: a ValueError where not."""

import math

import numpy as np

from linreg_fast.data.gate import check_finite
from linreg_fast.inference.choices import check_whole
from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.kernels.second_pass import meat as hc

SUMS_TO_ZERO = 1e-6  # of the root of rss: the sum of the scores
NOT_THE_ROWS = (
    "these are not the rows of the fit: residuals times columns do not sum to 0. Pass X, y "
    "and sample_weight as they were when it was fitted"
)


def check_choice(basis, choice, rows, read=False):
    """read: the rows will be read, and their weights are looked at one by one."""
    if choice.cov == "HAC" and choice.lags >= basis.n_samples:
        raise ValueError(f"lags={choice.lags} is not below the {basis.n_samples} rows of the fit")
    if choice.repeated and rows is not None and rows[2] is not None:
        check_whole(rows[2])
    if choice.repeated and not read and basis.weight_sum != round(basis.weight_sum):
        raise ValueError(
            f"frequency weights count rows and must be whole: they add up to {basis.weight_sum:.9g}"
        )
    if rows is not None:
        check_counts(basis, rows)


def check_counts(basis, rows):
    """Raise for other rows (X, Y, weights) than the fit had, by their number."""
    check_number(basis, len(rows[1]) if rows[2] is None else int(np.count_nonzero(rows[2])))


def check_number(basis, n):
    if n != basis.n_samples:
        raise ValueError(
            f"these are not the rows of the fit: it had {basis.n_samples} of weight above 0, and "
            f"here are {n}"
        )


def check_residuals(basis, residuals, weights, rows, names, leverage=None):
    """The weighted sum of squares of residuals (n,), which must be that of the fit."""
    with np.errstate(over="ignore", invalid="ignore"):
        rss = float(residuals @ (residuals if weights is None else residuals * weights))
    if not np.isfinite(rss) and rows is not None:
        refuse_not_finite(*rows[:2], names)
    check_sums(basis, rss, None if leverage is None else leverage.sum())
    return rss


def check_sums(basis, rss, leverage=None):
    """Of all rows: the weighted squares of residuals, and the sum of leverages."""
    rounding = EPSILON * 64 * basis.condition * basis.rank * basis.tss
    rounding += 1e-6 * basis.tss if basis.noise else 0.0
    other = abs(rss - basis.rss) > SUMS_TO_ZERO * basis.rss + rounding
    if other or (leverage is not None and abs(leverage - basis.rank) > 1e-6 * basis.rank):
        raise ValueError(NOT_THE_ROWS)


def refuse_not_finite(X, Y, names=None):
    """Raise for the first number of rows that is NaN or infinite."""
    if isinstance(X, np.ndarray):
        check_finite(X, "X", names)
    check_finite(Y if Y.shape[1] > 1 else Y[:, 0], "y")


def check_scores(basis, scores):
    """The fitted rows' scores sum to zero, their leverages to the rank."""
    count, weight = int(scores.sums[hc.COUNT]), scores.sums[hc.WEIGHT]
    if count != basis.n_samples:
        raise ValueError(
            f"these are not the rows of the fit: it had {basis.n_samples} of weight above 0, and "
            f"here are {count}"
        )
    if abs(weight - basis.weight_sum) > 1e-9 * basis.weight_sum:
        raise ValueError(
            f"these are not the weights of the fit: they add up to {weight:.9g}, and in the fit to "
            f"{basis.weight_sum:.9g} (sample_weight here must be that of the fit)"
        )
    rounding = EPSILON * 64 * basis.condition * math.sqrt(basis.tss * basis.rank)
    rounding += 1e-6 * math.sqrt(basis.tss) if basis.noise else 0.0
    scale = math.sqrt(max(scores.rss, basis.rss))
    off = float(np.linalg.norm(scores.score))
    trace = float(scores.sums[hc.LEVERAGE])
    other = abs(trace - basis.rank) > 1e-6 * basis.rank  # False where it is not known
    if off > SUMS_TO_ZERO * scale + rounding or other:
        raise ValueError(NOT_THE_ROWS)
