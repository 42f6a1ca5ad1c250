"""`GroupFits`: one line for each group, as arrays."""

import difflib
from dataclasses import dataclass

import numpy as np

from linreg_fast.data.gate import listed
from linreg_fast.data.lazy import computed_once
from linreg_fast.many_fits.frames import column, features_by_name, features_of, frame
from linreg_fast.many_fits.labels import Places, as_list
from linreg_fast.many_fits.results import LISTED, ManyFits, key_columns


@dataclass(frozen=True, eq=False, repr=False)
class GroupFits(ManyFits):
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
    key_names: list

    def __getitem__(self, key):
        """What is known of one group, as a dict; a KeyError for a key that there is not."""
        place = self._place(key)
        if place < 0:
            raise KeyError(self._unknown(key))
        return self._one(place)

    def __contains__(self, key):
        return self._place(key) >= 0

    def __iter__(self):
        """Over the keys, as of a dict."""
        return iter(as_list(self.keys))

    def _place(self, key):
        if isinstance(key, list):
            key = tuple(key)
        try:
            return int(self._places([key])[0])
        except TypeError:  # an unhashable key
            return -1

    def _unknown(self, key):
        """What to say of a key that there is not."""
        keys = as_list(self.keys[:LISTED])
        alike = [each for each in keys if str(each) == str(key)]
        hint = f" (did you mean {alike[0]!r}, of type {type(alike[0]).__name__}?)" if alike else ""
        if not alike:
            own = {str(each): each for each in keys}
            near = difflib.get_close_matches(str(key), own, 1)
            hint = f" (did you mean {own[near[0]]!r}?)" if near else ""
        told = listed([repr(each) for each in as_list(self.keys[:8])])
        more = f" and so on, {len(self):,} in all" if len(self) > 8 else ""
        return f"there is no group {key!r}{hint}: the keys are {told}{more}"

    @computed_once
    def _places(self):
        return Places(self.keys)

    def predict(self, X, groups=None, unknown="raise"):
        """Predicted targets: each row by the line of its group.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or a data frame with the columns of keys
            Of a frame the columns are taken by name, if the fits were of named columns.
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
        if isinstance(groups, str):
            raise ValueError(
                f"groups must be a key for each row, got the text {groups!r}: leave groups out "
                "where X is a frame with the columns of keys"
            )
        if groups is None:
            groups = [column(X, name) for name in self.key_names]
            groups = groups if len(self.key_names) > 1 else groups[0]
        rows = features_by_name(X, self.feature_names)
        if rows is None:
            rows, _ = features_of(X, self.key_names)
        if rows.shape[1] != self.n_features:
            raise ValueError(f"X has {rows.shape[1]} features and the fits {self.n_features}")
        if len(self.key_names) > 1:
            groups = list(zip(*(as_list(np.asarray(each)) for each in groups), strict=True))
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

    def _heads(self):
        return key_columns(self.keys, self.key_names)

    def columns(self):
        """Name -> values, a row a group: keys, coefficients, standard errors and the rest.

        A name that a key or a feature has already gets a line under it: rank_.
        """
        return self._columns(self._heads())

    def to_frame(self):
        """`columns` as a data frame: of polars or pyarrow if X was one, of pandas otherwise."""
        return frame(self.columns(), self.library)

    def __repr__(self):
        by = listed(map(str, self.key_names))
        return f"GroupFits({len(self)} groups by {by}{self._summary()})"

    def _repr_html_(self):
        return self._html(self._heads())
