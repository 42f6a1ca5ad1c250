"""`Screen`: single regressions, as arrays."""

from dataclasses import dataclass
from html import escape

import numpy as np

from linreg_fast.data.t_tail import two_sided
from linreg_fast.many_fits.frames import frame


@dataclass(frozen=True, eq=False, repr=False)
class Screen:
    """Single regressions. Row j of every array is of column j; with several y, a column of each.

    Attributes
    ----------
    coef, coef_error, t_values, p_values, r2, correlation : ndarrays of shape (n_features,), or
        (n_features, n_targets)
        Of a column beside the covariates and the intercept: coefficient (units of y per unit of the
        column), standard error, t, two-sided p value, the share that the column explains of what
        the covariates leave of y, and its root with the coefficient's sign. A column that is
        constant, or is a combination of the covariates, has coefficient zero and NaN elsewhere.
    degrees_of_freedom : int
    feature_names, target_names : list of str, or None
    """

    products: np.ndarray  # (p, t): of columns and targets, each less what covariates explain
    squares: np.ndarray  # (p,): of the columns; zero for one of which nothing is left
    units: np.ndarray  # (p,): powers of two by which those were divided, for extreme columns
    target_squares: np.ndarray  # (t,)
    degrees_of_freedom: int
    one: bool  # whether y was 1-D
    feature_names: list | None = None
    library: str = ""
    target_names: list | None = None

    def __len__(self):
        return len(self.squares)

    def _shaped(self, values):
        return values[:, 0] if self.one else values

    def _correlation(self):
        with np.errstate(invalid="ignore", divide="ignore"):
            found = self.products / np.sqrt(self.squares)[:, None]
            return np.clip(found / np.sqrt(self.target_squares), -1, 1)

    @property
    def coef(self):
        squares = self.squares[:, None]
        out = np.zeros_like(self.products)
        return self._own(np.divide(self.products, squares, out=out, where=squares > 0))

    def _own(self, values):
        """In the units of the columns."""
        with np.errstate(over="ignore", under="ignore"):
            return self._shaped(np.ldexp(values, -self.units[:, None]))

    def _error(self):
        with np.errstate(invalid="ignore", divide="ignore"):
            share = 1 - self._correlation() ** 2
            variance = share * self.target_squares / max(self.degrees_of_freedom, 0)
            return np.sqrt(variance / self.squares[:, None])

    def _t(self):
        r = self._correlation()
        with np.errstate(invalid="ignore", divide="ignore"):
            return r * np.sqrt(self.degrees_of_freedom / (1 - r * r))

    @property
    def coef_error(self):
        return self._own(self._error())

    @property
    def correlation(self):
        return self._shaped(self._correlation())

    @property
    def r2(self):
        return self._shaped(self._correlation() ** 2)

    @property
    def t_values(self):
        return self._shaped(self._t())

    @property
    def p_values(self):
        return self._shaped(two_sided(np.abs(self._t()), self.degrees_of_freedom))

    def top(self, k=10):
        """The k columns that explain most, best first: their places, for one y."""
        if not self.one:
            raise ValueError("top() is for one y: this is of more")
        strength = np.nan_to_num(self.r2, nan=-1.0)
        return np.argsort(-strength, kind="stable")[:k]

    def to_frame(self):
        """A row a column: coefficient, standard error, t, p and R2; of several y all of each."""
        names = self.feature_names or [f"x{j}" for j in range(len(self))]
        columns = {"feature": names}
        if not self.one:
            count = len(self.target_squares)
            targets = self.target_names or [f"y{k}" for k in range(count)]
            columns = {"target": np.repeat(targets, len(self)), "feature": names * count}
        for name in ("coef", "coef_error", "t_values", "p_values", "r2"):
            columns[name] = getattr(self, name).T.reshape(-1)
        return frame(columns, self.library)

    def __repr__(self):
        targets = len(self.target_squares)
        return (
            f"Screen({len(self)} columns, {targets} target{'s' * (targets != 1)}, "
            f"{self.degrees_of_freedom} degrees of freedom)"
        )

    def _repr_html_(self):
        if not self.one:
            return f"<p>{self!r}</p>"
        r2, p = self.r2, self.p_values
        names = self.feature_names or [f"x{j}" for j in range(len(self))]
        body = "".join(
            f"<tr><td>{escape(names[j])}</td><td>{r2[j]:.4g}</td><td>{p[j]:.3g}</td></tr>"
            for j in self.top()
        )
        return f"<p>{self!r}</p><table><tr><th>feature</th><th>R2</th><th>p</th></tr>{body}</table>"
