"""Descent on the mean squared error step by step: n p^2 flops once and 5 p a step on the moments.

When: to watch it converge, or to stop early. By default the steps are taken in standardised
coordinates with the best constant step size for the data's spectrum, on the moments (the iterates
of descent on the data, at a cost that does not depend on the number of rows). The moments know the
solution too, so the distance to it that stops a descent is measured, not estimated.

Sources: Polyak 1964 (heavy ball); Nesterov 2004, section 2.2 (constant momentum); Nocedal and
Wright, chapter 5 (conjugate gradients); Gower et al. 2019 (step size of mini-batches).
"""

import time
from typing import NamedTuple

import numpy as np

from linreg_fast.kernels.descent import CONVERGED, DIVERGED, RUNNING
from linreg_fast.solvers import Solution
from linreg_fast.solvers.quadratic import Quadratic, Rules, quadratic
from linreg_fast.solvers.walks import BATCH, Batches, OnMoments, OnRows, State

METHODS = {
    "gd": "steepest descent with a constant step",
    "momentum": "heavy ball: a share of the last step is taken again",
    "nesterov": "likewise, with the gradient where that share leads",
    "sgd": "a step for every few rows, in random order",
    "cg": "conjugate gradients: each step the best in all directions so far",
}
# Of the largest eigenvalue: directions of the loss that are flatter set no pace. Of "gd" they would
# be 0.1% faster if they did, and the steepest flips its sign for 1e5 steps with a condition of 1e6.
# With momentum they need more than 1e5 steps anyway, after the others have grown 1e8 times.
FLATTEST = {"gd": 1e-3, "momentum": 1e-8, "nesterov": 1e-8}
LAUNCH_FLOPS = 1e8  # a compiled call ends after about 0.1 s, so that Ctrl-C is answered
STALLED = 3  # beside the statuses of the kernels
CHECK_AT = 2000  # steps
MOST_TAKEN = 200_000  # steps to look ahead: 10 ms for ten columns
LONGEST_CHUNK = 1 << 18


class Descent(NamedTuple):
    """How a descent went. Losses are mean squared errors, averaged over the targets."""

    loss_curve: np.ndarray  # (n_iter + 1,): at the start, and after each step
    grad_norm_curve: np.ndarray  # likewise, in the coordinates of the steps
    clock: np.ndarray  # (k, 2): entries of the curves, and seconds from the start until then
    path: tuple | None  # (coef (n_iter + 1, t, p), intercept (n_iter + 1, t))
    n_iter: int
    converged: bool
    diverged: bool  # the loss overflowed; the parameters are the last finite ones
    stalled: bool  # as near as the rounding of sums over the rows allows
    distance: float  # |z - solution| / |solution|, of coefficients and of intercepts, the larger
    distances: tuple  # of coefficients, and of intercepts
    max_stable_learning_rate: float
    rules: Rules
    quadratic: Quadratic
    star: np.ndarray  # the solution
    now: np.ndarray  # z at the end
    before: np.ndarray  # and a step earlier
    state: State

    def predicted(self, tol):
        """Steps from the start until the distance is below tol; inf if never."""
        return steps_until(
            self.quadratic, self.rules, self.state.origin, self.state.origin, self.star, tol
        )

    def gradient(self):
        """(t, p + 1) at the end, in the coordinates of the steps."""
        found = self.quadratic
        e = (self.now - self.star) @ found.axes.T
        return (e * found.values) @ found.axes * (found.unit**2)[:, None]

    def expected_losses(self, steps):
        """The loss after so many steps (k,) from the start, by the spectrum; not of cg or sgd."""
        origin = self.state.origin
        return self.quadratic.losses_after(self.rules, origin, origin, self.star, steps)

    def remaining(self, tol):
        """Likewise from here."""
        return steps_until(self.quadratic, self.rules, self.now, self.before, self.star, tol)


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
    chunk = int(max(min(LAUNCH_FLOPS / way.flops, LONGEST_CHUNK), 1))
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
        if space == "data" and method != "sgd" and tol > 0 and count >= CHECK_AT:
            if patience == np.inf:
                patience = 2 * steps_until(found, rules, state.origin, state.origin, star, tol)
            if status == RUNNING and count > patience + CHECK_AT:
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


def check_options(method, learning_rate, momentum, space, batch_size):
    """Raise for options that contradict each other."""
    if method == "cg" and learning_rate != "auto":
        raise ValueError("method='cg' computes each step: leave learning_rate at 'auto'")
    if momentum != "auto" and method not in ("momentum", "nesterov"):
        raise ValueError(
            f"momentum={momentum} needs method='momentum' or 'nesterov', got {method!r}"
        )
    if method == "sgd" and space == "gram":
        raise ValueError("method='sgd' reads a few rows a step: use space='data' or 'auto'")
    if batch_size is not None and method != "sgd":
        raise ValueError(f"batch_size={batch_size} needs method='sgd', got {method!r}")


def steps_until(found, rules, now, before, star, tol):
    """Steps until z is within tol of the solution; inf if never.

    The few are taken, on the moments: an intercept may be near for a moment and away again, and
    conjugate gradients have no formula. Of many, only the formula's.
    """
    way, most = OnMoments(found), MOST_TAKEN
    if not rules.conjugate:
        ahead = found.predicted(rules, now, before, star, tol)
        if ahead > MOST_TAKEN:
            return ahead
        most = ahead + 1
    e, behind = way.enter(now, star), way.enter(before, star)
    begun = int((e != behind).any() and not rules.conjugate)  # it begins again from here
    state = State(e, e - behind, behind * found.values, behind, begun, None, now)
    out, path = np.empty((2, most)), np.empty((0, *e.shape))
    filled, status, _ = way.walk(star, found.near(star, tol), rules, state, most, out, path)
    return filled - 1 if status == CONVERGED else np.inf


def learn(problem, rows, coef, intercept, state, **options):
    """One pass of mini-batches over `rows`, which `problem` (known by its moments) has seen too.

    Goes on from coef (p, t) and intercept (t,); state = (passes done before,
    the pass from which on steps became shorter or None). Returns a
    Solution whose descent holds where it is now.
    """
    found = quadratic(problem, options["standardize"], on_rows=True)
    weights = rows.sample_weight
    most = len(rows.X) if weights is None else int(np.count_nonzero(weights))
    batch = min(options["batch_size"] or BATCH, most)
    way = Batches(rows, found, batch, options["shuffle"], options["seed"])
    rate = options["learning_rate"]
    limit, rules = way.limit(rules_of("sgd", found, rate), rate == "auto")
    start = found.into(coef, intercept)
    z, star = start.copy(), found.nearest(start)
    options["announce"](rules.rate, limit)
    passes, noisy = state
    with np.errstate(over="ignore", invalid="ignore"):  # told by the loss
        before, _ = way.loss(z, star)
        loss, norm, noisy = way.take(z, star, before, rules.rate, passes, noisy)
    diverged = not np.isfinite(loss)
    z = start if diverged else z
    coef, intercept = found.out_of(z)
    distances = found.distances(z, star)
    distance = max(distances)
    descent = Descent(
        np.array([loss]),
        np.array([norm]),
        np.zeros((1, 2)),
        None,
        passes + 1,
        distance <= options["tol"],
        diverged,
        False,
        distance,
        distances,
        limit,
        rules,
        found,
        star,
        z,
        z,
        State(z, z, z, z, passes + 1, noisy, start),
    )
    return Solution(coef.T, intercept, found.rank, found.condition_number, descent=descent)


def rules_of(method, found, learning_rate="auto", momentum="auto"):
    """The best constants for the spectrum, or those asked for."""
    largest, smallest = found.largest, max(found.smallest, found.largest * FLATTEST.get(method, 0))
    root = np.sqrt(smallest / largest)
    share = (1 - root) / (1 + root)
    beta = {"momentum": share**2, "nesterov": share}.get(method, 0.0)
    if momentum != "auto" and method in ("momentum", "nesterov"):
        beta = float(momentum)
    gamma = beta if method == "nesterov" else 0.0
    rate = 1 / largest if method == "nesterov" else 2 * (1 + beta) / (largest + smallest)
    if learning_rate != "auto":
        rate = float(learning_rate)
    return Rules(float(rate), float(beta), float(gamma), method == "cg")
