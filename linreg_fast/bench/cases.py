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
    expected_positive,
)
from linreg_fast.data.problem import Problem
from linreg_fast.kernels import KERNELS, RUNGS
from linreg_fast.solvers import SOLVERS

PROBLEMS = (*KERNELS, "fit")
# Fits at once, of `bench.many`: when asked for.
MANY = ("groups", "rolling", "cv", "screen", "p_values")
PEOPLE = ("correlated", "dummies", "frame", "targets", "sparse", "busy", "first")  # of `people`
PEOPLE_FITS = ("correlated", "dummies", "frame", "targets", "sparse", "busy")  # take other rows
SOURCES = "sources"  # of `sources`: files
OWN_DATA = (*PEOPLE, SOURCES)  # that draw it themselves
RACES = ("fit", *MANY, *OWN_DATA)  # whose rows are compared with the fastest, not the row above
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
    kind: str = "ours"  # or "peer", or "added" from outside the package
    source: str = ""  # of an added row: how another process finds it, see `added`


def bytes_of(X, y):
    """Bytes of the data: what any way must read at least once."""
    if hasattr(X, "indptr"):  # sparse rows
        return X.data.nbytes + X.indices.nbytes + X.indptr.nbytes + y.nbytes
    return X.nbytes + y.nbytes


def flops(problem, n, p, targets=1):
    """Floating-point operations that no way can do without; a fused multiply-add counts two.

    An addition by itself takes as long, and counts two as well. Moments: each pair of the columns
    of [X, y], and the sum of each column. A fit of fewer rows than columns can do with the products
    of its rows. Many fits at once: the sums of their rows, once; of single columns, per number of
    X, its sum, its square and its product with y; of many targets, the products of each with X.
    """
    if problem in OWN_DATA or problem == "p_values":
        return flops("fit", n, p) + 2 * n * (p + 1) * (targets - 1)
    if problem in MANY:
        return 6 * n * p if problem == "screen" else n * (p + 1) * (p + 4)
    few, many = min(n, p + 1), max(n, p + 1)
    return {
        "mse": 2 * n * (p + 2),
        "gradient": 4 * n * (p + 1),
        "moments": n * (p + 1) * (p + 4),
        "fit": n * (p + 1) * (p + 4) if n > p else many * few * (few + 1),
    }[problem]


def rows(problem, peers=False):
    """The rows of a problem's table, slowest rung first. peers: and other libraries' fits."""
    if problem in MANY:
        from linreg_fast.bench import many

        return many.rows(problem, peers)
    if problem == "fit":
        return [*_fit_rows(), *(_peer_rows() if peers else ())]
    return [
        Row(
            rung.name,
            rung.why,
            rung.reads[KERNELS.index(problem)],
            partial(kernel_result, problem, rung),
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
            reference = expected_positive if solver.positive else expected_fit
            call = partial(_solver, solver, None)
            facts = solver.rtol, solver.minimum_norm
            table.append(Row(solver.name, solver.when, 1, call, reference, *facts))
    why = "what a user calls: checks and the choice of solver included"
    table.append(Row("LinearRegression", why, 1, _estimator, expected_fit, 1e-9))
    sklearn = Row("scikit-learn", "SVD of a centred copy", 3, sklearn_fit, expected_fit, 1e-9)
    return [*table, sklearn._replace(kind="peer")]


def _peer_rows():
    """Those of `peers` that are installed, scikit-learn's own row left to `_fit_rows`."""
    from linreg_fast.bench.peers import PEERS, installed

    return [
        Row(
            peer.name,
            peer.why,
            peer.reads,
            partial(peer_fit, peer),
            expected_fit,
            peer.rtol,
            peer.minimum_norm,
            "peer",
        )
        for peer in installed(PEERS)[0]
        if not peer.name.startswith("scikit-learn,") and peer.name != "scikit-learn"
    ]


def peer_fit(peer, X, y):
    """A peer's (coef, intercept); an error where they are not finite."""
    found = np.asarray(peer.fit(X, y, True), dtype=np.float64)
    if not np.isfinite(found).all():
        raise np.linalg.LinAlgError("it returned numbers that are not finite")
    return found[1:], found[:1]


def kernel_result(problem, rung, X, y):
    """What a rung's function gives, as arrays to compare."""
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


def sklearn_fit(X, y):
    """scikit-learn's (coef, intercept), without the columns that 1.9 drops by default."""
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
