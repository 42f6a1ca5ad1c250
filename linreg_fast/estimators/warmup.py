"""Compiling ahead of the first fit."""

import sys
import time

import numpy as np

from linreg_fast.estimators.linear_regression import LinearRegression
from linreg_fast.kernels.tuning import SHARED_FEWEST_COLUMNS

DTYPES = ("float64", "float32")
LARGE = 1 << 17  # numbers: more than one block, so that the parallel code is called
MORE = 40  # columns: neither `kernels.narrow` nor `kernels.few` takes them
MANY = 100  # columns: so many float32 ones are summed in float32
DEPENDENT = "columns that depend on each other"
SLOW = 0.5  # seconds: a step that takes longer is compiling, and said so


def warmup(dtype="float64", order="C", *, sample_weight=False, verbose=True):
    """Compile what fits, predictions and scores need, or load it from the cache on disk.

    The first fit of a process takes some seconds where nothing has been compiled before, and tenths
    of a second from then on. Call this where waiting does no harm: when an image is built, before a
    server answers, before a pool of workers starts.

    Parameters
    ----------
    dtype : {"float64", "float32"}, default="float64"
    order : {"C", "F"}, default="C"
        What the arrays to come will be like; code is compiled for each combination.
    sample_weight : bool, default=False
        Whether there will be weights too.
    verbose : bool, default=True
        Say on standard error what is being compiled, if it takes long.

    Returns
    -------
    float
        Seconds that it took.

    Examples
    --------
    >>> import linreg_fast
    >>> seconds = linreg_fast.warmup(verbose=False)
    """
    if dtype not in (*DTYPES, *map(np.dtype, DTYPES)) or order not in ("C", "F"):
        raise ValueError(
            f"dtype must be 'float64' or 'float32' and order 'C' or 'F', got {dtype!r}, {order!r}"
        )
    dtype, rng = np.dtype(dtype).name, np.random.default_rng(0)
    begin = time.perf_counter()
    steps = [
        ("the smallest fits", 20, 3, "auto"),
        ("small fits of one column", 200, 1, "auto"),
        ("small fits of few columns", 200, 3, "auto"),
        ("small fits", 200, MORE, "auto"),
        ("fits of few columns on all cores", LARGE, 5, "auto"),
        ("fits on all cores", LARGE // MORE + 1, MORE, "double"),
        ("fits of hundreds of columns", 2 * SHARED_FEWEST_COLUMNS, SHARED_FEWEST_COLUMNS, "double"),
        ("double-double sums", 200, 3, "double-double"),
        (DEPENDENT, 200, 6, "auto"),
        ("double-double sums on all cores", LARGE, 3, "double-double"),
    ]
    if dtype == "float32" and not sample_weight:
        steps.append(("sums in float32", LARGE // 16, MANY, "auto"))
    for label, n, p, precision in steps:
        X = np.asarray(rng.normal(size=(n, p)), dtype=dtype, order=order)
        if label == DEPENDENT:
            X[:, 1:3] = X[:, :1]
        y = np.asarray(X.sum(axis=1) + rng.normal(size=n), dtype=dtype)
        weights = rng.uniform(1, 2, n) if sample_weight else None
        start = time.perf_counter()
        model = LinearRegression(precision=precision).fit(X, y, weights)
        model.predict(X)
        model.score(X, y)
        took = time.perf_counter() - start
        if verbose and took > SLOW:
            print(f"linreg_fast: compiled {label} in {took:.1f} s", file=sys.stderr, flush=True)
    return time.perf_counter() - begin
