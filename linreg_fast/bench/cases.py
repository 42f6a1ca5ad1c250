"""What is compared: for each problem the rows of its table.

The command line and the pytest-benchmark suites both walk `PROBLEMS` x `rows`, and `rows` walks
`RUNGS` and `SOLVERS`: a new rung or solver appears in all of them by its line in the table.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from linreg_fast.bench.expected import (
    REFERENCE_TOL,
    REFERENCES,
    Expected,
    coefficients,
    correlation_of,
    expected_fit,
)
from linreg_fast.data.problem import Problem
from linreg_fast.kernels import KERNELS, RUNGS
from linreg_fast.solvers import SOLVERS

PROBLEMS = (*KERNELS, "fit")
AT_ONCE = 1 << 22  # numbers drawn in one call: 50 ms


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
            REFERENCES[problem],
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
    table.append(Row("scikit-learn", "SVD of a centred copy", 3, _sklearn, expected_fit, 1e-9))
    return table


def _kernel(problem, rung, X, y):
    if problem == "moments":
        n_samples, weight, mean, comoment = rung.kernels.moments(X, y[:, None])
        count = np.array([n_samples, weight[0]])
        return count, mean[0], *correlation_of(comoment[0] / weight[0])
    result = getattr(rung.kernels, problem)(X, y, *coefficients(X.shape[1]))
    return tuple(np.atleast_1d(part) for part in (result if problem == "gradient" else (result,)))


def _solver(solver, rung, X, y):
    solution = solver.solve(Problem(X, y[:, None], rung=rung, positive=solver.positive))
    if solution.descent is not None and not solution.descent.converged:
        raise np.linalg.LinAlgError(f"not converged after {solution.descent.n_iter} steps")
    if solution.unfinished:
        raise np.linalg.LinAlgError(solution.unfinished)
    return solution.coef[:, 0], solution.intercept


def _estimator(X, y):
    from linreg_fast.estimators.linear_regression import LinearRegression

    model = LinearRegression().fit(X, y)
    return model.coef_, np.atleast_1d(model.intercept_)


def _sklearn(X, y):
    from sklearn.linear_model import LinearRegression

    model = LinearRegression()
    if "tol" in model.get_params():  # from 1.7 on: 1.9's would drop columns that matter
        model.set_params(tol=REFERENCE_TOL)
    model.fit(X, y)
    return model.coef_, np.atleast_1d(model.intercept_)


def generate(n, p, seed=0):
    """Random normal columns around 3 with unit noise: (X, y)."""
    random = np.random.default_rng(seed)
    X = np.empty((n, p))
    for start in range(0, n, max(AT_ONCE // p, 1)):  # Ctrl-C is answered in between
        part = X[start : start + max(AT_ONCE // p, 1)]
        random.standard_normal(out=part)
        part += 3.0
    return X, X @ random.standard_normal(p) + random.standard_normal(n)
