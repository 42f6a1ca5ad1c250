"""A look at some of the rows, which tells how the columns hang together before all are summed."""

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic.rounding import EPSILON, SAFE_LARGE
from linreg_fast.kernels.moments import sample
from linreg_fast.kernels.systems import lapack, small
from linreg_fast.runtime import blas

LOOK_COLUMNS = 128  # of more, a look costs as much as it saves
LOOK_MOST_ROWS, LOOK_PRODUCTS = 1024, 1 << 20  # as many rows as take 50 us
LOOK_ROWS_PER_COLUMN = 2  # at least: unrelated columns then look six times worse than they are
LOOK_FEW_ROWS, LOOK_FEW_PER_COLUMN = 128, 16  # of few columns: 20 us
LOOK_WORTH_IT = 4_000_000, 2_000_000_000  # products: plain sums take 0.1 ms, and 50 ms
LOOK_LIMIT = 100.0  # condition number


def looks_ill(X, n_targets, centred):
    """Whether some rows of X (n, p) have a condition number for which plain sums will not do.

    Of the columns that vary in them, scaled to unit norm. Rows that are not finite, or
    whose squares are not, tell nothing. False where a look does not pay.
    """
    n, p = X.shape
    q = p + n_targets
    if not LOOK_WORTH_IT[0] <= n * q * (q + 1) <= LOOK_WORTH_IT[1] or not 1 < p <= LOOK_COLUMNS:
        return False
    if p <= tuning.SMALL_SYSTEM_COLUMNS:  # by an estimate, which may be sqrt(p) too large
        places = _places(n, max(LOOK_FEW_ROWS, LOOK_FEW_PER_COLUMN * p))
        if _few_look_well(X, places, centred):
            return False
    some = max(min(LOOK_MOST_ROWS, LOOK_PRODUCTS // p**2), LOOK_ROWS_PER_COLUMN * p)
    return _more_look_ill(X, _places(n, some), centred)


def _places(n, some):
    """Rows, spread evenly."""
    return (np.arange(some) * (n / some)).astype(np.int64)


def _few_look_well(X, places, centred):
    p = X.shape[1]
    products, nothing = np.zeros((2, p, p)), np.empty((p + 1, 0), X.dtype)
    if not sample.products_of_rows(X, places, centred, products[0]):
        return True
    return small.solve(np.zeros((2, p)), products, nothing, small.scratch(p))[0] < LOOK_LIMIT


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
    if lapack.cholesky(gram)[1] > LOOK_LIMIT**-2:
        return False
    values = np.linalg.eigvalsh(gram)
    return not values[-1] < LOOK_LIMIT**2 * values[0]


FREE_PRODUCTS = (
    1 << 16
)  # products of two numbers: double-double takes 20 us for them, as a call of LAPACK
# Squares of condition numbers up to which plain sums of so few rows leave 1e-14: about 3 for four
# columns and 7 for thirty.
LEAST, PER_COLUMN = 4.0, 1.5
WEAK_OF_SMALL = 4.0  # a target against what the columns contribute to it
DOUBLED_LIMIT = 1e3  # condition number: beyond, it matters what rounding does to the columns


def doubled_limit(moments):
    """The condition number up to which no column can be nothing but rounding; 0 for extreme ones.

    As `solvers.cholesky` has it: sqrt(p) times the roundings of the columns as they are stored.
    """
    means, squares = abs(moments.mean_parts[0]), moments.comoment_parts[0].diagonal()
    if not means.max() < SAFE_LARGE:
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        offset = (means[:-1] / squares[:-1] ** 0.5).max() * moments.n_samples**0.5
    return min(DOUBLED_LIMIT, 1 / (EPSILON * len(means) ** 0.5 * (1 + offset)))


# Up to these condition numbers plain sums leave about 1e-14 of relative error (measured: 8e-15 at
# 8, 1.6e-14 at 12; a few 1e-14 at 100 of large data). Double-double takes twice the time.
PLAIN_CONDITION = 8.0
PLAIN_CONDITION_OF_LARGE = 150.0
WEAK, WEAK_OF_LARGE = 10.0, 1e3  # targets against what the columns contribute to them
LARGE_ELEMENTS = 10_000_000  # elements of X


def limits(n_samples, n_features):
    """The condition number and the weakness up to which plain sums leave about 14 digits."""
    if n_samples * n_features >= LARGE_ELEMENTS:
        return PLAIN_CONDITION_OF_LARGE, WEAK_OF_LARGE
    return PLAIN_CONDITION, WEAK
