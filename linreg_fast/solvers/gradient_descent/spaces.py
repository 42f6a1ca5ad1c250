"""Where the steps of a descent are taken: on the moments, on the rows, on a few rows at a time.

Each way has `flops` of a step, `limit` (the largest stable step), `enter` and `leave` (between the
coordinates of the steps and its own), and `walk`, which takes some steps and says how it went.
"""

from typing import NamedTuple

import numpy as np

from linreg_fast.kernels import DEFAULT
from linreg_fast.kernels.descent.in_axes import descend
from linreg_fast.kernels.descent.on_rows import advance, descend_on_rows
from linreg_fast.kernels.descent.rules import CONVERGED, RUNNING
from linreg_fast.runtime.launch import count_blocks


class State(NamedTuple):
    """Where a descent is: enough to go on as if it had not stopped."""

    z: np.ndarray  # (t, p + 1), see `solvers.quadratic`; in gram space z - star in the axes
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

    def walk(self, star, near, rules, state, updates, out, path):
        found = self.found
        e, s, last, before, done = state[:5]
        filled, status = descend(
            found.values,
            found.axes,
            found.lean,
            found.minimum,
            found.unit,
            near,
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
        self.at = found.H, found.offset, found.lean, found.intercept
        self.targets = np.ascontiguousarray(problem.Y.T, dtype=np.float64)
        self.few = problem.rung is None and count_blocks(*problem.X.shape) == 1
        if self.few:  # at most half a megabyte, read in every step: worth a copy as it is needed
            self.columns = np.ascontiguousarray(((problem.X - found.centre) / found.scale).T)
            weights = problem.sample_weight
            weights = np.ones(problem.n_samples) if weights is None else weights
            self.shares = weights / weights.sum()

    def limit(self, rules, auto):
        return self.found.stable_limit(rules), rules

    def walk(self, star, near, rules, state, updates, out, path):
        z, s, last, before, done = state[:5]
        rest = star, near, tuple(rules), z, s, last, before, done == 0, updates, out, path
        if self.few:
            filled, status = descend_on_rows(
                self.columns, self.targets, self.shares, self.at, *rest
            )
        else:
            filled, status = self._launches(z, out, rest)
        return filled, status, _after(state, filled, status, updates)

    def _launches(self, z, out, rest):
        problem, found = self.problem, self.found
        kernels = (problem.rung or DEFAULT).kernels
        p, g, loss = problem.n_features, np.zeros_like(z), np.zeros(len(z))
        for step in range(out.shape[1]):
            for k, y in enumerate(self.targets):
                coef = z[k, :p] / found.scale
                loss[k], by_coef, by_c = kernels.gradient(
                    problem.X, y, coef, float(z[k, p] - found.centre @ coef), problem.sample_weight
                )
                g[k, :p] = (by_coef - found.centre * by_c) / found.scale
                g[k, p] = by_c * found.intercept
            status = advance(self.at, step, float(loss.mean()), g, *rest)
            if status != RUNNING:
                return step + (status == CONVERGED), status
        return out.shape[1], RUNNING
