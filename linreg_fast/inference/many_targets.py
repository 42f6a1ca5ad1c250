"""`ManyInferences`: classical standard errors of many targets, from one more pass over their rows.

The covariances of all targets differ by a factor only. Residual sums of squares are what is left of
the targets' squares in double-double, as `Basis` finds them for one target.
"""

from collections.abc import Sequence

import numpy as np

from linreg_fast.data import at_once, many_target_moments
from linreg_fast.data.gate import frozen
from linreg_fast.data.lazy import computed_once
from linreg_fast.data.moments import Moments
from linreg_fast.data.problem import Problem
from linreg_fast.inference import build, checks, tails
from linreg_fast.inference.basis import Basis
from linreg_fast.inference.choices import check_level, check_whole
from linreg_fast.inference.fitted import Fitted
from linreg_fast.inference.telling import PERFECT as ROUNDING
from linreg_fast.inference.telling import warn
from linreg_fast.kernels import RUNGS

THE_SAME = ("n_samples", "rank", "df", "df_resid", "df_model", "names")


def takes(choice, n_targets, rank, rows):
    """Whether `infer` may do: classical errors of more targets than a fit keeps moments of."""
    X = rows[0]
    return (
        choice.cov == "classical"
        and many_target_moments.takes(X.shape[1], n_targets)
        and rank == X.shape[1]
        and isinstance(X, np.ndarray)
    )


def infer(choice, rows, fit_intercept, coef, fitted_of):
    """`ManyInferences`, or None where double-double sums of all targets do not do.

    coef (t, p): of the fit, which those of the rows must equal. fitted_of(moments): `Fitted`.
    """
    X, Y, weights = rows
    if choice.repeated and weights is not None:
        check_whole(weights)
    found = at_once.solve(Problem(X, Y, weights, fit_intercept=fit_intercept), squares=True)
    if found is None:
        return None
    return ManyInferences(choice, rows, found, coef, fitted_of(found.columns.moments))


class ManyInferences(Sequence):
    """One `Inference` a target, made when it is asked for; arrays of all targets at once.

    Attributes
    ----------
    coef, se, t, p, log_p : ndarray of shape (n_targets, n_parameters)
    rss, tss, sigma, r2, adj_r2, df, df_resid, n_samples, rank : ndarray of shape (n_targets,)
        As of `Inference`, whose other numbers are there too, but are found target by target.
    """

    def __init__(self, choice, rows, found, coef, fitted):
        self._choice, self._rows, self._fitted = choice, rows, fitted
        moments, p = fitted.moments, fitted.moments.n_features
        basis = Basis.of(moments, fitted.fit_intercept, p)
        checks.check_choice(basis, choice, rows)
        n = round(basis.weight_sum) if choice.repeated else basis.n_samples
        lead = ("intercept",) if basis.centred else ()
        self._of_each = {
            "n_samples": n,
            "rank": basis.rank,
            "df": max(n - basis.rank, 0),
            "df_resid": n - basis.rank,
            "df_model": basis.rank - len(lead),
            "names": (*lead, *fitted.names),
        }
        self._spreads = np.sqrt((basis.root**2).sum(axis=1))
        self.coef = np.ascontiguousarray(
            np.column_stack([found.intercept, found.coef]) if basis.centred else found.coef
        )
        self.rss, self.tss = found.rss, found.tss
        for k in found.doubtful:
            alone = Basis.of(Moments.of(*self._rows_of(k), RUNGS["compensated"]), basis.centred, p)
            self.coef[k], self.rss[k], self.tss[k] = alone.coef, alone.rss, alone.tss
        self._check(coef, moments, basis)

    def _check(self, coef, moments, basis):
        p = moments.n_features
        gram = moments.comoment[:p, :p]
        if not basis.centred:
            gram = gram + moments.weight_sum * np.outer(moments.mean[:p], moments.mean[:p])
        own = self.coef[:, int(basis.centred) :]
        if not np.array_equal(coef, own):  # as they are, of the same rows in the same order
            off = coef - own
            if (((off @ gram) * off).sum(axis=1) > 1e-6 * self.rss + 1e-12 * self.tss).any():
                raise ValueError(checks.NOT_THE_ROWS)
        if self._of_each["df_resid"] <= 0:
            warn(
                f"{self._of_each['n_samples']} rows for {basis.rank} parameters leave no degrees "
                "of freedom: standard errors, t, p and F are nan"
            )
            return
        about_zero = self.tss
        if basis.centred:
            means = self.coef[:, 0] + self.coef[:, 1:] @ moments.mean[:p]
            with np.errstate(over="ignore"):
                about_zero = about_zero + moments.weight_sum * means**2
        perfect = int((self.rss <= ROUNDING * about_zero).sum())
        if perfect:
            warn(
                f"the fit of {perfect:,} of {len(self):,} targets is perfect to rounding: their "
                "standard errors and p say nothing"
            )

    def __len__(self):
        return len(self._fitted.targets)

    def __getitem__(self, target):
        if isinstance(target, slice):
            return [self[k] for k in range(*target.indices(len(self)))]
        target = range(len(self))[target]
        rows, whole = self._rows_of(target), self._fitted
        fitted = Fitted(
            Moments.of(*rows, RUNGS["compensated"]),
            whole.fit_intercept,
            whole.rank,
            whole.coef[target : target + 1],
            whole.names,
            whole.targets[target : target + 1],
            whole.terms,
        )
        fitted.reader = whole.reader
        return build.infer(fitted, self._choice, 0, rows)

    def _rows_of(self, target):
        X, Y, weights = self._rows
        return X, frozen(np.ascontiguousarray(Y[:, [target]])), weights

    def __repr__(self):
        return f"{self[0]!r}\n\nand of {len(self) - 1:,} more targets"

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if name in THE_SAME:
            return np.array([self._of_each[name]] * len(self))
        values = [getattr(each, name) for each in self]
        if callable(values[0]):
            return lambda *args, **options: [value(*args, **options) for value in values]
        return np.array(values)

    @computed_once
    def sigma(self):
        freedom = self._of_each["df_resid"]
        return np.sqrt(self.rss / freedom) if freedom > 0 else np.full(len(self), np.nan)

    @computed_once
    def se(self):
        return self.sigma[:, None] * self._spreads

    @computed_once
    def t(self):
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.coef / self.se

    @computed_once
    def p(self):
        return tails.t_p_alone(self.t, self._of_each["df"])

    @computed_once
    def log_p(self):
        return tails.t_p(self.t, self._of_each["df"])[1]

    def confidence_interval(self, level=0.95):
        """(n_targets, n_parameters, 2): where each coefficient lies, with this probability."""
        width = tails.t_quantile(check_level(level), self._of_each["df"]) * self.se
        return np.stack([self.coef - width, self.coef + width], axis=2)

    @computed_once
    def r2(self):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.tss > 0, 1 - self.rss / self.tss, np.nan)

    @computed_once
    def adj_r2(self):
        freedom = self._of_each["df_resid"]
        if freedom <= 0:
            return np.full(len(self), np.nan)
        rows = self._of_each["n_samples"] - int("intercept" in self._of_each["names"][:1])
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.tss > 0, 1 - self.rss / self.tss * rows / freedom, np.nan)
