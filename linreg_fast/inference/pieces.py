"""Rows as the kernels of the second pass take them: float64, C or F order, read-only.

Arrays that are so already are passed whole, without a copy; others a few megabytes at a time.
"""

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.kernels.tuning import SECOND_PASS_PIECE

NONE = frozen(np.zeros(0))


def pieces(X, Y, weights):
    """(place of the first row, X, Y, weights) of one piece after the other; weights (0,): none."""
    n, p = X.shape
    ready = (
        isinstance(X, np.ndarray)
        and X.dtype == np.float64
        and (X.flags.c_contiguous or X.flags.f_contiguous)
        and Y.dtype == np.float64
        and Y.flags.c_contiguous
    )
    step = n if ready else max(SECOND_PASS_PIECE // max(p, 1), 1)
    for start in range(0, n, step):
        part = slice(start, start + step)
        rows, targets = X[part], Y[part]
        if not ready:
            rows = rows.toarray() if hasattr(rows, "toarray") else rows
            rows = np.ascontiguousarray(rows, dtype=np.float64)
            targets = np.ascontiguousarray(targets, dtype=np.float64)
        own = NONE if weights is None else frozen(np.ascontiguousarray(weights[part]))
        yield start, frozen(rows), frozen(targets), own
