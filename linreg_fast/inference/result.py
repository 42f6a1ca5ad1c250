"""`Inference`: how sure a fit is. A few numbers a parameter; nothing in it grows with the rows."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from linreg_fast.data.lazy import computed_once
from linreg_fast.inference import tails
from linreg_fast.inference.basis import Basis
from linreg_fast.inference.choices import Choice, check_level
from linreg_fast.inference.forms import Forms
from linreg_fast.inference.questions import Questions
from linreg_fast.inference.triangle import unit_rows

LOST = 1e-9  # share of a variance that is in lost directions, beyond which it is not determined


@dataclass(frozen=True, eq=False, repr=False)
class Inference(Questions, Forms):
    """Standard errors, tests and intervals of a least-squares fit of one target.

    Arrays over the parameters are in the order [intercept, columns], as `names` says.

    Attributes
    ----------
    coef, se, t, p, log_p : ndarray of shape (n_parameters,)
        Coefficients in units of the target per unit of the column, standard errors, coef / se,
        two-sided p of Student's t on `df` degrees of freedom, and its natural logarithm. nan where
        the data do not determine the number.
    cov : ndarray of shape (n_parameters, n_parameters)
        Covariance of the coefficients; where columns depend on each other that of the shortest.
    n_samples : int
        Rows with a weight above zero; the sum of the weights where these are frequencies.
    rank, df_model, df_resid : int
        Parameters that are independent, those beside the intercept, and n_samples - rank.
    df : int
        Of t and F: df_resid, or clusters - 1.
    rss, tss, sigma : float
        Weighted sum of squared residuals; of the target about its mean (about 0 without an
        intercept); sqrt(rss / df_resid), of a row of weight 1.
    r2, adj_r2 : float
        1 - rss / tss, uncentred without an intercept, and adjusted for df.
    f, f_df, f_p, f_log_p : float, (int, int), float, float
        That all coefficients but the intercept are 0, with the covariance of this result.
    loglik, aic, bic : float
        Of normal errors. As in R sigma counts as a parameter: statsmodels' and Stata's `estat ic`
        are smaller, aic by 2 and bic by log(n_samples). nan for weights whose rows were not given.
        Moments do not tell weights that add up to n_samples from none, and these numbers are then
        those without weights: give `inference` the rows, X, y and sample_weight, for theirs.
    vif : ndarray of shape (n_features,)
        Variance inflation of each column by the others.
    cov_type, weights : str
        Names of the covariance, and what weights mean.
    """

    names: tuple
    target: str
    basis: Basis
    choice: Choice
    meat: np.ndarray  # (k, k): the covariance in orthonormal coordinates
    n_samples: int
    df: int
    rss: float
    log_weights: float  # nan: not known
    weighted: bool
    lost: np.ndarray | None = None  # (k, k): directions that rows of leverage 1 determine alone
    groups: tuple = ()  # (name, clusters) of each grouping
    largest_rank: int = 1 << 30  # of the meat: no more than there are clusters
    terms: tuple = ()  # (name, places of its parameters) of each term beside the intercept
    reader: Callable | None = None  # of new rows for `predict`, by the names or the formula

    @property
    def coef(self):
        return self.basis.coef

    @property
    def rank(self):
        return self.basis.rank

    @property
    def df_resid(self):
        return self.n_samples - self.rank

    @property
    def df_model(self):
        return self.rank - int(self.basis.centred)

    @property
    def tss(self):
        return self.basis.tss

    @property
    def cov_type(self):
        return self.choice.cov

    @property
    def weights(self):
        return self.choice.weights

    @property
    def sigma(self):
        return math.sqrt(self.rss / self.df_resid) if self.df_resid > 0 else math.nan

    @computed_once
    def cov(self):
        root = self.basis.root
        found = root @ self.meat @ root.T
        gone = self._lost(root)
        found[gone], found[:, gone] = np.nan, np.nan
        return found

    @computed_once
    def se(self):
        return self.standard_errors(np.eye(len(self.names)))

    def standard_errors(self, L):
        """(q,) of the combinations L (q, n_parameters) of the coefficients."""
        L = np.asarray(L, dtype=float)
        found = self._spread(L @ self.basis.root)
        found[~self.basis.estimable(L)] = np.nan
        return found

    def _spread(self, A, product=np.matmul):
        """Standard errors of combinations A (q, k) of the coordinates."""
        A, sizes = unit_rows(A)  # whose squares neither overflow nor vanish, whatever the units
        variances = (product(A, self.meat) * A).sum(axis=1)
        variances[self._lost(A)] = np.nan
        variances[variances < 0] = np.nan
        return np.ldexp(np.sqrt(variances), sizes)

    def _lost(self, A):
        if self.lost is None:
            return np.zeros(len(A), dtype=bool)
        return ((A @ self.lost) * A).sum(axis=1) > LOST * (A * A).sum(axis=1)

    @computed_once
    def t(self):
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.coef / self.se

    @computed_once
    def _tails(self):
        return tails.t_p(self.t, self.df)

    @property
    def p(self):
        return self._tails[0]

    @property
    def log_p(self):
        return self._tails[1]

    def confidence_interval(self, level=0.95):
        """(n_parameters, 2): where each coefficient lies, with this probability."""
        width = tails.t_quantile(check_level(level), self.df) * self.se
        return np.column_stack([self.coef - width, self.coef + width])

    @property
    def r2(self):
        if not self.tss > 0:
            return math.nan
        return 1 - self.rss / self.tss

    @property
    def adj_r2(self):
        if self.df_resid <= 0 or not self.tss > 0:
            return math.nan
        rows = self.n_samples - int(self.basis.centred)
        return 1 - self.rss / self.tss * rows / self.df_resid

    @computed_once
    def _f(self):
        q = self.df_model
        if q == 0 or self.df_resid <= 0 or not self.tss > 0:
            return math.nan, math.nan, math.nan
        if self.choice.cov == "classical":
            f = self.basis.explained / q / self.sigma**2 if self.sigma > 0 else math.inf
        else:
            f = self._robust_f(q)
        return f, *tails.f_p(f, q, self.df)

    def _robust_f(self, q):
        """Of all slopes at once, in their coordinates; nan where the matrix has no inverse."""
        first = int(self.basis.centred)
        meat, d = self.meat[first:, first:], self.basis.projected
        if self.lost is not None or self.largest_rank < q:
            return math.nan
        values, vectors = np.linalg.eigh(meat)
        if values[0] <= 1e-13 * values[-1]:
            return math.nan
        return float(((d @ vectors) ** 2 / values).sum()) / q

    @property
    def f(self):
        return self._f[0]

    @property
    def f_df(self):
        return self.df_model, self.df

    @property
    def f_p(self):
        return self._f[1]

    @property
    def f_log_p(self):
        return self._f[2]

    @property
    def loglik(self):
        n = self.n_samples
        if self.rss == 0:
            return math.nan if math.isnan(self.log_weights) else math.inf
        inside = math.log(2 * math.pi) + 1 - math.log(n) + math.log(self.rss)
        return (self.log_weights - n * inside) / 2

    @property
    def aic(self):
        return 2 * (self.rank + 1) - 2 * self.loglik

    @property
    def bic(self):
        return math.log(self.n_samples) * (self.rank + 1) - 2 * self.loglik

    @property
    def vif(self):
        return self.basis.inflation

    def renamed(self, names, target=None):
        """The same with other names for the columns (n_features,)."""
        lead = self.names[:1] if self.basis.centred else ()
        found = (*lead, *(str(name) for name in names))
        if len(found) != len(self.names):
            raise ValueError(f"{len(found) - len(lead)} names for {self.basis.n_features} columns")
        own = dict(zip(self.names, found, strict=True))
        terms = tuple((own.get(name, name), places) for name, places in self.terms)
        target = self.target if target is None else target
        return replace(self, names=found, target=target, terms=terms)
