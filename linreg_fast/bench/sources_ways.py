"""Ways to fit a file: ours and those of other libraries, each run in a process of its own.

A way takes the path of a Parquet or CSV file whose last column is the target, and returns the
coefficients. In one process the threads, the memory and the failures of one would be those of all.
"""

import importlib.util
import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

BLOCK = 4 << 20  # bytes of a CSV file that are parsed at a time
ROWS = 1 << 16  # of a batch


class Way(NamedTuple):
    """One row of the table."""

    name: str
    why: str
    needs: str  # the module that must be importable
    fit: Callable
    kind: str = "peer"


def names_of(path):
    """The names of a file's columns, the target last."""
    if path.endswith(".csv"):
        with open(path) as file:
            return [name.strip('"') for name in file.readline().strip().split(",")]
    from pyarrow import parquet

    return parquet.read_schema(path).names


def batches(path):
    """Record batches of pyarrow, in the settings that are fast and flat."""
    if path.endswith(".csv"):
        import pyarrow
        from pyarrow import csv

        types = dict.fromkeys(names_of(path), pyarrow.float64())
        return csv.open_csv(
            path,
            read_options=csv.ReadOptions(block_size=BLOCK),
            convert_options=csv.ConvertOptions(column_types=types),
        )
    from pyarrow import parquet

    return parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20).iter_batches(ROWS)


def bare(path):
    for _ in batches(path):
        pass


def ours(path):
    from linreg_fast import LinearRegression

    return LinearRegression().fit(path, names_of(path)[-1]).coef_


def ours_plain(path):
    from linreg_fast import LinearRegression

    return LinearRegression(precision="double").fit(path, names_of(path)[-1]).coef_


def _scanned(path):
    """polars' lazy frame of a file."""
    import polars

    if path.endswith(".csv"):
        return polars.scan_csv(path, schema=dict.fromkeys(names_of(path), polars.Float64))
    return polars.scan_parquet(path)


def ours_by_polars(path):
    from linreg_fast import LinearRegression

    return LinearRegression().fit(_scanned(path), names_of(path)[-1]).coef_


def _solved(numbers, q):
    """The coefficients from the number of rows, q sums, and the sums of each pair's products."""
    n, sums = numbers[0], np.array(numbers[1 : q + 1], dtype=float)
    products = np.empty((q, q))
    places = itertools.combinations_with_replacement(range(q), 2)
    for (i, j), value in zip(places, numbers[q + 1 :], strict=True):
        products[i, j] = products[j, i] = value
    products -= np.outer(sums, sums) / n
    return np.linalg.solve(products[:-1, :-1], products[:-1, -1])


def polars_sums(path):
    import polars

    names = names_of(path)
    pairs = itertools.combinations_with_replacement(names, 2)
    asked = [polars.col(name).sum().alias(f"sum {name}") for name in names]
    asked += [(polars.col(a) * polars.col(b)).sum().alias(f"{a} {b}") for a, b in pairs]
    found = _scanned(path).select(polars.len(), *asked).collect(engine="streaming")
    return _solved(found.row(0), len(names))


def polars_ds(path):
    import polars_ds as extension

    *features, target = names_of(path)
    asked = extension.lin_reg(*features, target=target, add_bias=True)
    found = _scanned(path).select(asked).collect().to_series()[0]
    if found is None:
        raise ValueError("it returned no coefficients")
    return np.array(found, dtype=float)[:-1]


def duckdb_sums(path):
    import duckdb

    names = names_of(path)
    pairs = itertools.combinations_with_replacement(names, 2)
    asked = ["count(*)", *(f"sum({name})" for name in names), *(f"sum({a}*{b})" for a, b in pairs)]
    types = ", ".join(f"'{name}': 'DOUBLE'" for name in names)
    source = f"read_csv(?, columns={{{types}}})" if path.endswith(".csv") else "read_parquet(?)"
    with duckdb.connect() as connection:
        connection.execute(f"SELECT {', '.join(asked)} FROM {source}", [path])
        return _solved(connection.fetchone(), len(names))


def _arrays(path):
    """(X, y) of each batch, X in C order."""
    for batch in batches(path):
        columns = [column.to_numpy() for column in batch.columns]
        yield np.column_stack(columns[:-1]), columns[-1]


def intelex(path):
    from sklearnex.linear_model import IncrementalLinearRegression

    model = IncrementalLinearRegression()
    for X, y in _arrays(path):
        model.partial_fit(X, y)
    return model.coef_


def numpy_products(path):
    total = 0.0
    for X, y in _arrays(path):
        rows = np.column_stack([np.ones(len(y)), X, y])
        total = total + rows.T @ rows
    return np.linalg.solve(total[:-1, :-1], total[:-1, -1])[1:]


def sgd(path):
    from sklearn.linear_model import SGDRegressor
    from sklearn.preprocessing import StandardScaler

    scaler, model = StandardScaler(), SGDRegressor(random_state=0)
    for X, y in _arrays(path):
        scaler.partial_fit(np.column_stack([X, y]))
    for X, y in _arrays(path):
        rows = scaler.transform(np.column_stack([X, y]))
        model.partial_fit(rows[:, :-1], rows[:, -1])
    return model.coef_ * scaler.scale_[-1] / scaler.scale_[:-1]


def _frame(path):
    import pandas

    return pandas.read_csv(path) if path.endswith(".csv") else pandas.read_parquet(path)


def scikit_learn(path):
    from sklearn.linear_model import LinearRegression

    frame = _frame(path)
    return LinearRegression().fit(frame.iloc[:, :-1], frame.iloc[:, -1]).coef_


def statsmodels(path):
    import statsmodels.api

    frame = _frame(path)
    design = statsmodels.api.add_constant(frame.iloc[:, :-1])
    return statsmodels.api.OLS(frame.iloc[:, -1], design).fit().params.to_numpy()[1:]


def dask_ml(path):
    import dask.dataframe
    from dask_ml.linear_model import LinearRegression

    read = dask.dataframe.read_csv if path.endswith(".csv") else dask.dataframe.read_parquet
    *features, target = names_of(path)
    frame = read(path)
    X = frame[features].to_dask_array(lengths=True)
    y = frame[target].to_dask_array(lengths=True)
    return LinearRegression(solver="newton", C=1e10).fit(X, y).coef_


BARE = "bare decode, pyarrow"
WAYS = (
    Way(BARE, "the limit: no sums", "pyarrow", bare, "ours"),
    Way("linreg_fast, plain sums", "precision='double'", "pyarrow", ours_plain, "ours"),
    Way("linreg_fast", "as it comes: double-double", "pyarrow", ours, "ours"),
    Way(
        "linreg_fast, decoded by polars",
        "the same of a LazyFrame",
        "polars",
        ours_by_polars,
        "ours",
    ),
    Way("polars, lazy sums", "a sum for each pair, then solve", "polars", polars_sums),
    Way("polars-ds, lazy", "lin_reg", "polars_ds", polars_ds),
    Way("DuckDB, SQL sums", "a sum for each pair, then solve", "duckdb", duckdb_sums),
    Way("scikit-learn-intelex", "IncrementalLinearRegression", "sklearnex", intelex),
    Way("numpy, X'X", "over batches, then solve", "numpy", numpy_products),
    Way("scikit-learn, pandas", "all of it in memory", "pandas", scikit_learn),
    Way("SGDRegressor", "partial_fit: scaler, then one epoch", "sklearn", sgd),
    Way("statsmodels, pandas", "all of it in memory", "statsmodels", statsmodels),
    Way("dask-ml, newton", "LinearRegression, C=1e10", "dask_ml", dask_ml),
)


def installed(ways, peers):
    """Those whose module is there; peers: whether other libraries than pyarrow take part."""
    return [
        way for way in ways if importlib.util.find_spec(way.needs) and (peers or way.kind == "ours")
    ]
