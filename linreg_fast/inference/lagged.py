"""Newey-West sums of rows in order, in batches: each hands over its first and last scores."""

import numpy as np

from linreg_fast.kernels.second_pass import lags as kernel


class LaggedSums:
    """The meat so far, how many rows, and the first and last `lags` scores."""

    def __init__(self, basis, lags):
        self.basis, self.lags, self.n_rows = basis, lags, 0
        self.meat = np.zeros((basis.rank, basis.rank))
        self.head = self.tail = np.zeros((0, basis.rank))

    def add(self, arguments):
        """Add the rows of a piece, which come after those before."""
        part = LaggedSums(self.basis, self.lags)
        part.n_rows = n = len(arguments[0])
        part.meat = kernel.meat(*arguments, min(self.lags, n - 1)) if self.lags < n else None
        if part.meat is None:  # a piece that is shorter than the lag: every pair by itself
            part.meat = self._of_few(self._scores(arguments, slice(None)))
        part.head = self._scores(arguments, slice(0, min(self.lags, n)))
        part.tail = self._scores(arguments, slice(max(n - self.lags, 0), n))
        vars(self).update(vars(self + part))

    def _scores(self, arguments, rows):
        X, Y, target, weights, _ = arguments
        X, y = X[rows], Y[rows, target]
        basis = self.basis
        residual = (y - basis.shift[0, -1]) - basis.shift[1, -1]
        residual = residual - basis.shifted(X, basis.order) @ basis.slopes
        if len(weights):
            residual = residual * weights[rows]
        return basis.coordinates(X) * residual[:, None]

    def _of_few(self, scores):
        apart = abs(np.subtract.outer(np.arange(len(scores)), np.arange(len(scores))))
        return scores.T @ (np.maximum(1 - apart / (self.lags + 1), 0) @ scores)

    def __add__(self, other):
        found = LaggedSums(self.basis, self.lags)
        found.n_rows = self.n_rows + other.n_rows
        back = np.arange(len(self.tail))[::-1]  # 0 is the last one
        apart = np.add.outer(np.arange(len(other.head)), back) + 1
        across = other.head.T @ (np.maximum(1 - apart / (self.lags + 1), 0) @ self.tail)
        found.meat = self.meat + other.meat + across + across.T
        found.head = np.vstack([self.head, other.head])[: self.lags]
        tail = np.vstack([self.tail, other.tail])
        found.tail = tail[max(len(tail) - self.lags, 0) :]
        return found
