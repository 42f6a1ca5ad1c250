"""Moments of Dask collections: those of the same rows in memory, however they are cut."""

import pickle
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from linreg_fast import moments, mse
from linreg_fast.data.gate import is_dask
from linreg_fast.sources import dask_collections
from linreg_fast.sources.dask_blocks import BlockError

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
pd = pytest.importorskip("pandas")


def drawn(rng, n=60, p=3):
    X = rng.normal(size=(n, p)) * 10.0 ** rng.integers(-3, 4, p) + 1e6 * rng.normal(size=p)
    return X, X @ rng.normal(size=p) + rng.normal(size=n), rng.integers(0, 3, n) + 0.5


def same_bits(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.parts, b.parts, strict=True))


def assert_close(found, expected):
    assert found.n_samples == expected.n_samples
    assert found.weight_sum == pytest.approx(expected.weight_sum, rel=1e-14)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-13)
    size = np.sqrt(np.diag(expected.comoment))
    np.testing.assert_allclose(
        found.comoment / np.outer(size, size), expected.comoment / np.outer(size, size), atol=1e-13
    )


cuts = st.lists(st.sampled_from([0, 1, 2, 5, 17, 60]), min_size=1, max_size=8)


def cut(n, sizes):
    """Chunks of n rows, of these sizes in turn; zeros are empty blocks."""
    chunks, at, left = [], 0, n
    while left:
        size = min(sizes[at % len(sizes)], left) if any(sizes) else left
        chunks.append(size)
        left, at = left - size, at + 1
    return tuple(chunks)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), rows=cuts, others=cuts, weighted=st.booleans(), data=st.data())
def test_any_cut(seed, rows, others, weighted, data):
    rng = np.random.default_rng(seed)
    X, y, weights = drawn(rng)
    weights = weights if weighted else None
    columns = data.draw(st.sampled_from([(3,), (1, 2), (1, 1, 1)]))
    lazy = da.from_array(X, chunks=(cut(60, rows), columns))
    target = da.from_array(y, chunks=(cut(60, others),))
    heavy = None if weights is None else da.from_array(weights, chunks=7)
    with dask.config.set(scheduler="synchronous"):
        found = moments(lazy, target, heavy)
    assert_close(found, moments(X, y, weights))
    with dask.config.set(scheduler="threads", num_workers=3):
        assert same_bits(found, moments(lazy, target, heavy))


def test_bits_do_not_depend_on_who_comes_first(rng):
    """70 blocks are a tree of three storeys; threads finish them in any order."""
    X, y, _ = drawn(rng, 700, 2)
    X, y = da.from_array(X, chunks=(10, 2)), da.from_array(y, chunks=10)
    with dask.config.set(scheduler="threads"):
        found = [moments(X, y) for _ in range(5)]
    assert all(same_bits(found[0], each) for each in found[1:])
    assert found[0].n_samples == 700


def test_lengths_that_are_not_known(rng):
    X, y, weights = drawn(rng)
    keep = X[:, 0] > np.median(X[:, 0])
    lazy, target = da.from_array(X, chunks=(13, 2)), da.from_array(y, chunks=13)
    heavy, kept = da.from_array(weights, chunks=13), da.from_array(keep, chunks=13)
    found = moments(lazy[kept], target[kept], heavy[kept])
    assert_close(found, moments(X[keep], y[keep], weights[keep]))
    with pytest.raises(ValueError, match=r"block \d: X has \d+ rows here, y \d+"):
        moments(lazy[kept], target.map_blocks(lambda b: b, chunks=((np.nan,) * 5,)))
    with pytest.raises(ValueError, match="X has 5 blocks of rows and y 9"):
        moments(lazy[kept], target.rechunk(7)[kept.rechunk(7)])


@pytest.mark.parametrize("dtype", ["float32", "int16", "bool"])
def test_types(rng, dtype):
    X = rng.integers(0, 2, (50, 2)).astype(dtype)
    y = rng.normal(size=50)
    found = moments(da.from_array(X, chunks=(20, 2)), da.from_array(y, chunks=20))
    assert_close(found, moments(X.astype(float), y))


def test_targets_and_one_feature(rng):
    X, y, weights = drawn(rng)
    Y = np.column_stack([y, -y, X[:, 0]])
    lazy = da.from_array(X, chunks=(20, 3))
    found = moments(lazy, da.from_array(Y, chunks=(15, 2)), weights)  # weights in memory
    assert_close(found, moments(X, Y, weights))
    assert found.n_targets == 3
    assert moments(lazy, y, 2.0).weight_sum == 120
    with pytest.raises(ValueError, match="Expected 2D array"):
        moments(lazy[:, 0], y)


def test_a_block_without_weights_adds_nothing(rng):
    X, y, weights = drawn(rng)
    weights[20:40] = 0
    lazy = [da.from_array(part, chunks=(20, *part.shape[1:])) for part in (X, y, weights)]
    found = moments(*lazy)
    assert_close(found, moments(X, y, weights))
    X[30, 1] = np.nan  # in a row that counts for nothing: still an error, as in memory
    with pytest.raises(ValueError, match=r"block 1 .*X contains NaN at row 10, column 1"):
        moments(da.from_array(X, chunks=(20, 3)), *lazy[1:])


@pytest.mark.parametrize("where", ["X", "y", "sample_weight"])
@pytest.mark.parametrize(("value", "what"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_what_is_not_finite_is_named(rng, where, value, what):
    X, y, weights = drawn(rng)
    given = {"X": X, "y": y, "sample_weight": weights}
    given[where][(47, 2) if where == "X" else 47] = value
    lazy = [da.from_array(part, chunks=(20, *part.shape[1:])) for part in given.values()]
    place = "row 7, column 2" if where == "X" else "row 7"
    with pytest.raises(
        ValueError,
        match=rf"block 2 \(from row 40 of all on\): {where} contains {what}.* at {place}",
    ):
        moments(*lazy)
    if what == "NaN":
        kept = np.arange(60) != 47
        found = moments(*lazy, missing="drop")
        assert_close(found, moments(X[kept], y[kept], weights[kept]))
    else:
        with pytest.raises(ValueError, match="infinity"):
            moments(*lazy, missing="drop")


def test_errors_before_any_work(rng):
    X, y, _ = drawn(rng)
    lazy = da.from_array(X, chunks=(20, 3)).map_blocks(never, dtype=float, meta=X[:0])
    for bad, message in [
        ((lazy, y[:-1]), "X has 60 rows and y has 59"),
        ((lazy, da.from_array(y[:-1], chunks=20)), "X has 60 rows and y has 59"),
        ((lazy, "fare"), "names a column: X must be a Dask dataframe"),
        ((lazy, None), "y is missing"),
        ((lazy, da.ones((60, 2, 2), chunks=20)), "must have 1 or 2 dimensions"),
        ((lazy.astype(complex), y), "Complex data not supported"),
        ((lazy.astype("U3"), y), "X must hold numbers"),
        ((lazy[:, :0], y), "Expected 2D array"),
        ((lazy.map_blocks(never, meta=sparse.csr_array((0, 0))), y), "blocks of X are sparse"),
    ]:
        with pytest.raises(ValueError, match=message):
            moments(*bad)
    with pytest.raises(ValueError, match="missing must be"):
        moments(lazy, y, missing="mean")
    with pytest.raises(TypeError, match=r"X is dask's Delayed.*: pass a Dask array"):
        moments(dask.delayed(X), y)
    with pytest.raises(TypeError, match=r"X is a Dask collection, which only .* take"):
        mse(lazy, y, np.ones(3))
    with pytest.raises(TypeError, match="y is a Dask collection"):
        moments(X, da.from_array(y))


def never(block):
    raise AssertionError("a block was computed")


def test_whole_numbers_that_floats_round(rng):
    big = 2**60 + rng.integers(0, 10, (40, 1))
    X = da.from_array(np.hstack([np.arange(40)[:, None], big]), chunks=(10, 2))
    with pytest.warns(UserWarning, match=r"'column 1' holds whole numbers .* multiples of 256"):
        moments(X, rng.normal(size=40))
    frame = dd.from_pandas(pd.DataFrame({"id": big[:, 0], "y": rng.normal(size=40)}), npartitions=3)
    with pytest.warns(UserWarning, match="'id' holds whole numbers"):
        moments(frame, "y")


def test_overflow_in_plain_sums():
    X = da.from_array(np.array([[1e200], [2e200], [-1e200], [3e200]]), chunks=(2, 1))
    assert moments(X, np.arange(4.0)).comoment[0, 1] == pytest.approx(1.5e200)
    with pytest.raises(ValueError, match=r"block \d .*overflow"):
        moments(X, np.arange(4.0), rung="tiled")


def test_recognised_without_dask(monkeypatch):
    """xarray's arrays have the attribute whether or not Dask is behind them."""

    class Array(np.ndarray):
        def __dask_graph__(self):
            return None

    X = np.ones((3, 1)).view(Array)
    assert not is_dask(X)
    monkeypatch.delitem(sys.modules, "dask.base")
    assert not is_dask(X)


def test_without_the_extra(monkeypatch, rng):
    X = da.ones((4, 1))
    monkeypatch.setitem(sys.modules, "dask.array", None)
    monkeypatch.delattr(dask, "array")
    with pytest.raises(ImportError, match=r"pip install 'linreg_fast\[dask\]'"):
        dask_collections.summed(X, np.ones(4))


def test_errors_travel():
    error = pickle.loads(pickle.dumps(BlockError(3, "X has no rows")))
    assert (error.block, str(error)) == (3, "block 3: X has no rows")


# Frames.


def table(rng, n=90):
    X, y, weights = drawn(rng, n)
    columns = {f"x{j}": X[:, j] for j in range(3)}
    return pd.DataFrame({**columns, "fare": y, "w": weights, "rides": rng.integers(0, 9, n)})


def test_columns_by_name(rng):
    frame = table(rng)
    lazy = dd.from_pandas(frame, npartitions=4)
    names = ["x2", "rides", "x0"]
    expected = moments(frame[names].to_numpy(), frame["fare"].to_numpy(), frame["w"].to_numpy())
    assert_close(moments(lazy, "fare", "w", features=names), expected)
    assert_close(moments(lazy[names], lazy["fare"], lazy["w"]), expected)
    both = moments(lazy, ["fare", "x1"], features=["x0"])
    assert_close(both, moments(frame[["x0"]].to_numpy(), frame[["fare", "x1"]].to_numpy()))
    others = moments(lazy, "fare", "w")
    assert others.n_features == 4


@pytest.mark.parametrize(
    "kind", ["Int64", "Float64", "boolean", "double[pyarrow]", "bool", "float16"]
)
def test_types_of_columns(rng, kind):
    frame = pd.DataFrame({"a": rng.integers(0, 2, 50), "b": rng.normal(size=50)})
    frame["y"] = rng.normal(size=50)
    lazy = dd.from_pandas(frame.astype({"a": kind}), npartitions=3)
    assert_close(moments(lazy, "y"), moments(frame[["a", "b"]].to_numpy(), frame["y"].to_numpy()))


def test_missing_values_of_nullable_columns(rng):
    frame = pd.DataFrame({"a": pd.array([1, 2, None, 4, 5, 7], "Int64"), "y": np.arange(6.0) ** 2})
    lazy = dd.from_pandas(frame, npartitions=2)
    with pytest.raises(
        ValueError, match=r"block 0: X contains NaN at row 2, column 0 \('a'\)|row 2"
    ):
        moments(lazy, "y")
    kept = frame.dropna().to_numpy(dtype=float)
    assert_close(moments(lazy, "y", missing="drop"), moments(kept[:, :1], kept[:, 1]))


def test_files_whose_columns_are_read_in_unlike_pieces(rng, tmp_path):
    """Dask joins partitions of narrow columns: block k of one is not block k of the other."""
    pytest.importorskip("pyarrow")
    frame = table(rng, 160)
    for k in range(8):
        frame.iloc[20 * k : 20 * k + 20].to_parquet(tmp_path / f"{k}.parquet")
    lazy = dd.read_parquet(tmp_path)
    names = ["x0", "x1", "x2"]
    expected = moments(frame[names].to_numpy(), frame["fare"].to_numpy(), frame["w"].to_numpy())
    assert_close(moments(lazy[names], lazy["fare"], lazy["w"]), expected)
    assert_close(moments(lazy, "fare", "w", features=names), expected)
    apart = dd.read_parquet(tmp_path, columns=["fare"])["fare"]
    assert_close(moments(lazy[names], apart, lazy["w"]), expected)
    some, few = lazy[lazy["rides"] > 3], frame[frame["rides"] > 3]
    expected = moments(few[names].to_numpy(), few["fare"].to_numpy())
    assert_close(moments(some[names], some["fare"]), expected)
    assert_close(moments(some, "fare", features=names), expected)
    with pytest.raises(ValueError, match=r"rows here, y \d+"):
        moments(some[names], lazy["fare"])


def test_empty_partitions(rng):
    frame = table(rng)
    lazy = dd.from_pandas(frame, npartitions=5)
    middle = (frame["x0"] > frame["x0"].median()) & (frame.index < 40)
    kept = frame[middle]
    found = moments(lazy[(lazy["x0"] > frame["x0"].median()) & (lazy.index < 40)], "fare")
    names = [name for name in frame if name != "fare"]
    assert_close(found, moments(kept[names].to_numpy(), kept["fare"].to_numpy()))
    assert moments(lazy[lazy["x0"] > np.inf], "fare").n_samples == 0


def test_two_frames_that_are_not_of_one_source(rng):
    frame = table(rng)
    names = ["x0", "x1", "x2"]
    expected = moments(frame[names].to_numpy(), frame["fare"].to_numpy())
    X = dd.from_pandas(frame[names], npartitions=4)
    for npartitions in (4, 3):  # cut otherwise: where divisions are known, they are followed
        y = dd.from_pandas(frame["fare"], npartitions=npartitions)
        assert_close(moments(X, y), expected)
    one = dd.from_pandas(frame[["fare"]], npartitions=1)
    assert_close(moments(X.repartition(npartitions=1), one), expected)


def test_experimental_arrays():
    class Array:
        __module__ = "dask.array._array_expr._collection"
        __dask_graph__ = da.ones(3).__dask_graph__

    with pytest.raises(TypeError, match=r"array\.query-planning to False"):
        moments(Array(), Array())


def test_frames_that_cannot_be_used(rng):
    frame = table(rng).assign(town="a")
    lazy = dd.from_pandas(frame, npartitions=3)
    numbers = lazy.drop(columns="town")
    unlike = dd.from_pandas(frame, npartitions=2).clear_divisions()["fare"]
    for bad, options, message in [
        ((lazy, "fare"), {}, "column 'town' of X does not hold numbers"),
        ((lazy, "price"), {}, "X has no column 'price'"),
        ((numbers, "fare", "fare"), {}, "'fare' is asked for twice"),
        ((numbers, "fare"), {"features": ["x0", "x0"]}, "'x0' is asked for twice"),
        ((lazy[["fare"]], "fare"), {}, "no feature is left"),
        ((numbers, frame["fare"]), {}, "make it a column of the frame"),
        ((numbers.clear_divisions(), unlike), {}, "3 partitions and y or sample_weight 2"),
        ((numbers, None), {}, "y is missing"),
    ]:
        with pytest.raises(ValueError, match=message):
            moments(*bad, **options)
    with pytest.raises(ValueError, match="features are names of columns"):
        moments(da.ones((4, 2)), np.ones(4), features=["a"])
