"""`Problem`: one least-squares problem, and the two ways to make it small.

A solver reads `normal_equations` (one fast pass; the condition number is squared, which only sums
in double-double bear) or `triangle` (orthogonal, the digits of plain doubles). Both are centred
when there is an intercept, have columns scaled to about unit norm by powers of two, and are
computed once, when first asked for. Which sums are taken is decided in `precision`, which columns
are independent in `rank`.
"""

import numpy as np

from linreg_fast.data import gate, precision, relations
from linreg_fast.data.lazy import computed_once
from linreg_fast.data.moments import Moments
from linreg_fast.data.rank import Ranked
from linreg_fast.data.rows import Rows
from linreg_fast.data.scaling import above
from linreg_fast.data.systems import Factor, NormalEquations, Scaled
from linreg_fast.kernels import DEFAULT, RUNGS
from linreg_fast.kernels.arithmetic.columns import Columns
from linreg_fast.kernels.arithmetic.rounding import (
    DOUBLED_ROUNDING,
    DOUBLED_ROUNDING_COLUMNS,
    EPSILON,
    PLAIN_UNDERFLOW,
)
from linreg_fast.kernels.moments import ways
from linreg_fast.kernels.moments.merge import about_zero
from linreg_fast.kernels.systems import doubled_cholesky
from linreg_fast.runtime.interrupt import interruptible

# What is computed once from the moments.
DERIVED = (
    "products",
    "moments_in_range",
    "normal_equations",
    "doubled_factor",
    "triangle",
    "centre",
)


class Problem(Ranked):
    """Minimise sum(w (Y - X coef - intercept)^2) over coef (p, t) and intercept (t,).

    Parameters
    ----------
    X : ndarray, Columns or sparse matrix of shape (n, p), or None with `moments` given
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
        What computes the sums; None leaves that to `precision`.
    may_be_float32 : bool
        Plain sums of float32 columns may be taken in float32 (`kernels.moments.float32`): the
        solver looks at `in_float32`, which says whether they were.
    names : sequence or None
        Of the columns of X, for messages.

    Attributes
    ----------
    table : ndarray, Columns, sparse matrix or None
        X as it was given, which the kernels read; `X` is always one array.
    way : str or None
        How the moments were summed: the name in `kernels.moments.ways.WAYS`, a rung, "sparse",
        "many_targets", or "moments" for those given. None before that.
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
        may_be_float32=False,
        names=None,
    ):
        self.table, self.Y, self.sample_weight = X, Y, sample_weight
        if type(X) is not Columns:
            self.X = X
        self.fit_intercept, self.positive, self.rung = fit_intercept, positive, rung
        self.names, self.way = names, None
        if moments is not None:
            self.moments, self.way = moments, "moments"
            self.n_samples, self.n_features = moments.n_samples, moments.n_features
            self.n_targets = moments.n_targets
        else:
            self.n_samples, self.n_features = X.shape
            self.n_targets = Y.shape[1]
        self.has_rows = X is not None
        self.may_be_float32, self.float32_rounding = may_be_float32, None
        self._tol, self.tol_is_requested = tol, tol is not None

    @computed_once
    def X(self):  # noqa: N802 - an attribute
        """The rows as one array: a copy, where they came as `Columns`."""
        return self.table.array

    @computed_once
    def rows(self):
        """The rows of [X, Y], block after block."""
        return Rows(self.X, self.Y, self.sample_weight, self.fit_intercept)

    @property
    def is_dense(self):
        return isinstance(self.table, (np.ndarray, Columns))

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
    def has_moments(self):
        """Whether the rows have been summed."""
        return "moments" in vars(self)

    @property
    def doubled(self):
        """Whether the cross-products at hand are in double-double."""
        return "moments" in vars(self) and self.moments.doubled

    @computed_once
    def moments(self):
        if self.rung is None and self.is_dense:
            found, self.way, self.float32_rounding = precision.sums_of(self)
            return found
        return self._summed(self.rung or DEFAULT)

    def _summed(self, rung):
        X, Y, weights = self.table, self.Y, self.sample_weight
        self.way = ways.name(X, Y, weights, rung.name) if self.is_dense else "sparse"
        return Moments.of(X, Y, weights, rung)

    @property
    def in_float32(self):
        """Whether the moments at hand are rounded to float32."""
        return self.has_moments and self.float32_rounding is not None

    @computed_once
    def ill_sample(self):
        """A `Sample` of the rows, if it says that plain sums will not do; else None."""
        return precision.ill_sample(self.table, self.n_targets, self.fit_intercept)

    @property
    def looks_ill(self):
        return self.ill_sample is not None

    @computed_once
    def looks_related(self):
        """Whether it says so because there are columns that are sums of others."""
        possible = self.may_be_related and self.looks_ill
        return possible and relations.in_sample(self.table, self.ill_sample)

    @property
    def may_be_related(self):
        """Whether `relations` may look for sums of other columns: nothing else was asked for.

        Of rows without weights, whose sums of squares bound the numbers.
        """
        asked = self.positive or self.is_constrained or self.sample_weight is not None
        return self.is_dense and self.can_sharpen and not asked

    def check_finite(self, by_sums=True):
        """Raise a ValueError that names the first number of X or Y that is not finite.

        It shows in the moments, without a pass of its own over the rows, unless they skip rows of
        weight zero or there are fewer rows than columns.
        """
        if self.is_dense:
            weights = self.sample_weight
            all_count = weights is None or weights.all()
            enough = self.n_samples > self.n_features
            if by_sums and all_count and enough and np.isfinite(self.moments.comoment).all():
                return
            gate.check_finite(self.X, "X", self.names)
        gate.check_finite(self.Y if self.n_targets > 1 else self.Y[:, 0], "y")

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
        if (self.doubled and self.fit_intercept) or self.in_float32:
            return True  # they are scaled, or have been looked at
        return self.in_range(PLAIN_UNDERFLOW if self.has_rows else 0.0)

    def in_range(self, smallest):
        """Whether the products are, plain sums of squares from `smallest` on being safe."""
        # No product of columns is larger than the larger of their squares.
        known = self.products.diagonal(axis1=1, axis2=2) if self.has_rows else self.products
        if not np.isfinite(known).all():
            return False
        if self.doubled or not self.has_rows:
            return True
        for j in (self.products[0].diagonal() < smallest).nonzero()[0]:
            p = self.n_features
            column = self.X[:, [j]] if j < p else self.Y[:, [j - p]]
            is_zero = column.min() == column.max() if self.fit_intercept else not column.any()
            if not is_zero:  # once centred: its small square has underflowed
                return False
        return True

    def check_range(self, own_units=False):
        """Raise for what the moments cannot hold; the triangle can, and double-double ones do."""
        scaled = self.moments.exponents is not None
        if not self.moments_in_range or (own_units and scaled):
            raise np.linalg.LinAlgError(
                "squares of the numbers overflow or underflow: use solver='auto', or other units"
            )

    @property
    def can_sharpen(self):
        """Whether `sharpen` is possible, and no other precision was asked for."""
        asked = self.rung is None or self.rung.doubled
        return self.has_rows and asked and precision.weights_in_range(self.sample_weight)

    @property
    def is_constrained(self):
        """Whether a precision or a limit of dependence was asked for."""
        return self.rung is not None or self._tol is not None

    def sharpen(self):
        """Sum again in double-double."""
        if not self.doubled:
            self.sum_again(RUNGS["compensated"])

    def sum_again(self, rung):
        for derived in DERIVED:
            vars(self).pop(derived, None)
        self.moments, self.float32_rounding = self._summed(rung), None

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

    @computed_once
    def doubled_factor(self):
        """The normal equations' Cholesky factor in double-double, down to what rounding leaves."""
        p = self.n_features
        noise = DOUBLED_ROUNDING * max(p / DOUBLED_ROUNDING_COLUMNS, 1)
        noise = max(noise, 16 * p * self.moments.relative_noise)
        upper = self.normal_equations.products.copy()
        order, rank = interruptible(p, doubled_cholesky.cholesky, upper, p, noise)
        return Factor(upper, order, rank, noise)

    def moments_root(self):
        """R with R'R the normal equations: what a triangle would be."""
        upper, order, rank, _ = self.doubled_factor
        R = np.zeros((self.n_features, upper.shape[1]))
        R[:rank, order] = np.triu(upper[0, :rank])
        return Scaled(R, self.normal_equations.exponents)

    @computed_once
    def triangle(self):
        """R (k, p + t), k <= p + t, with R'R the cross-products."""
        return (
            self.moments_root()
            if self.doubled or not self.has_rows
            else Scaled(*self.rows.triangle())
        )

    def intercepts(self, scaled):
        """The intercepts (t,) that belong to coefficients (2, p, t) of the scaled columns."""
        if not self.fit_intercept:
            return np.zeros(self.n_targets)
        _, exponents, mean = self.normal_equations
        return np.ldexp(
            doubled_cholesky.intercepts(mean, scaled, self.n_features), exponents[-self.n_targets :]
        )

    def intercept(self, coef):
        """The intercept (t,) that belongs to coef (p, t); zeros where none is fitted."""
        p = self.n_features
        return self.centre[p:] - self.centre[:p] @ coef
