"""How `LinearRegression` has a problem solved, and what it keeps of the solution."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from linreg_fast.data.problem import Problem
from linreg_fast.estimators.errors import warn_of_lost_digits
from linreg_fast.estimators.exchange import as_sklearn
from linreg_fast.kernels import DEFAULT, RUNGS
from linreg_fast.kernels.tuning import SMALL_SYSTEM_COLUMNS
from linreg_fast.solvers import ILL, SOLVERS, auto, many_targets, ridge


class Solved:
    """The part of `LinearRegression` between a problem and its attributes."""

    def forget_rows(self):
        """Drop `moments_`, (n_features + 2)**2 numbers: what is left is what `predict` needs.

        A pickle is then about as small as scikit-learn's: three numbers a feature. `predict`,
        `score` and `to_sklearn` go on as before, and so do `singular_` and `condition_number_`,
        which are found now, at n_features**3 flops. No longer possible: `partial_fit`, and whatever
        else asks for `moments_`, as bands in pictures do.

        Returns
        -------
        self

        Examples
        --------
        >>> import pickle
        >>> import numpy as np
        >>> from linreg_fast import LinearRegression
        >>> X = np.random.default_rng(0).normal(size=(200, 60))
        >>> model = LinearRegression().fit(X, X[:, 0])
        >>> before = len(pickle.dumps(model))
        >>> len(pickle.dumps(model.forget_rows())) < before / 5
        True
        """
        check_is_fitted(self)
        if hasattr(self, "moments_"):
            _ = self.condition_number_, self.singular_
            del self.moments_
        return self

    def to_sklearn(self):
        """The fitted model as scikit-learn's `LinearRegression`, or `Ridge` of a penalised one.

        For tools that know scikit-learn's own classes only, such as ONNX converters and skops.
        """
        check_is_fitted(self)
        return as_sklearn(self)

    def _rung(self):
        """What the chosen precision asks for: a rung, or None where the solver decides."""
        if self.precision == "auto":
            return None
        return DEFAULT if self.precision == "double" else RUNGS["compensated"]

    def _solve_moments(self, moments, dtype, one_target):
        problems = [self._problem_of(part) for part in moments.apart]
        solution = many_targets.joined([self._solution(problem) for problem in problems])
        self._keep(solution, problems[0], dtype, one_target)
        if len(problems) > 1:
            self.moments_ = moments

    def _problem_of(self, moments):
        return Problem(
            None,
            None,
            moments=moments,
            fit_intercept=self.fit_intercept,
            positive=self.positive,
            tol=self.tol,
        )

    def _solve(self, problem, dtype, one_target):
        self._keep(self._solution(problem), problem, dtype, one_target)

    def _solution(self, problem):
        if self.alpha:
            return ridge.solve(problem, float(self.alpha), self.solver)
        if self.solver == "auto":
            return auto.solve(problem)
        if problem.has_rows:
            problem.check_finite()
        with np.errstate(over="ignore"):  # `_store` tells of it
            solution = SOLVERS[self.solver].solve(problem)
        return solution._replace(solver=self.solver, reason="it was asked for")

    def _keep(self, solution, problem, dtype, one_target):
        attributes = vars(self)
        attributes["rank_"] = solution.rank
        attributes["solver_"] = solution.solver
        attributes["solver_reason_"] = solution.reason
        attributes["way_"] = problem.way
        attributes["_singular"] = solution.singular
        attributes["_centred"], attributes["_alpha"] = self.fit_intercept, self.alpha
        if solution.condition_number is None:
            # Of the fast path: finite, in X's type, one target, and with moments in range.
            coef, intercept = solution.coef[:, 0], solution.intercept
            attributes["coef_"] = coef if one_target else coef[None, :]
            attributes["intercept_"] = intercept[0] if one_target else intercept
            attributes["_condition"] = None
            attributes["moments_"] = problem.moments
            return
        if solution.unfinished:
            warnings.warn(solution.unfinished, ConvergenceWarning, stacklevel=3)
        self._store(solution, dtype, one_target)
        if problem.has_moments and problem.moments_in_range:
            self.moments_ = problem.moments
        else:
            attributes.pop("moments_", None)
        if self._singular is None and not hasattr(self, "moments_") and self.solver_ != "lsqr":
            self._singular = problem.singular_values(self.rank_)
        # Of few columns it is found when asked for, whichever way they were fitted.
        few_columns = self.solver_ == "cholesky" and self.n_features_in_ <= SMALL_SYSTEM_COLUMNS
        if few_columns and solution.condition_number < ILL and hasattr(self, "moments_"):
            self._condition = None
        if solution.inflation:
            names = getattr(self, "feature_names_in_", range(self.n_features_in_))
            warn_of_lost_digits(solution.inflation, dtype, names)

    def _fitted_problem(self):
        """As it was fitted, whatever the parameters have become since."""
        moments = self.moments_.apart[0]
        return Problem(None, None, moments=moments, fit_intercept=self._centred)

    @property
    def condition_number_(self):
        check_is_fitted(self)
        if self._condition is None:
            self._condition = ridge.condition_number(self._fitted_problem(), self._alpha)
        return self._condition

    @property
    def singular_(self):
        check_is_fitted(self)
        if self._singular is None:
            if not hasattr(self, "moments_"):
                raise AttributeError("LSQR finds no singular values: use solver='svd' for them")
            self._singular = self._fitted_problem().singular_values(self.rank_)
        return self._singular
