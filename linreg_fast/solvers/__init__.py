"""The ways to solve least squares. `SOLVERS` is the one list; a solver is a module here.

A solver is a function ``solve(problem, **options) -> Solution``. It reads `Problem` (its normal
equations, its triangle or its rows) and knows nothing of estimators. A constant column gets
coefficient zero; for columns that depend on each other it gives the solution of minimum norm
(`minimum_norm`), another one, or raises numpy.linalg.LinAlgError.

`problem.normal_equations` and `problem.triangle` have a `matrix` and `exponents` for the columns of
[X, Y], column j divided by 2**exponents[j]: a coefficient found there is multiplied with
2**(exponents[target] - exponents[feature]). `problem.intercept(coef)` gives what belongs to it.

To add one: write its module, add its line to the table; tests, benchmarks,
`LinearRegression(solver=...)` and the command line follow.
"""

import importlib
from typing import Any, NamedTuple

import numpy as np


class Solution(NamedTuple):
    """What a solver found. Shapes: p features, t targets."""

    coef: np.ndarray  # (p, t)
    intercept: np.ndarray  # (t,)
    rank: int
    # Of the centred columns scaled to unit norm; inf where dependent; None: computed when asked for
    condition_number: float | None
    singular: np.ndarray | None = None  # singular values of the centred X, where they came for free
    solver: str = ""
    reason: str = ""
    descent: Any = None  # how an iterative solver got there
    inflation: dict[int, float] | None = None  # see `inflation`; where the condition is large
    target_to_signal: float | None = None  # see the function; where it came for free
    unfinished: str = ""  # what to tell of one that stopped short of the solution


ILL = 1e6  # condition number from which on a warning names the columns that cause it


class Solver(NamedTuple):
    """One way to solve. `name` is the module in this folder that holds it."""

    name: str
    when: str  # one phrase: when to choose it
    flops: str  # what it costs beyond reading the data
    rtol: float  # agreement with scikit-learn asked for at condition numbers up to 100
    positive: bool = False  # keeps coef >= 0
    minimum_norm: bool = False  # where columns depend on each other: LAPACK's choice among them

    @property
    def solve(self):
        return importlib.import_module(f"{__name__}.{self.name}").solve


SOLVERS = {
    solver.name: solver
    for solver in (
        Solver("cholesky", "the fastest, for columns that differ", "n p^2 + p^3/3", 1e-9),
        Solver("qr", "nearly dependent columns, twice the digits", "2 n p^2", 1e-10),
        Solver("svd", "dependent columns", "2 n p^2 + 12 p^3", 1e-10, minimum_norm=True),
        Solver("lsqr", "sparse rows of thousands of columns", "4 n p a step", 1e-9),
        Solver("nnls", "no negative coefficients", "n p^2 + 9 p^3", 1e-8, positive=True),
        Solver("gradient_descent", "to watch it converge", "n p^2 + 2 p^2 a step", 1e-7),
    )
}


def check_known(solver):
    """Raise a ValueError that lists the solvers, if it is neither one of them nor 'auto'."""
    if solver != "auto" and solver not in SOLVERS:
        raise ValueError(f"unknown solver {solver!r}: choose 'auto' or one of {', '.join(SOLVERS)}")


def inflation(inverse, columns, features):
    """Feature -> its variance inflation factor: 1 for a column orthogonal to the others.

    inverse (m, k): of the factor whose columns (k, m) stand for the features (m,).
    """
    found = (inverse**2).sum(axis=1) * (columns**2).sum(axis=0)
    return dict(sorted(zip(features.tolist(), found.tolist(), strict=True)))


def target_to_signal(problem, solution):
    """Norm of the targets over that of what the columns contribute to them; the largest.

    Rounding errors are relative to the targets, coefficients are not.
    """
    if solution.target_to_signal is not None:
        return solution.target_to_signal
    p, sizes = problem.n_features, np.sqrt(problem.products[0].diagonal())
    parts, targets = solution.coef * sizes[:p, None], sizes[p:]
    shares = np.sqrt((parts * parts).sum(axis=0))
    found = np.where(targets > 0, np.inf, 0.0)
    return np.divide(targets, shares, out=found, where=shares > 0).max()
