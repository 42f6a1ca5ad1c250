"""Frames whose columns have names: which of them a fit takes, and in what order."""

import numpy as np
from sklearn.utils.validation import _check_feature_names, _get_feature_names

from linreg_fast.data.gate import as_matrix


def was_by_name(model):
    """Whether the rows of the fit came from a source whose columns have names."""
    return "reading_" in vars(model) and "feature_names_in_" in vars(model)


def drops(model):
    """Whether the fit left out rows with missing values, by its parameter or as it was called."""
    of_source = "reading_" in vars(model) and "n_dropped_" in vars(model)
    return of_source or getattr(model, "missing", "raise") == "drop"


def picked(model, X):
    """The columns of a fit by name, out of a frame that has them; anything else as it is."""
    if not was_by_name(model):
        return X
    names = list(model.feature_names_in_)
    found = X.column_names if hasattr(X, "column_names") else getattr(X, "columns", None)
    if found is None or isinstance(X, np.ndarray):
        return X
    found = list(found)
    if found == names or any(found.count(name) != 1 for name in names):
        return X  # scikit-learn has the words for columns that are not there
    return X.select(names) if hasattr(X, "select") else X[names]


def column(model, X, values):
    """The numbers of a column of X where `values` is its name, for a fit by name."""
    if not isinstance(values, str) or not was_by_name(model):
        return values
    try:
        found = X[values]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"X has no column {values!r}") from error
    except Exception as error:  # polars has an error of its own
        if "not found" not in str(error).lower():
            raise
        raise ValueError(f"X has no column {values!r}") from error
    return found.to_numpy() if hasattr(found, "to_numpy") else np.asarray(found)


class Reader:
    """What `Inference.predict` reads new rows with: the names, or the formula, of the fit."""

    def __init__(self, model):
        self.design = vars(model).get("_design")
        self.gaps = self.design is not None or drops(model)
        for name in ("feature_names_in_", "reading_"):
            if name in vars(model):
                setattr(self, name, getattr(model, name))

    def __call__(self, X):
        """(m, p) of floats; where gaps may be, NaN in their rows."""
        if self.design is not None and not isinstance(X, np.ndarray):
            return self.design.matrix(X)
        X = picked(self, X)
        if hasattr(self, "feature_names_in_") and _get_feature_names(X) is not None:
            _check_feature_names(self, X, reset=False)
        return as_matrix(X, finite=not self.gaps)


def refuse_arrays(design, X):
    """Raise for an array that cannot be the columns that a formula has made of a frame."""
    shape = np.shape(X)
    if len(shape) != 2 or shape[1] != len(design.names) or np.asarray(X).dtype.kind not in "biuf":
        raise ValueError(
            f"this model was fitted by the formula {design.text!r}: pass a frame with the columns "
            f"{', '.join(map(repr, design.columns))}, not an array (one of the "
            f"{len(design.names)} columns as the formula codes them is taken, too)"
        )
