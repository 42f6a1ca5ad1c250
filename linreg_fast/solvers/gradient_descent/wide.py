"""The loss of fewer rows than columns: from the n x n products of the rows, never p x p ones.

With A (n, p + 1) the rows in the coordinates of the steps, times the roots of their shares of the
weight, and a last column for the intercept, the loss is |A z - b|^2 and its Hessian 2 A'A. Its
eigenvalues that are not zero are twice those of A A', and the solution nearest to a start z is
z + A'(A A')^-1 (b - A z).
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from linreg_fast.kernels.arithmetic.rounding import EPSILON, SAFE_LARGE, SAFE_SMALL
from linreg_fast.kernels.tuning import WIDE_MANY_COLUMNS
from linreg_fast.runtime.blas import factored, one_thread
from linreg_fast.solvers.gradient_descent.quadratic import Quadratic

CORRECTIONS = 2  # each takes what rounding has left of the residuals off
FEW_ROWS = 32  # up to here all eigenvalues are found as fast as two
DIGITS = 1e-4  # of vectors; the two eigenvalues that set the pace of sgd have twice as many


class Rows(NamedTuple):
    """The rows, from which the solution nearest to a point is found."""

    A: np.ndarray  # (n, p + 1)
    b: np.ndarray  # (n, t)
    solve: object  # a function of (n, t): (A A')^+ times it

    def nearest(self, z):
        """The least-squares solution (t, p + 1) nearest to z."""
        star = z
        with one_thread(len(self.A), fewest=1):
            for _ in range(1 + CORRECTIONS):
                star = star + self.solve(self.b - self.A @ star.T).T @ self.A
        return star


def takes(problem):
    """Whether the moments of the problem are not known and would be larger than its rows."""
    return (
        problem.has_rows
        and problem.is_dense
        and not problem.has_moments
        and problem.n_samples < problem.n_features
        and problem.n_features > WIDE_MANY_COLUMNS
    )


def quadratic_of_rows(problem, standardize, with_axes):
    """The `Quadratic` of a problem of few rows; None where squares may leave the range.

    with_axes: find the whole spectrum and its axes, n^2 p flops times about 20, which steps on the
    moments and predictions need. Else the largest and the smallest eigenvalue, by Lanczos.
    """
    X, Y, weights = problem.X, problem.Y, problem.sample_weight
    if weights is not None and not weights.all():
        live = weights > 0
        X, Y, weights = X[live], Y[live], weights[live]
    n, p, intercept = len(X), problem.n_features, problem.fit_intercept
    shares = np.full(n, 1 / n) if weights is None else weights / weights.max()
    shares = shares / shares.sum()
    X, Y = X.astype(np.float64, copy=False), Y.astype(np.float64, copy=False)
    A = np.empty((n, p + 1))
    mean, spread, constant = _columns(X, shares, intercept, A[:, :p])
    sizes = np.abs(X).max(), np.abs(Y).max(), spread[~constant].min(initial=1.0)
    if not (max(sizes) < SAFE_LARGE and sizes[2] > SAFE_SMALL and shares.min() > EPSILON**2):
        return None
    scale, centre = (spread, mean) if standardize else (np.ones(p), np.zeros(p))
    root = np.sqrt(shares)[:, None]
    if not standardize:
        A[:, :p] = X
    np.multiply(A[:, :p], root / scale, out=A[:, :p])
    A[:, :p][:, constant & (centre == mean)] = 0.0
    A[:, p:] = root * intercept
    if with_axes:
        values, axes, solve = _whole_spectrum(A)
    else:
        values, axes, solve = _ends_of_spectrum(A)
    still = constant & ((mean == centre) | (not intercept))
    if axes is not None:
        axes[:, :p][:, still] = 0.0
    rows = Rows(A, root * Y, solve)
    star = rows.nearest(np.zeros((Y.shape[1], p + 1)))
    residual = rows.b - A @ star.T
    size = np.sqrt(shares @ (Y * Y))
    floor = np.empty((len(star), 2))
    floor[:, 0] = size / np.sqrt(max(values.max(), 1e-300) / 2)
    floor[:, 1] = size + np.abs(star[:, :p] * (centre / scale)).sum(axis=1)
    none = np.zeros(p + Y.shape[1], dtype=np.int64)
    return Quadratic(
        centre,
        scale,
        none,
        still,
        intercept,
        2 * values,
        axes,
        star,
        np.einsum("ik,ik->k", residual, residual),
        8 * EPSILON * floor,
        max(len(values) - intercept, 0),
        np.inf,
        rows,
    )


def _columns(X, shares, intercept, centred):
    """(means, standard deviations or 1, which columns are constant), and the centred columns.

    Without an intercept the means are zeros, and constant columns those of zeros.
    """
    mean = np.einsum("i,ij->j", shares, X) if intercept else np.zeros(X.shape[1])
    np.subtract(X, mean, out=centred)
    spread = np.sqrt(np.einsum("i,ij,ij->j", shares, centred, centred))
    constant = spread <= 16 * len(X) * EPSILON * np.abs(mean)
    constant[constant] = (X[0, constant] == X[:, constant]).all(axis=0)
    spread[constant] = 1.0
    return mean, spread, constant


def _whole_spectrum(A):
    """(eigenvalues of A A' above rounding, axes (m, p + 1), solver of (A A') x = r)."""
    left, singular, axes = factored(len(A), np.linalg.svd, A, full_matrices=False)
    kept = singular > EPSILON * max(A.shape) * singular[0]
    left, singular = left[:, kept], singular[kept]

    def solve(r):
        return left @ ((left.T @ r) / (singular**2)[:, None])

    return singular**2, np.ascontiguousarray(axes[kept]), solve


def _ends_of_spectrum(A):
    """The same without axes: of many rows only the largest and the smallest eigenvalue.

    For those between, of which only the number counts, the geometric mean stands.
    """
    n = len(A)
    products = factored(n, np.matmul, A, A.T)
    factor, failed = factored(n, dpotrf, products)
    if not failed and n > FEW_ROWS:
        solve = _solver(factor)
        inverse = LinearOperator((n, n), matvec=lambda r: solve(r.reshape(-1, 1))[:, 0])
        start = np.cos(np.arange(n))  # the same bits every time
        try:
            largest = factored(n, _largest, products, start)
            smallest = 1 / factored(n, _largest, inverse, start)
        except ArpackNoConvergence:
            smallest = 0.0
        if smallest > EPSILON * n * 16 * largest:
            between = np.full(n - 2, np.sqrt(largest * smallest))
            return np.concatenate([[largest], between, [smallest]]), None, solve
    values, vectors = factored(n, np.linalg.eigh, products)
    kept = values > EPSILON * n * 16 * values[-1]
    values, vectors = values[kept], vectors[:, kept]
    return values, None, lambda r: vectors @ ((vectors.T @ r) / values[:, None])


def _solver(factor):
    return lambda r: dpotrs(factor, r)[0]


def _largest(operator, start):
    return float(eigsh(operator, k=1, v0=start, tol=DIGITS, return_eigenvectors=False)[0])
