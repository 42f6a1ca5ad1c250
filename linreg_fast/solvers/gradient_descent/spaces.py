"""Where the steps of a descent are taken: on the moments, on the rows, on a few rows at a time.

Each way has `flops` of a step, `limit` (the largest stable step), `enter` and `leave` (between the
coordinates of the steps and its own), and `walk`, which takes some steps and says how it went.
"""

from typing import NamedTuple

import numpy as np

from linreg_fast.kernels import DEFAULT
from linreg_fast.kernels.descent.in_axes import LossInAxes, descend
from linreg_fast.kernels.descent.on_rows import Aim, advance, descend_on_rows
from linreg_fast.kernels.descent.rules import CONVERGED, RUNNING
from linreg_fast.runtime.launch import count_blocks


class State(NamedTuple):
    """Where a descent is: enough to go on as if it had not stopped."""

    z: np.ndarray  # (t, p + 1), see `quadratic`; in gram space z - star in the axes
    step: np.ndarray  # the last one, or the direction of cg
    gradient: np.ndarray  # before the last step
    before: np.ndarray  # z before the last step
    done: int  # steps, or passes of sgd
    noisy: int | None  # the pass of sgd from which on its steps become shorter
    origin: np.ndarray  # where it began, in the coordinates of the steps


class OnMoments:
    """In the axes of the Hessian, where a step of any method costs 5 flops a coordinate."""

    def __init__(self, found):
        self.found = found
        self.flops = 5 * found.star.size

    def enter(self, z, star):
        return np.ascontiguousarray((z - star) @ self.found.axes.T) * (self.found.values > 0)

    def leave(self, e, star):
        return star + e @ self.found.axes

    def limit(self, rules, auto):
        return self.found.stable_limit(rules), rules

    def walk(self, star, tolerances, rules, state, updates, out, path):
        found = self.found
        e, s, last, before, done = state[:5]
        filled, status = descend(
            LossInAxes(
                found.values,
                found.axes,
                found.intercept_per_coef,
                found.minimum,
                found.unit,
                tolerances,
            ),
            tuple(rules),
            e,
            s,
            last,
            before,
            done == 0,
            updates,
            out,
            path,
        )
        return filled, status, _after(state, filled, status, updates)


def _after(state, filled, status, updates):
    """The state with its steps counted: the last loss of a finished run belongs to no step."""
    steps = updates if status == RUNNING else filled - 1
    return state._replace(done=max(state.done + steps, 0))


def loss_on_rows(problem, found, targets, z):
    """(losses (t,), gradient (t, p + 1)) at z, in one fused pass over the rows a target."""
    p, g, losses = problem.n_features, np.zeros_like(z), np.zeros(len(z))
    for k, y in enumerate(targets):
        coef = z[k, :p] / found.scale
        losses[k], by_coef, by_c = DEFAULT.kernels.gradient(
            problem.X, y, coef, float(z[k, p] - found.centre @ coef), problem.sample_weight
        )
        g[k, :p] = (by_coef - found.centre * by_c) / found.scale
        g[k, p] = by_c * found.intercept
    return losses, g


class _InPlace:
    """Where the steps change z itself."""

    def __init__(self, problem, found):
        self.problem, self.found = problem, found

    def enter(self, z, star):
        return z

    def leave(self, z, star):
        return z


class OnRows(_InPlace):
    """On the rows, with the rung's gradient kernel: one fused pass a step."""

    def __init__(self, problem, found):
        super().__init__(problem, found)
        self.flops = 4 * problem.n_samples * found.star.size
        self.targets = np.ascontiguousarray(problem.Y.T, dtype=np.float64)
        self.fits_cache = count_blocks(*problem.X.shape) == 1
        if self.fits_cache:  # At most half a megabyte, read in every step, is worth a copy.
            self.columns = np.ascontiguousarray(((problem.X - found.centre) / found.scale).T)
            weights = problem.sample_weight
            weights = np.ones(problem.n_samples) if weights is None else weights
            self.shares = weights / weights.sum()

    def limit(self, rules, auto):
        return self.found.stable_limit(rules), rules

    def walk(self, star, tolerances, rules, state, updates, out, path):
        found = self.found
        z, s, last, before, done = state[:5]
        aim = Aim(found.values, found.axes, found.intercept_per_coef, star, tolerances)
        steps = aim, tuple(rules), z, s, last, before, done == 0, updates, out, path
        if self.fits_cache:
            filled, status = descend_on_rows(
                self.columns, self.targets, self.shares, found.intercept, *steps
            )
        else:
            filled, status = self._launches(z, out, steps)
        return filled, status, _after(state, filled, status, updates)

    def _launches(self, z, out, steps):
        aim, *steps = steps
        for step in range(out.shape[1]):
            losses, g = loss_on_rows(self.problem, self.found, self.targets, z)
            status = advance(aim, step, float(losses.mean()), g, *steps)
            if status != RUNNING:
                return step + (status == CONVERGED), status
        return out.shape[1], RUNNING
