"""Cholesky factor of cross-products in double-double, with pivoting, and systems solved by it."""

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic.simd import fma
from linreg_fast.runtime.compile import kernel


@kernel
def scaled(products, scale):
    """A copy of symmetric products (2, q, q), hi and lo, row j and column j times scale[j]."""
    out = np.empty(products.shape)
    for part in range(len(products)):
        for j in range(len(scale)):
            row, to, own = products[part, j], out[part, j], scale[j]
            for k in range(len(scale)):
                to[k] = (
                    row[k] * own * scale[k]
                )  # the row's first, so that no number exceeds a column's norm
    return out


@kernel
def _subtract_multiple(a, a_lo, factor, factor_lo, row, row_lo):
    """(a, a_lo) -= factor * row, entry by entry: LLVM vectorises this."""
    for k in range(len(a)):
        product = factor * row[k]
        lost = fma(factor, row[k], -product)
        lost += factor * row_lo[k] + factor_lo * row[k]
        total = a[k] - product
        part = total - a[k]
        low = (a[k] - (total - part)) - (product + part)
        low += a_lo[k] - lost
        a[k] = total + low
        a_lo[k] = low - (a[k] - total)


@kernel
def cholesky(A, m, smallest):
    """Factor the first m rows and columns of A (2, q, q), hi and lo, in place; (order, rank).

    Upper half: afterwards A[:, :rank] holds R with R'R the old A[order][:, order], and in the
    columns from m on what belongs to the targets; at A[:, m:, m:] is what no combination of
    the columns explains. Pivots are taken largest first, down to `smallest`.
    """
    q = A.shape[1]
    H, L = A[0], A[1]
    order = np.arange(q)
    for k in range(m):
        best = k
        for j in range(k + 1, m):
            if H[j, j] > H[best, best]:
                best = j
        if not H[best, best] > smallest:
            return order, k
        if best != k:
            order[k], order[best] = order[best], order[k]
            for S in (H, L):
                for i in range(k):
                    S[i, k], S[i, best] = S[i, best], S[i, k]
                for j in range(k + 1, best):
                    S[k, j], S[j, best] = S[j, best], S[k, j]
                for j in range(best + 1, q):
                    S[k, j], S[best, j] = S[best, j], S[k, j]
                S[k, k], S[best, best] = S[best, best], S[k, k]
        root, root_lo = dd.square_root(H[k, k], L[k, k])
        H[k, k], L[k, k] = root, root_lo
        for j in range(k + 1, q):
            H[k, j], L[k, j] = dd.divide(H[k, j], L[k, j], root, root_lo)
        for i in range(k + 1, q):
            _subtract_multiple(H[i, i:], L[i, i:], H[k, i], L[k, i], H[k, i:], L[k, i:])
    return order, m


@kernel
def back_substitute(A, m):
    """X (2, m, t) with R X = the columns of A from m on; R the first m columns (see `cholesky`)."""
    X = A[:, :m, m:].copy()
    for i in range(m - 1, -1, -1):
        for k in range(X.shape[2]):
            X[0, i, k], X[1, i, k] = dd.divide(X[0, i, k], X[1, i, k], A[0, i, i], A[1, i, i])
        for j in range(i):
            _subtract_multiple(X[0, j], X[1, j], A[0, j, i], A[1, j, i], X[0, i], X[1, i])
    return X


@kernel
def residual(A, X, m):
    """A[:, :m, m:] - A[:, :m, :m] X, (m, t): all are hi and lo, the result is rounded.

    A is symmetric: its rows are taken for its columns, so that a step goes down all equations at
    once and none waits for the one before.
    """
    t = X.shape[2]
    out, remainder, remainder_lo = np.empty((m, t)), np.empty(m), np.empty(m)
    for k in range(t):
        for i in range(m):
            remainder[i], remainder_lo[i] = A[0, i, m + k], A[1, i, m + k]
        for j in range(m):
            _subtract_multiple(
                remainder, remainder_lo, X[0, j, k], X[1, j, k], A[0, j, :m], A[1, j, :m]
            )
        for i in range(m):
            out[i, k] = remainder[i] + remainder_lo[i]
    return out


@kernel
def corrected(X, step):
    """X (2, m, t) + step (m, t)."""
    out = np.empty_like(X)
    for i in range(X.shape[1]):
        for k in range(X.shape[2]):
            out[0, i, k], out[1, i, k] = dd.add(X[0, i, k], X[1, i, k], step[i, k], 0.0)
    return out


@kernel
def intercept_parts(mean, X, n_features):
    """mean of targets - mean of features @ X, in double-double: (t, 2), hi and lo."""
    out = np.empty((X.shape[2], 2))
    for k in range(X.shape[2]):
        total, low = mean[0, n_features + k], mean[1, n_features + k]
        for j in range(n_features):
            product, lost = dd.multiply(mean[0, j], mean[1, j], X[0, j, k], X[1, j, k])
            total, low = dd.add(total, low, -product, -lost)
        out[k, 0], out[k, 1] = total, low
    return out


def intercepts(mean, X, n_features):
    """The same, rounded: (t,)."""
    return intercept_parts(mean, X, n_features)[:, 0]
