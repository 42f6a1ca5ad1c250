"""Plain sums, refined on the rows to all digits: `auto` asks for it. 2 p long products a row a pass.

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

from linreg_fast.data.precision import REFINED_ERROR, REFINED_OFFSET
from linreg_fast.kernels.steps.residual_products import residual_products
from linreg_fast.kernels.systems import lapack
from linreg_fast.kernels.systems.doubled_cholesky import corrected, intercept_parts
from linreg_fast.runtime import blas
from linreg_fast.solvers import Solution

PASSES = 4  # at the most
GAIN = 0.05  # the largest relative error of a first solution that passes mend fast


class System(NamedTuple):
    """The centred, scaled normal equations of plain sums, and their Cholesky factor."""

    upper: np.ndarray  # (p, p)
    products: np.ndarray  # (q, q), scaled by powers of two
    exponents: np.ndarray  # (q,)
    condition: float

    def solve(self, right):
        """Coefficients (t, p) in the data's units for right sides (t, p) in the data's units."""
        p = len(self.upper)
        units = -self.exponents[:p]
        return np.ldexp(dpotrs(self.upper, np.ldexp(right, units).T)[0].T, units)


def solve(problem):
    """(Solution, passes), or None where refinement is not possible or does not converge."""
    if not (problem.has_rows and problem.is_dense and problem.can_sharpen):
        return None
    system = _system(problem)
    if system is None:
        return None
    p, t = problem.n_features, problem.n_targets
    mean = problem.moments.mean_parts if problem.fit_intercept else np.zeros((2, p + t))
    weight = problem.moments.weight_sum
    squares = problem.products[0].diagonal()
    sizes = np.sqrt(squares[:p])
    far = np.abs(mean[0, :p]) * np.sqrt(weight) / sizes
    if not system.condition**2 * (1 + far.max()) <= REFINED_OFFSET:
        return None
    coef = np.zeros((2, t, p))
    coef[0] = system.solve(problem.products[0, p:, :p])
    first, left = np.inf, np.zeros(t)
    for done in range(1, PASSES + 1):
        offset = intercept_parts(mean, np.ascontiguousarray(coef.transpose(0, 2, 1)), p)
        found = residual_products(problem.X, problem.Y, problem.sample_weight, coef, offset)
        right, left = _about_the_mean(found, mean)
        step = system.solve(right)
        coef = corrected(coef, step)
        size = np.linalg.norm(coef[0] * sizes, axis=1)
        moved = np.linalg.norm(step * sizes, axis=1)
        share = np.divide(moved, size, out=np.zeros(t), where=size > 0).max()
        first = share if done == 1 else first
        if not share <= GAIN ** min(done, 2):
            return None
        if share * first <= REFINED_ERROR:
            break
    else:
        return None
    intercept = np.zeros(t)
    if problem.fit_intercept:
        # The means of plain sums are rounded: what the residuals add up to tells by how much.
        offset = intercept_parts(mean, np.ascontiguousarray(coef.transpose(0, 2, 1)), p)
        intercept = offset.sum(axis=1) + left / weight
    solution = Solution(coef.sum(axis=0).T, intercept, p, system.condition)
    return solution, done


def _system(problem):
    products, exponents, _ = problem.normal_equations
    p = problem.n_features
    gram = products[0, :p, :p]
    if not (gram.diagonal() > 0).all():  # a constant column: the later stages leave it out
        return None
    with blas.one_thread(p):
        upper, reciprocal = lapack.cholesky(gram)
    smallest = max(problem.tol, np.sqrt(p * problem.moments.relative_noise))
    if not reciprocal > smallest**2:
        return None
    return System(upper, products[0], exponents, float(1 / np.sqrt(reciprocal)))


def _about_the_mean(found, mean):
    """(right sides (t, p), what is left of each target's sum (t,)): products about the mean."""
    p = found.shape[2] - 1
    left = found[:, :, p]
    moved = left[0][:, None] * mean[0, :p]
    right = (found[0, :, :p] - moved) + found[1, :, :p]
    right -= left[1][:, None] * mean[0, :p] + left[0][:, None] * mean[1, :p]
    return right, left.sum(axis=0)
