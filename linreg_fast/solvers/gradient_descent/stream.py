"""One pass of mini-batches over rows that arrive piece by piece."""

import numpy as np

from linreg_fast.kernels.tuning import BATCH_ROWS
from linreg_fast.solvers import Solution
from linreg_fast.solvers.gradient_descent.batches import Batches
from linreg_fast.solvers.gradient_descent.result import Descent
from linreg_fast.solvers.gradient_descent.rules import rules_of
from linreg_fast.solvers.gradient_descent.spaces import State
from linreg_fast.solvers.gradient_descent.spectrum import quadratic


def learn(problem, rows, coef, intercept, state, **options):
    """One pass of mini-batches over `rows`, which `problem` (known by its moments) has seen too.

    Goes on from coef (p, t) and intercept (t,); state = (passes done before,
    the pass from which on steps became shorter or None). Returns a
    Solution whose descent holds where it is now.
    """
    found = quadratic(problem, options["standardize"], on_rows=True)
    weights = rows.sample_weight
    most = len(rows.X) if weights is None else int(np.count_nonzero(weights))
    batch = min(options["batch_size"] or BATCH_ROWS, most)
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
