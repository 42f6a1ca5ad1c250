"""What is right: for each problem scikit-learn's answer, and what differences are relative to.

Where scikit-learn loses digits of its own, to offsets or units, its method does not: LAPACK's
least squares, on columns that are centred without rounding and have unit norm; and where
that has fewer digits than the answers it judges, the same in pairs of doubles (`sharpened`).
"""

import functools
from typing import NamedTuple

import numpy as np

from linreg_fast.bench.sharpened import sharpened

# A number is compared relative to itself, or to this share of the largest beside it: what is far
# smaller than its neighbours (the covariance of unrelated columns) is known only relative to them.
SMALLEST_SHARE = 1e-3
# Below the 1e-6 with which scikit-learn 1.9 drops columns that matter, above the rounding of its
# means, which looks like one more column where rows are few.
REFERENCE_TOL = 1e-13
APART = 1e6  # units of columns
NIL = 1e-15  # a relative singular value that exact dependence leaves
EPSILON = np.finfo(np.float64).eps
# A residual is known to EPSILON of the terms that it is left of. Where they cancel, a loss and a
# gradient are compared relative to what this share of the terms would give: 1e-9 of it, which the
# rungs may differ by, is then that rounding.
LEAST_LEFT = EPSILON / 1e-9


class Expected(NamedTuple):
    """The right answer, and what a difference from each of its numbers is relative to."""

    values: tuple
    sizes: tuple
    full: bool = True  # whether the columns are independent, as far as double precision tells
    condition: float = 1.0  # of columns of unit norm, without directions that count as dependent
    doubtful: bool = False  # whether those directions may be more than rounding


def in_double(reference):
    """The reference that finds its answer in double precision, whatever the data have."""

    @functools.wraps(reference)
    def found(X, y, **options):
        return reference(np.asarray(X, np.float64), np.asarray(y, np.float64), **options)

    return found


def coefficients(p):
    """A point to evaluate the loss at: plain numbers, none of them zero."""
    return np.linspace(1.0, 2.0, p), 0.5


def _fit(X, y, positive):
    """(coef, intercept, *facts of `Expected`) by its methods, of columns that have lost nothing."""
    from scipy.linalg import lstsq
    from scipy.optimize import nnls

    # Near the first row differences are exact; a mean of 1e15 is rounded by a tenth.
    centred, target = X - X[0], y - y[0]
    means, mean = centred.mean(axis=0), target.mean()
    centred -= means
    target -= mean
    sizes = np.linalg.norm(centred, axis=0)
    sizes[sizes == 0] = 1.0
    unit = centred / sizes
    scaled, _, rank, singular = lstsq(unit, target, cond=REFERENCE_TOL)
    coef, full = scaled / sizes, bool(rank == X.shape[1])
    condition = float(singular[0] / singular[rank - 1]) if rank else 1.0
    if positive:
        try:
            coef = nnls(unit, target)[0] / sizes
        except RuntimeError as error:
            raise np.linalg.LinAlgError(f"scipy.optimize.nnls: {error}") from None
    elif not full and sizes.max() > APART * sizes.min():
        condition = np.inf  # which of its solutions is the shortest, LAPACK does not find
    elif not full:
        coef = lstsq(centred, target, cond=REFERENCE_TOL)[0]
    intercept = np.atleast_1d(y[0] + (mean - (X[0] + means) @ coef))
    better = sharpened(X, y[:, None]) if full and not positive else None
    if better is not None:
        coef, intercept = better[0][:, 0], better[1]
    doubtful = not full and bool(singular[rank] > NIL * singular[0])
    return coef, intercept, full, condition, doubtful


@in_double
def expected_fit(X, y, positive=False):
    """`Expected` of a fit, which has all digits where X and y are 30 million numbers or fewer."""
    coef, intercept, *facts = _fit(X, y, positive)
    # A coefficient is compared relative to itself, or to a share of what the strongest column or
    # the target would give it in its units; the intercept relative to the terms it is the rest of.
    spread = X.std(axis=0)
    spread[spread == 0] = 1.0
    strongest = max((np.abs(coef) * spread).max(), SMALLEST_SHARE * np.abs(y).max())
    terms = np.abs(X.mean(axis=0) * coef).max()
    sizes = (
        np.maximum(np.abs(coef), SMALLEST_SHARE * strongest / spread),
        np.maximum(np.abs(intercept), terms),
    )
    return Expected((coef, intercept), sizes, *facts)


def expected_positive(X, y):
    """The same where no coefficient may be negative."""
    return expected_fit(X, y, positive=True)


class Remembered:
    """The right answers of one table's data: each is found once for all rows."""

    def __init__(self):
        self._found = {}

    def __call__(self, row, X, y):
        """What `row` is compared with, of the first len(y) rows of the table's data."""
        key = row.reference, len(y)
        if key not in self._found:
            self._found[key] = row.reference(X, y)
        return self._found[key]


def _sizes(values):
    return np.maximum(np.abs(values), SMALLEST_SHARE * np.abs(values).max())


def _expected(*values):
    return Expected(values, tuple(_sizes(value) for value in values))


def _sklearn_predict(X):
    """scikit-learn's prediction at the point where the loss is evaluated."""
    from sklearn.linear_model import LinearRegression

    model = LinearRegression()
    model.coef_, model.intercept_ = coefficients(X.shape[1])
    return model.predict(X)


def _largest(X):
    """Of each column, without a copy of it."""
    return np.maximum(X.max(axis=0), -X.min(axis=0))


def _least_left(X, y):
    """The size of a residual below which rounding is all there is."""
    coef, intercept = coefficients(X.shape[1])
    return LEAST_LEFT * (_largest(X) @ coef + intercept + np.abs(y).max())


@in_double
def _expected_mse(X, y):
    from sklearn.metrics import mean_squared_error

    loss = np.atleast_1d(mean_squared_error(y, _sklearn_predict(X)))
    return Expected((loss,), (np.maximum(loss, _least_left(X, y) ** 2),))


@in_double
def _expected_gradient(X, y):
    scaled = 2 * (_sklearn_predict(X) - y) / len(X)
    (loss,), (size,) = _expected_mse(X, y)[:2]
    steps, least = (scaled @ X, np.atleast_1d(scaled.sum())), 2 * _least_left(X, y)
    sizes = [_sizes(step) for step in steps]
    sizes = [np.maximum(*pair) for pair in zip(sizes, (least * _largest(X), least), strict=True)]
    return Expected((loss, *steps), (size, *sizes))


@in_double
def _expected_moments(X, y):
    from sklearn.covariance import EmpiricalCovariance

    data = np.column_stack([X, y])
    first = data[0].copy()
    model = EmpiricalCovariance(store_precision=False).fit(data - first)
    spread, correlation = correlation_of(model.covariance_)
    # A column that does not vary: scikit-learn leaves rounding of its mean, we leave nothing.
    constant = np.append(np.ptp(X, axis=0), np.ptp(y)) == 0
    spread[constant] = correlation[constant] = correlation[:, constant] = 0.0
    return _expected(np.array([len(X), len(X)]), model.location_ + first, spread, correlation)


def correlation_of(covariance):
    """Standard deviations, and correlations (0 with a column that does not vary)."""
    spread = np.sqrt(np.diag(covariance))
    scale = np.where(spread > 0, spread, 1.0)
    return spread, covariance / np.outer(scale, scale)


REFERENCES = {"mse": _expected_mse, "gradient": _expected_gradient, "moments": _expected_moments}
