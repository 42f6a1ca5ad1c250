"""Dask's collections beside what they are held against: moments in memory, and Dask's own sum.

A way takes the text ``rows x columns in blocks`` instead of a path, and keeps the data it drew.
"""

import functools

import numpy as np

from linreg_fast.bench.sources_ways import Way

MEMORY, SUM, OF_DASK = "moments in memory", "Dask's X.sum()", "moments of a Dask array"


@functools.lru_cache(maxsize=1)
def _drawn(text):
    """(X, y, rows of a block)."""
    n, p, blocks = map(int, text.split())
    X = np.random.default_rng(0).normal(size=(n, p))
    return X, X.sum(axis=1), max(n // blocks, 1)


@functools.lru_cache(maxsize=1)
def _collected(text):
    import dask.array

    X, y, rows = _drawn(text)
    return dask.array.from_array(X, chunks=(rows, -1)), dask.array.from_array(y, chunks=rows)


def in_memory(text):
    from linreg_fast import LinearRegression, moments

    X, y, _ = _drawn(text)
    return LinearRegression().fit_moments(moments(X, y)).coef_


def ours(text):
    import dask

    from linreg_fast import LinearRegression, moments

    with dask.config.set(scheduler="threads"):
        return LinearRegression().fit_moments(moments(*_collected(text))).coef_


def own_sum(text):
    import dask

    with dask.config.set(scheduler="threads"):
        _collected(text)[0].sum().compute()


DASK = (
    Way(MEMORY, "no Dask", "dask", in_memory, "ours"),
    Way(SUM, "what Dask's own tasks take", "dask", own_sum, "peer"),
    Way(OF_DASK, "threaded scheduler", "dask", ours, "ours"),
)
