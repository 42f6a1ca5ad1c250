"""How many digits the sums need: one answer, in one place.

Plain sums of squares lose the square of the condition number; double-double sums bear it, at about
twice the time. Before the pass `sums_of` decides from the shape, and from a sample of the rows,
which sums to take first. After it `plain_limits` says whether plain ones had the digits.

Plain sums leave about 1e-14 of relative error in the coefficients up to these limits (measured on
random columns; 8e-15 at condition 8, 1.6e-14 at 12, a few 1e-14 at 100 of large data, whose
rounding errors cancel):

    elements of X            condition number    target / what the columns contribute
    up to 131,072            sqrt(4 + 1.5 p)     4       (condition 3 at p = 4, 7 at p = 30)
    up to 10 million         8                   10
    more                     150                 1000

Where plain sums lack digits, `solvers.refined` corrects them on the rows. Double-double sums are
taken at once where they cost nothing (`FREE_PRODUCTS`), and where a sample of the rows has a
condition number above `SAMPLE_CONDITION`, which is more than refinement is meant for; but not
where columns of whole numbers look like sums of others, which `data.relations` proves or denies.
"""

from typing import NamedTuple

import numpy as np

from linreg_fast.data.moments import Moments
from linreg_fast.kernels import DEFAULT, RUNGS
from linreg_fast.kernels.arithmetic.columns import Columns
from linreg_fast.kernels.arithmetic.rounding import (
    EPSILON,
    FLOAT32_ROUNDING_OF_WEIGHTS,
    SAFE_LARGE,
    WEIGHTS_APART,
)
from linreg_fast.kernels.moments import float32, sample, ways
from linreg_fast.kernels.systems import lapack, small
from linreg_fast.kernels.tuning import (
    FAST_MOST_ELEMENTS,
    FLOAT32_MOST_TARGETS,
    SMALL_SYSTEM_COLUMNS,
    WEIGHTS_CHECK_ELEMENTS,
)
from linreg_fast.runtime import blas

# Multiply-adds up to which double-double sums cost 20 us, no more than one LAPACK call: they are
# always taken.
FREE_PRODUCTS = 1 << 16

SMALL_SQUARE, SMALL_SQUARE_PER_COLUMN, SMALL_SIGNAL = 4.0, 1.5, 4.0
MIDDLE_CONDITION, MIDDLE_SIGNAL = 8.0, 10.0
LARGE_ELEMENTS, LARGE_CONDITION, LARGE_SIGNAL = 10_000_000, 150.0, 1e3

DOUBLED_CONDITION = 1e3  # above it a column may be no more than the rounding of the others

# Refinement of plain sums (`solvers.refined`) ends where the next pass would move the coefficients
# by less than REFINED_ERROR, relative. It is tried where condition**2 * (1 + mean / spread) is no
# more than REFINED_OFFSET, so that residuals in double-double keep their digits. A pass multiplies
# the error by at most about REFINED_RATE times the squared condition number (largest of 3000 random
# fits of 600 to 5000 rows: 4e-17 times it).
REFINED_ERROR, REFINED_OFFSET, REFINED_RATE = 1e-15, 1e14, 6e-17
NOTHING = 1e-8  # of a target: coefficients that contribute less are as good as none

# Of many targets (`solvers.many_targets`) the inverse of double-double sums loses INVERSE_ROUNDING
# times the squared condition number of the columns about zero, relative to the target.
INVERSE_OFFSET, INVERSE_ROUNDING = 1e15, 2.0**-100

# What is left of a target's squares without the columns' part, in double-double: less than
# RSS_ROUNDING of them for each column is nothing. What may be wrong by more than RSS_ERROR,
# relative, is summed again. Squares about the mean lose TSS_ROUNDING of those about zero.
RSS_ROUNDING, RSS_ERROR, TSS_ROUNDING = 2.0**-94, 1e-12, 2.0**-102

# The sample of rows. It is taken where plain sums need between 4 million multiply-adds (0.1 ms) and
# 2 billion (50 ms), of up to 128 columns. At first a few rows are read (20 us), and their condition
# number is estimated, up to sqrt(p) too large; only where it is above SAMPLE_CONDITION are more
# rows read (50 us), and their condition number is computed.
SAMPLE_PRODUCTS, SAMPLE_COLUMNS, SAMPLE_CONDITION = (4_000_000, 2_000_000_000), 128, 2e6
FEW_SAMPLED_ROWS, FEW_SAMPLED_PER_COLUMN = 128, 16
MOST_SAMPLED_ROWS, MOST_SAMPLED_PRODUCTS, SAMPLED_PER_COLUMN = 1024, 1 << 20, 2


class Sample(NamedTuple):
    """Some rows of X, by the (centred) columns that vary in them."""

    places: np.ndarray  # (k,): of the rows
    columns: np.ndarray  # (m,)
    products: np.ndarray  # (m, m): cross-products of the columns, scaled to unit norm
    sizes: np.ndarray  # (m,): their norms


def plain_limits(n_samples, n_features):
    """(condition number, target over signal) up to which plain sums leave about 14 digits."""
    elements = n_samples * n_features
    if elements <= FAST_MOST_ELEMENTS:
        return (SMALL_SQUARE + SMALL_SQUARE_PER_COLUMN * n_features) ** 0.5, SMALL_SIGNAL
    if elements < LARGE_ELEMENTS:
        return MIDDLE_CONDITION, MIDDLE_SIGNAL
    return LARGE_CONDITION, LARGE_SIGNAL


def doubled_limit(moments):
    """The condition number up to which no column can be nothing but rounding; 0 for extreme ones.

    As `solvers.cholesky` has it: sqrt(p) times the roundings of the columns as they are stored.
    """
    means, squares = abs(moments.mean_parts[0]), moments.comoment_parts[0].diagonal()
    if not means.max() < SAFE_LARGE:
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        offset = (means[:-1] / squares[:-1] ** 0.5).max() * moments.n_samples**0.5
    return min(DOUBLED_CONDITION, 1 / (EPSILON * len(means) ** 0.5 * (1 + offset)))


def sums_of(problem):
    """(moments, way, rounding): the first sums of a dense problem for which no rung was asked.

    way: the name of the way they were summed. rounding: of float32 sums, what they have lost
    relative to a sum of squares; None of others.
    """
    if problem.may_be_float32 and weights_in_range(problem.sample_weight):
        found = _float32_sums(problem)
        if found is not None:
            return found
    rung = _first_rung(problem)
    X, Y, weights = problem.table, problem.Y, problem.sample_weight
    return Moments.of(X, Y, weights, rung), ways.name(X, Y, weights, rung.name), None


def _float32_sums(problem):
    """Float32 sums where they are possible, save time and hold the numbers; or None."""
    X, Y, weights = problem.table, problem.Y, problem.sample_weight
    if problem.n_targets > FLOAT32_MOST_TARGETS or not float32.takes(X, Y):
        return None
    found = float32.sums(X, Y, weights)
    if not float32.in_range(found[0], found[1], found[3]):
        return None
    rounding = lost = float32.rounding(problem.n_samples, weights)
    if weights is not None:
        lost += FLOAT32_ROUNDING_OF_WEIGHTS
    return Moments.of_plain_sums(*found, problem.n_targets, lost), "float32", rounding


def _first_rung(problem):
    """Double-double where it costs nothing, or where a sample of the rows says it is needed."""
    if not weights_in_range(problem.sample_weight):
        return DEFAULT
    q = problem.n_features + problem.n_targets
    free = problem.n_samples * q * (q + 1) <= FREE_PRODUCTS
    ill = free or (problem.looks_ill and not problem.looks_related)
    return RUNGS["compensated"] if ill else DEFAULT


def weights_in_range(weights):
    """Whether the product of two weights' roots can be held beside a square."""
    if weights is None:
        return True
    lightest = weights.min()
    if lightest == 0.0:
        lightest = min(  # piece by piece: no temporary of the data's length
            np.min(part, where=part > 0, initial=np.inf)
            for part in np.array_split(weights, len(weights) // WEIGHTS_CHECK_ELEMENTS + 1)
        )
    return lightest > WEIGHTS_APART * weights.max()


def ill_sample(X, n_targets, centred):
    """`Sample` of rows of X (n, p) that is too ill-conditioned for plain sums, or None.

    Of the columns that vary in the sample, scaled to unit norm. Rows that are not finite, or whose
    squares are not, tell nothing. None where sampling does not pay.
    """
    n, p = X.shape
    q = p + n_targets
    least, most = SAMPLE_PRODUCTS
    if not least <= n * q * (q + 1) <= most or not 1 < p <= SAMPLE_COLUMNS:
        return None
    if p <= SMALL_SYSTEM_COLUMNS:
        places = _places(n, max(FEW_SAMPLED_ROWS, FEW_SAMPLED_PER_COLUMN * p))
        if _few_rows_look_well(X, places, centred):
            return None
    some = max(min(MOST_SAMPLED_ROWS, MOST_SAMPLED_PRODUCTS // p**2), SAMPLED_PER_COLUMN * p)
    return _more_rows_if_ill(X, _places(n, some), centred)


def _places(n, some):
    """Rows, spread evenly."""
    return (np.arange(some) * (n / some)).astype(np.int64)


def _few_rows_look_well(X, places, centred):
    p = X.shape[1]
    products, no_targets = np.zeros((2, p, p)), np.empty((p + 1, 0), X.dtype)
    if type(X) is Columns:
        X, places = X[places], np.arange(len(places))
    if not sample.products_of_rows(X, places, centred, products[0]):
        return True
    condition, _ = small.solve(np.zeros((2, p)), products, no_targets, small.scratch(p))
    return condition < SAMPLE_CONDITION


def _more_rows_if_ill(X, places, centred):
    rows = X[places].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"), blas.one_thread(X.shape[1], fewest=1):
        if centred:
            rows -= rows[0]
            rows -= rows.mean(axis=0)
        gram = rows.T @ rows
        squares = gram.diagonal()
        if not (squares < np.inf).all():
            return None
        columns = np.flatnonzero(squares > 0)
        if len(columns) < len(gram):
            gram, squares = gram[np.ix_(columns, columns)], squares[columns]
        unit = 1 / np.sqrt(squares)
        gram = gram * unit * unit[:, None]
        if len(gram) > 1 and _ill(gram):
            return Sample(places, columns, gram, np.sqrt(squares))
    return None


def _ill(gram):
    """Asks the Cholesky factor first: its estimate, up to sqrt(p) too large, is much faster."""
    if lapack.cholesky(gram)[1] > SAMPLE_CONDITION**-2:
        return False
    values = np.linalg.eigvalsh(gram)
    return not values[-1] < SAMPLE_CONDITION**2 * values[0]
