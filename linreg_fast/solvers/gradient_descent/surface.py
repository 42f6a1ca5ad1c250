"""The loss of all rows so far, by their moments: a surface on which a stream takes its steps.

A point is z (t, p + 1): for each target u = coef * scale and last c = intercept + centre @ coef.
The loss of target k there is constant_k - b_k u + u'Hu / 2 + (c + offset u - mean_k)^2: a step
costs p^2 flops, and neither a solution nor a spectrum is needed for it.
"""

from typing import NamedTuple

import numpy as np

from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.kernels.moments.merge import about_zero

FLAT = 1e-12  # Eigenvalues and directions below this share of the steepest are rounding.
ARRIVED = 1e-28  # A share of the target's mean square that no step needs to take off the loss.


class Surface(NamedTuple):
    """The mean squared error of t targets as a function of z, and where its coordinates lie."""

    centre: np.ndarray  # (p,)
    scale: np.ndarray  # (p,)
    spread: np.ndarray  # (p,): standard deviations, 1 for a constant column
    offset: np.ndarray  # (p,): (mean - centre) / scale
    H: np.ndarray  # (p, p): second derivatives where the mean residual stays as it is
    b: np.ndarray  # (t, p)
    constant: np.ndarray  # (t,): the mean squares of the targets about their mean
    mean: np.ndarray  # (t,): of the targets; zeros without an intercept
    intercept: bool

    @property
    def size(self):
        """(t,): mean squares of the targets about zero, what losses are compared with."""
        return self.constant + self.mean**2

    def into(self, coef, intercept):
        """z of coefficients (t, p) and intercepts (t,)."""
        return np.hstack([coef * self.scale, (intercept + coef @ self.centre)[:, None]])

    def out_of(self, z):
        """(coefficients (t, p), intercepts (t,)) of z."""
        coef = z[:, :-1] / self.scale
        return coef, z[:, -1] - coef @ self.centre

    def slopes(self, z):
        """The gradient (t, p + 1) at z."""
        residual = self.mean_residual(z)
        of_coef = z[:, :-1] @ self.H - self.b + 2.0 * residual[:, None] * self.offset
        return np.hstack([of_coef, 2.0 * residual[:, None]])

    def losses(self, z):
        """(t,): the mean squared errors at z."""
        u = z[:, :-1]
        within = self.constant + ((0.5 * (u @ self.H) - self.b) * u).sum(axis=1)
        return within + self.mean_residual(z) ** 2

    def mean_residual(self, z):
        """(t,): what the predictions are above the targets on average."""
        if not self.intercept:
            return np.zeros(len(z))
        return z[:, -1] + z[:, :-1] @ self.offset - self.mean

    def hessian(self):
        """(p + 1, p + 1), or (p, p) without an intercept."""
        if not self.intercept:
            return self.H
        border = 2.0 * self.offset
        corner = self.H + np.multiply.outer(self.offset, border)
        return np.block([[corner, border[:, None]], [border[None, :], np.full((1, 1), 2.0)]])


def surface_of(moments, fit_intercept, standardize):
    """The surface of `Moments`, in standardised or in the columns' own coordinates."""
    p, weight = moments.n_features, moments.weight_sum
    products = moments.comoment if fit_intercept else about_zero(*moments.parts)[0]
    if moments.exponents is not None or not np.isfinite(products.diagonal()).all():
        raise ValueError(
            "squares of these numbers overflow or underflow, and partial_fit adds squares: "
            "use other units, or fit() with all the rows"
        )
    products = products / weight
    mean = moments.mean if fit_intercept else np.zeros(len(products))
    spread = np.sqrt(products.diagonal()[:p])
    spread[spread == 0] = 1.0
    scale, centre = (spread, mean[:p]) if standardize else (np.ones(p), np.zeros(p))
    return Surface(
        centre,
        scale,
        spread,
        (mean[:p] - centre) / scale,
        2.0 * products[:p, :p] / np.multiply.outer(scale, scale),
        2.0 * products[p:, :p] / scale,
        products.diagonal()[p:].copy(),
        mean[p:],
        fit_intercept,
    )


def descend(surface, z, step, count):
    """Go down from z, at most `count` steps; `step` (t, p) of u is the last one taken before.

    The intercept always is the best for the coefficients, so the loss is one of u alone. Each step
    goes to the lowest point of the space that the gradient, the last step and u itself span. On one
    surface these are conjugate gradients; from one surface to the next they stay stable: the loss
    never rises, and never is above that of the targets' mean, where u is zero. Source: Knyazev 2001
    (locally optimal conjugate gradients). Returns (z, last step, share of the gradient in it).
    """
    u, step, rates = z[:, :-1].copy(), step.copy(), np.zeros(len(z))
    steepest = float(surface.H.diagonal().max())
    for _ in range(count):
        slopes, still = u @ surface.H - surface.b, True
        for k in range(len(u)):
            directions = np.array([slopes[k], step[k], u[k]])
            move, rate, gain = _lowest_point(surface.H, directions, slopes[k], steepest)
            if gain > ARRIVED * surface.size[k]:
                still, rates[k], step[k] = False, rate, move
                u[k] += move
        if still:
            break
    z = np.empty_like(z)
    z[:, :-1], z[:, -1] = u, surface.mean - u @ surface.offset
    return z, step, float(rates.mean())


def _lowest_point(H, directions, slope, steepest):
    """(where to go in the span of the directions (3, p), share of the first, what it gains)."""
    curved = directions @ H  # their images under the Hessian
    lengths = np.einsum("ij,ij->i", directions, directions).tolist()
    move, rate, gain, before = np.zeros(len(slope)), 0.0, 0.0, []
    for i, length in enumerate(lengths):
        direction, image = directions[i], curved[i]
        whole = left = float(direction @ image)
        if not whole > EPSILON * steepest * length:  # the loss is flat in that direction
            continue
        for other, other_image in before:  # conjugate to those before it
            share = float(other_image @ direction)
            direction, image = direction - share * other, image - share * other_image
            left = float(direction @ image)
        if not left > FLAT * whole:
            continue
        size = left**-0.5
        direction, image = size * direction, size * image
        pull = float(direction @ slope)
        if i == 0:
            rate = pull * size
        move -= pull * direction
        gain += 0.5 * pull * pull
        before.append((direction, image))
    return move, rate, gain
