"""`ManyFits`: what the fits of groups and of windows have in common. A row of each array a fit."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from linreg_fast.data.t_tail import two_sided
from linreg_fast.kernels.systems import one_of_many as of

SHOWN = 10  # fits in a notebook
LISTED = 10_000  # names that are looked through for one that is like an unknown one


def key_columns(keys, names, taken=()):
    """Name -> the keys, a column of each; a name that is taken gets a line under it."""
    names = [f"{name}_" if name in taken else name for name in names]
    if len(names) > 1:
        columns = zip(*keys, strict=True)
        return {name: np.array(own) for name, own in zip(names, columns, strict=True)}
    return {names[0]: keys.tolist() if keys.dtype.kind == "O" else keys}


@dataclass(frozen=True, eq=False, repr=False)
class ManyFits:
    """Coefficients and how sure they are; see `GroupFits` and `WindowFits`."""

    coef: np.ndarray
    intercept: np.ndarray
    coef_error: np.ndarray
    intercept_error: np.ndarray
    sse: np.ndarray
    tss: np.ndarray
    n_samples: np.ndarray
    rank: np.ndarray
    condition: np.ndarray
    feature_names: list
    fit_intercept: bool
    library: str  # whose data frame X was and `to_frame` makes, or empty

    @staticmethod
    def arrays(coef, errors, numbers, states):
        """The first fields, of what the kernels have written."""
        rank = np.where(states == of.TOO_FEW, -1, numbers[:, of.RANK])
        return (
            coef,
            numbers[:, of.INTERCEPT],
            errors,
            numbers[:, of.INTERCEPT_ERROR],
            numbers[:, of.SSE],
            numbers[:, of.TSS],
            numbers[:, of.SAMPLES].astype(np.int64),
            rank.astype(np.int64),
            numbers[:, of.CONDITION],
        )

    def __len__(self):
        return len(self.coef)

    def _one(self, place):
        """What is known of one fit, as a dict."""
        names = ("coef", "intercept", "coef_error", "intercept_error", "sigma", "r2")
        found = {name: getattr(self, name)[place] for name in names}
        for name in ("n_samples", "rank", "condition"):
            found[name] = getattr(self, name)[place]
        return found

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != "_places"}

    @property
    def n_features(self):
        return self.coef.shape[1]

    @property
    def degrees_of_freedom(self):
        found = self.n_samples - self.rank - int(self.fit_intercept)
        return np.where(self.rank < 0, 0, np.maximum(found, 0))

    @property
    def sigma(self):
        freedom = self.degrees_of_freedom
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(freedom > 0, np.sqrt(self.sse / freedom), np.nan)

    @property
    def r2(self):
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.tss > 0, 1 - self.sse / self.tss, np.nan)

    @property
    def t_values(self):
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.coef / self.coef_error

    @property
    def p_values(self):
        t, freedom = np.abs(self.t_values), self.degrees_of_freedom.astype(float)
        if len(freedom) and freedom[0] > 0 and (freedom == freedom[0]).all():
            return two_sided(t, freedom[0])
        some = freedom[:, None]
        p = 2 * stdtr(np.where(some > 0, some, np.nan), -t)
        p[freedom == 1] = two_sided(t[freedom == 1], 1)
        return p

    def _columns(self, heads):
        """Name -> numbers, a row a fit, after the columns that say what each row is of."""
        columns, named = dict(heads), {*heads, *self.feature_names}

        def add(name, values):
            while name in named:
                name += "_"
            named.add(name)
            columns[name] = values

        if self.fit_intercept:
            add("intercept", self.intercept)
        for j, name in enumerate(self.feature_names):
            columns[name + "_" if name in heads else name] = self.coef[:, j]
        if self.fit_intercept:
            add("intercept_error", self.intercept_error)
        for j, name in enumerate(self.feature_names):
            add(f"{name}_error", self.coef_error[:, j])
        for name in ("sigma", "r2", "n_samples", "rank", "condition"):
            add(name, getattr(self, name))
        return columns

    def _summary(self):
        """How many fits fall short, for `repr`."""
        few, fitted = int((self.rank < 0).sum()), int((self.rank >= 0).sum())
        short = int(((self.rank >= 0) & (self.rank < self.n_features)).sum())
        text = f", {self.n_features} features"
        if short:
            text += f"; {short} of {fitted} with columns that depend on each other or do not vary"
        return text + (f"; {few} with too few rows" if few else "")

    def _html(self, heads):
        """A table of the first fits; heads: name -> their labels."""
        from html import escape

        columns = {**heads, **({"intercept": self.intercept} if self.fit_intercept else {})}
        columns |= {name: self.coef[:, j] for j, name in enumerate(self.feature_names)}
        columns |= {"sigma": self.sigma, "R2": self.r2, "rows": self.n_samples, "rank": self.rank}
        lines = []
        for k in range(min(len(self), SHOWN)):
            row = (values[k] for values in columns.values())
            cells = (f"{v:.5g}" if isinstance(v, float) else str(v) for v in row)
            lines.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
        head = "".join(f"<th>{escape(str(name))}</th>" for name in columns)
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        return f"<p>{escape(repr(self))}</p><table><tr>{head}</tr>{body}</table>"
