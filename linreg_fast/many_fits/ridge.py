"""`ridge_path`: coefficients for many penalties, from moments alone."""

from dataclasses import dataclass

import numpy as np

from linreg_fast.data.many_target_moments import ManyTargetMoments
from linreg_fast.data.moments import Moments
from linreg_fast.data.problem import Problem
from linreg_fast.data.room import check_room
from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.kernels.systems import small
from linreg_fast.kernels.tuning import SMALL_SYSTEM_COLUMNS
from linreg_fast.many_fits.frames import check_order, features_of, frame, target_names
from linreg_fast.many_fits.summed import moments_of
from linreg_fast.many_fits.table import check_missing
from linreg_fast.runtime import blas, launch
from linreg_fast.runtime.interrupt import as_keyboard_interrupt
from linreg_fast.runtime.progress import Progress
from linreg_fast.solvers import auto, cholesky
from linreg_fast.solvers.ridge import add_penalties

CORRECTED = 1e3  # condition number up to which `systems.small` leaves nothing to correct


def as_alphas(alphas):
    """(A,) float64 penalties.

    Raises
    ------
    ValueError
        For one that is negative or not finite, naming its place, and for none.
    """
    if alphas is None:
        raise ValueError("alphas must be given: the penalties, 0 or more")
    try:
        values = np.atleast_1d(np.asarray(alphas, dtype=np.float64))
    except (TypeError, ValueError):
        raise ValueError(
            f"alphas must be penalties, numbers of 0 or more; got {alphas!r}"
        ) from None
    if values.ndim != 1 or not len(values):
        raise ValueError(f"alphas must be 1-D, with at least one; got shape {values.shape}")
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        place = int(np.argmax(bad))
        raise ValueError(f"alphas must be finite and 0 or more, got {values[place]} at {place}")
    return values


def solve_path(moments, alphas, centred, progress=lambda done: None):
    """(coef (A, p, t), intercept (A, t)): minimise sum(w r^2) + alpha |coef|^2 for each alpha.

    A penalty of zero gives least squares, the shortest coefficients where columns depend on each
    other. Every system is solved exactly, in double-double where the condition number asks for it.
    """
    problem = Problem(None, None, moments=moments, fit_intercept=centred)
    p, t = problem.n_features, problem.n_targets
    check_room(16 * len(alphas) * p * t, f"{len(alphas):,} penalties, {p:,} columns, {t:,} targets")
    coef, intercept = np.empty((len(alphas), p, t)), np.empty((len(alphas), t))
    products, exponents, mean = problem.normal_equations
    exponents = exponents.astype(np.int64)
    units = np.subtract.outer(-exponents[:p], -exponents[p:])
    room, found = small.scratch(p), np.empty((p + 1, t))
    with np.errstate(over="ignore", under="ignore"):
        for k, alpha in enumerate(alphas.tolist()):
            progress(k)
            if alpha == 0.0:
                coef[k], intercept[k] = _least_squares(problem)
                continue
            system = products.copy()
            add_penalties(system, np.ldexp(alpha, -2 * exponents[:p]))
            if p <= SMALL_SYSTEM_COLUMNS:
                condition, _ = small.solve(mean, system, found, room)
                if condition < CORRECTED:
                    coef[k] = np.ldexp(found[:p], units)
                    intercept[k] = np.ldexp(found[p], exponents[p:]) if centred else 0.0
                    continue
            scaled = _penalised(system, p)
            coef[k] = np.ldexp(scaled[0], units)
            intercept[k] = problem.intercepts(scaled)
    return coef, intercept


def solve_paths(moments, alphas, centred):
    """`solve_path` of all targets, of moments that may hold some of them at a time."""
    parts, count = moments.apart, len(alphas)
    with Progress("penalty", count * len(parts)) as progress:
        found = [
            solve_path(part, alphas, centred, lambda done, k=k: progress(k * count + done))
            for k, part in enumerate(parts)
        ]
    if len(found) == 1:
        return found[0]
    coef, intercept = zip(*found, strict=True)
    return np.concatenate(coef, axis=2), np.concatenate(intercept, axis=1)


def _least_squares(problem):
    solution = auto.solve(problem)
    return solution.coef, solution.intercept


def _penalised(system, p):
    """Coefficients (2, p, t) of a system that is definite, with columns of unit norm again."""
    sizes = np.sqrt(system[0].diagonal()[:p])
    unit = np.ones(system.shape[1])
    unit[:p] = np.ldexp(1.0, -np.frexp(sizes)[1])
    scaled = system * unit * unit[:, None]
    with blas.one_thread(p):
        try:
            found = cholesky.solve_system(scaled, p, EPSILON)[0]
        except np.linalg.LinAlgError:  # a penalty that rounding swallows
            values, vectors = np.linalg.eigh(scaled[0, :p, :p])
            kept = values > EPSILON * p * values[-1]
            part = vectors[:, kept] / values[kept]
            found = np.array([part @ (vectors[:, kept].T @ scaled[0, :p, p:])] * 2)
            found[1] = 0.0
    return found * unit[:p, None]


@dataclass(frozen=True, eq=False, repr=False)
class RidgePath:
    """Coefficients for each penalty.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
    coef : ndarray of shape (n_alphas, n_features), or (n_alphas, n_targets, n_features)
    intercept : ndarray of shape (n_alphas,), or (n_alphas, n_targets)
    degrees_of_freedom : ndarray of shape (n_alphas,)
        Effective number of coefficients, the intercept not counted: the trace of the hat matrix.
    feature_names : list of str
    """

    alphas: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    degrees_of_freedom: np.ndarray
    feature_names: list
    library: str = ""
    target_names: list | None = None

    def __len__(self):
        return len(self.alphas)

    def predict(self, X):
        """Predicted targets for every penalty: (n_alphas, n_samples), or with targets last.

        In units of y. A frame must have the columns of the fit, in that order.
        """
        check_order(X, self.feature_names)
        rows, _ = features_of(X)
        if rows.shape[1] != self.coef.shape[-1]:
            raise ValueError(f"X has {rows.shape[1]} features and the path {self.coef.shape[-1]}")
        if self.coef.ndim == 2:
            return self.coef @ rows.T + self.intercept[:, None]
        return np.moveaxis(self.coef @ rows.T, 1, 2) + self.intercept[:, None]

    def to_frame(self):
        """A row a penalty (and target): alpha, intercept, coefficients, degrees of freedom."""
        count = 1 if self.coef.ndim == 2 else self.coef.shape[1]
        columns = {"alpha": np.repeat(self.alphas, count)}
        if self.coef.ndim == 3:
            columns["target"] = (self.target_names or [f"y{k}" for k in range(count)]) * len(self)
        columns["intercept"] = self.intercept.reshape(-1)
        coef = self.coef.reshape(-1, len(self.feature_names))
        columns |= {name: coef[:, j] for j, name in enumerate(self.feature_names)}
        columns["degrees_of_freedom"] = np.repeat(self.degrees_of_freedom, count)
        return frame(columns, self.library)

    def __repr__(self):
        return (
            f"RidgePath({len(self)} penalties, {self.alphas.min():g} to {self.alphas.max():g}, "
            f"{self.coef.shape[-1]} features)"
        )

    def _repr_html_(self):
        cells = zip(self.alphas, self.degrees_of_freedom, strict=True)
        rows = "".join(f"<tr><td>{a:.5g}</td><td>{d:.5g}</td></tr>" for a, d in cells)
        head = "<tr><th>alpha</th><th>degrees of freedom</th></tr>"
        return f"<p>{self!r}</p><table>{head}{rows}</table>"


def ridge_path(
    X,
    y=None,
    alphas=None,
    *,
    features=None,
    sample_weight=None,
    fit_intercept=True,
    missing="raise",
    n_jobs=None,
):
    """Ridge regression for many penalties, from one pass over the rows.

    Each minimises sum(w r^2) + alpha |coef|^2, as `sklearn.linear_model.Ridge`: the intercept is
    not penalised, and the columns are taken in their own units. The cross-products are in
    double-double, so a small penalty on columns that nearly depend on each other is exact too.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), a data frame, a source, or Moments
        A source as in `fit_groups`, or an iterator of (X, y) or (X, y, sample_weight), is read in
        batches that are not held; y is the name of one column then. Of `Moments` no rows are
        needed, and y and sample_weight must not be given.
    y : array-like of shape (n_samples,) or (n_samples, n_targets), or names of columns of X
    alphas : array-like of shape (n_alphas,)
        Penalties, 0 or more. Zero is least squares.
    features : list of str, optional
        Of a frame or a source: the columns to explain y by. None: all others.
    sample_weight : array-like of shape (n_samples,), or the name of a column of X, optional
    fit_intercept : bool, default=True
    missing : {"raise", "drop"}, default="raise"
        What a row does that lacks a number: stop it, or stay out.
    n_jobs : int or None, default=None
        Threads of the pass: None for Numba's setting, -1 for all, k for at most k.

    Returns
    -------
    RidgePath

    Raises
    ------
    ValueError
        For a negative penalty, and for shapes and numbers that will not do; it says where.

    Examples
    --------
    >>> from linreg_fast import ridge_path
    >>> path = ridge_path([[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0], [0.0, 2.0])
    >>> path.coef.round(12).tolist(), path.intercept.round(12).tolist()
    ([[1.0], [0.5]], [0.0, 1.0])
    """
    threads = launch.threads(n_jobs)
    check_missing(missing)
    alphas = as_alphas(alphas)
    if isinstance(X, (Moments, ManyTargetMoments)):
        if any(given is not None for given in (y, sample_weight, features)):
            raise ValueError(
                "Moments hold the targets and weights: pass neither y nor weights nor features"
            )
        if X.n_samples == 0:
            raise ValueError("these Moments are of no rows: nothing is left to fit")
        found, names, one, library = X, None, X.n_targets == 1, ""
        targets = None
    else:
        with as_keyboard_interrupt(), threads:
            found, names, one, library = moments_of(X, y, features, sample_weight, missing)
        targets = target_names(y)
    coef, intercept = solve_paths(found, alphas, fit_intercept)
    coef = np.ascontiguousarray(np.moveaxis(coef, 1, 2))
    return RidgePath(
        alphas,
        coef[:, 0] if one else coef,
        intercept[:, 0] if one else intercept,
        effective(found.apart[0], alphas, fit_intercept),
        names or [f"x{j}" for j in range(found.n_features)],
        library,
        targets,
    )


def effective(moments, alphas, centred):
    """(A,): the trace of the hat matrix, from singular values of the (centred) columns."""
    problem = Problem(None, None, moments=moments, fit_intercept=centred)
    values = problem.singular_values(problem.rank())
    squares = values[values > 0] ** 2
    return (squares / (squares + alphas[:, None])).sum(axis=1)
