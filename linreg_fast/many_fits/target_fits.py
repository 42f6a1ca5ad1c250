"""`TargetFits`: one line for each of many targets, as arrays."""

import difflib
import operator
from dataclasses import dataclass

import numpy as np

from linreg_fast.data.gate import listed
from linreg_fast.data.lazy import computed_once
from linreg_fast.many_fits.frames import features_by_name, features_of, frame
from linreg_fast.many_fits.results import LISTED, ManyFits


@dataclass(frozen=True, eq=False, repr=False)
class TargetFits(ManyFits):
    """Least-squares fits of many targets. Row k of every array belongs to targets[k].

    Attributes
    ----------
    targets : list of str
        Their names, or y0, y1, ... of an array.
    coef, intercept, coef_error, intercept_error, sigma, r2, n_samples, rank, condition,
    degrees_of_freedom, t_values, p_values
        As in `GroupFits`: a row a target.
    """

    target_names: list | None  # None: of an array

    @computed_once
    def targets(self):
        return self.target_names or [f"y{k}" for k in range(len(self))]

    def __getitem__(self, target):
        """What is known of one target, by its name or its place, as a dict."""
        place = self._places.get(target) if isinstance(target, str) else target
        if place is None:
            raise KeyError(self._unknown(target))
        place = operator.index(place)
        if not -len(self) <= place < len(self):
            raise IndexError(f"there is no target {place}: there are {len(self)}")
        return self._one(place)

    def _unknown(self, target):
        """What to say of a name that no target has."""
        near = difflib.get_close_matches(str(target), self.targets[:LISTED], 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        return f"there is no target {target!r}{hint}: they are {listed(self.targets, 8)}"

    def __iter__(self):
        """Over the names of the targets."""
        return iter(self.targets)

    def __contains__(self, target):
        return target in self._places

    @computed_once
    def _places(self):
        return {name: place for place, name in enumerate(self.targets)}

    def predict(self, X):
        """Predicted targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Of a frame the columns are taken by name, if the fits were of named columns.

        Returns
        -------
        ndarray of shape (n_samples, n_targets)

        Raises
        ------
        ValueError
            For another number of columns.
        """
        rows = features_by_name(X, self.feature_names)
        if rows is None:
            rows, _ = features_of(X)
        if rows.shape[1] != self.n_features:
            raise ValueError(f"X has {rows.shape[1]} features and the fits {self.n_features}")
        return rows @ self.coef.T + self.intercept

    def to_frame(self):
        """A row a target: its name, coefficients, standard errors and the rest.

        A frame of polars or pyarrow if X was one, of pandas otherwise.
        """
        return frame(self._columns({"target": self.targets}), self.library)

    def __repr__(self):
        return f"TargetFits({len(self)} targets{self._summary()})"

    def _repr_html_(self):
        return self._html({"target": np.array(self.targets, dtype=object)})
