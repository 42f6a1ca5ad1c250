"""From a problem to its `Quadratic`: eigenvalues, axes, and the exact solution."""

import numpy as np

from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.kernels.systems import doubled_cholesky
from linreg_fast.runtime.blas import factored
from linreg_fast.solvers.gradient_descent.quadratic import Quadratic

CORRECTIONS = 4  # each leaves about condition number * 1e-16 of the last


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
        values, axes = _spectrum_of_standardised(singular, directions, weight, intercept, rank)
    else:
        values, axes = _spectrum_of_root(R, offset, weight, intercept, rank)
    still = constant & (offset == 0)  # no step moves it; another constant moves with the intercept
    axes[np.ix_(values > 0, np.append(still, False))] = 0.0
    matrix = products[0]
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
        still,
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
        residual = doubled_cholesky.residual(system, found, p) / spread[:, None]
        step = directions.T @ ((directions @ residual) / (singular**2)[:, None])
        found = doubled_cholesky.corrected(found, step / spread[:, None])
    return found[0]


def _spectrum_of_standardised(singular, directions, weight, intercept, rank):
    """Eigenvalues and axes of standardised columns, of which the intercept is independent."""
    p = directions.shape[1]
    values, axes = np.zeros(p + 1), np.eye(p + 1)
    values[:rank] = 2 * singular[:rank] ** 2 / weight
    values[p] = 2.0 * intercept
    axes[:p, :p] = directions
    return values, axes


def _spectrum_of_root(R, offset, weight, intercept, rank):
    """Eigenvalues and axes of a root of the Hessian: twice the digits its entries would give."""
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
