"""Plain sums, refined on the rows to all digits: `auto` asks for it. 2 p long products a row.

The Cholesky factor of plain sums solves for a correction whose right side, the products of the
residuals with the columns, is summed in double-double. Each pass multiplies the relative error by
what the first solution had of it, about the square of the condition number times 1e-17, so that one
pass does up to a condition number of about 1e4, and two or three up to 1e6. Beyond that, and where
columns are so far from zero that their centring eats the digits of double-double, it gives up.
Source: Bjorck, Numerical Methods for Least Squares Problems, sections 2.9.2 and 2.9.3.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dpotrs

from linreg_fast.data.precision import NOTHING, REFINED_ERROR, REFINED_OFFSET, REFINED_RATE
from linreg_fast.kernels.steps import small_refinement
from linreg_fast.kernels.steps.residual_products import residual_products
from linreg_fast.kernels.systems import lapack
from linreg_fast.kernels.systems.doubled_cholesky import intercept_parts
from linreg_fast.kernels.systems.refining import about_the_mean, correct
from linreg_fast.runtime import blas
from linreg_fast.solvers import Solution

PASSES = 4  # at the most
GAIN = 0.05  # relative size up to which a first correction is good; of later ones its square


class System(NamedTuple):
    """The centred, scaled normal equations of plain sums, by their Cholesky factor."""

    upper: np.ndarray  # (p, p)
    exponents: np.ndarray  # (p,): of the powers of two that scale the columns
    condition: float

    def solve(self, right):
        """Coefficients (p, t) for right sides (p, t), in the data's units."""
        units = -self.exponents[:, None]
        return np.ldexp(dpotrs(self.upper, np.ldexp(right, units))[0], units)


class Refinable(NamedTuple):
    """What refinement reads: the rows, and the centre and the sizes of their columns."""

    X: np.ndarray  # (n, p)
    Y: np.ndarray  # (n, t)
    weights: np.ndarray | None
    mean: np.ndarray  # (2, p + t), hi and lo, of [X, Y]; zeros where no intercept is fitted
    weight_sum: float
    sizes: np.ndarray  # (p,): norms of the centred columns of X
    targets: np.ndarray  # (t,): norms of the centred targets

    @classmethod
    def of(cls, problem):
        p, mean = problem.n_features, problem.moments.mean_parts
        norms = np.sqrt(problem.products[0].diagonal())
        return cls(
            problem.table,
            problem.Y,
            problem.sample_weight,
            mean if problem.fit_intercept else np.zeros_like(mean),
            problem.moments.weight_sum,
            norms[:p],
            norms[p:],
        )


def solve(problem):
    """(Solution, passes), or None where refinement is not possible or does not converge."""
    if not (problem.has_rows and problem.is_dense and problem.can_sharpen):
        return None
    system = system_of(problem)
    if system is None:
        return None
    p = problem.n_features
    coef = system.solve(problem.products[0, :p, p:])
    found = refine(Refinable.of(problem), coef, system.condition, system.solve)
    if found is None:
        return None
    coef, intercept, passes = found
    return Solution(coef, intercept, p, system.condition), passes


def refine(rows, start, condition, solve_again):
    """(coef (p, t), intercept (t,), passes) of `Refinable` rows, or None: it does not converge.

    start (p, t) solves the plain normal equations, and solve_again(right (p, t)) does so for other
    right sides.
    """
    p, t = start.shape
    mean, sizes = rows.mean, rows.sizes
    if not within_reach(condition, mean[0, :p], rows.weight_sum, sizes):
        return None
    norms = np.sqrt(2 * sizes**2 + rows.weight_sum * mean[0, :p] ** 2)  # at least, about zero
    coef, converging = np.array([start, np.zeros_like(start)]), Converging(condition)
    right, left = np.empty((p, t)), np.empty(t)
    for _ in range(PASSES):
        coef[1] = 0.0  # residuals are those of rounded coefficients: a correction allows for that
        offset = intercept_parts(mean, coef, p)
        lines = np.ascontiguousarray(coef[0].T)
        found = residual_products(rows.X, rows.Y, rows.weights, lines, offset, norms)
        about_the_mean(found, mean, right, left)
        share = correct(coef, solve_again(right), sizes, rows.targets, NOTHING)
        if not converging.goes_on(share):
            return None
        if converging.error <= REFINED_ERROR:
            break
    else:
        return None
    intercept = np.zeros(t)
    if mean.any():
        # The means of plain sums are rounded: what the residuals add up to tells by how much.
        intercept = intercept_parts(mean, coef, p).sum(axis=1) + left / rows.weight_sum
    return coef.sum(axis=0), intercept, converging.passes


def refine_small(X, Y, moments, condition, found, factor):
    """Passes over small rows, in compiled calls: how many; 0 where that does not converge.

    found (p + 1, 1), coefficients and intercept, is corrected in place; factor is that of
    `systems.small.solve`.
    """
    p = len(found) - 1
    means, squares = moments.mean_parts[0, :p], moments.comoment_parts[0].diagonal()[:p]
    if not within_reach(condition, means, moments.n_samples, np.sqrt(squares)):
        return 0
    scratch, converging = small_refinement.workspace(p), Converging(condition)
    for _ in range(PASSES):
        share = small_refinement.refine(X, Y, moments.mean_parts, factor, found, *scratch)
        if not converging.goes_on(share):
            return 0
        if converging.error <= REFINED_ERROR:
            return converging.passes
    return 0


class Converging:
    """What passes have left of the error, judged by how large their corrections were.

    A pass multiplies the error by about the rounding of the sums times the squared condition
    number. The first correction alone does not tell that: it may happen to be small (1 of 1500 fits
    lost a digit that way). From the second on, the corrections' ratio does.
    """

    def __init__(self, condition):
        self._rate = REFINED_RATE * condition**2
        self.passes, self._last = 0, np.inf

    def goes_on(self, share):
        """Note a correction, relative; whether such passes converge."""
        self.passes += 1
        if self.passes == 1:
            self._rate = max(self._rate, share)
        elif self.passes == 2:
            self._rate = max(share / self._last, self._last) if self._last > 0 else 0.0
        self.error = share * self._rate
        self._last = share
        return share <= GAIN ** min(self.passes, 2)


def within_reach(condition, means, weight, sizes):
    """Whether double-double has digits for this condition number and these columns' offsets."""
    if not condition < np.inf:
        return False
    far = (np.abs(means) / sizes).max() * weight**0.5
    return condition**2 * (1 + far) <= REFINED_OFFSET


def system_of(problem, kept=slice(None)):
    """The `System` of the features that are kept, or None where plain sums do not determine it."""
    products, exponents, _ = problem.normal_equations
    p = problem.n_features
    exponents, gram = exponents[:p][kept], products[0, :p, :p][kept][:, kept]
    p = len(gram)
    if not (gram.diagonal() > 0).all():  # a constant column: the later stages leave it out
        return None
    with blas.one_thread(p):
        upper, reciprocal = lapack.cholesky(gram)
    smallest = max(problem.tol, np.sqrt(p * problem.moments.relative_noise))
    if not reciprocal > smallest**2:
        return None
    return System(upper, exponents, float(1 / np.sqrt(reciprocal)))
