"""Where the steps of a descent are taken: on the moments, on the rows, on a few rows at a time.

Each way has `flops` of a step, `limit` (the largest stable step), `enter` and `leave` (between the
coordinates of the steps and its own), and `walk`, which takes some steps and says how it went.
"""

from typing import NamedTuple

import numpy as np

from linreg_fast.kernels import DEFAULT
from linreg_fast.kernels.descent import (
    CONVERGED,
    DIVERGED,
    RUNNING,
    advance,
    descend,
    descend_on_rows,
)
from linreg_fast.kernels.launch import count_blocks
from linreg_fast.kernels.minibatch import one_pass, widest

BATCH = 32  # rows
ROWS_AT_ONCE = 1e7  # numbers of mini-batches in one compiled call: 0.1 s


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


class Batches(_InPlace):
    """A step for every few rows. A pass over the rows counts as one; its loss is of the moments."""

    def __init__(self, problem, found, batch, shuffle, seed):
        super().__init__(problem, found)
        weights = problem.sample_weight
        self.flops = 8 * problem.n_samples * found.star.size
        self.rows = np.arange(problem.n_samples) if weights is None else np.flatnonzero(weights)
        self.batch = min(BATCH, len(self.rows)) if batch is None else batch
        if self.batch > len(self.rows):
            raise ValueError(
                f"batch_size={batch} is larger than the data, {len(self.rows)} rows: "
                "use None or a number up to that"
            )
        self.mean_weight = 1.0 if weights is None else float(weights[self.rows].mean())
        self.shuffle, self.seed, self.falling = shuffle, seed, False

    def limit(self, rules, auto):
        """Steps are stable below it whichever rows meet in a batch: by the widest row."""
        found, b, n = self.found, self.batch, len(self.rows)
        row = 2 * widest(self.problem.X, self.rows, found.centre, found.scale, found.intercept)
        if self.problem.sample_weight is not None:
            row *= float(self.problem.sample_weight.max()) / self.mean_weight
        slope = found.largest
        if n > 1:
            slope = max(slope, (n * (b - 1) * slope + (n - b) * row) / (b * (n - 1)))
        limit = 2 / max(slope, 1e-300)
        self.falling = auto
        if auto:
            rules = rules._replace(rate=limit / 2)
        return limit, rules

    def loss(self, z, star):
        """The mean squared error and the norm of its gradient, of the moments."""
        found = self.found
        e = (z - star) @ found.axes.T
        losses = (found.minimum + 0.5 * (e * e) @ found.values) * found.unit**2
        return float(losses.mean()), float(np.linalg.norm(e * found.values))

    def walk(self, star, near, rules, state, updates, out, path):
        found, z, before, done = self.found, state.z, state.before, state.done
        noisy = state.noisy

        def now():
            return state._replace(done=max(done, 0), noisy=noisy)

        loss, norm = self.loss(z, star)
        for step in range(out.shape[1]):
            if not np.isfinite(loss):
                z[:] = before
                done -= 1
                return step, DIVERGED, now()
            out[:, step] = loss, norm
            if len(path):
                path[step] = z
            if (near >= 0).all() and found.within(z - star, near):
                return step + 1, CONVERGED, now()
            if step < updates:
                before[:] = z
                loss, norm, noisy = self.take(z, star, loss, rules.rate, done, noisy)
                done += 1
        return out.shape[1], RUNNING, now()

    def take(self, z, star, loss, rate, number, noisy):
        """Pass number `number` over the rows, in an order that depends on the seed and on it.

        Where the rate is ours, it is constant until a pass lowers the loss less than it would
        without noise; from pass `noisy` on it falls as fast as the noise has to, with the number of
        steps. Returns the loss and the norm of the gradient after it, and `noisy`.
        """
        problem, found, rows = self.problem, self.found, self.rows
        if self.shuffle:
            rows = np.random.default_rng([self.seed, number]).permutation(rows)
        steps = len(rows) / self.batch
        if noisy is not None:
            rate /= 1 + (number - noisy + 1) * steps * rate * found.smallest / 2
        piece = max(int(ROWS_AT_ONCE / z.size) // self.batch, 1) * self.batch
        for start in range(0, len(rows), piece):
            one_pass(
                problem.X,
                problem.Y,
                problem.sample_weight,
                rows[start : start + piece],
                self.batch,
                found.centre,
                found.scale,
                found.intercept,
                self.mean_weight,
                rate,
                z,
            )
        after, norm = self.loss(z, star)
        if self.falling and noisy is None:
            # Without noise what is above the minimum falls at least by the square of this.
            least = (1 - rate * found.smallest) ** steps
            lowest = float((found.minimum * found.unit**2).mean())
            if after - lowest > least * (loss - lowest):
                noisy = number + 1
        return after, norm, noisy
