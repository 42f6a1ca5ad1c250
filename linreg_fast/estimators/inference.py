"""What `LinearRegression` says of its own certainty: thin methods, loaded when they are called."""

from linreg_fast.data.gate import is_dask
from linreg_fast.estimators.coded_sources import each_of, is_read
from linreg_fast.estimators.fitted import FittedRows
from linreg_fast.estimators.source_inference import infer_source
from linreg_fast.runtime.launch import threads


class InferenceMixin(FittedRows):
    """`inference`, `influence`, `diagnostics` and `scores` of a fitted linear model."""

    def inference(
        self,
        X=None,
        y=None,
        sample_weight=None,
        *,
        cov=None,
        groups=None,
        lags=None,
        weights="analytic",
        two_way="min",
        small_sample=None,
        psd=False,
        scores=None,
        target=None,
    ):
        """How sure the fit is: standard errors, tests, intervals.

        Without rows, from `moments_` alone; so also after `partial_fit` and `fit_moments`. Other
        covariances than the classical one read the rows of the fit once more.

        Parameters
        ----------
        X, y, sample_weight : as in the fit, optional
            The rows that were fitted. Of a model fitted by a formula X is the frame, without y. A
            source is read once more, in batches; of Dask collections the workers sum.
        cov : str, optional
            "classical"; "HC0" to "HC4" for errors of unequal variance; "CR0", "CR1", "CR1S", "CR2",
            "CR3" with `groups`; "HAC" (Newey-West) with `lags`. By default classical, CR1S (what
            Stata and fixest give) with groups, HAC with lags, HC1 for sampling weights.
        groups : array-like of shape (n_samples,), or two of them, optional
            The cluster of each row; two of them for two-way clusters. Of a source, of a Dask frame
            and of a model fitted by a formula names of columns.
        lags : int, optional
            Of the HAC covariance; rows are in the order of time.
        weights : {"analytic", "frequency", "sampling"}, default="analytic"
            What sample_weight means: errors have variance sigma**2 / w (R's lm, Stata's aweight);
            w equal rows (fweight); rows drawn with probability 1 / w (pweight, with HC1).
        two_way : {"min", "each"}, default="min"
            The factor of two-way clusters: that of the fewer clusters for all three parts (fixest,
            reghdfe), or each part its own (sandwich, statsmodels).
        small_sample : bool, optional
            HAC times n / (n - k), as Stata has it.
        psd : bool, default=False
            Set negative eigenvalues of a two-way covariance to 0, in orthonormal coordinates.
        scores : Scores, optional
            Instead of rows: what `scores` has summed over all of them.
        target : int, optional
            Of several targets; None for all of them, one result each.

        Returns
        -------
        Inference
            Of several targets a sequence of them, with numbers and arrays of all (se, p, rss, ...)
            along a first axis; classical ones of rows of more than 64 targets are found at once.

        Raises
        ------
        ValueError
            For coefficients that are not the least-squares ones, rows that are not those of the
            fit, and options that do not go together; before anything is computed.

        Warns
        -----
        InferenceWarning
            For numbers that are not defined (nan) or have lost digits.

        Source: MacKinnon and White 1985; Cribari-Neto 2004; Bell and McCaffrey 2002; Cameron,
        Gelbach and Miller 2011; Newey and West 1987.

        Examples
        --------
        >>> from linreg_fast import LinearRegression
        >>> model = LinearRegression().fit([[1.0], [2.0], [3.0], [4.0]], [1.0, 3.0, 2.0, 5.0])
        >>> found = model.inference()
        >>> found.se.round(4), found.p.round(4), found.df_resid
        (array([1.423 , 0.5196]), array([1.    , 0.1685]), 2)
        >>> found.test("x0 = 1")
        F(1, 2) = 0.037037, p = 0.865
        """
        from linreg_fast.inference import build
        from linreg_fast.inference.choices import Choice
        from linreg_fast.inference.several import Inferences

        if scores is not None:
            given = (X, y, sample_weight, cov, groups, lags)
            if any(value is not None for value in given) or weights != "analytic":
                raise ValueError("scores know their rows and their covariance: give nothing beside")
            return build.of_scores(self._fitted(None), scores)
        choice = Choice.of(cov, lags, weights, two_way, small_sample, psd, groups is not None)
        if choice.cov == "classical":
            self._warn_of_fading()
        rows = None
        if is_read(self, X, y):
            found = infer_source(self, X, y, sample_weight, choice, target, groups)
            return found[0] if len(found) == 1 else Inferences(found)
        if is_dask(X):
            from linreg_fast.estimators import dask_inference

            found = dask_inference.infer(self, X, y, sample_weight, choice, target, groups)
            return found[0] if len(found) == 1 else Inferences(found)
        if X is None and y is not None:
            raise ValueError("pass X and y together")
        if X is None and (choice.needs_rows or sample_weight is not None or groups is not None):
            raise ValueError(f"cov={choice.cov!r} needs the rows: pass X and y, as in the fit")
        if X is not None:
            *rows, kept = self._rows_again(X, y, sample_weight)
            groups = self._groups_again(X, groups, kept)
            found = self._of_many_targets(choice, rows, target)
            if found is not None:
                return found
        fitted = self._fitted(rows)
        with threads(self.n_jobs):
            found = [
                build.infer(fitted, choice, each, rows, groups) for each in self._targets(target)
            ]
        return found[0] if len(found) == 1 else Inferences(found)

    def _of_many_targets(self, choice, rows, target):
        """`ManyInferences` of all targets, where they are so many; or None."""
        from linreg_fast.inference import many_targets

        rank = 0 if hasattr(self, "moments_") or target is not None else vars(self).get("rank_", 0)
        if not many_targets.takes(choice, self._n_targets(), rank, rows):
            return None
        with threads(self.n_jobs):
            return many_targets.infer(
                choice, rows, self._centred, self.coef_, lambda moments: self._fitted(None, moments)
            )

    def scores(
        self, cov="HC1", *, lags=None, weights="analytic", two_way="min", small_sample=None,
        psd=False, target=None,
    ):  # fmt: skip
        """Sums for `inference(scores=...)`, to be filled batch after batch: two passes of a stream.

        Parameters are those of `inference`; for clusters each batch comes with its groups.

        Returns
        -------
        Scores
            Empty ones; ``add(X, y, sample_weight, groups)`` adds rows of the fit, ``a + b`` joins
            those of different rows, and they pickle.

        Examples
        --------
        >>> from linreg_fast import LinearRegression
        >>> batches = [([[1.0], [2.0]], [1.0, 3.0]), ([[3.0], [4.0]], [2.0, 5.0])]
        >>> model = LinearRegression()
        >>> for X, y in batches:
        ...     model = model.partial_fit(X, y)
        >>> sums = model.scores("HC3")
        >>> for X, y in batches:
        ...     sums = sums.add(X, y)
        >>> model.inference(scores=sums).se.round(4)
        array([1.199 , 0.6462])
        """
        from linreg_fast.inference import build
        from linreg_fast.inference.choices import CLUSTERED, Choice

        choice = Choice.of(cov, lags, weights, two_way, small_sample, psd, cov in CLUSTERED)
        return build.no_scores(self._fitted(None), choice, target, self._batch_again)

    def influence(self, X, y=None, sample_weight=None, *, weights="analytic", target=None):
        """What each row does to the fit: leverage, studentised residuals, Cook's distance.

        Parameters
        ----------
        X, y, sample_weight : as in the fit
            The rows that were fitted. Rows with missing values, which missing="drop" leaves out,
            have no numbers: `index` says which rows have. A source is read in batches, and again
            for dfbeta. Of Dask collections nothing is computed yet.
        weights : {"analytic", "frequency"}, default="analytic"
            What sample_weight means, as in `inference`: of frequencies each row has the numbers of
            one of the equal rows that it stands for.
        target : int, optional
            Of several targets; 0 by default.

        Returns
        -------
        Influence
            Of Dask collections a `DaskInfluence`, of lazy arrays; NaN in rows left out.

        Source: Belsley, Kuh and Welsch 1980; Cook 1977.

        Examples
        --------
        >>> from linreg_fast import LinearRegression
        >>> X, y = [[1.0], [2.0], [3.0], [4.0]], [1.0, 3.0, 2.0, 5.0]
        >>> found = LinearRegression().fit(X, y).influence(X, y)
        >>> found.leverage.round(12), found.cooks.round(4)
        (array([0.7, 0.3, 0.3, 0.7]), array([0.0288, 0.1451, 0.3832, 1.037 ]))
        """
        from linreg_fast.inference.influence_of_rows import influence, of_source

        if is_read(self, X, y):
            each = each_of(self, X, y, sample_weight, weightless=True)
            fitted = self._fitted(None)
            with threads(self.n_jobs):
                return of_source(fitted, self._targets(target or 0)[0], each, weights)
        if is_dask(X):
            from linreg_fast.estimators import dask_influence

            return dask_influence.influence(self, X, y, sample_weight, weights, target)
        *rows, kept = self._rows_again(X, y, sample_weight)
        fitted = self._fitted(rows)
        with threads(self.n_jobs):
            found = influence(fitted, self._targets(target or 0)[0], rows, kept, weights)
        if hasattr(X, "iloc"):
            found.labels = X.index[found.index]
        return found

    def diagnostics(self, X, y=None, sample_weight=None, *, weights="analytic", target=None):
        """Tests of the residuals: autocorrelation, unequal variance, normality.

        Parameters
        ----------
        X, y, sample_weight : as in the fit
            The rows that were fitted, in their order; a source is read in batches, and of Dask
            collections the workers sum.
        weights : {"analytic", "frequency"}, default="analytic"
            What sample_weight means, as in `inference`: of frequencies the tests are those of the
            rows written out, but Durbin and Watson's, which needs their order.
        target : int, optional
            Of several targets; 0 by default.

        Returns
        -------
        Diagnostics

        Examples
        --------
        >>> from linreg_fast import LinearRegression
        >>> X, y = [[1.0], [2.0], [3.0], [4.0]], [1.0, 3.0, 2.0, 5.0]
        >>> round(LinearRegression().fit(X, y).diagnostics(X, y).durbin_watson, 4)
        3.2704
        """
        from linreg_fast.inference.diagnostics import diagnostics, of_source

        if is_read(self, X, y):
            each = each_of(self, X, y, sample_weight)
            fitted = self._fitted(None)
            with threads(self.n_jobs):
                return of_source(fitted, self._targets(target or 0)[0], each, meaning=weights)
        if is_dask(X):
            from linreg_fast.estimators import dask_inference

            return dask_inference.diagnose(self, X, y, sample_weight, weights, target)
        *rows, _ = self._rows_again(X, y, sample_weight)
        fitted = self._fitted(rows)
        with threads(self.n_jobs):
            chosen = self._targets(target or 0)[0]
            return diagnostics(fitted, chosen, rows, meaning=weights)
