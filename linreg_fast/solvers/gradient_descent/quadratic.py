"""The mean squared error as what it is, a quadratic: its axes, its lowest point, where steps lead.

Coordinates of the steps: u = coef * scale, c = intercept + centre @ coef. Standardised, scale and
centre are the columns' standard deviations and means; else ones and zeros. A point z (t, p + 1)
holds for each target u and last c, which is zero where no intercept is fitted.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.kernels.descent.rules import distance_parts

MOST_STEPS = 10**18


class Quadratic(NamedTuple):
    """The loss of t targets around its minimum, in the coordinates of the steps."""

    centre: np.ndarray  # (p,)
    scale: np.ndarray  # (p,)
    powers: np.ndarray  # (p + t,): columns and targets are in units of 2**powers
    still: np.ndarray  # (p,): columns that no step moves, for they are constant
    intercept: bool
    values: np.ndarray  # (m,): eigenvalues of the Hessian; zero where none is
    axes: np.ndarray | None  # (m, p + 1): their directions, one a row; m < p + 1 of few rows
    star: np.ndarray  # (t, p + 1): the least-squares solution
    minimum: np.ndarray  # (t,): the loss there
    floor: np.ndarray  # (t, 2): rounding of coefficients and intercept
    rank: int
    condition_number: float  # of the centred columns of unit norm
    rows: Any = None  # of few rows, `wide.Rows`: there are no moments then

    @property
    def intercept_per_coef(self):
        """(p,): what each coefficient takes off the intercept in the data's units."""
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
        if self.rows is not None:
            return self.rows.nearest(z)
        free = self.axes[self.values == 0]
        if not len(free):
            return self.star
        star = self.star + ((z - self.star) @ free.T) @ free
        still = np.flatnonzero(self.still)
        star[:, still] = z[:, still]
        return star

    def sizes(self, points):
        """(t, 2): of the coefficients and of the intercept in the data's units."""
        per_coef = self.intercept_per_coef
        return np.array([distance_parts(point, per_coef) for point in points])

    def tolerances(self, star, tol):
        """(t, 2): differences that are small enough; below zero for none."""
        if tol == 0:
            return np.full((len(star), 2), -1.0)
        return np.maximum(tol * self.sizes(star), self.floor)

    def within(self, differences, tolerances):
        """Whether differences from the solution (t, p + 1) are small enough."""
        return bool((self.sizes(differences) <= tolerances).all())

    def distances(self, z, star):
        """Relative differences of z from the solution: of coefficients and of intercepts."""
        differences = self.sizes(z - star)
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
        tolerances = self.tolerances(star, tol)
        ahead, axes = self._powers(rules, now, before, star), self.axes[self.values > 0]

        def arrived(count):
            e = ahead(count)
            return bool(np.isfinite(e).all()) and self.within(e @ axes, tolerances)

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
