"""Frames of pandas, polars and Arrow: the bits of arrays, and no copy where none is needed."""

import tracemalloc
import warnings

import numpy as np
import pytest
from sklearn import linear_model

from linreg_fast import LinearRegression
from linreg_fast.data import frames
from linreg_fast.kernels.arithmetic.columns import Columns

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
pyarrow = pytest.importorskip("pyarrow")


def _apart(X):
    """The columns by name, each in memory of its own."""
    return {f"c{j}": X[:, j].copy() for j in range(X.shape[1])}


def _pandas_of_blocks(X):
    return pandas.concat([pandas.Series(v, name=k) for k, v in _apart(X).items()], axis=1)


def _pandas_of_arrow(X):
    arrays = {k: pandas.arrays.ArrowExtensionArray(pyarrow.array(v)) for k, v in _apart(X).items()}
    return pandas.DataFrame(arrays)


KINDS = {
    "pandas, one block": lambda X: pandas.DataFrame(X, columns=list(_apart(X))),
    "pandas, a block a column": _pandas_of_blocks,
    "pandas of Arrow": _pandas_of_arrow,
    "polars": lambda X: polars.DataFrame(_apart(X)),
    "Arrow": lambda X: pyarrow.table(_apart(X)),
    "Arrow batch": lambda X: pyarrow.RecordBatch.from_pydict(_apart(X)),
}
kinds = pytest.mark.parametrize("kind", KINDS)
SHAPES = {"small": (50, 3), "few columns": (40_001, 5), "more columns": (9_001, 20)}


def _same(model, other):
    return np.array_equal(model.coef_, other.coef_) and model.intercept_ == other.intercept_


@kinds
@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_has_the_bits_of_an_array_in_fortran_order(rng, kind, shape):
    X = np.asfortranarray(rng.normal(size=shape) + 3)
    y = X.sum(axis=1) + rng.normal(size=len(X))
    table = KINDS[kind](X)
    model, other = LinearRegression().fit(table, y), LinearRegression().fit(X, y)
    assert _same(model, other)
    assert model.way_ == other.way_
    assert np.array_equal(model.predict(table), other.predict(X))
    assert list(model.feature_names_in_) == list(_apart(X))
    assert model.n_features_in_ == shape[1]
    assert model.score(table, y) == pytest.approx(other.score(X, y), rel=1e-12)


@pytest.mark.parametrize(
    "options",
    [{"precision": "double-double"}, {"fit_intercept": False}, {"solver": "svd"}],
    ids=["double-double", "no intercept", "svd"],
)
def test_other_ways_take_frames_too(rng, options):
    X = np.asfortranarray(rng.normal(size=(30_000, 6)) + 1)
    y = X @ rng.normal(size=6) + rng.normal(size=len(X))
    for_array = LinearRegression(**options).fit(X, y)
    assert _same(LinearRegression(**options).fit(polars.DataFrame(_apart(X)), y), for_array)


@pytest.mark.parametrize(("apart", "how"), [(1e-3, "refined"), (1e-7, "double-double")])
def test_correlated_columns_are_solved_where_they_are(rng, apart, how):
    common = rng.normal(size=(100_000, 1))
    X = np.asfortranarray(common + apart * rng.normal(size=(100_000, 6)))
    y = X.sum(axis=1) + rng.normal(size=len(X))
    model = LinearRegression().fit(polars.DataFrame(_apart(X)), y)
    assert how in model.solver_reason_
    assert _same(model, LinearRegression().fit(X, y))


@pytest.mark.slow  # compiles variants of their own
def test_weights_and_rows_that_are_added(rng):
    X = np.asfortranarray(rng.normal(size=(30_000, 6)))
    y, weights = X.sum(axis=1) + rng.normal(size=len(X)), rng.uniform(0.5, 2, len(X))
    table, series = polars.DataFrame(_apart(X)), polars.Series(y)
    assert _same(
        LinearRegression().fit(table, series, weights), LinearRegression().fit(X, y, weights)
    )
    model = LinearRegression().partial_fit(table, series).partial_fit(table, series)
    assert _same(model, LinearRegression().partial_fit(X, y).partial_fit(X, y))


@pytest.mark.slow  # compiles variants of their own
def test_float32_columns_stay_float32(rng):
    X = np.asfortranarray(rng.normal(size=(30_000, 6)), dtype=np.float32)
    y = X.sum(axis=1)
    table = polars.DataFrame(_apart(X))
    model, other = LinearRegression().fit(table, y), LinearRegression().fit(X, y)
    assert model.coef_.dtype == np.float32
    assert _same(model, other)
    assert np.array_equal(model.predict(table), other.predict(X))


@kinds
def test_large_frames_are_not_copied(rng, kind):
    X = rng.normal(size=(200_000, 5))
    y = X.sum(axis=1) + rng.normal(size=len(X))
    table = KINDS[kind](X)
    LinearRegression().fit(table, y).predict(table)  # whatever is made once
    tracemalloc.start()
    LinearRegression().fit(table, y)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < X.nbytes / 10


def test_columns_of_one_block_are_one_array(rng):
    X = rng.normal(size=(40_000, 5))
    for block in (X, np.asfortranarray(X)):
        table = pandas.DataFrame(block, columns=list("abcde"))
        found = frames.read(table).X
        assert isinstance(found, np.ndarray)
        assert np.shares_memory(found, table.to_numpy())
        assert np.array_equal(found, X)
    backwards = pandas.DataFrame(X, columns=list("abcde"))[list("edcba")]
    found = frames.read(backwards).X
    assert np.array_equal(found.array if isinstance(found, Columns) else found, X[:, ::-1])


def test_columns_in_chunks_and_in_parts(rng):
    X = rng.normal(size=(60_000, 4))
    y = X.sum(axis=1) + rng.normal(size=len(X))
    halves = [pyarrow.table(_apart(half)) for half in np.array_split(X, 2)]
    expected = LinearRegression().fit(np.asfortranarray(X), y)
    assert _same(LinearRegression().fit(pyarrow.concat_tables(halves), y), expected)
    parts = [polars.DataFrame(_apart(half)) for half in np.array_split(X, 2)]
    assert _same(LinearRegression().fit(polars.concat(parts, rechunk=False), y), expected)
    every_second = polars.DataFrame(_apart(np.repeat(X, 2, axis=0)))[::2]
    assert _same(LinearRegression().fit(every_second, y), expected)
    sliced = pyarrow.table(_apart(np.vstack([X[:7], X]))).slice(7)
    assert _same(LinearRegression().fit(sliced, y), expected)


@pytest.mark.parametrize("n", [60, 60_000])
def test_whole_numbers_beside_floats(rng, n):
    floats, whole = rng.normal(size=(n, 2)), rng.integers(-9, 9, size=(n, 2))
    columns = {
        "a": floats[:, 0],
        "b": whole[:, 0],
        "c": whole[:, 1].astype(np.int8),
        "d": floats[:, 1],
    }
    X = np.column_stack(list(columns.values())).copy(order="F")
    y = X.sum(axis=1) + rng.normal(size=n)
    expected = LinearRegression().fit(X, y)
    for table in (pandas.DataFrame(columns), polars.DataFrame(columns), pyarrow.table(columns)):
        assert _same(LinearRegression().fit(table, y), expected)


def test_series_as_targets(rng):
    X = rng.normal(size=(50, 3))
    y = rng.integers(0, 9, 50)
    expected = LinearRegression().fit(X, y.astype(float))
    for series in (pandas.Series(y), polars.Series(y), pyarrow.array(y), pandas.Series(y * 1.0)):
        model = LinearRegression().fit(X, series)
        assert model.coef_.ndim == 1
        assert _same(model, expected)
    for table in (pandas.DataFrame({"y": y}), polars.DataFrame({"y": y})):
        model = LinearRegression().fit(polars.DataFrame(_apart(X)), table)
        assert model.coef_.shape == (1, 3)
        assert np.array_equal(model.coef_[0], expected.coef_)


def _outcome(estimator, table, y, later=None):
    """What fitting and predicting says: the names, or the error, and the warnings."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            model = estimator.fit(table, y)
            if later is not None:
                model.predict(later)
            names = getattr(model, "feature_names_in_", None)
            found = None if names is None else list(names)
        except (TypeError, ValueError) as error:
            found = (type(error), str(error).replace("double-double", ""))
    return found, [str(one.message).replace(type(estimator).__name__, "") for one in said]


NAMES = {
    "text": (list("abc"), list("abc")),
    "other text": (list("abc"), list("abd")),
    "another order": (list("abc"), list("cba")),
    "numbers": ([0, 1, 2], [0, 1, 2]),
    "numbers after text": (list("abc"), [0, 1, 2]),
    "text after numbers": ([0, 1, 2], list("abc")),
    "text and numbers": (["a", "b", 2], None),
    "fewer": (list("abc"), list("ab")),
    "more": (list("abc"), list("abcd")),
    "tuples": ([("a", "b"), ("a", "c"), ("d", "e")], None),
}


@pytest.mark.parametrize("names", NAMES.values(), ids=list(NAMES))
def test_says_of_names_what_scikit_learn_says(rng, names):
    first, second = names
    X = rng.normal(size=(20, 4))
    table = pandas.DataFrame(X[:, : len(first)], columns=first)
    later = None if second is None else pandas.DataFrame(X[:, : len(second)], columns=second)
    y = X.sum(axis=1)
    ours = _outcome(LinearRegression(), table, y, later)
    assert ours == _outcome(linear_model.LinearRegression(), table, y, later)


def test_names_are_forgotten_with_the_next_fit(rng):
    X = rng.normal(size=(20, 2))
    model = LinearRegression().fit(polars.DataFrame(_apart(X)), X[:, 0])
    assert list(model.feature_names_in_) == ["c0", "c1"]
    model.fit(pandas.DataFrame(X), X[:, 0])
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize("n", [30, 70_000])
def test_missing_numbers_are_named(rng, n):
    X = rng.normal(size=(n, 3))
    y = X.sum(axis=1)
    columns = _apart(X)
    columns["c1"][7] = np.nan
    for table in (pandas.DataFrame(columns), polars.DataFrame(columns), pyarrow.table(columns)):
        with pytest.raises(ValueError, match="row 7, column 1 \\('c1'\\)"):
            LinearRegression().fit(table, y)
    nothing = (
        polars.DataFrame(_apart(X))
        .with_row_index()
        .with_columns(
            c1=polars.when(polars.col("index") == 7).then(None).otherwise(polars.col("c1"))
        )
    )
    with pytest.raises(ValueError, match="row 7, column 1 \\('c1'\\)"):
        LinearRegression().fit(nothing.drop("index"), y)
    model = LinearRegression().fit(polars.DataFrame(_apart(X)), y)
    with pytest.raises(ValueError, match="row 7, column 1 \\('c1'\\)"):
        model.predict(polars.DataFrame(columns))


def test_text_and_dates_are_named(rng):
    text = {"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]}
    for table in (pandas.DataFrame(text), polars.DataFrame(text)):
        with pytest.raises(ValueError, match="column 'b' of X does not hold numbers"):
            LinearRegression().fit(table, [1.0, 2.0, 3.0])
    dates = pandas.DataFrame(
        {"a": [1.0, 2.0], "b": pandas.to_datetime(["2020-01-01", "2020-01-02"])}
    )
    with pytest.raises((TypeError, ValueError), match="b"):
        LinearRegression().fit(dates, [1.0, 2.0])


def test_a_frame_of_another_length_and_an_empty_one(rng):
    X = rng.normal(size=(20, 2))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        LinearRegression().fit(polars.DataFrame(_apart(X)), X[:-1, 0])
    with pytest.raises(ValueError, match="0 sample"):
        LinearRegression().fit(polars.DataFrame(_apart(X[:0])), X[:0, 0])
