"""Compiling ahead of the first fit."""

import sys
import time

import numpy as np

from linreg_fast.estimators.linear_regression import LinearRegression
from linreg_fast.kernels.moments.ways import WAYS

DTYPES = ("float64", "float32")
# What makes a fit sum its rows in the ways of a rung, or of a stage of `solvers.auto`.
PRECISION = {"tiled": "double", "compensated": "double-double"}
DEPENDENT = "columns that depend on each other"
CORRELATED = "columns that correlate"
# (what, rows, columns, precision): variants beside the examples of WAYS.
OTHERS = (
    ("small fits of one column", 200, 1, "auto"),
    ("small fits of few columns", 200, 3, "auto"),
    ("small fits of many columns", 200, 40, "auto"),
    ("double-double sums of one block", 200, 3, "double-double"),
    ("the sample of rows that tells the condition", 300_000, 4, "auto"),
    (DEPENDENT, 200, 6, "auto"),
    (CORRELATED, 500, 4, "auto"),
    (CORRELATED, 20_000, 4, "auto"),
    (CORRELATED, 300_000, 4, "auto"),
)
PARTS = ("frames", "inference", "descents", "many_fits", "sources")  # functions of warmup_parts
PART_ROWS = (200, 20_000)  # on one thread, and on several
SLOW = 0.5  # seconds: a step that takes longer is compiling, and said so


def warmup(dtype="float64", order="C", *, sample_weight=False, also=(), verbose=True):
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
    also : str or sequence of str, default=()
        What else than fits of arrays: "frames" (columns of polars and Arrow, where they are),
        "inference", "descents", "many_fits", "sources"; or "all".
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
    parts = _chosen(also)
    dtype, rng = np.dtype(dtype).name, np.random.default_rng(0)
    begin = time.perf_counter()
    for label, n, p, precision in _steps(dtype, sample_weight):
        X = np.asarray(rng.normal(size=(n, p)), dtype=dtype, order=order)
        if label == DEPENDENT:
            X[:, 1:3] = X[:, :1]
        if label == CORRELATED:
            X[:, 1] = X[:, 0] + X[:, 1] / 1000
        y = np.asarray(X.sum(axis=1) + rng.normal(size=n), dtype=dtype)
        weights = rng.uniform(1, 2, n) if sample_weight else None
        start = time.perf_counter()
        model = LinearRegression(precision=precision).fit(X, y, weights)
        model.predict(X)
        model.score(X, y)
        _say(label, start, verbose)
    for part in parts:
        from linreg_fast.estimators import warmup_parts  # 0.2 s, which a plain warmup spares

        start = time.perf_counter()
        for n in PART_ROWS:
            X = np.asarray(rng.normal(size=(n, 4)), dtype=dtype, order=order)
            y = np.asarray(X.sum(axis=1) + rng.normal(size=n), dtype=dtype)
            weights = rng.uniform(1, 2, n) if sample_weight else None
            getattr(warmup_parts, part)(X, y, weights)
        _say(part, start, verbose)
    return time.perf_counter() - begin


def _chosen(also):
    names = [also] if isinstance(also, str) else list(also)
    if "all" in names:
        return list(PARTS)
    for name in names:
        if name not in PARTS:
            raise ValueError(f"also must name some of {', '.join(PARTS)}, or 'all', got {name!r}")
    return names


def _say(label, start, verbose):
    took = time.perf_counter() - start
    if verbose and took > SLOW:
        print(f"linreg_fast: compiled {label} in {took:.1f} s", file=sys.stderr, flush=True)


def _steps(dtype, sample_weight):
    """(what, rows, columns, precision) of the fits that compile everything."""
    for way in WAYS.values():
        n, p, example = way.example
        if example == "float64" or (example == dtype and not sample_weight):
            yield f"the way {way.name!r}", n, p, PRECISION.get(way.rung, "auto")
    yield from OTHERS
