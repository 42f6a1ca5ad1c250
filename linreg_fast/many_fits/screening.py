"""`screen`: every column alone against y, and the score functions for scikit-learn's selectors."""

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc, stdtr

from linreg_fast.data.gate import as_floats, check_finite, frozen
from linreg_fast.kernels.moments import screening as kernel
from linreg_fast.kernels.tuning import SCREEN_LAUNCH_ELEMENTS, SCREEN_MOST_VECTORS
from linreg_fast.many_fits.frames import features_of, frame, library_of
from linreg_fast.many_fits.progress import Progress
from linreg_fast.runtime import launch
from linreg_fast.runtime.interrupt import as_keyboard_interrupt

CLEAR = 0.01  # of a column's square, beside the covariates: with less it is projected by itself
ORDINARY = 1e-200, 1e200  # sums of squares of which no product overflows or is lost
ROUNDING = 8 * np.finfo(float).eps  # of a column's numbers, that projecting it may leave
AGAIN_COLUMNS = 256  # columns projected by themselves at a time


@dataclass(frozen=True, eq=False, repr=False)
class Screen:
    """Single regressions. Row j of every array is of column j; with several y, a column of each.

    Attributes
    ----------
    coef, coef_error, t_values, p_values, r2, correlation : ndarrays of shape (n_features,), or
        (n_features, n_targets)
        Of a column beside the covariates and the intercept: coefficient (units of y per unit of the
        column), standard error, t, two-sided p value, the share that the column explains of what
        the covariates leave of y, and its root with the coefficient's sign. A column that is
        constant, or is a combination of the covariates, has coefficient zero and NaN elsewhere.
    degrees_of_freedom : int
    feature_names : list of str, or None
    """

    products: np.ndarray  # (p, t): of columns and targets, each less what covariates explain
    squares: np.ndarray  # (p,): of the columns; zero for one of which nothing is left
    units: np.ndarray  # (p,): powers of two by which those were divided, for extreme columns
    target_squares: np.ndarray  # (t,)
    degrees_of_freedom: int
    one: bool  # whether y was 1-D
    feature_names: list | None = None
    library: str = ""

    def __len__(self):
        return len(self.squares)

    def _shaped(self, values):
        return values[:, 0] if self.one else values

    def _correlation(self):
        with np.errstate(invalid="ignore", divide="ignore"):
            found = self.products / np.sqrt(self.squares)[:, None]
            return np.clip(found / np.sqrt(self.target_squares), -1, 1)

    @property
    def coef(self):
        squares = self.squares[:, None]
        out = np.zeros_like(self.products)
        return self._own(np.divide(self.products, squares, out=out, where=squares > 0))

    def _own(self, values):
        """In the units of the columns."""
        with np.errstate(over="ignore", under="ignore"):
            return self._shaped(np.ldexp(values, -self.units[:, None]))

    def _error(self):
        with np.errstate(invalid="ignore", divide="ignore"):
            share = 1 - self._correlation() ** 2
            variance = share * self.target_squares / max(self.degrees_of_freedom, 0)
            return np.sqrt(variance / self.squares[:, None])

    def _t(self):
        r = self._correlation()
        with np.errstate(invalid="ignore", divide="ignore"):
            return r * np.sqrt(self.degrees_of_freedom / (1 - r * r))

    @property
    def coef_error(self):
        return self._own(self._error())

    @property
    def correlation(self):
        return self._shaped(self._correlation())

    @property
    def r2(self):
        return self._shaped(self._correlation() ** 2)

    @property
    def t_values(self):
        return self._shaped(self._t())

    @property
    def p_values(self):
        return self._shaped(2 * stdtr(self.degrees_of_freedom, -np.abs(self._t())))

    def top(self, k=10):
        """The k columns that explain most, best first: their places, for one y."""
        if not self.one:
            raise ValueError("top() is for one y: this is of more")
        strength = np.nan_to_num(self.r2, nan=-1.0)
        return np.argsort(-strength, kind="stable")[:k]

    def to_frame(self):
        """A row a column, for one y: coefficient, standard error, t, p and R2."""
        if not self.one:
            raise ValueError("to_frame() is for one y: this is of more")
        names = self.feature_names or [f"x{j}" for j in range(len(self))]
        columns = {"feature": names}
        for name in ("coef", "coef_error", "t_values", "p_values", "r2"):
            columns[name] = getattr(self, name)
        return frame(columns, self.library)

    def __repr__(self):
        return (
            f"Screen({len(self)} columns, {len(self.target_squares)} targets, "
            f"{self.degrees_of_freedom} degrees of freedom)"
        )

    def _repr_html_(self):
        if not self.one:
            return f"<p>{self!r}</p>"
        r2, p = self.r2, self.p_values
        names = self.feature_names or [f"x{j}" for j in range(len(self))]
        body = "".join(
            f"<tr><td>{names[j]}</td><td>{r2[j]:.4g}</td><td>{p[j]:.3g}</td></tr>"
            for j in self.top()
        )
        return f"<p>{self!r}</p><table><tr><th>feature</th><th>R2</th><th>p</th></tr>{body}</table>"


def screen(X, y, covariates=None, *, fit_intercept=True, n_jobs=None):
    """Regress y on every column of X alone, or beside the same covariates, in one pass over X.

    Covariates are projected out of y once, and of the columns by their products with an orthogonal
    basis (Frisch, Waugh and Lovell), so a million columns cost one reading of X. X may be
    memory-mapped: it is read by blocks of columns, and nothing of its size is made.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or a data frame
        float32 or float64, in C or F order, as it is.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    covariates : array-like of shape (n_samples, n_covariates), optional
        Columns that are in every regression. They may depend on each other.
    fit_intercept : bool, default=True
    n_jobs : int or None, default=None
        Threads: None for Numba's setting, -1 for all, k for at most k. The bits are the same.

    Returns
    -------
    Screen

    Raises
    ------
    ValueError
        For shapes that do not fit, too few rows, and numbers that are not finite; it says where.

    Examples
    --------
    >>> from linreg_fast import screen
    >>> found = screen([[1.0, 5.0], [2.0, 3.0], [3.0, 4.0], [4.0, 4.0]], [1.0, 2.0, 2.0, 4.0])
    >>> found.coef.round(12).tolist(), found.top(1).tolist()
    ([0.9, -0.5], [0])
    """
    library = library_of(X)
    X, names = features_of(X, finite=False)
    n = len(X)
    y = frozen(as_floats(y, "y"))
    Y = np.asarray(y[:, None] if y.ndim == 1 else y, dtype=np.float64)
    if Y.ndim != 2 or len(Y) != n:
        raise ValueError(f"X has {n} rows and y has shape {y.shape}: a row each")
    check_finite(Y if Y.shape[1] > 1 else Y[:, 0], "y")
    Q = _basis(covariates, n, fit_intercept)
    freedom = n - Q.shape[1] - 1
    if freedom < 0:
        raise ValueError(
            f"{n} rows are too few for {Q.shape[1] + 1} coefficients: a column, "
            "the intercept and the covariates"
        )
    rest = Y - Q @ (Q.T @ Y)
    rest -= Q @ (Q.T @ rest)
    flat = np.abs(rest).max(axis=0) <= ROUNDING * np.abs(Y).max(axis=0)
    rest[:, flat] = 0.0
    with as_keyboard_interrupt(), launch.threads(n_jobs):
        found = _sums(X, Q, rest, names)
    return Screen(*found, (rest**2).sum(axis=0), freedom, y.ndim == 1, names, library)


def _basis(covariates, n, centred):
    """Q (n, k), orthonormal, of the intercept and the covariates."""
    columns = [np.ones((n, 1))] if centred else []
    if covariates is not None:
        found, _ = features_of(covariates)
        if len(found) != n:
            raise ValueError(f"X has {n} rows and covariates {len(found)}: they must be as many")
        found = found.astype(np.float64)
        if centred:
            found = found - found[0]
            found -= found.mean(axis=0)
        sizes = np.abs(found).max(axis=0)
        found = found[:, sizes > 0] / sizes[sizes > 0]
        found = found / np.linalg.norm(found, axis=0)
        U, values, _ = np.linalg.svd(found, full_matrices=False)
        kept = values > np.finfo(float).eps * max(found.shape) * values.max(initial=0)
        columns.append(U[:, kept])
    Q = np.hstack(columns) if columns else np.empty((n, 0))
    return np.linalg.qr(Q)[0] if Q.shape[1] > 1 else Q / np.sqrt(n)


def _sums(X, Q, rest, names):
    """Products (p, t), squares and units (p,) of what the basis leaves of columns and targets."""
    p = X.shape[1]
    k, vectors = Q.shape[1], np.hstack([Q, rest])
    centred = _has_constant(Q)
    found, lows = np.zeros((2, vectors.shape[1] + 1, p))
    if not (X.flags.c_contiguous or X.flags.f_contiguous):
        X = np.ascontiguousarray(X)
    with np.errstate(all="ignore"), Progress("column", p) as progress:
        for first in range(0, vectors.shape[1], SCREEN_MOST_VECTORS):
            part = slice(first, first + SCREEN_MOST_VECTORS)
            _run(X, vectors[:, part], centred, found, lows, part, progress)
        found += lows
        squares, products = found[-1], np.ascontiguousarray(found[k:-1].T)
        left = squares - (found[:k] ** 2).sum(axis=0)
        doubtful = ~(left > CLEAR * squares)
        doubtful |= ~((squares > ORDINARY[0]) & (squares < ORDINARY[1]))
        again, units = np.flatnonzero(doubtful), np.zeros(p, dtype=np.int64)
        for start in range(0, len(again), AGAIN_COLUMNS):
            own = again[start : start + AGAIN_COLUMNS]
            products[own], left[own], units[own] = _projected(X, own, Q, rest, names)
    return products, left, units


def _has_constant(Q):
    """Whether a column of ones is in the span: a number may be taken off every column then."""
    ones = np.ones(len(Q)) / np.sqrt(len(Q))
    return bool(abs(np.linalg.norm(Q.T @ ones) - 1) < 1e-12)


def _run(X, vectors, centred, found, lows, part, progress):
    """Add to the rows `part` of found + lows, and to the last one, the sums of the columns."""
    n, p = X.shape
    rows = np.append(np.arange(part.start, part.start + vectors.shape[1]), len(found) - 1)
    own, own_lo = np.zeros((2, len(rows), p))
    if X.flags.c_contiguous:
        driver, R = kernel.rows_of_columns, np.ascontiguousarray(vectors)
    else:
        driver, X, R = kernel.whole_columns, X.T, np.ascontiguousarray(vectors.T)
    X, R, scratch = frozen(X), frozen(R), kernel.scratch_size(vectors.shape[1])
    step = max(SCREEN_LAUNCH_ELEMENTS // n, kernel.SCREEN_COLUMNS)
    for start in range(0, p, step):
        count = min(step, p - start)
        blocks = min(launch.count_blocks(count, n), 1 << count.bit_length() - 1)
        launch.in_turns(driver, count, blocks, 1, scratch, X, R, centred, start, own, own_lo)
        progress(start + count)
    found[rows[:-1]], lows[rows[:-1]] = own[:-1], own_lo[:-1]
    found[-1], lows[-1] = own[-1], own_lo[-1]


def _projected(X, columns, Q, rest, names):
    """(products, squares, units) of some columns, projected twice; zero for mere rounding.

    Each is divided by two to the power of its unit, so that no square overflows or underflows.
    """
    part = X[:, columns].astype(np.float64)
    for at, j in enumerate(columns):
        if not np.isfinite(part[:, at]).all():
            row = int(np.argmin(np.isfinite(part[:, at])))
            check_finite(part[row : row + 1, at : at + 1], "X", names, place=(row, int(j)))
    sizes = np.abs(part).max(axis=0)
    units = np.frexp(sizes)[1]
    part = np.ldexp(part, -units)
    near = part - part[0] if _has_constant(Q) else part
    for _ in range(2):
        near = near - Q @ (Q.T @ near)
    near[:, np.abs(near).max(axis=0) <= ROUNDING] = 0.0
    squares, products = (near**2).sum(axis=0), near.T @ rest
    return products, squares, units


def r_regression(X, y, *, center=True, force_finite=True):
    """Correlation of each column with y, as `sklearn.feature_selection.r_regression`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    center : bool, default=True
    force_finite : bool, default=True
        0 instead of NaN for a column, or a y, that is constant.

    Returns
    -------
    ndarray of shape (n_features,)

    Raises
    ------
    ValueError
        As `screen` does.

    Examples
    --------
    >>> from linreg_fast import r_regression
    >>> r_regression([[1.0], [2.0], [3.0]], [1.0, 3.0, 2.0]).round(12).tolist()
    [0.5]
    """
    found = screen(X, np.ravel(y), fit_intercept=center).correlation
    return np.nan_to_num(found, nan=0.0) if force_finite else found


def f_regression(X, y, *, center=True, force_finite=True):
    """F statistic and p value of each column alone, as `sklearn.feature_selection.f_regression`.

    A score function for SelectKBest and its kin.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    center : bool, default=True
    force_finite : bool, default=True
        F of 0 with p of 1 for a column, or a y, that is constant, and the largest number for one
        that explains all, instead of NaN and infinity.

    Returns
    -------
    f_statistic, p_values : ndarrays of shape (n_features,)

    Raises
    ------
    ValueError
        As `screen` does.

    Examples
    --------
    >>> from linreg_fast import f_regression
    >>> f, p = f_regression([[1.0], [2.0], [3.0]], [1.0, 3.0, 2.0])
    >>> f.round(12).tolist(), p.round(6).tolist()
    ([0.333333333333], [0.666667])
    """
    found = screen(X, np.ravel(y), fit_intercept=center)
    freedom, r2 = found.degrees_of_freedom, found.r2
    with np.errstate(divide="ignore", invalid="ignore"):
        f = r2 / (1 - r2) * freedom
    p = fdtrc(1, freedom, f)
    if force_finite:
        p[np.isinf(f)], p[np.isnan(f)] = 0.0, 1.0
        f = np.nan_to_num(f, nan=0.0, posinf=np.finfo(f.dtype).max)
    return f, p
