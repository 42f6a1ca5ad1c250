"""What can be asked of an `Inference`: tests of restrictions and terms, and predictions."""

import warnings

import numpy as np

from linreg_fast.data.gate import as_matrix
from linreg_fast.inference import hypotheses, terms, words
from linreg_fast.inference.choices import InferenceWarning, check_level
from linreg_fast.inference.predictions import Predictions
from linreg_fast.kernels.second_pass.by_rows import product


class Questions:
    """`test`, `anova` and `predict`."""

    def test(self, L=None, r=None, *, drop=None):
        """Test linear restrictions L b = r of the coefficients b = [intercept, columns].

        Parameters
        ----------
        L : array of shape (q, n_parameters), or str
            Or words: ``"area - 2*rooms = 3, age = 0"``, with "intercept" for the intercept.
        r : array of shape (q,), optional
            Zeros by default; with words it stands in them.
        drop : list of str, optional
            Instead of L: names of parameters, or of terms of a formula, that are 0 all together:
            the F test of nested models.

        Returns
        -------
        Test
        """
        names = list(self.names)
        if (L is None) == (drop is None):
            raise ValueError("give either restrictions L, as a matrix or in words, or drop=[names]")
        if drop is not None:
            drop = [drop] if isinstance(drop, str) else list(drop)
            L = np.eye(len(names))[[place for name in drop for place in self._places(name)]]
            r = np.zeros(len(L)) if r is None else r
        elif isinstance(L, str):
            if r is not None:
                raise ValueError("restrictions in words have their numbers in them: leave r out")
            L, r = words.restrictions(L, names)
        L = np.atleast_2d(np.asarray(L, dtype=float))
        if L.ndim != 2 or L.shape[1] != len(names) or not len(L):
            raise ValueError(
                f"L must have {len(names)} columns, one a parameter ({', '.join(names[:6])}"
                f"{', ...' if len(names) > 6 else ''}); got shape {L.shape}"
            )
        r = np.zeros(len(L)) if r is None else np.atleast_1d(np.asarray(r, dtype=float))
        if r.shape != (len(L),):
            raise ValueError(f"r must hold {len(L)} numbers, one a row of L; got shape {r.shape}")
        if not (np.isfinite(L).all() and np.isfinite(r).all()):
            raise ValueError("L and r must be finite")
        return hypotheses.wald(self, L, r)

    def _places(self, name):
        """Of a parameter, or of those of a term."""
        found = dict(self.terms)
        known = name in self.names or name not in found
        return [words.place_of(name, list(self.names), found)] if known else list(found[name])

    def anova(self, kind=None):
        """F tests of each term: of a column, or of all columns of a term of a formula.

        Parameters
        ----------
        kind : {"I", "II", "III"}, optional
            Beside which other terms: those before it (R's ``anova``), all that do not contain it
            (car's ``Anova``), or all others (drop each). "II" by default, "III", which is the Wald
            test, with a robust covariance.

        Returns
        -------
        TermTests
        """
        return terms.anova(self, kind)

    def predict(self, X, level=0.95, sample_weight=None):
        """Fitted values at rows X, and where their means and new observations lie.

        Parameters
        ----------
        X : array-like of shape (m, n_features), or a frame
            A frame's columns are those of the fit, by name and in order; of a model fitted by a
            formula, or by names of columns, it is a frame that has them, in any order. Rows with
            missing values, where the fit may have them, give NaN.
        level : float, default=0.95
        sample_weight : float or array-like of shape (m,), optional
            Of the new observations: their variance is sigma**2 / weight. 1 by default.

        Returns
        -------
        Predictions
        """
        level, X = check_level(level), as_matrix(X) if self.reader is None else self.reader(X)
        if X.shape[1] != self.basis.n_features:
            raise ValueError(f"X has {X.shape[1]} columns, and the fit had {self.basis.n_features}")
        weight = 1.0 if sample_weight is None else np.asarray(sample_weight, dtype=float)
        if np.ndim(weight) > 1 or (np.ndim(weight) == 1 and len(weight) != len(X)):
            raise ValueError(f"sample_weight must be one number a row: X has {len(X)}")
        if not (np.asarray(weight) > 0).all():
            raise ValueError("weights of new observations must be above 0")
        gaps = np.isnan(X).any(axis=1) if getattr(self.reader, "gaps", False) else None
        if gaps is not None:
            X = as_matrix(np.where(gaps[:, None], 0.0, X))  # what is infinite is refused
        se = self._spread(self.basis.coordinates(X, product), product)
        lead = np.ones((len(X), 1)) if self.basis.centred else np.zeros((len(X), 0))
        determined = self.basis.estimable(np.hstack([lead, X]))
        if gaps is not None:
            determined |= gaps
        if not determined.all():
            se[~determined] = np.nan
            warnings.warn(
                f"row {int(np.argmin(determined))} of X leaves the space of the rows fitted, whose "
                "columns depend on each other: the data do not determine what is predicted there",
                InferenceWarning,
                stacklevel=2,
            )
        mean = self.basis.predicted(X)
        if gaps is not None:
            mean[gaps] = se[gaps] = np.nan
        return Predictions.of(mean, se, self.sigma / np.sqrt(weight), self.df, level)
