"""Descent on the mean squared error step by step: n p^2 flops once and 5 p a step on the moments.

When: to watch it converge, or to stop early. By default the steps are taken in standardised
coordinates with the best constant step size for the data's spectrum, on the moments (the iterates
of descent on the data, at a cost that does not depend on the number of rows). The moments know the
solution too, so the distance to it that stops a descent is measured, not estimated.

Sources: Polyak 1964 (heavy ball); Nesterov 2004, section 2.2 (constant momentum); Nocedal and
Wright, chapter 5 (conjugate gradients); Gower et al. 2019 (step size of mini-batches).
"""

import time

import numpy as np

from linreg_fast.kernels.descent.rules import CONVERGED, DIVERGED, RUNNING
from linreg_fast.kernels.tuning import DESCENT_CALL_FLOPS, DESCENT_CHECK_STEPS, DESCENT_CHUNK_STEPS
from linreg_fast.solvers import Solution
from linreg_fast.solvers.gradient_descent.batches import Batches
from linreg_fast.solvers.gradient_descent.result import Descent, steps_until
from linreg_fast.solvers.gradient_descent.rules import check_options, rules_of
from linreg_fast.solvers.gradient_descent.spaces import OnMoments, OnRows, State
from linreg_fast.solvers.gradient_descent.spectrum import quadratic

STALLED = 3  # beside the statuses of the kernels


def solve(
    problem,
    *,
    method="gd",
    learning_rate="auto",
    momentum="auto",
    max_iter=200_000,
    tol=1e-10,
    standardize=True,
    space="auto",
    init=None,
    batch_size=None,
    shuffle=True,
    seed=0,
    record_path=False,
    resume=None,
    announce=None,
    report=None,
    report_every=None,
):
    """Descend from init = (coef (p, t), intercept (t,)) or zeros, or from where `resume` ended.

    tol: stop when the distance to the least-squares solution is below tol of its size.
    space: "gram" steps on the moments, "data" on the rows, "auto" takes gram except for sgd, which
    reads rows. announce(rate, limit) is called before the first step, and
    report(step, loss, seconds) every so many.
    """
    check_options(method, learning_rate, momentum, space, batch_size)
    if space == "auto":
        space = "data" if method == "sgd" else "gram"
    found = quadratic(problem, standardize, space == "data")
    if method == "sgd":
        way = Batches(problem, found, batch_size, shuffle, seed)
    else:
        way = OnMoments(found) if space == "gram" else OnRows(problem, found)
    rules = rules_of(method, found, learning_rate, momentum)
    limit, rules = way.limit(rules, learning_rate == "auto")
    if announce is not None:
        announce(rules.rate, limit)

    if resume is None:
        start = (np.zeros((problem.n_features, found.star.shape[0])), np.zeros(len(found.star)))
        z = found.into(*(start if init is None else init))
        star = found.nearest(z)
        at = way.enter(z, star)
        state = State(at.copy(), np.zeros_like(z), np.zeros_like(z), at.copy(), 0, None, z)
    else:
        star = found.nearest(way.leave(resume.z, found.star))
        state = State(*(np.copy(part) for part in resume[:4]), *resume[4:])
    near = found.near(star, tol)
    patience = np.inf  # steps after which rounding must be what keeps it from arriving
    chunk = int(max(min(DESCENT_CALL_FLOPS / way.flops, DESCENT_CHUNK_STEPS), 1))
    if report_every is not None:
        chunk = min(chunk, report_every)

    curves, clock, paths, status, left = [], [(0, 0.0)], [], RUNNING, max_iter + 1
    count, started = 0, time.perf_counter()
    while status == RUNNING and left > 0:
        out = np.empty((2, min(chunk, left)))
        updates = out.shape[1] - (out.shape[1] == left)  # the last loss is only looked at
        path = np.empty((out.shape[1] if record_path else 0, *state.z.shape))
        with np.errstate(over="ignore", invalid="ignore"):  # told by the status
            filled, status, state = way.walk(star, near, rules, state, updates, out, path)
        curves.append(out[:, :filled])
        paths.append(path[:filled])
        left -= filled
        now = time.perf_counter() - started
        if report is not None and filled:
            report(count, float(out[0, 0]), now)
        count += filled
        clock.append((count, now))
        if space == "data" and method != "sgd" and tol > 0 and count >= DESCENT_CHECK_STEPS:
            if patience == np.inf:
                patience = 2 * steps_until(found, rules, state.origin, state.origin, star, tol)
            if status == RUNNING and count > patience + DESCENT_CHECK_STEPS:
                status = STALLED
    z = way.leave(state.z, star)
    coef, intercept = found.out_of(z)
    losses, norms = np.concatenate(curves, axis=1)
    if not len(losses) and resume is None:
        raise ValueError(
            "the loss at the start is not finite: squares of the residuals overflow. Use other "
            "units of y, or an init that is nearer to the solution"
        )
    if record_path:
        paths = found.out_of(way.leave(np.concatenate(paths), star))
    distances = found.distances(z, star)
    arrived = status == CONVERGED or (status == RUNNING and max(distances) == 0)
    descent = Descent(
        losses,
        norms,
        np.array(clock),
        paths if record_path else None,
        max(max_iter - left, 0),
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
        way.leave(state.before, star),
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
