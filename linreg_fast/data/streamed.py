"""Moments of rows that are seen once and then added to those of earlier ones."""

from linreg_fast.data.gate import check_finite
from linreg_fast.data.many_target_moments import chunks, joined, takes
from linreg_fast.data.problem import Problem
from linreg_fast.kernels.arithmetic.rounding import STREAM_UNDERFLOW


def streamed_moments(X, Y, weights, rung, names=None):
    """Moments of rows that are seen once; a ValueError names what cannot be summed."""
    if takes(X.shape[1], Y.shape[1]):
        check_finite(Y, "y")  # here, where all its columns are
    parts = []
    for some in chunks(X.shape[1], Y):
        rows = Problem(X, some, weights, rung=rung, names=names)
        rows.check_finite()
        if not rows.in_range(STREAM_UNDERFLOW):
            raise ValueError(
                "squares of these numbers overflow or underflow, and partial_fit adds squares: "
                "use other units, or fit() with all the rows"
            )
        parts.append(rows.moments)
    return joined(parts)
