"""`cross_validate`: how well penalties predict rows that were left out, from one pass."""

from dataclasses import dataclass

import numpy as np

from linreg_fast.data.gate import check_finite
from linreg_fast.data.moments import Moments
from linreg_fast.data.problem import Problem
from linreg_fast.data.room import check_room
from linreg_fast.kernels import RUNGS
from linreg_fast.kernels.systems import one_of_many
from linreg_fast.kernels.tuning import LEAVE_OUT_ELEMENTS
from linreg_fast.many_fits.folds import moments_of_folds, split
from linreg_fast.many_fits.frames import frame
from linreg_fast.many_fits.given import is_path
from linreg_fast.many_fits.ridge import as_alphas, solve_path
from linreg_fast.many_fits.table import table_given
from linreg_fast.runtime import blas, launch
from linreg_fast.runtime.interrupt import as_keyboard_interrupt
from linreg_fast.runtime.progress import Progress
from linreg_fast.solvers import auto

SCORES = ("neg_mean_squared_error", "neg_root_mean_squared_error", "r2")
NEARLY_ALONE = 1e-6  # of a row's leverage below one: it is then fitted without, anew


@dataclass(frozen=True, eq=False, repr=False)
class CrossValidation:
    """Scores of each penalty on rows that were left out.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
    scores : ndarray of shape (n_alphas, n_folds)
        Larger is better. Of several targets the mean; leaving out single rows, a fold is a row.
    mean_score : ndarray of shape (n_alphas,)
    best_index, best_alpha, best_score
        Of the largest mean score; of equal ones the first.
    scoring : str
    moments : Moments
        Of all rows: `ridge_path(moments, alphas=[best_alpha])` is the fit, without another pass.
    """

    alphas: np.ndarray
    scores: np.ndarray
    scoring: str
    moments: Moments
    library: str = ""

    @property
    def mean_score(self):
        return self.scores.mean(axis=1)

    @property
    def best_index(self):
        return int(np.nanargmax(self.mean_score))

    @property
    def best_alpha(self):
        return float(self.alphas[self.best_index])

    @property
    def best_score(self):
        return float(self.mean_score[self.best_index])

    def to_frame(self):
        """A row a penalty: alpha, the mean score and its standard deviation over the folds."""
        columns = {"alpha": self.alphas, "mean_score": self.mean_score}
        return frame({**columns, "std_score": self.scores.std(axis=1)}, self.library)

    def __repr__(self):
        return (
            f"CrossValidation({len(self.alphas)} penalties, {self.scores.shape[1]} folds; best "
            f"alpha={self.best_alpha:g} with {self.scoring}={self.best_score:.6g})"
        )

    def _repr_html_(self):
        rows = zip(self.alphas, self.mean_score, self.scores.std(axis=1), strict=True)
        body = "".join(
            f"<tr><td>{a:.5g}</td><td>{m:.6g}</td><td>{s:.3g}</td></tr>" for a, m, s in rows
        )
        head = f"<tr><th>alpha</th><th>mean {self.scoring}</th><th>std</th></tr>"
        return f"<p>{self!r}</p><table>{head}{body}</table>"


def cross_validate(
    X,
    y,
    cv=5,
    alphas=0.0,
    *,
    groups=None,
    features=None,
    sample_weight=None,
    fit_intercept=True,
    scoring=None,
    missing="raise",
    n_jobs=None,
):
    """Score ridge penalties, or least squares, on rows that were left out.

    The rows are read once, for all folds and penalties: moments of each fold are joined for those
    that train on it. (Where a splitter cuts the rows into more sets than that pays for, such as
    shuffled splits that overlap, each fold's rows are read.) Scores equal those of a loop over
    scikit-learn's `LinearRegression` and `Ridge`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), a data frame, or the path of a file
        Of a file the others are names.
    y : array-like of shape (n_samples,) or (n_samples, n_targets), or names of columns of X
        Of a file one name.
    cv : int, "loo", splitter, or iterable of (train, test), default=5
        A number: so many folds of rows in order, as `sklearn.model_selection.KFold`. "loo", or
        scikit-learn's LeaveOneOut: each row is left out, in closed form. Anything with a
        ``split(X, y, groups)``, or pairs of row numbers.
    alphas : float or array-like of shape (n_alphas,), default=0.0
        Penalties, 0 or more; see `ridge_path`. Zero is least squares.
    groups : array-like of shape (n_samples,), or the name of a column of X, optional
        For splitters that ask for them.
    features : list of str, optional
        Of a frame or a file: the columns to explain y by. None: all others.
    sample_weight : array-like of shape (n_samples,), or the name of a column of X, optional
        Of the fits and of the scores.
    fit_intercept : bool, default=True
    scoring : {"neg_mean_squared_error", "neg_root_mean_squared_error", "r2"}, optional
        None: "neg_mean_squared_error".
    missing : {"raise", "drop"}, default="raise"
        Of a file: what a row does that lacks a number. Of arrays and frames only "raise".
    n_jobs : int or None, default=None
        Threads: None for Numba's setting, -1 for all, k for at most k.

    Returns
    -------
    CrossValidation

    Raises
    ------
    ValueError
        For negative penalties, folds without rows, and numbers that will not do; it says where.
    TypeError
        For a cv that is no splitter.

    Examples
    --------
    >>> from linreg_fast import cross_validate
    >>> x = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]]
    >>> found = cross_validate(x, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], cv=3, alphas=[0.0, 1.0])
    >>> found.best_alpha, found.scores.shape
    (0.0, (2, 3))
    """
    scoring = scoring or SCORES[0]
    if scoring not in SCORES:
        raise ValueError(f"unknown scoring {scoring!r}: choose one of {', '.join(SCORES)}")
    alphas = as_alphas(alphas)
    given = table_given(X, y, features, sample_weight, missing, keys={"groups": groups})
    y, weights = given.y, given.weights
    Y = y[:, None] if y.ndim == 1 else y
    check_finite(given.X, "X", given.features)
    if leaves_one_out(cv):
        check_room(8 * len(alphas) * len(Y), f"{len(alphas)} penalties x {len(Y)} rows left out")
    with as_keyboard_interrupt(), launch.threads(n_jobs):
        if leaves_one_out(cv):
            scores, moments = leave_one_out(given.X, Y, weights, alphas, fit_intercept, scoring)
        else:
            pairs = split(cv, given.X if is_path(X) else X, y, given.named["groups"])
            folds, moments = moments_of_folds(pairs, given.X, Y, weights)
            moments = moments or Moments.of(given.X, Y, weights, RUNGS["compensated"])
            scores = fold_scores(folds, alphas, fit_intercept, scoring)
    return CrossValidation(alphas, scores, scoring, moments, given.library)


def leaves_one_out(cv):
    """Whether each row is to be left out: the word, or scikit-learn's own class."""
    return (isinstance(cv, str) and cv == "loo") or type(cv).__name__ == "LeaveOneOut"


def fold_scores(folds, alphas, centred, scoring):
    """(A, K): of each penalty on each fold."""
    return np.column_stack(
        [_fold_scores(fold, k, alphas, centred, scoring) for k, fold in enumerate(folds)]
    )


def _fold_scores(fold, k, alphas, centred, scoring):
    """(A,): of each penalty, on the fold's own rows, from their moments."""
    for moments, what in zip(fold, ("train on", "test on"), strict=True):
        if moments.n_samples == 0:
            raise ValueError(f"fold {k} has no rows of a weight above zero to {what}")
    coef, _ = solve_path(fold.train, alphas, centred)
    test, p = fold.test, fold.test.n_features
    # What is extreme is divided by powers of two of its own.
    units = np.zeros(p + test.n_targets, np.int64)
    if test.exponents is not None:
        units = test.exponents[:-1]
    columns, targets = units[:p], units[p:]
    # How far a line passes the fold's mean: from the distance of the means, which has all its
    # digits, where there is an intercept.
    apart = test.mean_parts
    if centred:
        apart = apart - np.ldexp(_means(fold.train), -units)
    apart = apart.sum(axis=0)
    parts = np.ldexp(apart[:p], columns)
    losses = np.empty((len(alphas), test.n_targets))
    for i in range(test.n_targets):
        kept = [*range(p), p + i]
        products = np.ascontiguousarray(test.comoment_parts[:, kept][:, :, kept])
        for a in range(len(alphas)):
            own = np.ldexp(coef[a, :, i], columns - targets[i])
            inside = one_of_many.left(products, own) / test.weight_parts[0]
            shift = apart[p + i] - np.ldexp(parts @ coef[a, :, i], -targets[i])
            losses[a, i] = inside + shift * shift
    return _scored(losses, test, targets, scoring)


def _scored(losses, test, targets, scoring):
    if scoring == "r2":
        squares = test.comoment_parts[0].diagonal()[test.n_features :] / test.weight_parts[0]
        with np.errstate(invalid="ignore", divide="ignore"):
            found = 1 - losses / squares
        flat = squares == 0
        found[:, flat] = np.where(losses[:, flat] == 0, 1.0, 0.0)  # as scikit-learn has it
        if test.n_samples < 2:
            found[:] = np.nan
        return found.mean(axis=1)
    losses = np.ldexp(losses, 2 * targets)
    if scoring == "neg_root_mean_squared_error":
        losses = np.sqrt(losses)
    return -losses.mean(axis=1)


def leave_one_out(X, Y, weights, alphas, centred, scoring, mean_only=False):
    """Scores (A, n), or their weighted mean (A, 1), and the moments.

    A residual of a fit without the row is r / (1 - h), h being the row's leverage in the whole fit.
    """
    if scoring == "r2":
        raise ValueError("r2 of a single row means nothing: choose neg_mean_squared_error")
    n, p = X.shape
    if n < 2:
        raise ValueError("leaving out the only row leaves nothing to fit: n_samples = 1")
    moments = Moments.of(X, Y, weights, RUNGS["compensated"])
    coef, _ = solve_path(moments, alphas, centred)
    problem = Problem(None, None, moments=moments, fit_intercept=centred)
    centre, low = _means(moments) if centred else np.zeros((2, p + Y.shape[1]))
    products, exponents, _ = problem.normal_equations
    total = moments.weight_sum
    scores = np.empty((len(alphas), 1 if mean_only else n))
    step = max(LEAVE_OUT_ELEMENTS // p, 1)
    with Progress("penalty", len(alphas)) as progress:
        for a, alpha in enumerate(alphas.tolist()):
            inverse = _inverse_root(products[0, :p, :p], exponents[:p], alpha)
            sums = 0.0
            for start in range(0, n, step):
                rows = slice(start, min(start + step, n))
                Z = (X[rows] - centre[:p]) - low[:p]
                W = None if weights is None else weights[rows]
                leverage = ((np.ldexp(Z, -exponents[:p]) @ inverse) ** 2).sum(axis=1)
                leverage += 1 / total if centred else 0.0
                leverage *= 1.0 if W is None else W
                rest = ((Y[rows] - centre[p:]) - low[p:]) - Z @ coef[a]
                free = 1 - leverage
                alone = np.flatnonzero(free < NEARLY_ALONE)
                free[alone] = 1.0
                rest = rest / free[:, None]
                for i in alone:
                    rest[i] = _without(X, Y, weights, start + i, alpha, centred)
                losses = rest**2 if scoring == SCORES[0] else np.abs(rest)
                found = -losses.mean(axis=1)
                if mean_only:
                    sums += found.sum() if W is None else W @ found
                else:
                    scores[a, rows] = found
            if mean_only:
                scores[a, 0] = sums / (n if weights is None else total)
            progress(a)
    return scores, moments


def _means(moments):
    """(2, q): hi and lo, in the columns' own units."""
    if moments.exponents is None:
        return moments.mean_parts
    return np.ldexp(moments.mean_parts, moments.exponents[:-1])


def _inverse_root(gram, exponents, alpha):
    """B (p, p) with B B' the inverse of the penalised products of scaled columns."""
    system = gram + np.diag(np.ldexp(alpha, -2 * exponents))
    sizes = np.sqrt(system.diagonal())
    live = sizes > 0
    sizes[~live] = 1.0
    values, vectors = blas.factored(len(gram), np.linalg.eigh, system / np.outer(sizes, sizes))
    kept = values > np.finfo(float).eps * len(values) * values[-1]
    kept &= values > 0
    return (vectors[:, kept] / np.sqrt(values[kept])) / sizes[:, None]


def _without(X, Y, weights, row, alpha, centred):
    """What a fit without a row leaves of it (t,)."""
    kept = np.arange(len(X)) != row
    some = None if weights is None else weights[kept]
    if alpha == 0.0:
        solution = auto.solve(Problem(X[kept], Y[kept], some, fit_intercept=centred))
        return Y[row] - X[row] @ solution.coef - solution.intercept
    found = Moments.of(X[kept], Y[kept], some, RUNGS["compensated"])
    coef, intercept = solve_path(found, np.array([alpha]), centred)
    return Y[row] - X[row] @ coef[0] - intercept[0]
