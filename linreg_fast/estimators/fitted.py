"""What inference asks of a fitted estimator: its rows once more, and what it knows of itself."""

import warnings

import numpy as np
from sklearn.utils.validation import check_is_fitted

from linreg_fast.data.gate import frozen, no_column
from linreg_fast.estimators.by_name import Reader
from linreg_fast.sources.recognise import refuse_sources


class FittedRows:
    """Rows of the fit through the gate again, and `build.Fitted`; the estimator stays as it is."""

    def _rows_again(self, X, y, sample_weight):
        """(X, Y, weights, kept) of rows of the fit; kept: (n,) of bool, or None for all."""
        refuse_sources(X)
        check_is_fitted(self)
        if hasattr(self, "_rows_given"):
            X, Y, weights, kept = self._rows_given(X, y, sample_weight)
        elif y is None:
            raise ValueError("pass X and y together")
        else:
            X, Y, weights, _ = self._validate_rows(X, y, sample_weight, reset=False)
            kept = None
        if Y.shape[1] != self._n_targets():
            raise ValueError(f"y has {Y.shape[1]} targets, and the fit had {self._n_targets()}")
        return X, Y, weights, kept  # what is not finite shows in the sums

    def _batch_again(self, X, y, sample_weight, groups):
        """(X, Y, weights, groups) of a batch of rows of the fit, which may all weigh nothing."""
        nothing = np.ndim(sample_weight) == 1 and len(sample_weight) and not np.any(sample_weight)
        given = np.ones(len(sample_weight)) if nothing else sample_weight
        X_, Y, weights, kept = self._rows_again(X, y, given)
        weights = frozen(np.zeros(len(weights))) if nothing else weights
        return X_, Y, weights, self._groups_again(X, groups, kept)

    def _groups_again(self, X, groups, kept):
        """The clusters of the rows that are used."""
        from linreg_fast.estimators.missing import of_rows

        names = [groups] if isinstance(groups, str) else groups
        few = isinstance(names, (list, tuple)) and 0 < len(names) <= 2 and hasattr(X, "columns")
        if few and all(isinstance(name, str) for name in names):
            known = list(X.column_names if hasattr(X, "column_names") else X.columns)
            for name in names:
                if name not in known:
                    raise no_column(name, known)
            groups = {name: X[name] for name in names}
        elif isinstance(groups, str):
            raise ValueError(
                f"groups={groups!r} names a column, and X is no data frame but {type(X).__name__}: "
                "pass the cluster of each row"
            )
        return of_rows(groups, kept)

    def _warn_of_fading(self):
        """Warn where rows were forgotten: their weights are no inverse variances."""
        decay, moments = getattr(self, "decay", None), getattr(self, "moments_", None)
        if decay in (None, 1.0) or moments is None:
            return
        if moments.apart[0].weight_sum != moments.apart[0].n_samples:
            from linreg_fast.inference.choices import InferenceWarning

            warnings.warn(
                f"decay={decay:g}: the weights of older rows fade, which are no inverse variances "
                "of their errors, so that these standard errors are too small: fit_ewm(X, y, "
                f"halflife={np.log(0.5) / np.log(decay):.6g}) allows for that, and so does "
                "cov='HC1' of the rows with their faded weights as sample_weight",
                InferenceWarning,
                stacklevel=3,
            )

    def _n_targets(self):
        return 1 if np.ndim(self.coef_) == 1 else len(self.coef_)

    def _targets(self, target):
        from linreg_fast.inference.choices import check_target

        n_targets = self._n_targets()
        return list(range(n_targets)) if target is None else [check_target(target, n_targets)]

    def _fitted(self, rows, moments=None):
        """What `inference.build` needs of this model. moments: of its columns, with any target."""
        from linreg_fast.inference.fitted import Fitted, Numbered

        check_is_fitted(self)
        if getattr(self, "positive", False):
            raise ValueError(
                "positive=True: coefficients at their bound have no standard errors of least "
                "squares; fit with positive=False"
            )
        if getattr(self, "_alpha", 0):
            raise ValueError(
                f"alpha={self._alpha:g}: penalised coefficients are biased, and have no standard "
                "errors of least squares; fit with alpha=0"
            )
        moments = self._moments_again(rows) if moments is None else moments
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = [f"x{j}" for j in range(self.n_features_in_)]
        design = getattr(self, "_design", None)
        n_targets = self._n_targets()
        targets = ["y" if design is None else design.target]
        if n_targets > 1:
            targets = Numbered(targets[0], range(n_targets))
        solver = getattr(self, "solver_", "gradient_descent")
        fitted = Fitted(
            moments,
            getattr(self, "_centred", self.fit_intercept),
            self._rank(moments),
            np.atleast_2d(self.coef_),
            list(map(str, names)),
            targets,
            None if design is None else design.terms,
        )
        fitted.reader = Reader(self)
        if solver in ("gradient_descent", "lsqr"):
            self._check_converged(fitted)
        return fitted

    def _moments_again(self, rows):
        from linreg_fast.data.many_target_moments import moments_of

        moments = getattr(self, "moments_", None)
        if moments is None and rows is not None and isinstance(rows[0], np.ndarray):
            moments = moments_of(*rows)
        if moments is None:
            raise ValueError(
                f"this fit of {self.n_features_in_} columns kept no moments for inference: "
                "pass X (dense) and y, or fit fewer columns"
            )
        return moments

    def _rank(self, moments):
        """As the fit found it; a descent does not, and takes that of an exact solver."""
        if hasattr(self, "rank_"):
            return self.rank_
        from linreg_fast.data.problem import Problem
        from linreg_fast.solvers import auto

        problem = Problem(None, None, moments=moments, fit_intercept=self.fit_intercept)
        return auto.solve(problem).rank

    def _check_converged(self, fitted):
        """Coefficients of an iterative solver are the least-squares ones, or have no inference."""
        moments, p = fitted.moments, fitted.moments.n_features
        products = moments.apart[0].comoment[:p, :p]
        if not fitted.fit_intercept:
            products = products + moments.weight_sum * np.outer(moments.mean[:p], moments.mean[:p])
        for target, coef in enumerate(fitted.coef.astype(float)):
            basis = fitted.basis(target, least_squares=True)
            off = coef - basis.coef[int(basis.centred) :]
            if not off @ products @ off <= 1e-6 * basis.rss + 1e-12 * basis.tss:
                raise ValueError(
                    "the descent has not converged to the least-squares coefficients, of which "
                    "standard errors are: take more steps, or another solver"
                )
