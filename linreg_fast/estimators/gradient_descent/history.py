"""What a descent was like, kept as it grows: losses, gradients, times, the path."""

import hashlib
from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from linreg_fast.data.problem import Problem
from linreg_fast.solvers.gradient_descent import spectrum, stream


def appended(chunks, rows):
    """Arrays (k, columns) that stand for one of all rows, and more rows at its end.

    Each array is longer than the next, so there are few; none is changed, so copies of an estimator
    may share them. A million calls of one row each copy twenty million numbers in all, where one
    array that is copied at each call would take 1e12.
    """
    chunks = (*chunks, rows)
    while len(chunks) > 1 and len(chunks[-2]) <= len(chunks[-1]):
        chunks = (*chunks[:-2], np.concatenate(chunks[-2:]))
    return chunks


def identity(problem):
    """What tells the data of a problem from others: a digest of sums over each of its rows."""
    if not problem.is_dense:
        return None
    factors = np.cos(np.arange(problem.n_features))
    sums = np.einsum("ij,j->i", problem.X, factors)
    digest = hashlib.blake2b(digest_size=16)
    for array in (sums, problem.Y, problem.sample_weight):
        if array is not None:
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


class Facts(NamedTuple):
    """What a descent knows of its loss, and how near it has come."""

    distance: float
    converged: bool
    diverged: bool
    max_stable_learning_rate: float
    condition_number: float
    hessian_condition_number: float
    lowest_loss: float


def facts_of(quadratic, distance, converged, diverged, max_stable_learning_rate):
    """`Facts`, with those that follow from the quadratic."""
    return Facts(
        distance,
        converged,
        diverged,
        max_stable_learning_rate,
        quadratic.condition_number,
        float(quadratic.largest / quadratic.smallest),
        float((quadratic.minimum * quadratic.unit**2).mean()),
    )


class History:
    """Attributes of a fitted descent that follow from what was kept of it.

    `_curves` are chunks (k, 2) of loss and gradient norm, `_clock` (k, 2) entries of the curves and
    seconds. `_descent` is the solver's record of a `fit` without its spectrum, `_stream` where
    `partial_fit` has come to: one of the two is None. `_told` are the `Facts`. `_spectrum` is the
    loss as the solver knows it, found again from `moments_` when it is asked for and is not there;
    pickles leave it out.
    """

    @property
    def loss_curve_(self):
        return self._curve(0)

    @property
    def grad_norm_curve_(self):
        return self._curve(1)

    @property
    def seconds_curve_(self):
        check_is_fitted(self)
        entries, seconds = self._clock.T
        return np.interp(np.arange(1, len(self.loss_curve_) + 1), entries, seconds)

    @property
    def lowest_loss_(self):
        return self._facts().lowest_loss

    @property
    def distance_(self):
        return self._facts().distance

    @property
    def converged_(self):
        return self._facts().converged

    @property
    def diverged_(self):
        return self._facts().diverged

    @property
    def max_stable_learning_rate_(self):
        return self._facts().max_stable_learning_rate

    @property
    def condition_number_(self):
        return self._facts().condition_number

    @property
    def hessian_condition_number_(self):
        return self._facts().hessian_condition_number

    def predicted_losses(self, steps):
        """The loss after so many steps from the start, by the spectrum; not of "cg" and "sgd".

        Parameters
        ----------
        steps : array-like of int of shape (k,)

        Returns
        -------
        ndarray of shape (k,)
            In squared units of y.
        """
        check_is_fitted(self)
        if self.method in ("cg", "sgd") or self._descent is None:
            raise ValueError(f"method={self.method!r} has no constant rate to predict by")
        return self._run().expected_losses(np.asarray(steps))

    def forget_rows(self):
        """Drop `moments_`, (n_features + 2)**2 numbers, and the spectrum that follows from them.

        A pickle is then a dozen numbers a feature and two a step, where it was about
        (n_features + 2)**2 numbers before. `predict` and `score` go on as before, and a
        `warm_start` goes on from the coefficients. No longer possible: `partial_fit`,
        `predicted_iterations`, `predicted_losses`, and pictures that need either. Attributes that
        would be found when asked for are found now, at n_features**3 flops.

        Returns
        -------
        self
        """
        check_is_fitted(self)
        self._facts()
        vars(self).pop("moments_", None)
        self._spectrum = self._stream = None
        return self

    def _store_descent(self, descent, problem, one_target, onwards):
        """The history of a `fit`, joined to that of the descent that this one goes on from."""
        self._store_paths(descent, one_target, onwards)
        curves = np.column_stack([descent.loss_curve, descent.grad_norm_curve])
        clock = descent.clock
        if onwards:
            # The last point of the earlier run is the first of this one.
            earlier = np.concatenate(self._curves)
            curves = np.concatenate([earlier[: len(earlier) - (len(curves) > 1)], curves])
            clock = np.vstack([self._clock, clock[1:] + self._clock[-1] - (1, 0)])
        self._curves, self._clock, self.n_iter_ = (curves,), clock, descent.state.done
        self.learning_rate_ = np.nan if self.method == "cg" else descent.rules.rate
        self.momentum_ = descent.rules.beta
        found, limit = descent.quadratic, descent.max_stable_learning_rate
        self._told = facts_of(found, descent.distance, descent.converged, descent.diverged, limit)
        self._data = None
        if found.rows is None:
            self.moments_ = problem.moments
        else:  # There are more moments than numbers in the rows.
            self._data, found = identity(problem), found._replace(rows=None)
            vars(self).pop("moments_", None)
        self._descent, self._spectrum, self._stream = descent._replace(quadratic=None), found, None
        self._went_by = self._options()
        self._fitted_as = self.fit_intercept, self.standardize

    def _store_paths(self, descent, one_target, onwards):
        for name, path in zip(("coef_path_", "intercept_path_"), descent.path or (), strict=False):
            path = path[:, 0] if one_target else path
            if onwards and hasattr(self, name):
                earlier = getattr(self, name)
                path = np.concatenate([earlier[: len(earlier) - (len(path) > 1)], path])
            setattr(self, name, path)
        if descent.path is None:
            vars(self).pop("coef_path_", None)
            vars(self).pop("intercept_path_", None)

    def _store_learnt(self, learnt, moments, options, first):
        """The history of a stream, and one entry more."""
        entry = np.array([[learnt.loss, learnt.norm]])
        self._curves = appended(() if first else self._curves, entry)
        self._clock = np.zeros((1, 2)) if first else self._clock
        self._stream, self.n_iter_ = learnt.stream, learnt.stream.calls
        self.learning_rate_, self.momentum_ = learnt.rate, 0.0
        self.moments_, self._stream_options = moments, options
        self._told = self._spectrum = self._descent = None
        self._fitted_as = self.fit_intercept, self.standardize
        vars(self).pop("coef_path_", None)
        vars(self).pop("intercept_path_", None)

    def _curve(self, which):
        check_is_fitted(self)
        return np.concatenate([chunk[:, which] for chunk in self._curves])

    def _facts(self):
        """`Facts` of the descent: of a `fit` they are known, of a stream found when asked for."""
        check_is_fitted(self)
        if self._told is None:
            found, at = self._quadratic(), self._stream
            z = found.into(at.coef.T, at.intercept)
            distance = max(found.distances(z, found.nearest(z)))
            rate = stream.largest_stable_rate(self.moments_, at, self._stream_options)[1]
            self._told = facts_of(found, distance, distance <= self.tol, at.diverged, rate)
        return self._told

    def _solution(self):
        """(coef (t, p), intercept (t,)) of least squares, the nearest to the start of a `fit`."""
        return self._quadratic().out_of(self._descent.star)

    def _run(self):
        """The solver's record of the descent, with its spectrum."""
        return self._descent._replace(quadratic=self._quadratic())

    def _quadratic(self):
        """The loss as the solver knows it: as it was fitted, whatever the parameters are now."""
        if vars(self).get("_spectrum") is None:
            self._ask_for_moments()
            intercept, standardize = self._fitted_as
            problem = Problem(None, None, moments=self.moments_, fit_intercept=intercept)
            self._spectrum = spectrum.quadratic(problem, standardize, on_rows=False)
        return self._spectrum

    def _ask_for_moments(self):
        if not hasattr(self, "moments_"):
            raise ValueError(
                "the moments, from which this would be found, are not kept: forget_rows() drops "
                "them, and so does a pickle of a fit of more than 500 columns and fewer rows"
            )

    def __getstate__(self):
        state = super().__getstate__()
        return {**state, "_spectrum": None} if "_spectrum" in state else state
