"""The rows of [X, Y], block after block, and their triangular factor."""

import numpy as np

from linreg_fast.data.lazy import computed_once
from linreg_fast.data.scaling import above
from linreg_fast.kernels.moments.centre import heaviest_of
from linreg_fast.kernels.tuning import QR_BLOCK_ROWS
from linreg_fast.runtime import blas
from linreg_fast.runtime.interrupt import interruptible


class Rows:
    """X (n, p), dense or sparse, and Y (n, t), with weights (n,) or None, centred or not."""

    def __init__(self, X, Y, sample_weight, centred):
        self.X, self.Y, self.sample_weight, self.centred = X, Y, sample_weight, centred

    @property
    def n_rows(self):
        return self.X.shape[0]

    @property
    def n_columns(self):
        return self.X.shape[1] + self.Y.shape[1]

    def blocks(self):
        """(rows of [X, Y] as dense float64, their weights or None), without rows of weight zero."""
        n_rows = max(QR_BLOCK_ROWS, 4 * (self.n_columns))
        for start in range(0, self.n_rows, n_rows):
            piece = slice(start, start + n_rows)
            rows = self._dense(piece)
            weights = None if self.sample_weight is None else self.sample_weight[piece]
            if weights is not None and not weights.all():
                rows, weights = rows[weights > 0], weights[weights > 0]
            if len(rows):
                yield rows, weights

    def _dense(self, piece):
        X = self.X[piece]
        X = X.toarray() if hasattr(X, "toarray") else X
        return np.hstack([X, self.Y[piece]]).astype(np.float64, copy=False)

    @computed_once
    def centring(self):
        """(a row, the mean distance of the rows from it), or zeros; both are subtracted, in order.

        A mean is rounded to the last digit of the column's offset. Subtracted at once, its rounding
        would stay in all rows and look like one more independent column.
        """
        q = self.n_columns
        if not self.centred:
            return np.zeros(q), np.zeros(q)
        heaviest = 0 if self.sample_weight is None else heaviest_of(self.sample_weight)
        shift = self._dense(slice(heaviest, heaviest + 1))[0]
        weight_sum, sums = 0.0, np.zeros(q)
        for rows, weights in self.blocks():
            if weights is None:
                weights = np.ones(len(rows))
            else:  # about one at the most: products with small rows would underflow
                weights = np.ldexp(weights, -2 * self._weight_exponent)
            weight_sum += weights.sum()
            sums += weights @ (rows - shift)
        return shift, sums / weight_sum

    def triangle(self):
        """R (k, q), k <= q, with R'R the cross-products, by QR of block after block; exponents.

        Column j is divided by 2**exponents[j], which makes its norm about one.
        """
        sizes = np.zeros(self.n_columns)
        for rows in self._centred_blocks():
            np.maximum(sizes, np.abs(rows).max(axis=0), out=sizes)
        exponents = above(sizes)
        R = np.empty((0, len(sizes)))
        # Two threads wait for each other at every column: with another process on one of the cores
        # that takes 30 times as long, and without it only 1000 columns gain, a third.
        with blas.one_thread(len(sizes), fewest=1):
            for rows in self._centred_blocks():
                rows = np.vstack([R, np.ldexp(rows, -exponents)])
                R = interruptible(len(sizes), np.linalg.qr, rows, mode="r")
        return R, exponents + self._weight_exponent

    @property
    def _weight_exponent(self):
        """Of the power of two that is divided out of the roots of the weights."""
        return 0 if self.sample_weight is None else int(above(np.sqrt(self.sample_weight.max())))

    def _centred_blocks(self):
        """Blocks of [X, Y], centred and multiplied with the root of their relative weight."""
        for rows, weights in self.blocks():
            rows = rows - self.centring[0]
            rows -= self.centring[1]
            if weights is not None:
                rows *= np.ldexp(np.sqrt(weights), -self._weight_exponent)[:, None]
            yield rows
