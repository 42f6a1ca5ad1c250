"""`GroupFits`: one line for each group, as arrays."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import stdtr

from linreg_fast.data.gate import listed
from linreg_fast.many_fits.frames import column, features_of, frame
from linreg_fast.many_fits.keys import places

SHOWN = 10  # groups in a notebook


@dataclass(frozen=True, eq=False, repr=False)
class GroupFits:
    """Least-squares fits of many groups of rows. Row k of every array belongs to keys[k].

    Attributes
    ----------
    keys : ndarray of shape (n_groups,)
        Sorted, if they can be. Of several columns of keys: tuples.
    coef : ndarray of shape (n_groups, n_features)
        Units of y per unit of the column. Zero for a column that is constant in the group. Where
        columns depend on each other, or are as many as the rows, the shortest that fit.
    intercept : ndarray of shape (n_groups,)
    coef_error, intercept_error : ndarrays of the same shapes
        Standard errors, for independent errors of one variance (with weights: of one in inverse
        proportion to them). NaN for what the rows do not determine: a coefficient of a column that
        depends on others or is constant, and all of a group without degrees of freedom.
    sigma : ndarray of shape (n_groups,)
        sqrt(sum(w r^2) / degrees of freedom), in units of y.
    r2 : ndarray of shape (n_groups,)
        1 - sum(w r^2) / sum(w (y - mean)^2); NaN where y does not vary.
    n_samples, rank : ndarrays of shape (n_groups,), int64
        Rows with a weight above zero, and columns that are independent of each other; -1 for a
        group with too few rows, which has NaN everywhere else.
    condition : ndarray of shape (n_groups,)
        Of the columns that vary, scaled to unit norm: at most sqrt(n_features) times, and beyond
        30 at most n_features times, the condition number. inf where they depend on each other.
    degrees_of_freedom : ndarray of shape (n_groups,)
    t_values, p_values : ndarrays of shape (n_groups, n_features)
        Of the coefficients against zero, two-sided.
    feature_names : list of str
    key_names : list of str
    """

    keys: np.ndarray
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
    key_names: list
    fit_intercept: bool = True
    _like: Any = field(default=None)

    def __len__(self):
        return len(self.keys)

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
        freedom = self.degrees_of_freedom[:, None].astype(float)
        return 2 * stdtr(np.where(freedom > 0, freedom, np.nan), -np.abs(self.t_values))

    def __getitem__(self, key):
        """What is known of one group, as a dict; a KeyError for a key that there is not."""
        (place,) = self._places([key])
        if place < 0:
            raise KeyError(key)
        names = ("coef", "intercept", "coef_error", "intercept_error", "sigma", "r2")
        found = {name: getattr(self, name)[place] for name in names}
        for name in ("n_samples", "rank", "condition"):
            found[name] = getattr(self, name)[place]
        return found

    def _places(self, keys):
        if len(self.key_names) > 1:
            labels = {key: place for place, key in enumerate(self.keys.tolist())}
            return np.array([labels.get(tuple(key), -1) for key in keys])
        return places(self.keys, keys)

    def predict(self, X, groups=None, unknown="raise"):
        """Predicted targets: each row by the line of its group.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or a data frame with the columns of keys
        groups : array-like of shape (n_samples,), optional
            Of several columns of keys: a list of them. Not needed where the frame has them.
        unknown : {"raise", "nan"}, default="raise"
            What a row of a group gets that was not fitted.

        Returns
        -------
        ndarray of shape (n_samples,)
            In units of y. NaN for groups that had too few rows.

        Raises
        ------
        ValueError
            For another number of columns, or a group that was not fitted, naming it.
        """
        if unknown not in ("raise", "nan"):
            raise ValueError(f"unknown must be 'raise' or 'nan', got {unknown!r}")
        if groups is None:
            groups = [column(X, name) for name in self.key_names]
            groups = groups if len(self.key_names) > 1 else groups[0]
        rows, _ = features_of(X, self.key_names)
        if rows.shape[1] != self.n_features:
            raise ValueError(f"X has {rows.shape[1]} features and the fits {self.n_features}")
        if len(self.key_names) > 1:
            groups = list(zip(*(np.asarray(each).tolist() for each in groups), strict=True))
        if len(groups) != len(rows):
            raise ValueError(f"X has {len(rows)} rows and groups {len(groups)}: as many")
        place = self._places(groups)
        if unknown == "raise" and (place < 0).any():
            row = int(np.argmax(place < 0))
            raise ValueError(
                f"row {row} is of group {groups[row]!r}, which was not fitted: "
                "unknown='nan' gives NaN for it"
            )
        found = self.intercept[place].copy()
        for j in range(self.n_features):
            found += self.coef[place, j] * rows[:, j]
        found[place < 0] = np.nan
        return found

    def to_frame(self):
        """A row a group: keys, coefficients, standard errors and the rest.

        A frame of polars or pyarrow if X was one, of pandas otherwise.
        """
        columns = {}
        if len(self.key_names) > 1:
            for name, values in zip(self.key_names, zip(*self.keys, strict=True), strict=True):
                columns[name] = np.array(values)
        else:
            keys = self.keys
            columns[self.key_names[0]] = keys.tolist() if keys.dtype.kind == "O" else keys
        if self.fit_intercept:
            columns["intercept"] = self.intercept
        for j, name in enumerate(self.feature_names):
            columns[name] = self.coef[:, j]
        if self.fit_intercept:
            columns["intercept_error"] = self.intercept_error
        for j, name in enumerate(self.feature_names):
            columns[f"{name}_error"] = self.coef_error[:, j]
        for name in ("sigma", "r2", "n_samples", "rank", "condition"):
            columns[name] = getattr(self, name)
        return frame(columns, self._like)

    def __repr__(self):
        few, fitted = int((self.rank < 0).sum()), int((self.rank >= 0).sum())
        short = int(((self.rank >= 0) & (self.rank < self.n_features)).sum())
        what = f"{len(self)} groups by {listed(self.key_names)}"
        text = f"GroupFits({what}, {self.n_features} features"
        if short:
            text += f"; {short} of {fitted} with columns that depend on each other or do not vary"
        if few:
            text += f"; {few} with too few rows"
        return text + ")"

    def _repr_html_(self):
        from html import escape

        heads = [*self.key_names, *(["intercept"] if self.fit_intercept else [])]
        heads += [*self.feature_names, "sigma", "R2", "rows", "rank"]
        lines = []
        for k in range(min(len(self), SHOWN)):
            key = self.keys[k] if len(self.key_names) > 1 else [self.keys[k]]
            numbers = [self.intercept[k]] if self.fit_intercept else []
            numbers += [*self.coef[k], self.sigma[k], self.r2[k]]
            cells = [*map(str, key), *(f"{v:.5g}" for v in numbers)]
            cells += [str(self.n_samples[k]), str(self.rank[k])]
            lines.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
        head = "".join(f"<th>{escape(str(name))}</th>" for name in heads)
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        return f"<p>{escape(repr(self))}</p><table><tr>{head}</tr>{body}</table>"
