"""Not more rows than columns: the shortest coefficients that fit every row; `auto` asks for it.

They are X' z, with z from the products of the rows with each other: n^2 p flops where singular
values take 4 n^2 p and more. The condition number of the rows is squared, and corrections with what
is left of the targets take that back: as good as an orthogonal factor where it is not large.
"""

import numpy as np
from scipy.linalg.lapack import dpotrs

from linreg_fast.kernels.arithmetic.rounding import RATIO_LARGEST, RATIO_SMALLEST
from linreg_fast.kernels.systems import lapack
from linreg_fast.kernels.tuning import WIDE_MANY_COLUMNS
from linreg_fast.runtime.blas import factored
from linreg_fast.solvers import Solution

# The largest condition numbers of the rows. The relative error of the coefficients is about 3e-17
# times the condition number (measured).
LIMIT, LIMIT_OF_MANY_COLUMNS = 100.0, 1e4
CORRECTIONS = 2


def solve(problem):
    """Solution, or None where rows nearly depend on each other, or their numbers are extreme."""
    p = problem.n_features
    if problem.is_constrained or not problem.can_sharpen:
        return None
    both, weights = next(problem.rows.blocks())  # one block, of the rows that have a weight
    n, centred = len(both), problem.fit_intercept
    rank = n - centred
    if not 0 < rank < p or not _ordinary(both[:, :p]):
        return None
    centre = np.zeros((2, problem.n_targets + p))
    if centred:
        centre[0] = both[0]
        both = both - centre[0]
        centre[1] = both.mean(axis=0)
        both -= centre[1]
    X, Y = both[:, :p], both[:, p:]
    if not _ordinary(X) or not all(_ordinary(y) for y in Y.T if y.any()):
        return None
    if p <= WIDE_MANY_COLUMNS and not problem.moments_in_range:
        return None
    products = factored(n, np.matmul, X, X.T)
    # Centred rows add up to zero, so that their products are singular. A constant added to all
    # products mends that, and leaves the coefficients as they are.
    moved = products + centred * products.trace() / n**2
    upper, reciprocal = factored(n, lapack.cholesky, moved)
    limit = LIMIT if p <= WIDE_MANY_COLUMNS else LIMIT_OF_MANY_COLUMNS
    if not reciprocal * limit**2 > 1:
        return None
    coef = X.T @ dpotrs(upper, Y)[0]
    for _ in range(CORRECTIONS):
        coef += X.T @ dpotrs(upper, Y - X @ coef)[0]
    singular = None  # from the moments, when asked for
    if p > WIDE_MANY_COLUMNS:
        singular = np.zeros(n)
        singular[:rank] = _singular_values(products, weights, centred)[:rank]
    # Every row is fitted, so weights do not matter to the intercept either.
    intercept = centre[0, p:] - centre[0, :p] @ coef + (centre[1, p:] - centre[1, :p] @ coef)
    return Solution(coef, intercept, rank, np.inf, singular)


def _singular_values(products, weights, centred):
    """Of the rows, times the roots of their weights, about their weighted mean; largest first."""
    heaviest = 1.0
    if weights is not None:
        heaviest = weights.max()
        weights = weights / heaviest
        root = np.sqrt(weights)[:, None] * (
            np.eye(len(weights)) - centred * weights / weights.sum()
        )
        products = root @ products @ root.T
    values = factored(len(products), np.linalg.eigvalsh, products)[::-1]
    return np.sqrt(np.abs(values)) * np.sqrt(heaviest)


def _ordinary(numbers):
    return RATIO_SMALLEST < max(numbers.max(), -numbers.min()) < RATIO_LARGEST
