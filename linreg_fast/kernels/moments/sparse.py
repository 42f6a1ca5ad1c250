"""The way for sparse rows, in double-double: numbers that are not stored cost nothing.

A column of which more than half is stored is made to store all of it, and is shifted like a dense
one. The others are not shifted, since that would fill in their zeros; their means, which are below
their spread, are taken off at the end.
"""

import numpy as np
from scipy.sparse import coo_array, csr_array

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.moments.finish import centred
from linreg_fast.runtime.compile import kernel


@kernel
def _add(sums, lows, j, k, a, a_lo, b, b_lo):
    """Add (a, a_lo) * (b, b_lo) to entry (j, k)."""
    product, lost = dd.two_product(a, b)
    total, more = dd.two_sum(sums[j, k], product)
    lost += a_lo * b + a * b_lo
    sums[j, k], lows[j, k] = dd.quick_two_sum(total, lows[j, k] + (more + lost))


@kernel
def _rows(data, indices, starts, Y, weights, shift, sums, lows):
    """Add to sums + lows the products of the columns of [X, Y, 1]; X in CSR, columns sorted."""
    t = Y.shape[1]
    q = len(shift)
    p = q - t
    row, row_lo, column = np.empty(q + 1), np.empty(q + 1), np.empty(q + 1, dtype=np.int64)
    for i in range(len(Y)):
        weight = 1.0 if weights is None else weights[i]
        if weight == 0.0:
            continue
        count = 0
        for m in range(starts[i], starts[i + 1]):
            column[count] = indices[m]
            row[count], row_lo[count] = dd.two_sum(np.float64(data[m]), -shift[indices[m]])
            count += 1
        for k in range(t):
            column[count] = p + k
            row[count], row_lo[count] = dd.two_sum(np.float64(Y[i, k]), -shift[p + k])
            count += 1
        column[count], row[count], row_lo[count] = q, 1.0, 0.0
        count += 1
        for m in range(count):
            a, a_lo = dd.two_product(weight, row[m])
            a_lo += weight * row_lo[m]
            for k in range(m, count):
                _add(sums, lows, column[m], column[k], a, a_lo, row[k], row_lo[k])


def moments(X, Y, sample_weight=None, exponents=None):
    """As the moments of a rung, for X in CSR format with sorted indices and no duplicates.

    exponents (q,): what is summed are the columns of [X, Y] divided by 2**exponents.
    """
    if sample_weight is not None and not sample_weight.all():
        kept = sample_weight > 0
        X, Y, sample_weight = X[kept], Y[kept], sample_weight[kept]
    n, p = X.shape
    q = p + Y.shape[1]
    if exponents is not None:
        scaled = np.ldexp(X.data.astype(np.float64), -exponents[X.indices])
        X = csr_array((scaled, X.indices, X.indptr), shape=X.shape)
        Y = np.ldexp(Y.astype(np.float64), -exponents[p:])
    share = np.ones(n) if sample_weight is None else sample_weight / sample_weight.max()
    stored = np.bincount(X.indices, np.repeat(share, np.diff(X.indptr)), minlength=p)
    full = np.flatnonzero(stored > 0.5 * share.sum())
    shift, heaviest = np.zeros(q), int(share.argmax())
    if len(full):
        X = _with_all_stored(X, full)
        own = slice(*X.indptr[heaviest : heaviest + 2])
        shift[full] = X.data[own][np.searchsorted(X.indices[own], full)]
    shift[p:] = Y[heaviest]
    sums, lows = np.zeros((2, q + 1, q + 1))
    _rows(X.data, X.indices, X.indptr, Y, sample_weight, shift, sums, lows)
    return n, *centred(sums, lows, shift)


def _with_all_stored(X, columns):
    """X with the zeros of these columns stored, too."""
    n = X.shape[0]
    rows = np.repeat(np.arange(n), np.diff(X.indptr))
    more = np.zeros(n * len(columns), dtype=X.dtype)
    both = coo_array(
        (
            np.concatenate([X.data, more]),
            (
                np.concatenate([rows, np.repeat(np.arange(n), len(columns))]),
                np.concatenate([X.indices, np.tile(columns, n)]),
            ),
        ),
        shape=X.shape,
    ).tocsr()  # sums up duplicates
    both.sort_indices()
    return both
