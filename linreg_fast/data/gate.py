"""The gate: whatever a user passes becomes arrays that the kernels know, or a clear ValueError.

float32 and float64 stay as they are, without a copy; every other real number becomes float64.
What comes out is a read-only view: kernels cannot write to it, and Numba compiles one variant
where it would compile one for writable and one for read-only arrays. For the same reason one column
of a table, such as Y[:, 0], is copied: Numba would compile all kernels once more for its stride.
"""

import contextlib
import difflib
import sys

import numpy as np

from linreg_fast.kernels.tuning import FINITE_CHECK_ELEMENTS


def as_floats(values, name):
    """An ndarray of float32 or float64 from any array-like of real numbers."""
    if hasattr(values, "toarray"):
        raise ValueError(f"{name} is sparse: only the estimators take that; use {name}.toarray()")
    refuse_dask(values, name)
    array = np.asarray(values)
    if np.iscomplexobj(array):
        raise ValueError(f"Complex data not supported: {name} must hold real numbers")
    if array.dtype.kind in "USMm":
        raise ValueError(
            f"{name} must hold numbers, got dtype {array.dtype}: "
            "encode text, dates and categories as numbers first"
        )
    if array.dtype not in (np.float32, np.float64):
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"{name} must hold numbers, got dtype {array.dtype} ({error}); "
                "encode text and categories as numbers first"
            ) from None
    return array


def listed(names, most=20):
    """For a message: some of the names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def no_column(name, names, table="X"):
    """The ValueError for a name that is none of a table's, with the one it is most like."""
    names = [str(each) for each in names]
    near = difflib.get_close_matches(str(name), names, 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return ValueError(f"{table} has no column {name!r}: it has {listed(names)}{hint}")


def is_dask(values):
    """Whether these are rows that Dask is to compute. Imports nothing."""
    if not hasattr(values, "__dask_graph__"):
        return False
    base = sys.modules.get("dask.base")  # xarray has that attribute without Dask, too
    return base is not None and base.is_dask_collection(values)


def refuse_dask(values, name):
    """Raise for a Dask collection: NumPy would compute it, and hold all of it in this process."""
    if is_dask(values):
        raise TypeError(
            f"{name} is a Dask collection, which only LinearRegression (fit, from_formula, "
            "partial_fit, predict, score, inference, influence, diagnostics) and "
            "linreg_fast.moments take, block by block: use those, or pass "
            f"{name}.compute() if all of it fits into memory"
        )


def refuse_lazy(values, name):
    """Raise for a frame of polars or rows of Dask that have not been computed yet."""
    refuse_dask(values, name)
    if hasattr(values, "collect_schema") and not hasattr(values, "__array__"):
        kind = type(values).__name__
        raise TypeError(f"{name} is a {kind}, which holds no numbers yet: pass {name}.collect()")


def refuse_columns(table, name):
    """Raise for the columns of a data frame that hold text, dates or the like, naming them."""
    found = []
    for column in getattr(table, "columns", ()):
        values = np.asarray(table[column])
        numbers = values.dtype.kind in "biufc"
        if values.dtype.kind == "O":
            with contextlib.suppress(TypeError, ValueError, OverflowError):
                values.astype(np.float64)
                numbers = True
        if not numbers:
            first = str(values[0]) if len(values) else ""
            found.append((column, table[column].dtype, first))
    if not found:
        return
    column, dtype, first = found[0]
    also = f" (nor do {listed(repr(other) for other, *_ in found[1:])})" if len(found) > 1 else ""
    raise ValueError(
        f"column {column!r} of {name} does not hold numbers (dtype {dtype}, first {first!r}){also}"
        f": leave it out with {name}.drop(columns=[...]), or encode text, dates and categories as "
        "numbers first: LinearRegression.from_formula('y ~ area + C(city)', frame) does, and so do "
        "pandas.get_dummies and scikit-learn's OneHotEncoder"
    )


def check_finite(array, name, columns=None, place=None, advice=""):
    """Raise a ValueError that names the first NaN or infinite entry of a 1-D or 2-D array.

    place: where the array's only entry stands, for one that is a part of another. advice: what
    else the caller offers for NaN.
    """
    step = max(FINITE_CHECK_ELEMENTS // max(array[:1].size, 1), 1)
    for start in range(0, len(array), step):
        bad = ~np.isfinite(array[start : start + step])
        if bad.any():
            found = np.argwhere(bad)[0]
            found[0] += start
            value = array[tuple(found)]
            row, *column = (int(i) for i in found) if place is None else place
            what = "NaN" if np.isnan(value) else f"infinity ({value})"
            where = f"row {row}"
            if column and (array.shape[1] > 1 or place is not None):
                where += f", column {column[0]}"
                where += f" ({columns[column[0]]!r})" if columns is not None else ""
            raise ValueError(
                f"{name} contains {what} at {where}: drop or impute the rows that are not finite"
                + advice * bool(np.isnan(value))
            )


def frozen(array):
    """A read-only view of the array; of one row or column whose numbers lie apart, a copy."""
    apart = not array.flags.forc and array.size == max(array.shape, default=1)
    view = np.ascontiguousarray(array) if apart else array[...]
    view.setflags(write=False)
    return view


def read_only(array):
    """`frozen`, of whatever is an array and is not yet."""
    return frozen(array) if isinstance(array, np.ndarray) and array.flags.writeable else array


def as_matrix(X, name="X", finite=True):
    """(n, p) floats. A 1-D array is one column: the texts' y = m x + b.

    finite: look at every number; False where the caller sees it in its sums.
    """
    X = as_floats(X, name)
    if X.ndim == 1:
        X = X[:, None]
    if X.ndim != 2 or 0 in X.shape:
        raise ValueError(
            f"{name} must be 2-D, rows by features, with at least one of each; got shape {X.shape}"
        )
    if finite:
        check_finite(X, name)
    return frozen(X)


def as_target(y, n_samples, name="y", finite=True):
    """(n,) or (n, t) floats of the given length."""
    y = as_floats(y, name)
    if y.ndim not in (1, 2) or y.size == 0:
        raise ValueError(f"{name} must be 1-D, or 2-D with a column a target; got shape {y.shape}")
    if len(y) != n_samples:
        raise ValueError(f"X has {n_samples} rows and {name} has {len(y)}: they must be as many")
    if finite:
        check_finite(y, name)
    return frozen(y)


def as_weights(sample_weight, n_samples):
    """(n,) float64 weights, or None. A number stands for that weight on every row."""
    if sample_weight is None:
        return None
    weights = as_floats(sample_weight, "sample_weight").astype(np.float64, copy=False)
    if weights.ndim == 0:
        weights = np.full(n_samples, weights)
    if weights.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    if len(weights) != n_samples:
        raise ValueError(
            f"sample_weight.shape == {weights.shape}, expected ({n_samples},): one weight a row"
        )
    check_finite(weights, "sample_weight")
    if weights.min() < 0:
        row = int(np.argmax(weights < 0))
        raise ValueError(
            f"Negative values in data passed to `sample_weight`: {weights[row]} at row {row}"
        )
    if not weights.any():
        raise ValueError("sample_weight is zero on every row: nothing is left to fit")
    return frozen(weights)


def as_coefficients(coef, intercept, n_features):
    """coef (p,) float64 and intercept float, for one target; coef may be a column."""
    coef = np.atleast_1d(as_floats(coef, "coef")).astype(np.float64, copy=False)
    if coef.shape == (n_features, 1):  # theta as the texts write it
        coef = coef[:, 0]
    if coef.shape != (n_features,):
        raise ValueError(
            f"coef must hold one number a feature: X has {n_features}, coef has shape {coef.shape}"
        )
    if not np.isfinite(coef).all():
        place = int(np.argmin(np.isfinite(coef)))
        what = "NaN" if np.isnan(coef[place]) else f"infinity ({coef[place]})"
        raise ValueError(f"coef contains {what} at {place}: its numbers must be finite")
    intercept = as_floats(intercept, "intercept").astype(np.float64)
    if intercept.size != 1 or not np.isfinite(intercept).all():
        raise ValueError(f"intercept must be one finite number, got {intercept}")
    return frozen(coef), float(intercept.reshape(()))
