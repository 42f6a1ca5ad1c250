"""`Basis`: a fit's coordinates, in which its columns are orthonormal, found from moments alone.

The triangular factor, its inverse, what it leaves of the target (the residual sum of squares, a
Schur complement, which syy - b'sxy would lose to cancellation) are taken in double-double and then
rounded. Nothing in here grows with the rows.
"""

from dataclasses import dataclass

import numpy as np

from linreg_fast.data.precision import RSS_ROUNDING
from linreg_fast.data.problem import Problem
from linreg_fast.inference import triangle
from linreg_fast.inference.triangle import ESTIMABLE
from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.kernels.second_pass import by_rows, factor
from linreg_fast.kernels.systems import doubled_cholesky

FAR = 1 - 2.0**-12  # of a column's square, what its mean has: 64 standard deviations from zero
LEVERAGE_ROUNDING = 64 * EPSILON  # times the condition number: 1 - h below it is rounding


@dataclass(frozen=True, eq=False)
class Basis:
    """Parameters P are [intercept, *coefficients], or the coefficients where none was fitted.

    Attributes
    ----------
    n_samples, weight_sum : of the rows.
    centred : bool
        Whether an intercept was fitted.
    coef : ndarray of shape (P,)
    root : ndarray of shape (P, k)
        root @ root.T is the inverse of Z'WZ, or its pseudo-inverse; k is the rank.
    order, shift, slopes, lower, base
        What `kernels.second_pass.panel` calls the fit; base (r,) is the last column of its lower.
    mean, target_mean : ndarray of shape (2, p), (2,)
        As hi and lo; zeros without an intercept.
    sizes : ndarray of shape (p,)
        Powers of two near the norms of the columns.
    null : ndarray of shape (P, P - k)
        Directions of the parameters that the data say nothing of.
    projected : ndarray of shape (r,)
        The target in the coordinates of the columns.
    rss, tss, explained : float
        Sums of squares left, in all, and explained.
    inflation : ndarray of shape (p,)
        Of the variance of each slope by the other columns.
    condition : float
        An estimate, of the columns scaled to unit norm.
    noise : float
        Relative error that plain sums may have left in `rss`; 0 for sums in double-double.
    """

    n_samples: int
    weight_sum: float
    centred: bool
    coef: np.ndarray
    root: np.ndarray
    order: np.ndarray
    lower: np.ndarray
    base: np.ndarray
    shift: np.ndarray
    sizes: np.ndarray
    slopes: np.ndarray
    mean: np.ndarray
    target_mean: np.ndarray
    null: np.ndarray
    projected: np.ndarray
    rss: float
    tss: float
    explained: float
    inflation: np.ndarray
    condition: float
    noise: float

    @classmethod
    def of(cls, moments, fit_intercept, rank=None, coef=None, target=0, least=0.0):
        """Of a fit to Moments. rank: as the fit decided it; coef (p,): where that is not full.

        least: pivots, of columns of about unit norm, that count as 0.
        """
        p = moments.n_features
        chosen = np.append(np.arange(p), p + target)
        products, exponents, means = Problem(
            None, None, moments=moments, fit_intercept=fit_intercept
        ).normal_equations
        if moments.n_targets > 1:
            products = np.ascontiguousarray(products[:, chosen[:, None], chosen])
            exponents, means = exponents[chosen], np.ascontiguousarray(means[:, chosen])
        upper, order, rank = triangle.factored(products, p, p if rank is None else rank, least)
        order, own = order[:p], exponents[:p]
        inverse, slopes = triangle.inverse(upper, rank)
        target_parts = np.ascontiguousarray(upper[:, :rank, p:])
        explained = float(factor.sums_of_squares(target_parts)[0, 0])
        rss, tss = float(upper[0, p, p]), float(products[0, p, p])
        if rss <= RSS_ROUNDING * (p + 1) * tss:  # what double-double rounding leaves of nothing
            rss = 0.0
        unit = 2 * int(exponents[p])
        lead = order[:rank]
        lower = np.ascontiguousarray(np.ldexp(inverse[0], -own[lead][:, None]).T)
        basic = np.ldexp(slopes[0, :, 0], exponents[p] - own[lead])
        parameters, root = np.zeros(p), np.zeros((p, rank))
        if rank == p:
            root[lead] = lower.T
            parameters[lead] = basic
        else:
            root[order] = triangle.pseudo_inverse(
                np.ldexp(np.triu(upper[0])[:rank, :p], own[order])
            )
            parameters = root @ np.ldexp(target_parts[0, :, 0], exponents[p])
            parameters = parameters if coef is None else np.asarray(coef, dtype=float)
        null = triangle.null(upper[0], inverse[0], order, rank, own)
        mean = np.ldexp(means, exponents) if fit_intercept else np.zeros_like(means)
        scaled = np.zeros((2, p, 1))
        scaled[:, lead, 0] = slopes[:, :, 0]
        shift, base = mean, np.zeros(rank)
        if not fit_intercept:  # columns far from zero are seen from their means
            far = moments.weight_sum * means[0] ** 2 > FAR * np.diag(products[0])
            places = np.where(far & (np.arange(p + 1) < p), means, 0.0)
            base = factor.of_means(np.ascontiguousarray(places[:, lead]), inverse)
            shift = np.ldexp(places, exponents)
            shift[:, p] = np.ldexp(triangle.fitted_at(places, scaled, p), exponents[p])
        if fit_intercept:
            intercept = float(
                np.ldexp(doubled_cholesky.intercepts(means, scaled, p)[0], exponents[p])
            )
            if rank < p:
                intercept = float(mean[0, p] - mean[0, :p] @ parameters)
                across = mean[0, :p] @ root
            else:
                across = factor.of_means(np.ascontiguousarray(means[:, lead]), inverse)
            root = triangle.with_intercept(root, across, moments.weight_sum)
            parameters = np.append(intercept, parameters)
            null = np.vstack([triangle.across(mean[0, :p], null), null])
        squares = np.diag(products[0])[:p]
        slopes_root = root[int(fit_intercept) :]
        norms = np.ldexp(np.sqrt(squares), own)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            inflation = (norms[:, None] * slopes_root) ** 2
        inflation = inflation.sum(axis=1)
        if null.shape[1]:
            inflation[(null[int(fit_intercept) :] != 0).any(axis=1)] = np.inf
        live = inflation[np.isfinite(inflation)]
        noise = 0.0
        if not moments.doubled:
            noise = moments.relative_noise * (tss / rss if rss > 0 else np.inf)
        return cls(
            moments.n_samples,
            moments.weight_sum,
            bool(fit_intercept),
            parameters,
            root,
            np.ascontiguousarray(lead),
            lower,
            base,
            shift,
            own,
            basic,
            np.ascontiguousarray(mean[:, :p]),
            np.ascontiguousarray(mean[:, p]),
            null,
            np.ldexp(target_parts[0, :, 0], exponents[p]),
            triangle.scaled(rss, unit),
            triangle.scaled(tss, unit),
            triangle.scaled(explained, unit),
            inflation,
            float(np.sqrt(live.sum())) if len(live) else 1.0,
            noise,
        )

    @property
    def rank(self):
        """Numbers that were fitted, the intercept among them."""
        return self.root.shape[1]

    @property
    def n_features(self):
        return self.mean.shape[1]

    @property
    def constant(self):
        """The coordinate of the intercept, the same for each row."""
        return self.weight_sum**-0.5 if self.centred else 0.0

    @property
    def fit(self):
        """As the kernels take it."""
        lower = np.column_stack([self.lower, self.base])
        return self.order, self.shift, self.slopes, lower, self.constant

    @property
    def most_leverage(self):
        """What lies above is 1 but for rounding."""
        return 1.0 - min(LEVERAGE_ROUNDING * self.condition * self.rank, 1e-6)

    def coordinates(self, X, product=np.matmul):
        """(m, k) of rows X (m, p), without their weights."""
        found = product(self.shifted(X, self.order), self.lower.T) + self.base
        if not self.centred:
            return found
        return np.column_stack([np.full(len(found), self.constant), found])

    def shifted(self, X, columns):
        """(m, len(columns)): some columns of X (m, p) less their shifts."""
        X = np.asarray(X[:, columns], dtype=np.float64)
        return (X - self.shift[0, columns]) - self.shift[1, columns]

    def predicted(self, X):
        """(m,) fitted values at rows X (m, p)."""
        slopes = self.coef[int(self.centred) :]
        if not self.centred and self.rank < self.n_features:
            # The shifts of some columns alone need not be where the data determine a fitted value.
            return by_rows.product(np.array(X, dtype=np.float64), slopes)
        rows = self.shifted(X, np.arange(self.n_features))
        return self.shift[0, -1] + (by_rows.product(rows, slopes) + self.shift[1, -1])

    def estimable(self, L):
        """Which rows of L (q, P) the data determine."""
        if not self.null.shape[1]:
            return np.ones(len(L), dtype=bool)
        left, sizes = abs(L @ self.null), abs(L) @ abs(self.null)
        return (left <= ESTIMABLE * sizes).all(axis=1)
