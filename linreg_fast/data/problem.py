"""`Problem`: one least-squares problem, and the two ways to make it small.

A solver reads `normal_equations` (one fast pass; the condition number is squared, which only sums
in double-double bear) or `triangle` (orthogonal, the digits of plain doubles). Both are centred
when there is an intercept, have columns scaled to about unit norm by powers of two, and are
computed once, when first asked for.
"""

from typing import NamedTuple

import numpy as np

from linreg_fast.data import precision
from linreg_fast.data.lazy import computed_once
from linreg_fast.data.moments import Moments
from linreg_fast.data.precision import FREE_PRODUCTS
from linreg_fast.data.rank import above_rounding
from linreg_fast.data.rows import Rows
from linreg_fast.data.scaling import above
from linreg_fast.kernels import DEFAULT, RUNGS
from linreg_fast.kernels.arithmetic.rounding import (
    DOUBLED_ROUNDING,
    DOUBLED_ROUNDING_COLUMNS,
    EPSILON,
    FLOAT32_ROUNDING_OF_WEIGHTS,
    PLAIN_UNDERFLOW,
    WEIGHTS_APART,
)
from linreg_fast.kernels.moments import float32
from linreg_fast.kernels.moments.merge import about_zero
from linreg_fast.kernels.systems import doubled_cholesky
from linreg_fast.kernels.tuning import FLOAT32_MOST_TARGETS, WEIGHTS_CHECK_ELEMENTS
from linreg_fast.runtime import blas
from linreg_fast.runtime.interrupt import interruptible


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


class Problem:
    """Minimise sum(w (Y - X coef - intercept)^2) over coef (p, t) and intercept (t,).

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p), or None with `moments` given
    Y : ndarray of shape (n, t), or None with `moments` given
    moments : Moments, optional
        Of these rows, or of rows that are not at hand.
    sample_weight : float64 ndarray of shape (n,) or None
    fit_intercept : bool
    positive : bool
        Ask for coef >= 0.
    tol : float or None
        Columns whose part independent of the others is below `tol` of their norm count as
        dependent. None: what rounding leaves of it.
    rung : Rung or None
        What computes the sums; None takes plain ones, or double-double where they are free.
    single : bool
        Plain sums of float32 columns may be taken in float32 (`kernels.single`): the solver looks
        at `single` of the problem, which says whether they were.
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
        rung=None,
        single=False,
    ):
        self.X, self.Y, self.sample_weight = X, Y, sample_weight
        self.fit_intercept, self.positive, self.rung = fit_intercept, positive, rung
        if moments is not None:
            self.moments = moments
            self.n_samples, self.n_features = moments.n_samples, moments.n_features
            self.n_targets = moments.n_targets
        else:
            self.n_samples, self.n_features = X.shape
            self.n_targets = Y.shape[1]
        self.has_rows = X is not None
        self.rows = Rows(X, Y, sample_weight, fit_intercept)
        self._tol, self._may_be_single, self._single = tol, single, None

    @property
    def tol(self):
        """Relative size below which a singular value of the scaled columns counts as zero."""
        if self._tol is not None:
            return self._tol
        if self.doubled:
            return EPSILON * max(self.n_features, 10)  # the columns' own rounding
        if self.has_rows:
            return EPSILON * max(self.n_samples, self.n_features, 16)
        return np.sqrt(self.moments.relative_noise * 16 * self.n_features)  # of the squares

    @property
    def doubled(self):
        """Whether the cross-products at hand are in double-double."""
        return "moments" in vars(self) and self.moments.doubled

    @computed_once
    def moments(self):
        rung = self.rung
        if rung is None and isinstance(self.X, np.ndarray):
            if self._may_be_single:
                self._single = self._in_single()
            rung = self._first_rung() if self._single is None else None
        return self._single or Moments.of(self.X, self.Y, self.sample_weight, rung)

    def _in_single(self):
        """Moments in float32 where that is possible, saves time and holds the numbers; or None."""
        possible = self.n_targets <= FLOAT32_MOST_TARGETS and float32.takes(self.X, self.Y)
        if not possible or not self._weights_in_range:
            return None
        found = float32.sums(self.X, self.Y, self.sample_weight)
        if not float32.in_range(found[0], found[1], found[3]):
            return None
        self.single_rounding = lost = float32.rounding(self.n_samples, self.sample_weight)
        if self.sample_weight is not None:
            lost += FLOAT32_ROUNDING_OF_WEIGHTS
        return Moments.of_plain_sums(*found, self.n_targets, lost)

    @property
    def single(self):
        """Whether the moments at hand are rounded to float32."""
        return self.moments is self._single

    def _first_rung(self):
        """Double-double where it costs nothing, or where a look at some rows says it is needed."""
        if not self._weights_in_range:
            return DEFAULT
        q = self.n_features + self.n_targets
        free = self.n_samples * q * (q + 1) <= FREE_PRODUCTS
        if free or precision.looks_ill(self.X, self.n_targets, self.fit_intercept):
            return RUNGS["compensated"]
        return DEFAULT

    @computed_once
    def centre(self):
        """What is subtracted from the columns of [X, Y]: their means, or zeros."""
        if not self.fit_intercept:
            return np.zeros(self.n_features + self.n_targets)
        summed = "moments" in vars(self) or self.n_samples > self.n_features
        if summed and (self.moments_in_range or not self.has_rows):
            return self.moments.mean
        return sum(self.rows.centring)

    @computed_once
    def products(self):
        """Cross-products (2, q, q) of [X, Y], centred where an intercept is fitted.

        In the units of the moments.
        """
        if self.fit_intercept:
            return self.moments.comoment_parts
        with np.errstate(over="ignore", invalid="ignore"):  # `moments_in_range` looks at it
            return about_zero(*self.moments.parts)

    @computed_once
    def moments_in_range(self):
        """Whether no product in the moments overflowed, and none was lost to underflow."""
        if (self.doubled and self.fit_intercept) or self.single:
            return True  # they are scaled, or have been looked at
        return self.in_range(PLAIN_UNDERFLOW if self.has_rows else 0.0)

    def in_range(self, smallest):
        """Likewise, where a plain sum of squares is safe from `smallest` on."""
        # No product of columns is larger than the larger of their squares.
        known = self.products.diagonal(axis1=1, axis2=2) if self.has_rows else self.products
        if not np.isfinite(known).all():
            return False
        if self.doubled or not self.has_rows:
            return True
        for j in (self.products[0].diagonal() < smallest).nonzero()[0]:
            p = self.n_features
            column = self.X[:, [j]] if j < p else self.Y[:, [j - p]]
            nothing = column.min() == column.max() if self.fit_intercept else not column.any()
            if not nothing:
                return False
        return True

    def check_range(self, own_units=False):
        """Raise for what the moments cannot hold; the triangle can, and double-double ones do."""
        scaled = self.moments.exponents is not None
        if not self.moments_in_range or (own_units and scaled):
            raise np.linalg.LinAlgError(
                "squares of the numbers overflow or underflow: use solver='auto', or other units"
            )

    @computed_once
    def _weights_in_range(self):
        """Whether the product of two weights' roots can be held beside a square."""
        weights = self.sample_weight
        if weights is None:
            return True
        lightest = weights.min()
        if lightest == 0.0:
            lightest = min(  # piece by piece: no temporary of the data's length
                np.min(part, where=part > 0, initial=np.inf)
                for part in np.array_split(weights, len(weights) // WEIGHTS_CHECK_ELEMENTS + 1)
            )
        return lightest > WEIGHTS_APART * weights.max()

    @property
    def can_sharpen(self):
        """Whether `sharpen` is possible, and no other precision was asked for."""
        asked = self.rung is None or self.rung.doubled
        return self.has_rows and asked and self._weights_in_range

    @property
    def asked_for(self):
        """Whether a precision or a limit of dependence was asked for."""
        return self.rung is not None or self._tol is not None

    def sharpen(self):
        """Sum again in double-double."""
        if not self.doubled:
            self.sum_again(RUNGS["compensated"])

    def sum_again(self, rung):
        for derived in ("products", "moments_in_range", "normal_equations", "triangle", "centre"):
            vars(self).pop(derived, None)
        self.moments = Moments.of(self.X, self.Y, self.sample_weight, rung)

    @computed_once
    def normal_equations(self):
        """Cross-products of the centred columns of [X, Y], scaled by powers of two to norm 1."""
        products, mean, units = self.products, self.moments.mean_parts, 0
        if self.moments.exponents is not None:
            root = self.moments.exponents[-1] // 2  # of the weights: a row's size in the products
            units, mean = self.moments.exponents[:-1] + root, np.ldexp(mean, -root)
        exponents = above(np.sqrt(np.diag(products[0])))
        scaled = doubled_cholesky.scaled(products, np.ldexp(1.0, -exponents))
        return NormalEquations(scaled, exponents + units, np.ldexp(mean, -exponents))

    def moments_root(self):
        """R with R'R the normal equations: what a triangle would be."""
        products, exponents, _ = self.normal_equations
        q, p = products.shape[1], self.n_features
        noise = DOUBLED_ROUNDING * max(p / DOUBLED_ROUNDING_COLUMNS, 1)
        noise = max(noise, 16 * p * self.moments.relative_noise)
        upper = products.copy()
        order, rank = interruptible(p, doubled_cholesky.cholesky, upper, p, noise)
        R = np.zeros((p, q))
        R[:rank, order] = np.triu(upper[0, :rank])
        return Scaled(R, exponents)

    @computed_once
    def triangle(self):
        """R (k, p + t), k <= p + t, with R'R the cross-products."""
        return (
            self.moments_root()
            if self.doubled or not self.has_rows
            else Scaled(*self.rows.triangle())
        )

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

    def intercepts(self, scaled):
        """The intercepts (t,) that belong to coefficients (2, p, t) of the scaled columns."""
        if not self.fit_intercept:
            return np.zeros(self.n_targets)
        _, exponents, mean = self.normal_equations
        return np.ldexp(
            doubled_cholesky.intercepts(mean, scaled, self.n_features), exponents[-self.n_targets :]
        )

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
        return kept & above_rounding(values, Vt, self.roundings()) if self._tol is None else kept

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

    def intercept(self, coef):
        """The intercept (t,) that belongs to coef (p, t); zeros where none is fitted."""
        p = self.n_features
        return self.centre[p:] - self.centre[:p] @ coef
