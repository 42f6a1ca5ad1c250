"""`Problem`: one least-squares problem, and the two ways to make it small.

A solver reads `normal_equations` (one fast pass, but the condition number is squared) or `triangle`
(orthogonal, slower, keeps the digits). Both are centred when there is an intercept, have columns
scaled to about unit norm by powers of two, and are computed once, when first asked for.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.data.moments import Moments

TINY = 1e-270  # a sum of squares below this may have lost products to underflow
BLOCK_ROWS = 4096  # or four times the columns, where that is more: QR then costs 1.25 times one QR


class Scaled(NamedTuple):
    """A matrix of the columns of [X, Y], column j divided by 2**exponents[j]."""

    matrix: np.ndarray
    exponents: np.ndarray


def _exponents(sizes):
    """Powers of two next above the sizes; 0 for a size of zero. Scaling with them is exact."""
    return np.frexp(sizes)[1] * (sizes > 0)


class Problem:
    """Minimise sum(w (Y - X coef - intercept)^2) over coef (p, t) and intercept (t,).

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p), or None with `moments` given
    Y : ndarray of shape (n, t), or None with `moments` given
    sample_weight : float64 ndarray of shape (n,) or None
    fit_intercept : bool
    positive : bool
        Ask for coef >= 0.
    tol : float or None
        Columns whose part independent of the others is below `tol` of their norm count as
        dependent. None: what rounding leaves, machine epsilon x max(n, p).
    kernels : Kernels or None
        The rung that computes the sums; None chooses by size.
    """

    def __init__(
        self,
        X,
        Y,
        sample_weight=None,
        *,
        moments=None,
        fit_intercept=True,
        positive=False,
        tol=None,
        kernels=None,
    ):
        self.X, self.Y, self.sample_weight = X, Y, sample_weight
        self.fit_intercept, self.positive, self.kernels = fit_intercept, positive, kernels
        if moments is not None:
            self.moments = moments
            self.n_samples, self.n_features = moments.n_samples, moments.n_features
            self.n_targets = moments.n_targets
        else:
            self.n_samples, self.n_features = X.shape
            self.n_targets = Y.shape[1]
        self.has_rows = X is not None
        self._tol = tol

    @property
    def tol(self):
        """Relative size below which a singular value of the scaled columns counts as zero."""
        if self._tol is not None:
            return self._tol
        epsilon = np.finfo(np.float64).eps
        if self.has_rows:
            return epsilon * max(self.n_samples, self.n_features, 16)
        return np.sqrt(epsilon * 16 * self.n_features)  # the moments hold squares

    def blocks(self):
        """(rows of [X, Y] as dense float64, their weights or None), without rows of weight zero."""
        n_rows = max(BLOCK_ROWS, 4 * (self.n_features + self.n_targets))
        for start in range(0, self.n_samples, n_rows):
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

    @cached_property
    def moments(self):
        if isinstance(self.X, np.ndarray):
            return Moments.of(self.X, self.Y, self.sample_weight, self.kernels)
        total = Moments.empty(self.n_features, self.n_targets)
        for rows, weights in self.blocks():
            X, Y = np.hsplit(frozen(rows), [self.n_features])
            total = total + Moments.of(X, Y, weights, self.kernels)
        return total

    @cached_property
    def centre(self):
        """What is subtracted from the columns of [X, Y]: their means, or zeros."""
        if not self.fit_intercept:
            return np.zeros(self.n_features + self.n_targets)
        if "moments" in vars(self) or self.n_samples > self.n_features:
            return self.moments.mean
        return sum(self._centring)

    @cached_property
    def _centring(self):
        """(a row, the mean of the distances from it), or zeros: subtracted one after the other.

        A mean is rounded to the last digit of the column's offset. What is left of it then would
        look like one more independent column; what is left of the mean distance does not.
        """
        q = self.n_features + self.n_targets
        if not self.fit_intercept:
            return np.zeros(q), np.zeros(q)
        heaviest = 0 if self.sample_weight is None else int(self.sample_weight.argmax())
        shift = self._dense(slice(heaviest, heaviest + 1))[0]
        weight_sum, sums = 0.0, np.zeros(q)
        for rows, weights in self.blocks():
            weights = np.ones(len(rows)) if weights is None else weights
            weight_sum += weights.sum()
            sums += weights @ (rows - shift)
        return shift, sums / weight_sum

    @cached_property
    def products(self):
        """Cross-products of the columns of [X, Y], centred where an intercept is fitted."""
        if self.fit_intercept:
            return self.moments.comoment
        with np.errstate(over="ignore", invalid="ignore"):  # `moments_in_range` looks at it
            root = np.sqrt(self.moments.weight_sum) * self.moments.mean
            return self.moments.comoment + np.outer(root, root)

    @cached_property
    def moments_in_range(self):
        """Whether no product in the moments overflowed, and none was lost to underflow."""
        if not np.isfinite(self.products).all():
            return False
        if not self.has_rows:
            return True
        for j in np.flatnonzero(np.diag(self.products) < TINY):
            p = self.n_features
            column = self.X[:, [j]] if j < p else self.Y[:, [j - p]]
            column = column.toarray() if hasattr(column, "toarray") else column
            nothing = column.min() == column.max() if self.fit_intercept else not column.any()
            if not nothing:
                return False
        return True

    def check_range(self):
        """Raise for what the moments cannot hold; the triangle can."""
        if not self.moments_in_range:
            raise np.linalg.LinAlgError(
                "squares of the numbers overflow or underflow: use solver='svd' (or 'auto'), or "
                "other units"
            )

    @cached_property
    def normal_equations(self):
        """Cross-products of the centred, scaled columns of [X, Y]: (p + t, p + t)."""
        exponents = _exponents(np.sqrt(np.diag(self.products)))
        return Scaled(np.ldexp(self.products, -np.add.outer(exponents, exponents)), exponents)

    def moments_root(self):
        """R with R'R the normal equations: what a triangle would be, with half of its digits."""
        products, exponents = self.normal_equations
        values, vectors = np.linalg.eigh(products)
        R = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
        R[:, np.diag(products) == 0] = 0.0  # a constant column: eigh leaves rounding there
        return Scaled(R, exponents)

    @cached_property
    def triangle(self):
        """R (k, p + t), k <= p + t, with R'R the cross-products, by QR of block after block."""
        if not self.has_rows:
            return self.moments_root()
        sizes = np.zeros(self.n_features + self.n_targets)
        for rows in self._centred_blocks():
            np.maximum(sizes, np.abs(rows).max(axis=0), out=sizes)
        exponents = _exponents(sizes)
        R = np.empty((0, len(sizes)))
        for rows in self._centred_blocks():
            R = np.linalg.qr(np.vstack([R, np.ldexp(rows, -exponents)]), mode="r")
        return Scaled(R, exponents)

    def _centred_blocks(self):
        """Blocks of [X, Y], centred and multiplied with the root of their relative weight."""
        root = 1.0 if self.sample_weight is None else np.sqrt(self.sample_weight.max())
        for rows, weights in self.blocks():
            rows = rows - self._centring[0]
            rows -= self._centring[1]
            yield rows if weights is None else rows * (np.sqrt(weights) / root)[:, None]

    def singular_values(self):
        """Singular values of the (centred) X in its own units, largest first."""
        R, exponents = self.triangle
        p = self.n_features
        top = int(exponents[:p].max())
        values = np.linalg.svd(np.ldexp(R[:, :p], exponents[:p] - top), compute_uv=False)
        return np.ldexp(values, top)[: min(self.n_samples, p)]

    def rank(self):
        """Columns of X that are independent of each other, decided on columns of unit norm."""
        columns = self.triangle.matrix[:, : self.n_features]
        sizes = np.linalg.norm(columns, axis=0)
        if not sizes.any():
            return 0
        values = np.linalg.svd(columns[:, sizes > 0] / sizes[sizes > 0], compute_uv=False)
        return int((values > self.tol * values[0]).sum())

    def intercept(self, coef):
        """The intercept (t,) that belongs to coef (p, t); zeros where none is fitted."""
        p = self.n_features
        return self.centre[p:] - self.centre[:p] @ coef
