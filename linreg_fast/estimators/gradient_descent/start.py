"""Where a descent starts: (coef (p, t), intercept (t,)) in the data's units."""

import numpy as np

from linreg_fast.data.gate import as_floats, check_finite
from linreg_fast.solvers.gradient_descent import wide

WORDS = ("zeros", "random")


def check(init):
    """Raise for a word that is none of `WORDS`; other values depend on the data."""
    if isinstance(init, str) and init not in WORDS:
        raise ValueError(
            f"init={init!r}: choose None, 'zeros', 'random' or a pair (coef, intercept)"
        )


def of_init(init, problem, seed):
    """By the parameter `init`; None for zeros."""
    if init is None or isinstance(init, str):
        return _random(problem, seed) if init == "random" else None
    p, t = problem.n_features, problem.n_targets
    try:
        coef, intercept = init
    except (TypeError, ValueError):
        raise ValueError(
            "init must be None, 'zeros', 'random' or a pair (coef, intercept)"
        ) from None
    coef = as_floats(coef, "init's coef").astype(np.float64)
    intercept = np.atleast_1d(as_floats(intercept, "init's intercept")).astype(np.float64)
    check_finite(np.atleast_1d(coef), "init's coef")
    check_finite(intercept, "init's intercept")
    fits = coef.size == p if t == 1 else coef.shape == (t, p)  # a reshape would mix the targets
    if not fits or intercept.shape != (t,):
        expected = f"{p} features" if t == 1 else f"shape {(t, p)}, targets x features"
        raise ValueError(
            f"init must be (coef of {expected}, intercept of {t}), "
            f"got shapes {coef.shape} and {intercept.shape}"
        )
    if intercept.any() and not problem.fit_intercept:
        raise ValueError("init has an intercept and fit_intercept is False")
    return coef.reshape(t, p).T, intercept


def _random(problem, seed):
    """Each column contributes about as much as the targets vary."""
    p, t = problem.n_features, problem.n_targets
    rng = np.random.default_rng(seed)
    if wide.takes(problem):
        sizes = np.concatenate([problem.X.std(axis=0), problem.Y.std(axis=0)])
    else:
        moments = problem.moments
        sizes = np.sqrt(np.diag(moments.comoment) / moments.weight_sum)
    sizes = np.where(sizes > 0, sizes, 1.0)
    coef = rng.normal(size=(p, t)) * sizes[p:] / sizes[:p, None] / np.sqrt(p)
    return coef, rng.normal(size=t) * sizes[p:] * problem.fit_intercept
