"""`fit_groups`: a line for each group of rows, all in one compiled pass."""

import numpy as np

from linreg_fast.data import scaling
from linreg_fast.data.gate import check_finite
from linreg_fast.kernels.moments import grouped as kernel
from linreg_fast.kernels.systems import one_of_many as of
from linreg_fast.kernels.tuning import SMALL_SYSTEM_COLUMNS
from linreg_fast.many_fits.common import (
    empty_results,
    fit_left,
    in_own_units,
    rows_for_kernels,
    whole_number,
)
from linreg_fast.many_fits.given import rows_given
from linreg_fast.many_fits.group_fits import GroupFits
from linreg_fast.many_fits.keys import grouped
from linreg_fast.many_fits.results import ManyFits
from linreg_fast.many_fits.table import LEAVE_OUT
from linreg_fast.runtime import launch
from linreg_fast.runtime.interrupt import as_keyboard_interrupt
from linreg_fast.runtime.progress import Progress

PIECE_ELEMENTS = 1 << 23  # numbers of X between two looks at the clock
PRODUCT_WORK = 8  # a product in double-double, in plain ones


def fit_groups(
    X,
    y,
    groups=None,
    *,
    by=None,
    features=None,
    sample_weight=None,
    fit_intercept=True,
    min_samples=None,
    missing="raise",
    n_jobs=None,
):
    """A least-squares line for each group of rows, with standard errors, in one pass.

    Each is what `LinearRegression` finds of the group's rows alone, to 12 digits and more: sums are
    in double-double about the group's own means. A group whose columns are constant or depend on
    each other, that has one row only or fewer rows than columns, is fitted like all others, and
    what its rows do not determine has no standard error.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), a data frame, or a source
        A source is a path, a pattern such as 'sales-*.csv', a folder or a list of paths, of CSV,
        Parquet or Feather as the command line reads them; or what hands out tables: a LazyFrame, a
        Dataset or a stream of Arrow, a relation of DuckDB, a Dask frame, a list or an iterator of
        tables. y and by are names then. The columns asked for are read once and held. Keys of
        CSV are whole numbers, numbers or text; those of other files have the type that they have
        there.
    y : array-like of shape (n_samples,), or the name of a column of X
    groups : array-like of shape (n_samples,), optional
        The key of each row's group: whole numbers, text, dates, categories or anything hashable,
        sorted or not.
    by : str or list of str, optional
        Instead of groups: which columns of the frame X are the keys. They are no features, and
        neither is the column that y names.
    features : list of str, optional
        Of a frame or a source: the columns to explain y by. None: all others; of files, all others
        that hold numbers.
    sample_weight : array-like of shape (n_samples,), or the name of a column of X, optional
        0 removes a row.
    fit_intercept : bool, default=True
    min_samples : int, optional
        Groups with fewer rows (of a weight above zero) get NaN. None: every group is fitted.
    missing : {"raise", "drop"}, default="raise"
        What a row does that lacks a number or its key: stop it, or stay out.
    n_jobs : int or None, default=None
        Threads: None for Numba's setting, -1 for all, k for at most k. The bits are the same.

    Returns
    -------
    GroupFits

    Raises
    ------
    ValueError
        For shapes that do not fit, numbers that are not finite, and rows without a key; it says
        where.

    Examples
    --------
    >>> from linreg_fast import fit_groups
    >>> fits = fit_groups([[1.0], [2.0], [3.0], [1.0], [2.0]], [3.0, 5.0, 7.0, 1.0, 0.0],
    ...                   ["a", "a", "a", "b", "b"])
    >>> fits.keys.tolist(), fits.coef.round(12).tolist()
    (['a', 'b'], [[2.0], [-1.0]])
    >>> fits.predict([[10.0]], ["b"]).round(12).tolist()
    [-8.0]
    """
    threads = launch.threads(n_jobs)
    fewest = whole_number(min_samples, "min_samples") if min_samples is not None else 1
    given = rows_given(X, y, groups, by, features, sample_weight, missing)
    return fit_rows(given, fit_intercept, fewest, threads)


def fit_rows(given, centred, fewest, threads=launch.AS_IT_IS):
    """`GroupFits` of `RowsGiven`."""
    X, y, weights = given.X, given.y, given.weights
    n, p = X.shape
    if weights is not None and not weights.all():  # the sums skip rows of weight zero
        check_finite(X, "X", given.features, advice=LEAVE_OUT)
        check_finite(y, "y")
    with as_keyboard_interrupt(), threads:
        rows_of = grouped(given.keys, n, given.key_names)
        found = fit_each(X, y, weights, rows_of, centred, fewest, given.features)
    names = given.features or [f"x{j}" for j in range(p)]
    rest = names, bool(centred), given.library
    return GroupFits(*ManyFits.arrays(*found), *rest, rows_of.labels, given.key_names)


def fit_each(X, y, weights, rows_of, centred, fewest, features):
    """coef, errors, numbers and states of all groups."""
    p = X.shape[1]
    exponents = np.zeros(p + 1, dtype=np.int64)
    count = len(rows_of.labels)
    found = empty_results(count, p, "group")
    states = found[-1]
    if p <= SMALL_SYSTEM_COLUMNS:
        _run(X, y, weights, rows_of, centred, fewest, exponents, found)
        extreme = states == of.EXTREME
        if extreme.any():
            check_finite(X, "X", features, advice=LEAVE_OUT)
            check_finite(y, "y")
            _run_scaled(X, y, weights, rows_of, extreme, centred, fewest, found)
        left = np.flatnonzero((states == of.LEFT) | (states == of.EXTREME))
    else:
        check_finite(X, "X", features, advice=LEAVE_OUT)
        check_finite(y, "y")
        left = np.arange(count)
    rows = (rows_of.order[rows_of.starts[g] : rows_of.starts[g + 1]] for g in left)
    fit_left(X, y, weights, centred, fewest, left, rows, found, "group")
    return found


def _run(X, y, weights, rows_of, centred, fewest, exponents, found):
    """Fit all groups in compiled code, pieces of them one after the other."""
    p = X.shape[1]
    rows = rows_for_kernels(X, y, weights, np.ldexp(1.0, -exponents))
    count, starts = len(rows_of.labels), rows_of.starts
    with Progress("group", count) as progress:
        begin = 0
        while begin < count:
            most = starts[begin] + max(PIECE_ELEMENTS // p, 1)
            end = max(int(np.searchsorted(starts, most, "right")) - 1, begin + 1)
            elements = int(starts[end] - starts[begin]) * (p + 2)
            launch.run(
                kernel.fit,
                end - begin,
                min(
                    launch.count_blocks(elements, PRODUCT_WORK), 1 << (end - begin).bit_length() - 1
                ),
                elements * (p + 2) * PRODUCT_WORK,
                kernel.scratch_size(p),
                *rows,
                rows_of.order,
                starts[begin : end + 1],
                bool(centred),
                fewest,
                *(part[begin:end] for part in found),
            )
            begin = end
            progress(begin)


def _run_scaled(X, y, weights, rows_of, extreme, centred, fewest, found):
    """Fit the extreme groups again, with columns divided by powers of two of these rows' sizes."""
    own = rows_of.order[np.repeat(extreme, np.diff(rows_of.starts))]
    some = slice(None) if extreme.all() else own
    exponents = scaling.exponents(
        X[some], y[some, None], None if weights is None else weights[some]
    )
    exponents = exponents[:-1]
    if not exponents.any():
        return
    starts = np.append(0, np.cumsum(np.diff(rows_of.starts)[extreme]))
    part = rows_of._replace(labels=rows_of.labels[extreme], starts=starts, order=own)
    parts = [each[extreme] for each in found]
    _run(X, y, weights, part, centred, fewest, exponents, parts)
    in_own_units(parts, exponents)
    for each, new in zip(found, parts, strict=True):
        each[extreme] = new
