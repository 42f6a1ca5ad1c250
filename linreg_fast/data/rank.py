"""Which singular values count: the rank of columns that are stored in floating point."""

import numpy as np

from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.runtime import blas


def above_rounding(values, Vt, roundings):
    """Which singular values of columns of unit norm are larger than rounding could make them.

    roundings (p,) are relative to the norms. What they can do to a singular value depends on its
    direction, a row of Vt: the sum of two columns, stored, differs from the sum by the rounding of
    the three.
    """
    return values > np.sqrt((Vt**2) @ (roundings**2))


class Ranked:
    """The part of `Problem` that decides which columns are independent of each other."""

    def roundings(self):
        """(p,): the rounding of each column of X, relative to its (centred) norm."""
        p = self.n_features
        known = "moments" in vars(self) and self.moments_in_range
        if not self.fit_intercept or not known:
            return np.full(p, EPSILON)
        weight, mean, comoment = (part[0] for part in self.moments.parts)
        squares = np.diag(comoment)[:p]
        offset = np.abs(mean[:p]) * np.sqrt(weight / np.where(squares > 0, squares, np.inf))
        return EPSILON * (1 + offset)

    def kept(self, values, Vt):
        """Which singular values of columns of unit norm count: those above tol and rounding."""
        kept = values > self.tol * values[0]
        if self.tol_is_requested:
            return kept
        return kept & above_rounding(values, Vt, self.roundings())

    def rank(self):
        """Columns of X that are independent of each other, decided on columns of unit norm."""
        columns = self.triangle.matrix[:, : self.n_features]
        sizes = np.linalg.norm(columns, axis=0)
        if not sizes.any():
            return 0
        sizes[sizes == 0] = 1.0
        _, values, Vt = blas.factored(
            columns.shape[1], np.linalg.svd, columns / sizes, full_matrices=False
        )
        return int(self.kept(values, Vt).sum())

    def singular_values(self, rank):
        """Singular values of the (centred) X in its own units, largest first; `rank` not zero."""
        R, exponents = self.triangle
        p = self.n_features
        top = int(exponents[:p].max())
        values = blas.factored(
            p, np.linalg.svd, np.ldexp(R[:, :p], exponents[:p] - top), compute_uv=False
        )
        values = np.ldexp(values, top)[: min(self.n_samples, p)]
        values[rank:] = 0.0  # rather than rounding
        return values

    def condition_number(self):
        """Of the columns that vary, scaled to unit norm: p^3 flops on the cross-products."""
        gram = self.normal_equations.matrix[: self.n_features, : self.n_features]
        live = np.flatnonzero(np.diag(gram))
        if not len(live):
            return 1.0
        root = np.sqrt(np.diag(gram)[live])
        values = blas.factored(
            len(live), np.linalg.eigvalsh, gram[np.ix_(live, live)] / np.outer(root, root)
        )
        return float(np.sqrt(values[-1] / values[0])) if values[0] > 0 else np.inf
