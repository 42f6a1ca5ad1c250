"""A look at some of the rows, which tells how the columns hang together before all are summed."""

import numpy as np

from linreg_fast.kernels import blas, few, lapack

COLUMNS = 128  # of more, a look costs as much as it saves
MOST_ROWS, PRODUCTS = 1024, 1 << 20  # as many rows as take 50 us
ROWS_PER_COLUMN = 2  # at least: unrelated columns then look six times worse than they are
FEW_ROWS, FEW_PER_COLUMN = 128, 16  # of few columns: 20 us
WORTH_IT = 4_000_000, 2_000_000_000  # products: plain sums take 0.1 ms, and 50 ms
LIMIT = 100.0  # condition number


def looks_ill(X, n_targets, centred):
    """Whether some rows of X (n, p) have a condition number for which plain sums will not do.

    Of the columns that vary in them, scaled to unit norm. Rows that are not finite, or
    whose squares are not, tell nothing. False where a look does not pay.
    """
    n, p = X.shape
    q = p + n_targets
    if not WORTH_IT[0] <= n * q * (q + 1) <= WORTH_IT[1] or not 1 < p <= COLUMNS:
        return False
    if p <= few.MOST_COLUMNS:  # by an estimate, which may be sqrt(p) too large
        places = _places(n, max(FEW_ROWS, FEW_PER_COLUMN * p))
        if _few_look_well(X, places, centred):
            return False
    some = max(min(MOST_ROWS, PRODUCTS // p**2), ROWS_PER_COLUMN * p)
    return _more_look_ill(X, _places(n, some), centred)


def _places(n, some):
    """Rows, spread evenly."""
    return (np.arange(some) * (n / some)).astype(np.int64)


def _few_look_well(X, places, centred):
    p = X.shape[1]
    products, nothing = np.zeros((2, p, p)), np.empty((p + 1, 0), X.dtype)
    if not few.look(X, places, centred, products[0]):
        return True
    return few.solve(np.zeros((2, p)), products, nothing, few.room(p))[0] < LIMIT


def _more_look_ill(X, places, centred):
    rows = X[places].astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"), blas.one_thread(X.shape[1], fewest=1):
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
        return len(gram) > 1 and _ill(gram)


def _ill(gram):
    """Asks the Cholesky factor first, whose estimate is up to sqrt(p) too large: much faster."""
    if lapack.cholesky(gram)[1] > LIMIT**-2:
        return False
    values = np.linalg.eigvalsh(gram)
    return not values[-1] < LIMIT**2 * values[0]
