"""Products of rows with a matrix, of which each row has the same bits among any others.

A library's matrix product takes the last rows of a batch by other instructions than the first ones.
"""

import numpy as np

from linreg_fast.runtime.compile import kernel


@kernel
def _times(rows, matrix, out):
    for i in range(len(rows)):
        for j in range(rows.shape[1]):
            value = rows[i, j]
            for k in range(matrix.shape[1]):
                out[i, k] += value * matrix[j, k]


def product(rows, matrix):
    """rows (m, p) @ matrix (p, k), or (p,)."""
    columns = matrix[:, None] if matrix.ndim == 1 else matrix
    out = np.zeros((len(rows), columns.shape[1]))
    _times(*(np.ascontiguousarray(part, dtype=np.float64) for part in (rows, columns)), out)
    return out[:, 0] if matrix.ndim == 1 else out
