"""The mean squared error as what it is, a quadratic: its axes, its lowest point, where steps lead.

Coordinates of the steps: u = coef * scale, c = intercept + centre @ coef. Standardised, scale and
centre are the columns' standard deviations and means; else ones and zeros. A point z (t, p + 1)
holds for each target u and last c, which is zero where no intercept is fitted.
"""

import math
from typing import NamedTuple

import numpy as np

from linreg_fast.kernels import factor
from linreg_fast.kernels.blas import factored
from linreg_fast.kernels.descent import away

EPSILON = np.finfo(np.float64).eps
MOST_STEPS = 10**18
CORRECTIONS = 4  # each leaves about condition number * 1e-16 of the last


class Rules(NamedTuple):
    """How a method steps, see `kernels.descent`."""

    rate: float
    beta: float = 0.0
    gamma: float = 0.0
    conjugate: bool = False


class Quadratic(NamedTuple):
    """The loss of t targets around its minimum, in the coordinates of the steps."""

    centre: np.ndarray  # (p,)
    scale: np.ndarray  # (p,)
    powers: np.ndarray  # (p + t,): columns and targets are in units of 2**powers
    H: np.ndarray  # (p, p): second derivatives at a fixed mean residual
    offset: np.ndarray  # (p,): (mean - centre) / scale
    intercept: bool
    values: np.ndarray  # (p + 1,): eigenvalues of the Hessian; zero where none is
    axes: np.ndarray  # (p + 1, p + 1): their directions, one a row
    star: np.ndarray  # (t, p + 1): the least-squares solution
    minimum: np.ndarray  # (t,): the loss there
    floor: np.ndarray  # (t, 2): rounding of coefficients and intercept
    rank: int
    condition_number: float  # of the centred columns of unit norm

    @property
    def lean(self):
        """What each coefficient takes off the intercept in the data's units."""
        return self.centre / self.scale

    @property
    def unit(self):
        """(t,): of the targets."""
        return np.ldexp(1.0, self.powers[len(self.scale) :])

    @property
    def largest(self):
        return self.values.max() if self.values.any() else 1.0

    @property
    def smallest(self):
        """Of the eigenvalues that count."""
        return min(self.values[self.values > 0], default=self.largest)

    def into(self, coef, intercept):
        """z of coefficients (p, t) and intercepts (t,) in the data's units."""
        p = len(self.scale)
        units = self.powers[:p, None] - self.powers[p:]
        coef = np.ldexp(coef, units)
        c = np.ldexp(intercept, -self.powers[p:]) + self.centre @ coef
        return np.ascontiguousarray(np.vstack([coef * self.scale[:, None], c]).T)

    def out_of(self, z):
        """(coef (..., t, p), intercept (..., t)) of points z (..., t, p + 1)."""
        p = len(self.scale)
        coef = z[..., :p] / self.scale
        intercept = z[..., p] - coef @ self.centre
        units = self.powers[p:, None] - self.powers[:p]
        return np.ldexp(coef, units), np.ldexp(intercept, self.powers[p:])

    def nearest(self, z):
        """The least-squares solution nearest to z: where columns depend there are others."""
        free = self.axes[self.values == 0]
        if not len(free):
            return self.star
        star = self.star + ((z - self.star) @ free.T) @ free
        still = np.flatnonzero((np.diag(self.H) == 0) & (self.offset == 0))
        star[:, still] = z[:, still]
        return star

    def sizes(self, star):
        """(t, 2): of the coefficients and of the intercept in the data's units."""
        return np.array([away(point, self.lean) for point in star])

    def near(self, star, tol):
        """(t, 2): differences that are small enough; below zero for none."""
        if tol == 0:
            return np.full((len(star), 2), -1.0)
        return np.maximum(tol * self.sizes(star), self.floor)

    def within(self, differences, near):
        """Whether differences from the solution (t, p + 1) are small enough."""
        found = np.array([away(point, self.lean) for point in differences])
        return bool((found <= near).all())

    def distances(self, z, star):
        """Relative differences of z from the solution: of coefficients and of intercepts."""
        differences = np.array([away(point, self.lean) for point in z - star])
        differences[differences <= self.floor] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.nan_to_num(differences / self.sizes(star), nan=0.0, posinf=np.inf)
        return tuple(relative.max(axis=0).tolist())

    def stable_limit(self, rules):
        """The step size from which on the steps grow."""
        return 2 * (1 + rules.beta) / (self.largest * (1 + 2 * rules.gamma))

    def predicted(self, rules, now, before, star, tol):
        """Steps until z is within tol of the solution; inf if never. Exact but for rounding.

        Each axis goes its own way, x <- (1 + b - r (1 + g) v) x - (b - r g v) (x before), which a
        power of a 2 x 2 matrix carries any number of steps ahead.
        """
        near = self.near(star, tol)
        ahead, axes = self._powers(rules, now, before, star), self.axes[self.values > 0]

        def arrived(count):
            e = ahead(count)
            return bool(np.isfinite(e).all()) and self.within(e @ axes, near)

        high = 0
        while not arrived(high):
            high = max(2 * high, 1)
            if high > MOST_STEPS:
                return math.inf
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if arrived(middle) else (middle, high)
        return high

    def losses_after(self, rules, now, before, star, steps):
        """The loss after so many more steps, each of `steps` (k,)."""
        ahead, values = self._powers(rules, now, before, star), self.values[self.values > 0]
        with np.errstate(over="ignore"):
            losses = [self.minimum + 0.5 * ahead(int(count)) ** 2 @ values for count in steps]
            return (np.array(losses) * self.unit**2).mean(axis=1)

    def _powers(self, rules, now, before, star):
        """A function of a number of steps: differences from the solution then, along each axis."""
        rate, beta, gamma, _ = rules
        axes, values = self.axes[self.values > 0], self.values[self.values > 0]
        start = np.stack([(now - star) @ axes.T, (before - star) @ axes.T], axis=-1)[..., None]
        steps = np.zeros((len(values), 2, 2))
        steps[:, 0, 0] = 1 + beta - rate * (1 + gamma) * values
        steps[:, 0, 1] = -(beta - rate * gamma * values)
        steps[:, 1, 0] = 1

        def ahead(count):
            with np.errstate(all="ignore"):
                return (np.linalg.matrix_power(steps, count) @ start)[..., 0, 0]

        return ahead


def quadratic(problem, standardize, on_rows):
    """The `Quadratic` of a problem; its solution is exact, and no other solver has a say in it."""
    try:
        problem.check_range(own_units=on_rows or not standardize)
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(
            "squares of the numbers overflow or underflow: use space='gram' with standardize=True, "
            "or other units"
        ) from None
    p, intercept = problem.n_features, problem.fit_intercept
    if problem.can_sharpen:
        problem.sharpen()
    products, exponents, mean = problem.normal_equations
    mean = mean[0]
    weight, rank = problem.moments.weight_sum, problem.rank()
    R, own = problem.triangle
    R = np.ldexp(R[:, :p], own[:p] - exponents[:p])
    spread = np.sqrt(np.diag(products[0])[:p] / weight)
    constant = spread == 0
    spread[constant] = 1.0
    _, singular, directions = factored(p, np.linalg.svd, R / spread, full_matrices=True)
    coef = _solution(products, spread, singular[:rank], directions[:rank])

    if problem.moments.exponents is None:  # ordinary numbers: in their own units
        products = np.ldexp(products, np.add.outer(exponents, exponents))
        coef = np.ldexp(coef, exponents[p:] - exponents[:p, None])
        R, spread = np.ldexp(R, exponents[:p]), np.ldexp(spread, exponents[:p])
        mean, exponents = np.ldexp(mean, exponents), np.zeros_like(exponents)
        spread[constant] = 1.0
    centre, scale, offset = np.zeros(p), np.ones(p), np.zeros(p)
    if standardize:
        scale = spread
        centre = mean[:p] if intercept else centre
    elif intercept:
        offset = mean[:p]
    if standardize:
        values, axes = _apart(singular, directions, weight, intercept, rank)
    else:
        values, axes = _together(R, offset, weight, intercept, rank)
    still = constant & (offset == 0)  # a step leaves it; others move along with the intercept
    axes[np.ix_(values > 0, np.append(still, False))] = 0.0
    matrix = products[0]
    H = 2 * matrix[:p, :p] / weight / np.multiply.outer(scale, scale)
    star = np.zeros((len(mean) - p, p + 1))
    star[:, :p] = (coef * scale[:, None]).T
    if intercept:
        star[:, p] = mean[p:] - star[:, :p] @ offset
    free = axes[values == 0]
    star -= (star @ free.T) @ free
    star[:, :p][:, still] = 0.0
    squares = np.diag(matrix)[p:] / weight
    left = squares - np.einsum("kj,jk->k", star[:, :p], matrix[:p, p:] / scale[:, None]) / weight
    size = np.sqrt(squares + mean[p:] ** 2 * intercept)
    floor = np.empty((len(star), 2))
    floor[:, 0] = size / np.sqrt(max(values.max(), 1e-300) / 2)
    floor[:, 1] = size + np.abs(star[:, :p] * (centre / scale)).sum(axis=1)
    live = ~constant
    full = rank == live.sum()
    return Quadratic(
        centre,
        scale,
        exponents,
        H,
        offset,
        intercept,
        values,
        axes,
        star,
        np.maximum(left, 0.0),
        8 * EPSILON * floor,
        rank,
        float(singular[0] / singular[rank - 1]) if full and rank else np.inf if rank else 1.0,
    )


def _solution(products, spread, singular, directions):
    """Coefficients (p, t) of standardised columns' axes, corrected by exact residuals."""
    p = len(spread)
    system = np.ascontiguousarray(products[:, :p])
    found = np.zeros((2, p, system.shape[2] - p))
    for _ in range(CORRECTIONS):
        rest = factor.residual(system, found, p) / spread[:, None]
        step = directions.T @ ((directions @ rest) / (singular**2)[:, None])
        found = factor.corrected(found, step / spread[:, None])
    return found[0]


def _apart(singular, directions, weight, intercept, rank):
    """Eigenvalues and axes of standardised columns, of which the intercept is independent."""
    p = directions.shape[1]
    values, axes = np.zeros(p + 1), np.eye(p + 1)
    values[:rank] = 2 * singular[:rank] ** 2 / weight
    values[p] = 2.0 * intercept
    axes[:p, :p] = directions
    return values, axes


def _together(R, offset, weight, intercept, rank):
    """Likewise of a root of the Hessian: twice the digits that its entries would give."""
    p = R.shape[1]
    root = np.zeros((len(R) + 1, p + 1))
    root[:-1, :p] = R
    if intercept:
        root[-1, :p], root[-1, p] = np.sqrt(weight) * offset, np.sqrt(weight)
    _, singular, axes = factored(p, np.linalg.svd, root, full_matrices=True)
    values = np.zeros(p + 1)
    count = rank + intercept
    values[:count] = 2 * singular[:count] ** 2 / weight
    return values, axes
