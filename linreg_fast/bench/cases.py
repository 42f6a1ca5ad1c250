"""What is compared: for each problem the rows of its table, and scikit-learn's answer to each.

The command line and the pytest-benchmark suites both walk `PROBLEMS` x `rows`, and `rows` walks
`RUNGS` and `SOLVERS`: a new rung or solver appears in all of them by its line in the table.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.data.problem import Problem
from linreg_fast.kernels import KERNELS, RUNGS
from linreg_fast.solvers import SOLVERS

PROBLEMS = (*KERNELS, "fit")
# A number is compared relative to itself, or to this share of the largest beside it: what is far
# smaller than its neighbours (the covariance of unrelated columns) is known only relative to them.
SMALLEST_SHARE = 1e-3
CONDITION_ROWS = 50_000  # enough to know the condition number that widens a tolerance
# Below the 1e-6 with which scikit-learn 1.9 drops columns that matter, above the rounding of its
# means, which looks like one more column where rows are few.
REFERENCE_TOL = 1e-13
AT_ONCE = 1 << 22  # numbers drawn in one call: 50 ms
WIDEST_TOLERANCE = 1e-4  # a coefficient that is wrong by 0.1% is refused however bad the condition


class Expected(NamedTuple):
    """scikit-learn's answer, and what a difference from each of its numbers is relative to."""

    values: tuple
    sizes: tuple


class Row(NamedTuple):
    """One line of a table."""

    name: str
    why: str
    reads: int  # times that X is read from memory, temporaries not counted
    solve: Callable[[np.ndarray, np.ndarray], tuple]  # (X, y) -> arrays to compare
    reference: Callable[[np.ndarray, np.ndarray], Expected]  # of the same shapes
    rtol: float
    minimum_norm: bool = True  # where columns depend on each other: scikit-learn's solution


def bytes_of(X, y):
    """Bytes of the data: what any way must read at least once."""
    return X.nbytes + y.nbytes


def flops(problem, n, p):
    """Floating-point operations of the sums (a fused multiply-add counts two)."""
    return {
        "mse": 2 * n * (p + 2),
        "gradient": 4 * n * (p + 1),
        "moments": n * (p + 2) * (p + 3),
        "fit": n * (p + 2) * (p + 3) + p**3 // 3,
    }[problem]


def rows(problem):
    """The rows of a problem's table, slowest rung first."""
    if problem == "fit":
        return _fit_rows()
    return [
        Row(
            rung.name,
            rung.why,
            rung.reads[KERNELS.index(problem)],
            partial(_kernel, problem, rung),
            _REFERENCES[problem],
            rung.rtol,
        )
        for rung in RUNGS.values()
    ]


def _fit_rows():
    table = []
    for rung in RUNGS.values():
        reads, solver = rung.reads[KERNELS.index("moments")], SOLVERS["cholesky"]
        table.append(
            Row(
                f"cholesky on {rung.name}",
                rung.why,
                reads,
                partial(_solver, solver, rung),
                expected_fit,
                solver.rtol,
                solver.minimum_norm,
            )
        )
    for solver in SOLVERS.values():
        if solver.name != "cholesky":
            reference = partial(expected_fit, positive=solver.positive)
            call = partial(_solver, solver, None)
            facts = solver.rtol, solver.minimum_norm
            table.append(Row(solver.name, solver.when, 1, call, reference, *facts))
    why = "what a user calls: checks and the choice of solver included"
    table.append(Row("LinearRegression", why, 1, _estimator, expected_fit, 1e-9))
    table.append(Row("scikit-learn", "SVD of a centred copy", 3, _sklearn_fit, expected_fit, 1e-9))
    return table


def _coefficients(p):
    """A point to evaluate the loss at: plain numbers, none of them zero."""
    return np.linspace(1.0, 2.0, p), 0.5


def _kernel(problem, rung, X, y):
    if problem == "moments":
        n_samples, weight, mean, comoment = rung.kernels.moments(X, y[:, None])
        count = np.array([n_samples, weight[0]])
        return count, mean[0], *_correlation(comoment[0] / weight[0])
    result = getattr(rung.kernels, problem)(X, y, *_coefficients(X.shape[1]))
    return tuple(np.atleast_1d(part) for part in (result if problem == "gradient" else (result,)))


def _solver(solver, rung, X, y):
    solution = solver.solve(Problem(X, y[:, None], rung=rung, positive=solver.positive))
    return solution.coef[:, 0], solution.intercept


def _estimator(X, y):
    from linreg_fast.estimators.linear_regression import LinearRegression

    model = LinearRegression().fit(X, y)
    return model.coef_, np.atleast_1d(model.intercept_)


def _sklearn_fit(X, y, positive=False):
    """(coef, intercept) of scikit-learn. Its rank cut-off is set for it: see REFERENCE_TOL."""
    from sklearn.linear_model import LinearRegression

    model = LinearRegression(positive=positive)
    if not positive and _takes_tol():
        model.set_params(tol=REFERENCE_TOL)
    model.fit(X, y)
    return model.coef_, np.atleast_1d(model.intercept_)


def _takes_tol():
    """Whether scikit-learn's rank cut-off can be set: from 1.7 on."""
    from sklearn.linear_model import LinearRegression

    return "tol" in LinearRegression().get_params()


def _with_cut_off(X, y):
    """What scikit-learn 1.6 would find if it could be set: without, the rounding of the means of a
    few rows looks like one more column, and its answer may be far off."""
    from scipy.linalg import lstsq

    means = X.mean(axis=0), y.mean()
    coef = lstsq(X - means[0], y - means[1], cond=REFERENCE_TOL)[0]
    return coef, np.atleast_1d(means[1] - means[0] @ coef)


def expected_fit(X, y, positive=False):
    if positive or _takes_tol():
        coef, intercept = _sklearn_fit(X, y, positive)
    else:
        coef, intercept = _with_cut_off(X, y)
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
    return Expected((coef, intercept), sizes)


def _sizes(values):
    return np.maximum(np.abs(values), SMALLEST_SHARE * np.abs(values).max())


def _expected(*values):
    return Expected(values, tuple(_sizes(value) for value in values))


def _sklearn_predict(X):
    """scikit-learn's prediction at the point where the loss is evaluated."""
    from sklearn.linear_model import LinearRegression

    model = LinearRegression()
    model.coef_, model.intercept_ = _coefficients(X.shape[1])
    return model.predict(X)


def _expected_mse(X, y):
    from sklearn.metrics import mean_squared_error

    return _expected(np.atleast_1d(mean_squared_error(y, _sklearn_predict(X))))


def _expected_gradient(X, y):
    scaled = 2 * (_sklearn_predict(X) - y) / len(X)
    return _expected(*_expected_mse(X, y).values, scaled @ X, np.atleast_1d(scaled.sum()))


def _expected_moments(X, y):
    from sklearn.covariance import EmpiricalCovariance

    model = EmpiricalCovariance(store_precision=False).fit(np.column_stack([X, y]))
    spread, correlation = _correlation(model.covariance_)
    # A column that does not vary: scikit-learn leaves rounding of its mean, we leave nothing.
    constant = np.append(np.ptp(X, axis=0), np.ptp(y)) == 0
    spread[constant] = correlation[constant] = correlation[:, constant] = 0.0
    return _expected(np.array([len(X), len(X)]), model.location_, spread, correlation)


def _correlation(covariance):
    """Standard deviations, and correlations (0 with a column that does not vary)."""
    spread = np.sqrt(np.diag(covariance))
    scale = np.where(spread > 0, spread, 1.0)
    return spread, covariance / np.outer(scale, scale)


_REFERENCES = {"mse": _expected_mse, "gradient": _expected_gradient, "moments": _expected_moments}


def disagreement(result, expected):
    """The largest relative difference from what is expected; inf where a number is not finite."""
    largest = 0.0
    for ours, theirs, size in zip(result, *expected, strict=True):
        ours = np.asarray(ours, np.float64)
        if ours.shape != theirs.shape or not np.isfinite([ours, theirs]).all():
            return np.inf
        error = np.abs(ours - theirs)
        relative = np.divide(error, size, out=np.where(error > 0, np.inf, 0.0), where=size > 0)
        largest = max(largest, float(relative.max()))
    return largest


def tolerance(problem, row, X, y):
    """The row's own; for a fit widened where the data determine fewer digits (condition > 100).

    None where the columns depend on each other and the row's solution is not the one of minimum
    norm: there is nothing to compare it with.
    """
    if problem != "fit":
        return row.rtol
    part = frozen(X[:CONDITION_ROWS]), frozen(y[:CONDITION_ROWS, None])
    condition = SOLVERS["svd"].solve(Problem(*part)).condition_number
    if condition == np.inf and not row.minimum_norm:
        return None
    return max(row.rtol, min(row.rtol * (condition / 100) ** 2, WIDEST_TOLERANCE))


def generate(n, p, seed=0):
    """Random normal columns around 3 with unit noise: (X, y)."""
    random = np.random.default_rng(seed)
    X = np.empty((n, p))
    for start in range(0, n, max(AT_ONCE // p, 1)):  # Ctrl-C is answered in between
        part = X[start : start + max(AT_ONCE // p, 1)]
        random.standard_normal(out=part)
        part += 3.0
    return X, X @ random.standard_normal(p) + random.standard_normal(n)
