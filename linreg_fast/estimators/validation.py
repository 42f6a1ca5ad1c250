"""Whatever a user passes as X and y, validated: arrays, frames, sparse matrices, lists."""

import numpy as np
from scipy import sparse
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import validate_data

from linreg_fast.data.frames import FLOATS, read, read_target
from linreg_fast.data.gate import (
    as_floats,
    as_weights,
    check_finite,
    frozen,
    refuse_columns,
    refuse_lazy,
)
from linreg_fast.kernels.arithmetic.columns import Columns
from linreg_fast.sources.recognise import refuse_sources


def is_plain(array, *dimensions):
    """Whether scikit-learn's validation, some 300 us of it, would pass the array on as it is."""
    return (
        type(array) is np.ndarray
        and array.dtype in FLOATS  # of this machine's byte order
        and array.ndim in dimensions
        and array.size > 0
    )


class ValidatedRows:
    """The part of an estimator that validates its rows, and knows the names of their columns."""

    def _validate_rows(self, X, y, sample_weight, reset=True, in_columns=False):
        """(X, Y (n, t), weights or None) for the kernels, and whether y was 1-D.

        in_columns: the caller takes `Columns`, where a frame's are not one array.
        """
        attributes = vars(self)
        if type(y) is not np.ndarray:
            series = read_target(y)
            y = y if series is None else series
        plain = is_plain(X, 2)
        if not plain:
            frame = self._read_frame(X, reset, len(y)) if is_plain(y, 1, 2) else None
            if frame is not None:
                weights = None if sample_weight is None else as_weights(sample_weight, len(y))
                X = frame.X.array if type(frame.X) is Columns and not in_columns else frame.X
                if type(X) is not Columns:
                    X = frozen(X)
                return X, frozen(y[:, None] if y.ndim == 1 else y), weights, y.ndim == 1
        plain = plain and is_plain(y, 1, 2) and len(X) == len(y)
        if plain and (reset or self._has_plain_columns(X.shape[1])):
            if reset:
                attributes["n_features_in_"] = X.shape[1]
                if "feature_names_in_" in attributes:
                    del attributes["feature_names_in_"]
            one_target = y.ndim == 1
            X, Y = frozen(X), frozen(y[:, None] if one_target else y)
            weights = None if sample_weight is None else as_weights(sample_weight, len(X))
            return X, Y, weights, one_target
        refuse_lazy(X, "X")
        refuse_lazy(y, "y")
        refuse_sources(X)
        if y is None:
            validate_data(self, X, y)  # raises, in scikit-learn's words
        X = self._validate_matrix(X, ["csr"] if self._accepts_sparse() else False, reset)
        y = check_array(y, ensure_2d=False, ensure_all_finite=False, input_name="y", estimator=self)
        y = as_floats(y, "y")
        check_consistent_length(X, y)
        weights = as_weights(sample_weight, X.shape[0])
        return X, frozen(y[:, None] if y.ndim == 1 else y), weights, y.ndim == 1

    def _read_frame(self, table, reset, rows=None):
        """`Frame` of an ordinary data frame, its names seen to; None leaves it to scikit-learn.

        rows: how many it must have.

        scikit-learn's own way takes a millisecond, as long as ten small fits.
        """
        by_formula = not reset and vars(self).get("_design") is not None
        frame = None if by_formula else read(table)
        if frame is None or rows not in (None, len(frame.X)):
            return None
        attributes, names, count = vars(self), frame.names, frame.X.shape[1]
        if reset:
            attributes["n_features_in_"] = count
            attributes.pop("feature_names_in_", None)
            if names is not None:
                attributes["feature_names_in_"] = np.array(names, dtype=object)
            return frame
        known = attributes.get("feature_names_in_")
        if known is None or names is None:
            same = known is None and names is None
        else:
            same = len(known) == count and known.tolist() == names
        return frame if same and attributes.get("n_features_in_") == count else None

    def _has_plain_columns(self, count):
        """Whether it was fitted to so many columns without names."""
        attributes = vars(self)
        return attributes.get("n_features_in_") == count and "feature_names_in_" not in attributes

    def _validate_matrix(self, X, accept_sparse, reset):
        try:
            return self._matrix(X, accept_sparse, reset)
        except (TypeError, ValueError):
            refuse_columns(X, "X")
            raise

    def _matrix(self, X, accept_sparse, reset):
        X = validate_data(
            self, X, accept_sparse=accept_sparse, ensure_all_finite=False, reset=reset
        )  # not finite: our own check names the place
        if sparse.issparse(X):
            X = X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)
            if not X.has_canonical_format:
                X = X.copy()
                X.sum_duplicates()
            bad = np.flatnonzero(~np.isfinite(X.data))
            if len(bad):
                coo = X.tocoo()
                row, column = int(coo.row[bad[0]]), int(coo.col[bad[0]])
                check_finite(np.array([[X.data[bad[0]]]]), "X", place=(row, column))
            return X
        return frozen(as_floats(X, "X"))
