"""`Basis`: a fit's coordinates, in which its columns are orthonormal, found from moments alone.

The triangular factor, its inverse, what it leaves of the target (the residual sum of squares, a
Schur complement, which syy - b'sxy would lose to cancellation) are taken in double-double and then
rounded. Nothing in here grows with the rows.
"""

from dataclasses import dataclass

import numpy as np

from linreg_fast.data.problem import Problem
from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.kernels.second_pass import factor
from linreg_fast.kernels.systems import doubled_cholesky
from linreg_fast.runtime.interrupt import interruptible

ESTIMABLE = 1e-9  # of the sizes added up, what a contrast may leave of a null direction
PERFECT = 2.0**-94  # of the target's sum of squares and a column: the rounding of the factor
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
    order, lower, slopes, mean, target_mean
        What `kernels.second_pass.panel` calls the fit.
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
        upper, order, rank = _factored(products, p, p if rank is None else rank, least)
        order, own = order[:p], exponents[:p]
        inverse, slopes = _inverse(upper, rank)
        target_parts = np.ascontiguousarray(upper[:, :rank, p:])
        explained = float(factor.sums_of_squares(target_parts)[0, 0])
        rss, tss = float(upper[0, p, p]), float(products[0, p, p])
        if rss <= PERFECT * (p + 1) * tss:  # what double-double rounding leaves of nothing
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
            root[order] = _pseudo_inverse(np.ldexp(np.triu(upper[0])[:rank, :p], own[order]))
            parameters = root @ np.ldexp(target_parts[0, :, 0], exponents[p])
            parameters = parameters if coef is None else np.asarray(coef, dtype=float)
        null = _null(upper[0], inverse[0], order, rank, own)
        mean = np.ldexp(means, exponents) if fit_intercept else np.zeros_like(means)
        if fit_intercept:
            scaled = np.zeros((2, p, 1))
            scaled[:, lead, 0] = slopes[:, :, 0]
            intercept = float(
                np.ldexp(doubled_cholesky.intercepts(means, scaled, p)[0], exponents[p])
            )
            if rank < p:
                intercept = float(mean[0, p] - mean[0, :p] @ parameters)
                across = mean[0, :p] @ root
            else:
                across = factor.of_means(np.ascontiguousarray(means[:, lead]), inverse)
            root = _with_intercept(root, across, moments.weight_sum)
            parameters = np.append(intercept, parameters)
            null = np.vstack([_across(mean[0, :p], null), null])
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
            basic,
            np.ascontiguousarray(mean[:, :p]),
            np.ascontiguousarray(mean[:, p]),
            null,
            np.ldexp(target_parts[0, :, 0], exponents[p]),
            _scaled(rss, unit),
            _scaled(tss, unit),
            _scaled(explained, unit),
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
        shift = np.column_stack([self.mean, self.target_mean])
        return self.order, shift, self.slopes, self.lower, self.constant

    @property
    def most_leverage(self):
        """What lies above is 1 but for rounding."""
        return 1.0 - min(LEVERAGE_ROUNDING * self.condition * self.rank, 1e-6)

    def coordinates(self, X):
        """(m, k) of rows X (m, p), without their weights."""
        found = self._centred_columns(X, self.order) @ self.lower.T
        if not self.centred:
            return found
        return np.column_stack([np.full(len(found), self.constant), found])

    def _centred_columns(self, X, columns):
        X = np.asarray(X[:, columns], dtype=np.float64)
        return (X - self.mean[0, columns]) - self.mean[1, columns]

    def predicted(self, X):
        """(m,) fitted values at rows X (m, p)."""
        if not self.centred:
            return np.asarray(X, dtype=np.float64) @ self.coef
        every = np.arange(self.n_features)
        return self.target_mean[0] + (
            self._centred_columns(X, every) @ self.coef[1:] + self.target_mean[1]
        )

    def estimable(self, L):
        """Which rows of L (q, P) the data determine."""
        if not self.null.shape[1]:
            return np.ones(len(L), dtype=bool)
        left, sizes = abs(L @ self.null), abs(L) @ abs(self.null)
        return (left <= ESTIMABLE * sizes).all(axis=1)


def _factored(products, p, wanted, least):
    """The factor with at most `wanted` pivots, the order of the columns, and the rank."""
    upper = products.copy()
    order, rank = interruptible(p, doubled_cholesky.cholesky, upper, p, least)
    if rank <= wanted:
        return upper, order, rank
    # The fit has found fewer independent columns: the limit lies between two pivots.
    pivots = np.diag(upper[0])[:rank] ** 2
    limit = pivots[wanted] * 1.5 if wanted else np.inf
    if wanted and limit >= pivots[wanted - 1]:
        limit = np.sqrt(pivots[wanted] * pivots[wanted - 1])
    upper = products.copy()
    order, rank = interruptible(p, doubled_cholesky.cholesky, upper, p, float(limit))
    return upper, order, min(rank, wanted)


def _inverse(upper, rank):
    """The inverse (2, r, r) of the triangle, and the solution (2, r, 1) for the target."""
    p = upper.shape[1] - 1
    system = np.zeros((2, rank, 2 * rank + 1))
    system[:, :, :rank] = upper[:, :rank, :rank]
    system[0, :, rank:-1] = np.eye(rank)
    system[:, :, -1] = upper[:, :rank, p]
    found = interruptible(rank, doubled_cholesky.back_substitute, system, rank)
    return np.ascontiguousarray(found[:, :, :rank]), found[:, :, rank:]


def _pseudo_inverse(R):
    """(p, r) of R (r, p), whose rows are independent; the columns may have any units."""
    Q, U = np.linalg.qr(R.T)
    return Q @ np.linalg.inv(U).T if len(R) else np.zeros(R.T.shape)


def _null(upper, inverse, order, rank, exponents):
    """(p, p - r): directions of the slopes that change no fitted value, in the columns' units."""
    p = len(order)
    found = np.zeros((p, p - rank))
    if rank < p:
        found[order[:rank]] = -(inverse @ np.triu(upper[:p, :p])[:rank, rank:])
        found[order[rank:]] = np.eye(p - rank)
        found[abs(found) < ESTIMABLE] = 0.0  # of columns of unit norm
        found = np.ldexp(found, -exponents[:, None])
        found /= np.where((size := abs(found).max(axis=0)) > 0, size, 1.0)
    return found


def _across(mean, null):
    """(P - k,): what the intercept does in directions of the slopes; 0 where that is rounding."""
    found, sizes = -(mean @ null), abs(mean) @ abs(null)
    return np.where(abs(found) > ESTIMABLE * sizes, found, 0.0)


def _with_intercept(root, across, weight_sum):
    p, rank = root.shape
    found = np.zeros((p + 1, rank + 1))
    found[0, 0] = weight_sum**-0.5
    found[0, 1:] = -across
    found[1:, 1:] = root
    return found


def _scaled(value, exponent):
    with np.errstate(over="ignore", under="ignore"):
        return float(np.ldexp(value, exponent))
