"""`LinearRegression` as a drop-in: inputs, attributes, partial_fit, refusals."""

import datetime
import itertools
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LinearRegression as Reference

from linreg_fast import SOLVERS, LinearRegression, datasets


def draw(rng, n=120, p=4, t=None):
    X = rng.normal(2, 1, (n, p))
    shape = (n,) if t is None else (n, t)
    return X, X @ rng.normal(size=(p, *shape[1:])) + 3 + rng.normal(0, 0.5, shape)


def assert_same(model, other, rtol=1e-9):
    assert np.shape(model.coef_) == np.shape(other.coef_)
    assert np.shape(model.intercept_) == np.shape(other.intercept_)
    scale = np.abs(other.coef_).max()
    np.testing.assert_allclose(model.coef_, other.coef_, rtol=rtol, atol=rtol * scale)
    np.testing.assert_allclose(model.intercept_, other.intercept_, rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize("t", [None, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_shapes_and_attributes_are_those_of_sklearn(rng, t, fit_intercept):
    X, y = draw(rng, t=t)
    ours = LinearRegression(fit_intercept=fit_intercept).fit(X, y)
    theirs = Reference(fit_intercept=fit_intercept).fit(X, y)
    assert_same(ours, theirs)
    assert type(ours.intercept_) is type(theirs.intercept_) or fit_intercept
    assert ours.rank_ == theirs.rank_
    np.testing.assert_allclose(ours.singular_, theirs.singular_, rtol=1e-10)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9, atol=1e-9)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y))
    assert set(Reference().get_params()) - {"tol"} < set(ours.get_params())


def variants(X):
    yield "C", X
    yield "F", np.asfortranarray(X)
    yield "strided", np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3]
    yield "reversed", np.ascontiguousarray(X[::-1])[::-1]
    read_only = X.copy()
    read_only.flags.writeable = False
    yield "read-only", read_only
    yield "list", X.tolist()
    yield "big-endian", X.astype(">f8")
    for kind in (scipy.sparse.csr_array, scipy.sparse.csc_matrix, scipy.sparse.coo_array):
        yield kind.__name__, kind(X)


def test_every_layout_gives_the_same(rng):
    X, y = draw(rng)
    expected = Reference().fit(X, y)
    for name, variant in variants(X):
        before = np.array(variant.toarray() if scipy.sparse.issparse(variant) else variant)
        model = LinearRegression().fit(variant, y)
        assert_same(model, expected, 1e-10)
        np.testing.assert_allclose(model.predict(variant), expected.predict(X), err_msg=name)
        after = variant.toarray() if scipy.sparse.issparse(variant) else variant
        np.testing.assert_array_equal(before, after, err_msg=name)


def test_memory_mapped_arrays(rng, tmp_path):
    X, y = draw(rng)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert_same(LinearRegression().fit(mapped, y), Reference().fit(X, y))


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64, np.int8, np.uint16, bool])
def test_dtypes(rng, dtype):
    X = rng.integers(0, 2, (90, 3)).astype(dtype)
    y = rng.integers(0, 9, 90).astype(dtype)
    model = LinearRegression().fit(X, y)
    kept = np.float32 if dtype is np.float32 else np.float64
    assert model.coef_.dtype == kept
    assert model.predict(X).dtype == kept
    expected = Reference().fit(X.astype(float), y.astype(float))
    assert_same(model, expected, 1e-6 if dtype is np.float32 else 1e-10)


@pytest.mark.parametrize(
    ("library", "cells"),
    [
        ("pandas", ["x", "y", "x"]),
        ("polars", ["x", "y", "x"]),
        ("pandas", [datetime.date(2020, 1, 1)] * 3),  # of polars' days scikit-learn makes numbers
        ("pandas", [[1], [2], [3]]),
        ("polars", [[1], [2], [3]]),
    ],
)
def test_a_column_of_a_frame_that_holds_no_numbers_is_named(library, cells):
    frame = pytest.importorskip(library).DataFrame
    numbers, says = {"a": [1.0, 2.0, 4.0]}, "column 'city' of X does not hold numbers"
    model = LinearRegression()
    with pytest.raises(ValueError, match=says):
        model.fit(frame({**numbers, "city": cells}), [1.0, 2.0, 3.0])
    assert not hasattr(model, "n_features_in_")
    model.fit(frame({**numbers, "city": [1, 2, 2]}), [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=says):
        model.predict(frame({**numbers, "city": cells}))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames_keep_their_names(rng, library):
    frames = pytest.importorskip(library)
    X, y = draw(rng, p=3)
    frame = frames.DataFrame({name: X[:, j] for j, name in enumerate(["a", "b", "c"])})
    model = LinearRegression().fit(frame, frames.Series(y))
    assert_same(model, Reference().fit(X, y))
    theirs = Reference().fit(frame, frames.Series(y))
    if not hasattr(theirs, "feature_names_in_"):  # scikit-learn before 1.9 with polars from 2 on
        assert library == "polars"
        assert not hasattr(model, "feature_names_in_")
        return
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    other = frame.rename(columns={"a": "z"}) if library == "pandas" else frame.rename({"a": "z"})
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(other)


@pytest.mark.parametrize("name", SOLVERS)
def test_every_solver_by_name(rng, name):
    X, y = draw(rng)
    positive = SOLVERS[name].positive
    model = LinearRegression(solver=name, positive=positive).fit(X, y)
    assert_same(model, Reference(positive=positive).fit(X, y), 1e-7)
    assert (model.solver_, model.solver_reason_) == (name, "it was asked for")


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(1, 80), max_size=5),
    t=st.sampled_from([None, 1, 2]),
    weighted=st.booleans(),
)
def test_partial_fit_is_fit_of_all_the_rows(seed, cuts, t, weighted):
    random = np.random.default_rng(seed)
    X, y = draw(random, n=81, t=t)
    weights = random.uniform(0.5, 2, 81) if weighted else None
    model = LinearRegression()
    edges = sorted({0, 81, *cuts})
    for a, b in itertools.pairwise(edges):
        model.partial_fit(X[a:b], y[a:b], None if weights is None else weights[a:b])
    assert_same(model, LinearRegression().fit(X, y, weights), 1e-8)
    assert model.moments_.n_samples == 81


def test_partial_fit_goes_on_after_fit(rng):
    X, y = draw(rng)
    model = LinearRegression().fit(X[:70], y[:70])
    model = pickle.loads(pickle.dumps(model)).partial_fit(X[70:], y[70:])
    assert_same(model, LinearRegression().fit(X, y))
    wide = LinearRegression().fit(X[:3], y[:3])
    assert_same(wide.partial_fit(X[3:], y[3:]), LinearRegression().fit(X, y))
    wide = LinearRegression().fit(rng.normal(size=(3, 600)), y[:3])
    with pytest.raises(ValueError, match=r"call partial_fit from the start"):
        wide.partial_fit(rng.normal(size=(3, 600)), y[:3])
    with pytest.raises(ValueError, match="y has 2 targets, and in the first call it had 1"):
        model.partial_fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="expecting 4 features"):
        model.partial_fit(X[:, :2], y)
    assert_same(model, LinearRegression().fit(X, y))


def test_partial_fit_with_dependent_columns(rng):
    X, y = draw(rng)
    X[:, 3] = X[:, 1]
    model = LinearRegression()
    for rows in np.array_split(np.arange(len(X)), 9):
        model.partial_fit(X[rows], y[rows])
    assert_same(model, LinearRegression().fit(X, y), 1e-6)
    assert model.rank_ == 3


def test_weights(rng):
    X, y = draw(rng)
    weights = rng.integers(0, 3, len(X))
    weighted = LinearRegression().fit(X, y, weights)
    repeated = LinearRegression().fit(X.repeat(weights, axis=0), y.repeat(weights))
    assert_same(weighted, repeated, 1e-10)
    assert_same(LinearRegression().fit(X, y, 3.0), LinearRegression().fit(X, y), 1e-12)
    assert_same(weighted, Reference().fit(X, y, weights))


def test_one_row_and_more_columns_than_rows(rng):
    one = LinearRegression().fit([[1.0, 2.0]], [5.0])
    assert one.coef_.tolist() == [0.0, 0.0]
    assert (one.intercept_, one.rank_) == (5.0, 0)
    X, y = draw(rng, n=5, p=9)
    assert_same(LinearRegression().fit(X, y), Reference().fit(X, y))
    flat = LinearRegression().fit(np.ones((6, 2)), np.arange(6.0))
    assert flat.coef_.tolist() == [0.0, 0.0]
    assert flat.intercept_ == 2.5


def test_columns_that_sklearn_19_drops(rng):
    """A column 1e-8 of another in size matters all the same."""
    X, y = draw(rng)
    X[:, 0] *= 1e-9
    X[:, 2] *= 1e9
    model = LinearRegression().fit(X, y)
    assert model.rank_ == 4
    scaled = Reference().fit(X * [1e9, 1, 1e-9, 1], y)
    np.testing.assert_allclose(model.predict(X), scaled.predict(X * [1e9, 1, 1e-9, 1]), rtol=1e-9)


def test_tol_is_honoured(rng):
    X, y = draw(rng)
    X[:, 3] = X[:, 1] + 1e-5 * rng.normal(size=len(X))
    assert LinearRegression().fit(X, y).rank_ == 4
    assert LinearRegression(tol=1e-3, solver="svd").fit(X, y).rank_ == 3
    assert LinearRegression(tol=1e-3).fit(X, y).rank_ == 3
    X[:, 3] = X[:, 1] + 0.05 * rng.normal(size=len(X))
    assert LinearRegression().fit(X, y).solver_ == "cholesky"
    assert LinearRegression(tol=0.3).fit(X, y).rank_ == 3
    assert LinearRegression(tol=0).fit(X, y).rank_ == 4


def test_clone_pickle_and_routing(rng):
    X, y = draw(rng)
    model = LinearRegression(positive=True, n_jobs=1).fit(X, y)
    assert clone(model).get_params() == model.get_params()
    assert_same(pickle.loads(pickle.dumps(model)), model, 0)
    assert "sample_weight" in model.get_metadata_routing().fit.requests


def test_gradient_descent_warns_when_it_is_not_there(rng):
    X, y = draw(rng)
    X[:, 3] = X[:, 1] + 1e-5 * rng.normal(size=len(X))
    with pytest.warns(ConvergenceWarning, match="use solver='auto'"):
        LinearRegression(solver="gradient_descent").fit(X, y)


BAD_INPUT = [
    (lambda X, y: (X * 1j, y), "Complex data not supported"),
    (lambda X, y: (X, y * 1j), "Complex data not supported"),
    (lambda X, y: (X.astype(str), y), "strings"),
    (lambda X, y: (np.full(X.shape, "a"), y), "strings"),
    (lambda X, y: (X, np.full(y.shape, "a")), "strings"),
    (lambda X, y: (X[:, 0], y), "2D array"),
    (lambda X, y: (X[None], y), "dim 3"),
    (lambda X, y: (X, y[:-1]), "inconsistent numbers of samples"),
    (lambda X, y: (X[:0], y[:0]), "0 sample"),
    (lambda X, y: (X[:, :0], y), "0 feature"),
    (lambda X, y: (X, None), "requires y to be passed"),
]


@pytest.mark.parametrize(("spoil", "says"), BAD_INPUT)
def test_bad_input_is_refused_and_nothing_is_touched(rng, spoil, says):
    X, y = draw(rng)
    for model in (LinearRegression(), LinearRegression().fit(X[:, :2], y)):
        before = dict(vars(model))
        bad = spoil(X, y)
        with pytest.raises(ValueError, match=says):
            model.fit(*bad)
        assert vars(model) == before


@pytest.mark.parametrize(
    ("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "inf")]
)
def test_what_is_not_finite_is_named_with_its_place(rng, value, word):
    X, y = draw(rng)
    i, j = int(rng.integers(120)), int(rng.integers(4))
    bad = X.copy()
    bad[i, j] = value
    for model in (LinearRegression(), LinearRegression().fit(X, y)):
        before = dict(vars(model))
        with pytest.raises(ValueError, match=rf"^X contains {word}.* at row {i}, column {j}"):
            model.fit(bad, y)
        with pytest.raises(ValueError, match=rf"X contains .* at row {i}, column {j}"):
            model.fit(scipy.sparse.csr_array(bad), y)
        bad_y = y.copy()
        bad_y[i] = value
        with pytest.raises(ValueError, match=rf"^y contains {word}.* at row {i}"):
            model.fit(X, bad_y)
        weights = np.ones(120)
        weights[i] = value
        with pytest.raises(ValueError, match=rf"sample_weight contains .* at row {i}"):
            model.fit(X, y, weights)
        assert vars(model) == before
    with pytest.raises(ValueError, match=rf"X contains {word}.* at row {i}, column {j}"):
        model.predict(bad)
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=rf"column {j} \('{'abcd'[j]}'\)"):
        model.fit(pandas.DataFrame(bad, columns=list("abcd")), y)


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (np.ones((120, 1)), "1D array or scalar"),
        (np.ones(119), r"sample_weight\.shape == \(119,\), expected \(120,\)"),
        (-np.ones(120), "Negative values"),
        (np.zeros(120), "zero on every row"),
        (["a"] * 120, "sample_weight must hold numbers"),
    ],
)
def test_bad_weights(rng, weights, says):
    X, y = draw(rng)
    with pytest.raises(ValueError, match=says):
        LinearRegression().fit(X, y, weights)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"solver": "magic"}, "unknown solver 'magic': choose 'auto' or one of cholesky"),
        ({"solver": "svd", "positive": True}, "positive=True needs solver='auto' or nnls"),
        ({"solver": "nnls"}, "positive=True"),
        ({"fit_intercept": "yes"}, "'fit_intercept' parameter of LinearRegression must be"),
        ({"positive": 1}, "'positive' parameter"),
        ({"copy_X": None}, "'copy_X' parameter"),
        ({"tol": -1.0}, r"'tol' parameter .* must be None or a float in the range \[0.0, inf\)"),
        ({"tol": "small"}, r"'tol' parameter .* must be None or a float in the range \[0.0, inf\)"),
        ({"precision": "single"}, "'precision' parameter .* must be a str among"),
        ({"n_jobs": 0}, r"'n_jobs' parameter .* must be None, an int"),
        ({"n_jobs": 1.5}, r"'n_jobs' parameter .* must be None, an int"),
    ],
)
def test_bad_parameters(rng, parameters, says):
    X, y = draw(rng)
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match=says):
            getattr(LinearRegression(**parameters), method)(X, y)


def test_unfitted():
    with pytest.raises(NotFittedError):
        LinearRegression().predict([[1.0]])
    assert not hasattr(LinearRegression(), "singular_")


def test_real_data_needs_no_warning():
    data = datasets.load("diabetes")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(LinearRegression().fit(data.X, data.y), Reference().fit(data.X, data.y))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("targets", [None, 1, 3])
def test_predictions_and_score_need_no_temporaries(rng, dtype, targets):
    import tracemalloc

    X = np.asfortranarray(rng.normal(3, 1, (150_000, 3)), dtype=dtype)
    coef = rng.normal(size=3 if targets is None else (3, targets))
    y = (X @ coef + rng.normal(size=(150_000, *coef.shape[1:]))).astype(dtype)
    # Theirs in float64: the means of so many float32 rows are wrong by 1e-5 in float32.
    model, theirs = LinearRegression().fit(X, y), Reference().fit(X.astype(float), y.astype(float))
    rtol = 1e-10 if dtype is np.float64 else 1e-5
    assert model.predict(X).shape == y.shape
    assert model.predict(X).dtype == dtype
    np.testing.assert_allclose(model.predict(X), theirs.predict(X), rtol=rtol, atol=rtol)
    assert model.score(X, y) == pytest.approx(theirs.score(X, y), abs=rtol)
    tracemalloc.start()
    model.predict(X)
    peak = tracemalloc.get_traced_memory()[1]
    if targets is None:
        tracemalloc.reset_peak()
        model.score(X, y)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()
    assert peak < y.nbytes + 100_000
    X[70_000, 2] = np.nan
    with pytest.raises(ValueError, match="X contains NaN at row 70000, column 2"):
        model.predict(X)
