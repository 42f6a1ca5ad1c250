"""What a `Problem` makes of its moments: scaled matrices, normal equations, their factor."""

from typing import NamedTuple

import numpy as np


class Scaled(NamedTuple):
    """A matrix of the columns of [X, Y], column j divided by 2**exponents[j]."""

    matrix: np.ndarray
    exponents: np.ndarray


class NormalEquations(NamedTuple):
    """Cross-products (2, q, q), hi and lo, and means (2, q) of the columns of [X, Y], scaled."""

    products: np.ndarray
    exponents: np.ndarray
    mean: np.ndarray

    @property
    def matrix(self):
        return self.products[0]


class Factor(NamedTuple):
    """What `doubled_cholesky.cholesky` makes of the normal equations."""

    upper: np.ndarray  # (2, q, q), hi and lo
    order: np.ndarray  # (q,), of the columns: the largest pivots come first
    rank: int  # pivots above `smallest`
    smallest: float

    def rank_above(self, smallest):
        """How many pivots are above a limit, which is not below the factor's own."""
        return int((self.upper[0].diagonal()[: self.rank] ** 2 > smallest).sum())
