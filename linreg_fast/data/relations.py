"""Columns of whole numbers that are sums of others, such as all the dummies of a factor.

Cross-products show them, but plain ones could not tell them from columns that nearly depend: one
read of the columns that take part proves them. With one column of each relation set aside the
others may be well-conditioned, and plain sums do.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dpstrf, dtrtrs

from linreg_fast.kernels.steps import whole_sums
from linreg_fast.runtime import blas

DEPENDENT = 1e-12  # of a column's square: what the others must leave of it at the most
NEAR = 1e-4  # how near to 1, -1 or 0 the multiples of the others must be


class Relations(NamedTuple):
    """k columns that are set aside: each is a signed sum of columns that are kept, and a number."""

    kept: np.ndarray  # (p - k,): the other columns, in order
    signs: np.ndarray  # (k, p): 1, -1 or 0; X @ signs[r] is sums[r] in every row
    sums: np.ndarray  # (k,): zeros where no intercept is fitted


def in_sample(X, sample):
    """Whether some rows of X show sums, of whole numbers, of other columns."""
    guess = _guess(sample.products, sample.sizes)
    if guess is None:
        return False
    _, signs = guess
    rows = X[sample.places][:, sample.columns[signs.any(axis=0)]]
    return bool((rows == np.rint(rows)).all())


def find(X, mean, gram, centred):
    """`Relations` of X (n, p) with these means (p,) and (centred) cross-products (p, p), or None.

    None where there are none, or others, or the rows do not prove them.
    """
    sizes = np.sqrt(gram.diagonal())
    if not (sizes > 0).all():  # a constant column
        return None
    guess = _guess(gram / np.outer(sizes, sizes), sizes)
    if guess is None:
        return None
    kept, signs = guess
    if (np.abs(mean) + sizes)[signs.any(axis=0)].max() > whole_sums.LARGEST:
        return None
    sums = np.zeros(len(signs))
    if centred:
        sums = X[[0]].astype(np.float64)[0] @ signs.T
    if not whole_sums.are_constant(X, signs, sums):
        return None
    return Relations(kept, signs, sums)


def _guess(products, sizes):
    """(kept, signs) of relations that columns of these sizes and, scaled to unit norm, products
    seem to have; or None.
    """
    p = len(products)
    with blas.one_thread(p, fewest=1):
        upper, order, rank, _ = dpstrf(products, tol=DEPENDENT)
        if not 0 < rank < p:
            return None
        multiples = dtrtrs(upper[:rank, :rank], upper[:rank, rank:])[0]
    kept, aside = order[:rank] - 1, order[rank:] - 1
    multiples *= np.divide.outer(1 / sizes[kept], 1 / sizes[aside])
    whole = np.rint(multiples)
    near = np.abs(multiples - whole).max() < NEAR  # False for NaN
    if not near or np.abs(whole).max() > 1:
        return None
    signs = np.zeros((p - rank, p), dtype=np.int64)
    signs[:, kept] = -whole.T
    signs[np.arange(p - rank), aside] = 1
    return np.sort(kept), signs
