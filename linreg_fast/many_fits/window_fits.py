"""`WindowFits`: one line for each window, as arrays."""

from dataclasses import dataclass

import numpy as np

from linreg_fast.many_fits.fading import Faded
from linreg_fast.many_fits.frames import features_by_name, features_of, frame
from linreg_fast.many_fits.results import ManyFits, key_columns


@dataclass(frozen=True, eq=False, repr=False)
class WindowFits(ManyFits):
    """Least-squares fits of windows of rows. Row k of every array is of the window at rows[k].

    Attributes
    ----------
    rows : ndarray of shape (n_windows,)
        The last row of each window.
    keys : ndarray of shape (n_windows,), or None
        Whose rows they are, where there were groups.
    coef, intercept, coef_error, intercept_error, sigma, r2, n_samples, rank, condition,
    degrees_of_freedom, t_values, p_values
        As in `GroupFits`; NaN, and a rank of -1, for windows with too few rows. Of `fit_ewm` sigma
        and the errors allow for weights that fade, and degrees of freedom are no whole numbers.
    """

    rows: np.ndarray
    keys: np.ndarray | None = None
    faded: Faded | None = None
    key_names: list | None = None

    @property
    def degrees_of_freedom(self):
        if self.faded is None:
            return super().degrees_of_freedom
        return np.nan_to_num(self.faded.freedom)

    @property
    def sigma(self):
        return super().sigma if self.faded is None else self.faded.sigma

    def predict(self, X):
        """Predicted targets: each row of X by the line of the window in its place.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_features)
            For forecasts the rows that follow the windows. Of a frame the columns are taken by
            name, if the fits were of named columns.

        Returns
        -------
        ndarray of shape (n_windows,)

        Raises
        ------
        ValueError
            For another shape.
        """
        rows = features_by_name(X, self.feature_names)
        if rows is None:
            rows, _ = features_of(X)
        if rows.shape != self.coef.shape:
            raise ValueError(f"X must be {self.coef.shape}, a row a window; got {rows.shape}")
        return self.intercept + (self.coef * rows).sum(axis=1)

    def _heads(self):
        heads = {"row": self.rows}
        if self.keys is not None:
            heads |= key_columns(self.keys, self.key_names or ["group"], heads)
        return heads

    def to_frame(self):
        """A row a window: its last row, coefficients, standard errors and the rest.

        A frame of polars or pyarrow if X was one, of pandas otherwise.
        """
        return frame(self._columns(self._heads()), self.library)

    def __repr__(self):
        return f"WindowFits({len(self)} windows{self._summary()})"

    def _repr_html_(self):
        return self._html(self._heads())
