"""A look at some of the rows, which tells how the columns hang together before all are summed."""

import numpy as np
from scipy.linalg.lapack import dpocon, dpotrf

from linreg_fast.kernels import blas

COLUMNS = 128  # of more, a look costs as much as it saves
MOST_ROWS, PRODUCTS = 1024, 1 << 20  # as many rows as take 50 us
ROWS_PER_COLUMN = 2  # at least: unrelated columns then look six times worse than they are


def looks_ill(X, centred, limit):
    """Whether some rows of X (n, p <= COLUMNS) have a condition number above `limit`.

    Of the columns that vary in them, scaled to unit norm. Rows that are not finite, or
    whose squares are not, tell nothing.
    """
    n, p = X.shape
    some = max(min(MOST_ROWS, PRODUCTS // p**2), ROWS_PER_COLUMN * p)
    places = np.arange(some) * (n / some)
    rows = X[places.astype(np.int64)].astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"), blas.one_thread(p, fewest=1):
        if centred:
            rows -= rows[0]
            rows -= rows.mean(axis=0)
        gram = rows.T @ rows
        squares = gram.diagonal()
        if not (squares < np.inf).all():
            return False
        live = squares > 0
        if not live.all():
            gram, squares = gram[np.ix_(live, live)], squares[live]
        unit = 1 / np.sqrt(squares)
        gram = gram * unit * unit[:, None]
        return len(gram) > 1 and _worse_than(gram, limit)


def _worse_than(gram, limit):
    """Asks the Cholesky factor first, whose estimate is up to sqrt(p) too large: much faster."""
    upper, failed = dpotrf(gram)
    if not failed and dpocon(upper, np.abs(gram).sum(axis=0).max())[0] > limit**-2:
        return False
    values = np.linalg.eigvalsh(gram)
    return not values[-1] < limit**2 * values[0]
