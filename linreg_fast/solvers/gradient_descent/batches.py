"""Steps on a few rows at a time: stochastic gradient descent."""

import numpy as np

from linreg_fast.kernels.descent.minibatch import one_pass, widest
from linreg_fast.kernels.descent.rules import CONVERGED, DIVERGED, RUNNING
from linreg_fast.kernels.tuning import BATCH_CALL_ELEMENTS, BATCH_ROWS
from linreg_fast.solvers.gradient_descent.rules import steepest_of_batches
from linreg_fast.solvers.gradient_descent.spaces import _InPlace, loss_on_rows


class Batches(_InPlace):
    """A step for every few rows. A pass over the rows counts as one; its loss is of the moments."""

    def __init__(self, problem, found, batch, shuffle, seed):
        super().__init__(problem, found)
        weights = problem.sample_weight
        self.flops = 8 * problem.n_samples * found.star.size
        self.rows = np.arange(problem.n_samples) if weights is None else np.flatnonzero(weights)
        self.batch = min(BATCH_ROWS, len(self.rows)) if batch is None else batch
        if self.batch > len(self.rows):
            raise ValueError(
                f"batch_size={batch} is larger than the data, {len(self.rows)} rows: "
                "use None or a number up to that"
            )
        self.mean_weight = 1.0 if weights is None else float(weights[self.rows].mean())
        self.shuffle, self.seed, self.falling = shuffle, seed, False
        self.targets = None  # of few rows the loss is summed over them
        if found.rows is not None:
            self.targets = np.ascontiguousarray(problem.Y.T, dtype=np.float64)

    def limit(self, rules, auto):
        """Steps are stable below it whichever rows meet in a batch: by the widest row."""
        found, b, n = self.found, self.batch, len(self.rows)
        row = 2 * widest(self.problem.X, self.rows, found.centre, found.scale, found.intercept)
        if self.problem.sample_weight is not None:
            row *= float(self.problem.sample_weight.max()) / self.mean_weight
        slope = steepest_of_batches(found.largest, row, n, b)
        limit = 2 / max(slope, 1e-300)
        self.falling = auto
        if auto:
            rules = rules._replace(rate=limit / 2)
        return limit, rules

    def loss(self, z, star):
        """The mean squared error and the norm of its gradient, of the moments or few rows."""
        found = self.found
        if self.targets is not None:
            losses, g = loss_on_rows(self.problem, found, self.targets, z)
            return float(losses.mean()), float(np.linalg.norm(g))
        e = (z - star) @ found.axes.T
        losses = (found.minimum + 0.5 * (e * e) @ found.values) * found.unit**2
        return float(losses.mean()), float(np.linalg.norm(e * found.values))

    def walk(self, star, tolerances, rules, state, updates, out, path):
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
            if (tolerances >= 0).all() and found.within(z - star, tolerances):
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
        piece = max(int(BATCH_CALL_ELEMENTS / z.size) // self.batch, 1) * self.batch
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
