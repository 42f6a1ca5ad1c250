"""Descent on the mean squared error step by step: n p^2 flops once and 5 p a step on the moments.

When: to watch it converge, or to stop early. By default the steps are taken in standardised
coordinates with the best constant step size for the data's spectrum, on the moments (the iterates
of descent on the data, at a cost that does not depend on the number of rows). The moments know the
solution too, so the distance to it that stops a descent is measured, not estimated.

Sources: Polyak 1964 (heavy ball); Nesterov 2004, section 2.2 (constant momentum); Nocedal and
Wright, chapter 5 (conjugate gradients); Gower et al. 2019 (step size of mini-batches).
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.kernels.descent.rules import CONVERGED, DIVERGED, RUNNING
from linreg_fast.kernels.tuning import DESCENT_CALL_FLOPS, DESCENT_CHECK_STEPS, DESCENT_CHUNK_STEPS
from linreg_fast.solvers import Solution
from linreg_fast.solvers.gradient_descent import wide
from linreg_fast.solvers.gradient_descent.batches import Batches
from linreg_fast.solvers.gradient_descent.result import Descent, steps_until
from linreg_fast.solvers.gradient_descent.rules import check_options, rules_of
from linreg_fast.solvers.gradient_descent.spaces import OnMoments, OnRows, State
from linreg_fast.solvers.gradient_descent.spectrum import quadratic

STALLED = 3  # beside the statuses of the kernels


class Options(NamedTuple):
    """How to descend; the names are those of `GradientDescentRegressor`."""

    method: str = "gd"
    learning_rate: float | str = "auto"
    momentum: float | str = "auto"
    max_iter: int = 200_000
    tol: float = 1e-10  # stop where the distance to the solution is below this share of its size
    standardize: bool = True
    space: str = "auto"  # "gram" steps on the moments, "data" on the rows; auto: data for sgd
    init: tuple | None = None  # (coef (p, t), intercept (t,)), or zeros
    batch_size: int | None = None
    shuffle: bool = True
    seed: int = 0
    record_path: bool = False
    resume: State | None = None  # go on from where a descent ended
    announce: Callable[[float, float], Any] | None = None  # (rate, limit) before the first step
    report: Callable[[int, float, float], Any] | None = None  # (step, loss, seconds) now and then
    report_every: int | None = None

    @property
    def on_rows(self):
        return self.space == "data" or self.method == "sgd"


class Run(NamedTuple):
    """What a descent has recorded."""

    curves: np.ndarray  # (2, steps + 1): losses and gradient norms
    clock: list  # (entries of the curves, seconds)
    path: np.ndarray  # (steps + 1, t, m), or (0, t, m)
    state: State
    status: int


def solve(problem, **options):
    """Descend as the `Options` say: a Solution, with a `Descent` that tells how it went."""
    options = Options(**options)
    check_options(
        options.method,
        options.learning_rate,
        options.momentum,
        options.space,
        options.batch_size,
    )
    found = _quadratic(problem, options)
    walker = _walker(problem, found, options)
    rules = rules_of(options.method, found, options.learning_rate, options.momentum)
    limit, rules = walker.limit(rules, options.learning_rate == "auto")
    if options.announce is not None:
        options.announce(rules.rate, limit)
    star, state = _start(problem, found, walker, options)
    run = _run(found, walker, rules, star, state, options)
    if not run.curves.size and options.resume is None:
        raise ValueError(
            "the loss at the start is not finite: squares of the residuals overflow. Use other "
            "units of y, or an init that is nearer to the solution"
        )
    return _solution(found, walker, rules, limit, star, run, options)


def _quadratic(problem, options):
    """The loss: of few rows by their products with each other, else by the moments."""
    if wide.takes(problem):
        found = wide.quadratic_of_rows(problem, options.standardize, options.method != "sgd")
        if found is not None:
            return found
    return quadratic(problem, options.standardize, options.on_rows)


def _walker(problem, found, options):
    """What takes the steps."""
    if options.method == "sgd":
        return Batches(problem, found, options.batch_size, options.shuffle, options.seed)
    return OnRows(problem, found) if options.on_rows else OnMoments(found)


def _start(problem, found, walker, options):
    """(the solution nearest to the start, the state to begin with)."""
    resume = options.resume
    if resume is not None:
        few_rows = found.rows is not None  # Then rounding differs with the point asked from.
        star = found.nearest(resume.origin if few_rows else walker.leave(resume.z, found.star))
        return star, State(*(np.copy(part) for part in resume[:4]), *resume[4:])
    t = len(found.star)
    zeros = np.zeros((problem.n_features, t)), np.zeros(t)
    z = found.into(*(zeros if options.init is None else options.init))
    star = found.nearest(z)
    at = walker.enter(z, star)
    return star, State(at.copy(), np.zeros_like(at), np.zeros_like(at), at.copy(), 0, None, z)


def _run(found, walker, rules, star, state, options):
    """Take the steps, some in a compiled call, so that Ctrl-C and reports come through."""
    tolerances = found.tolerances(star, options.tol)
    chunk = int(max(min(DESCENT_CALL_FLOPS / walker.flops, DESCENT_CHUNK_STEPS), 1))
    if options.report_every is not None:
        chunk = min(chunk, options.report_every)
    may_stall = options.on_rows and options.method != "sgd" and options.tol > 0
    patience = np.inf  # steps after which rounding must be what keeps it from arriving
    curves, clock, paths, status = [], [(0, 0.0)], [], RUNNING
    left, count, started = options.max_iter + 1, 0, time.perf_counter()
    while status == RUNNING and left > 0:
        out = np.empty((2, min(chunk, left)))
        updates = out.shape[1] - (out.shape[1] == left)  # the last loss is only looked at
        path = np.empty((out.shape[1] if options.record_path else 0, *state.z.shape))
        with np.errstate(over="ignore", invalid="ignore"):  # told by the status
            filled, status, state = walker.walk(star, tolerances, rules, state, updates, out, path)
        curves.append(out[:, :filled])
        paths.append(path[:filled])
        left -= filled
        now = time.perf_counter() - started
        if options.report is not None and filled:
            options.report(count, float(out[0, 0]), now)
        count += filled
        clock.append((count, now))
        if may_stall and count >= DESCENT_CHECK_STEPS:
            if patience == np.inf:
                origin = state.origin
                patience = 2 * steps_until(found, rules, origin, origin, star, options.tol)
            if status == RUNNING and count > patience + DESCENT_CHECK_STEPS:
                status = STALLED
    return Run(np.concatenate(curves, axis=1), clock, np.concatenate(paths), state, status)


def _solution(found, walker, rules, limit, star, run, options):
    state, status = run.state, run.status
    z = walker.leave(state.z, star)
    coef, intercept = found.out_of(z)
    distances = found.distances(z, star)
    arrived = status == CONVERGED or (status == RUNNING and max(distances) == 0)
    descent = Descent(
        *run.curves,
        np.array(run.clock),
        found.out_of(walker.leave(run.path, star)) if options.record_path else None,
        max(run.curves.shape[1] - 1, 0),
        arrived,
        status == DIVERGED,
        status == STALLED,
        max(distances),
        distances,
        limit,
        rules,
        found,
        star,
        z,
        walker.leave(state.before, star),
        state,
    )
    unfinished = (
        f"gradient descent stopped after {descent.n_iter} steps within {descent.distance:.2g} "
        "of the solution: use solver='auto'"
    )
    return Solution(
        coef.T,
        intercept,
        found.rank,
        found.condition_number,
        descent=descent,
        unfinished="" if arrived else unfinished,
    )
