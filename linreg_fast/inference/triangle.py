"""The triangular factor of the cross-products, its inverse, and the directions it does not know."""

import numpy as np

from linreg_fast.kernels.systems import doubled_cholesky
from linreg_fast.runtime.interrupt import interruptible

ESTIMABLE = 1e-9  # of the sizes added up, what a contrast may leave of a null direction


def factored(products, p, wanted, least):
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


def inverse(upper, rank):
    """The inverse (2, r, r) of the triangle, and the solution (2, r, 1) for the target."""
    p = upper.shape[1] - 1
    system = np.zeros((2, rank, 2 * rank + 1))
    system[:, :, :rank] = upper[:, :rank, :rank]
    system[0, :, rank:-1] = np.eye(rank)
    system[:, :, -1] = upper[:, :rank, p]
    found = interruptible(rank, doubled_cholesky.back_substitute, system, rank)
    return np.ascontiguousarray(found[:, :, :rank]), found[:, :, rank:]


def pseudo_inverse(R):
    """(p, r) of R (r, p), whose rows are independent; the columns may have any units."""
    Q, U = np.linalg.qr(R.T)
    return Q @ np.linalg.inv(U).T if len(R) else np.zeros(R.T.shape)


def null(upper, inverse, order, rank, exponents):
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


def fitted_at(means, slopes, p):
    """(2,): what slopes (2, p, 1) make of means (2, p + 1), that of the target 0: hi and lo."""
    return -doubled_cholesky.intercept_parts(means, slopes, p)[0]


def across(mean, null):
    """(P - k,): what the intercept does in directions of the slopes; 0 where that is rounding."""
    found, sizes = -(mean @ null), abs(mean) @ abs(null)
    return np.where(abs(found) > ESTIMABLE * sizes, found, 0.0)


def with_intercept(root, across, weight_sum):
    p, rank = root.shape
    found = np.zeros((p + 1, rank + 1))
    found[0, 0] = weight_sum**-0.5
    found[0, 1:] = -across
    found[1:, 1:] = root
    return found


def scaled(value, exponent):
    with np.errstate(over="ignore", under="ignore"):
        return float(np.ldexp(value, exponent))


def unit_rows(A):
    """Rows of A (q, k), their largest number between a half and 1, and the powers of two taken."""
    sizes = np.frexp(abs(A).max(axis=1, initial=0.0))[1]
    return np.ldexp(A, -sizes[:, None]), sizes
