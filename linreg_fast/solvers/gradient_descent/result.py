"""How a descent went, and how many steps are left."""

from typing import NamedTuple

import numpy as np

from linreg_fast.kernels.descent.rules import CONVERGED
from linreg_fast.kernels.tuning import DESCENT_LOOK_AHEAD_STEPS
from linreg_fast.solvers.gradient_descent.quadratic import Quadratic
from linreg_fast.solvers.gradient_descent.rules import Rules
from linreg_fast.solvers.gradient_descent.spaces import OnMoments, State


class Descent(NamedTuple):
    """How a descent went. Losses are mean squared errors, averaged over the targets."""

    loss_curve: np.ndarray  # (n_iter + 1,): at the start, and after each step
    grad_norm_curve: np.ndarray  # norms of its gradient, in the coordinates of the steps
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
        """Steps from here until the distance is below tol; inf if never."""
        return steps_until(self.quadratic, self.rules, self.now, self.before, self.star, tol)


def steps_until(found, rules, now, before, star, tol):
    """Steps until z is within tol of the solution; inf if never.

    Where they are few they are taken, on the moments: an intercept may come close for a moment and
    leave again, and conjugate gradients have no formula. Of many, the formula alone is asked.
    """
    walker, most = OnMoments(found), DESCENT_LOOK_AHEAD_STEPS
    if not rules.conjugate:
        ahead = found.predicted(rules, now, before, star, tol)
        if ahead > DESCENT_LOOK_AHEAD_STEPS:
            return ahead
        most = ahead + 1
    e, behind = walker.enter(now, star), walker.enter(before, star)
    begun = int((e != behind).any() and not rules.conjugate)  # it begins again from here
    state = State(e, e - behind, behind * found.values, behind, begun, None, now)
    out, path = np.empty((2, most)), np.empty((0, *e.shape))
    filled, status, _ = walker.walk(
        star, found.tolerances(star, tol), rules, state, most, out, path
    )
    return filled - 1 if status == CONVERGED else np.inf
