"""Dask collections: `fit` gives the numbers of the same rows in memory, `predict` stays lazy."""

import numpy as np
import pytest
from sklearn.base import clone

from linreg_fast import GradientDescentRegressor, LinearRegression, RidgeCV

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
pd = pytest.importorskip("pandas")


def drawn(rng, n=80, p=3, offset=1e8):
    X = rng.normal(size=(n, p)) + offset * rng.normal(size=p)
    return X, X @ rng.normal(size=p) + rng.normal(size=n), rng.integers(1, 4, n) * 0.5


def lazy(*parts, rows=30):
    return [None if part is None else da.from_array(part, chunks=rows) for part in parts]


def assert_same(model, expected):
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, rtol=1e-12)
    assert model.coef_.shape == expected.coef_.shape
    assert model.coef_.dtype == expected.coef_.dtype


@pytest.mark.parametrize("weighted", [False, True])
def test_fit_predict_score(rng, weighted):
    X, y, weights = drawn(rng)
    weights = weights if weighted else None
    expected = LinearRegression(precision="double-double").fit(X, y, weights)
    lazy_X, lazy_y, lazy_weights = lazy(X, y, weights)
    model = LinearRegression().fit(lazy_X, lazy_y, lazy_weights)
    assert_same(model, expected)
    assert model.n_features_in_ == 3
    predicted = model.predict(lazy_X.rechunk((7, 2)))
    assert isinstance(predicted, da.Array)
    assert predicted.dtype == np.float64
    assert predicted.chunks == (lazy_X.rechunk(7).chunks[0],)
    np.testing.assert_allclose(predicted.compute(), expected.predict(X), rtol=1e-12)
    score = model.score(lazy_X, lazy_y, lazy_weights)
    assert isinstance(score, float)
    # Predictions from columns at 1e8 are rounded to about 1e-8 of the residuals.
    assert score == pytest.approx(expected.score(X, y, weights), abs=1e-8)


def test_what_is_predicted_is_decided_when_it_is_asked_for(rng):
    X, y, _ = drawn(rng)
    lazy_X, lazy_y = lazy(X, y)
    model = LinearRegression().fit(lazy_X, lazy_y)
    before, expected = model.predict(lazy_X), model.predict(X)
    model.fit(lazy_X, -lazy_y)
    np.testing.assert_array_equal(before.compute(), expected)


@pytest.mark.parametrize("shape", ["column", "targets", "many"])
def test_targets_in_columns(rng, shape):
    X, y, _ = drawn(rng, offset=10)
    Y = y[:, None] if shape == "column" else np.column_stack([y, y**2, np.ones(80)])
    if shape == "many":  # which are kept without their products with each other
        Y = y[:, None] + rng.normal(size=(80, 70))
    expected = LinearRegression(precision="double-double").fit(X, Y)
    lazy_X, lazy_Y = lazy(X, Y)
    model = LinearRegression().fit(lazy_X, lazy_Y)
    assert_same(model, expected)
    predicted = model.predict(lazy_X)
    assert predicted.shape == Y.shape
    np.testing.assert_allclose(predicted.compute(), expected.predict(X), rtol=1e-12)
    assert model.score(lazy_X, lazy_Y) == pytest.approx(expected.score(X, Y), rel=1e-9)


def test_float32(rng):
    X, y, _ = drawn(rng, offset=1)
    X = X.astype(np.float32)
    model = LinearRegression().fit(*lazy(X, y))
    assert_same(model, LinearRegression(precision="double-double").fit(X, y))
    predicted = model.predict(da.from_array(X, chunks=9))
    assert predicted.dtype == predicted.compute().dtype == np.float32


def test_parameters_count_as_they_do_in_memory(rng):
    X, y, _ = drawn(rng, offset=3)
    for options in (
        {"fit_intercept": False},
        {"positive": True},
        {"precision": "double"},
        {"solver": "svd"},
    ):
        expected = LinearRegression(**options).fit(X, y)
        model = LinearRegression(**options).fit(*lazy(X, y))
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9, atol=1e-12)
    assert not LinearRegression(precision="double").fit(*lazy(X, y)).moments_.doubled


@pytest.mark.parametrize("decay", [None, 0.9])
def test_partial_fit(rng, decay):
    X, y, weights = drawn(rng)
    weights[40:70] = 0  # whole blocks of no rows, which age nothing
    expected = LinearRegression(decay=decay).partial_fit(X, y, weights)
    lazy_X, lazy_y, lazy_weights = lazy(X, y, weights, rows=8)
    model = LinearRegression(decay=decay)
    for rows in (slice(0, 33), slice(33, 34), slice(34, 80)):
        model.partial_fit(lazy_X[rows], lazy_y[rows], lazy_weights[rows])
    assert_same(model, expected)
    model = LinearRegression(decay=decay).partial_fit(X[:33], y[:33], weights[:33])  # in turn
    assert_same(model.partial_fit(lazy_X[33:], lazy_y[33:], lazy_weights[33:]), expected)
    before = model.moments_
    model.partial_fit(lazy_X[lazy_X[:, 0] > np.inf], lazy_y[lazy_X[:, 0] > np.inf])
    assert model.moments_ is before
    with pytest.raises(ValueError, match="X has 2 features, but LinearRegression is expecting 3"):
        model.partial_fit(lazy_X[:, :2], lazy_y)
    with pytest.raises(ValueError, match="y has 2 targets"):
        model.partial_fit(lazy_X, lazy_X[:, :2])
    assert model.moments_ is before


def test_left_as_it_was_on_failure(rng):
    X, y, _ = drawn(rng)
    model = LinearRegression().fit(X, y)
    before = dict(vars(model))
    X[50, 1] = np.nan
    lazy_X, lazy_y = lazy(X, y)
    for call in (
        lambda: model.fit(lazy_X, lazy_y),
        lambda: model.partial_fit(lazy_X, lazy_y),
        lambda: model.fit(lazy_X[lazy_X[:, 0] > np.inf], lazy_y[lazy_X[:, 0] > np.inf]),
        lambda: model.fit(lazy_X, lazy_y, 0 * lazy_y),
        lambda: model.fit(lazy_X * np.nan, lazy_y, missing="drop"),
        lambda: model.fit(lazy_X, lazy_y[:-1]),
        lambda: model.fit(lazy_X),
        lambda: model.predict(lazy_X).compute(),
        lambda: model.predict(lazy_X[:, :2]),
        lambda: model.score(lazy_X[:, :2], lazy_y),
    ):
        with pytest.raises(ValueError, match=r"."):
            call()
        assert vars(model) == before
    with pytest.raises(ValueError, match="block 1: X contains NaN at row 20, column 1"):
        model.predict(lazy_X).compute()
    with pytest.raises(ValueError, match=r"block 1 \(from row 30 of all on\): X contains NaN"):
        model.fit(lazy_X, lazy_y)
    dropped = clone(model).fit(lazy_X, lazy_y, missing="drop")
    kept = np.arange(80) != 50
    assert dropped.n_dropped_ == 1
    score = dropped.score(X[kept], y[kept])
    assert dropped.score(lazy_X, lazy_y) == pytest.approx(score, abs=1e-8)
    with pytest.raises(ValueError, match="X contains NaN"):
        dropped.score(lazy_X, lazy_y, missing="raise")
    assert_same(dropped, LinearRegression(precision="double-double").fit(X[kept], y[kept]))
    assert dropped.partial_fit(lazy_X[60:], lazy_y[60:], None, missing="drop").n_dropped_ == 1


def table(rng):
    X, y, weights = drawn(rng, offset=10)
    columns = {f"x{j}": X[:, j] for j in range(3)}
    return pd.DataFrame({"fare": y, **columns, "w": weights})


def test_frames(rng):
    frame = table(rng)
    names = ["x0", "x1", "x2"]
    expected = LinearRegression(precision="double-double").fit(
        frame[names], frame["fare"], frame["w"]
    )
    data = dd.from_pandas(frame, npartitions=4)
    model = LinearRegression().fit(data, "fare", "w")
    for fitted in (
        model,
        LinearRegression().fit(data[names], data["fare"], data["w"]),
        LinearRegression().fit(data, "fare", "w", features=names),
        LinearRegression()
        .partial_fit(data.partitions[:2], "fare", "w")
        .partial_fit(data.partitions[2:], "fare", "w"),
    ):
        assert_same(fitted, expected)
        assert fitted.feature_names_in_.tolist() == names
    assert np.array_equal(model.coef_, LinearRegression().fit(data, "fare", "w").coef_)
    predicted = model.predict(data)  # by name: other columns do not matter
    assert isinstance(predicted, dd.Series)
    np.testing.assert_allclose(predicted.compute(), expected.predict(frame[names]), rtol=1e-12)
    assert predicted.compute().index.equals(frame.index)
    score = expected.score(frame[names], frame["fare"], frame["w"])
    assert model.score(data, "fare", "w") == pytest.approx(score, rel=1e-9)
    assert model.score(data[names], data["fare"], data["w"]) == pytest.approx(score, rel=1e-9)
    with pytest.raises(ValueError, match="X has no column 'x1', which LinearRegression was fitted"):
        model.predict(data[["x0", "x2"]])
    with pytest.raises(ValueError, match="the features must be those of the fit"):
        model.partial_fit(data, "fare", features=["x1", "x0", "x2"])
    both = LinearRegression().fit(data, ["fare", "w"], features=names)
    two = both.predict(data)
    assert isinstance(two, dd.DataFrame)
    np.testing.assert_allclose(two.compute(), both.predict(frame[names]), rtol=1e-12)


def test_score_of_a_constant_target_and_of_one_row(rng):
    X, y, _ = drawn(rng, offset=1)
    lazy_X, lazy_y = lazy(X, y)
    model = LinearRegression().fit(lazy_X, lazy_y)
    assert model.score(lazy_X, 0 * lazy_y) == 0.0
    flat = LinearRegression().fit(lazy_X, 0 * lazy_y)
    assert flat.score(lazy_X, 0 * lazy_y) == 1.0
    with pytest.warns(UserWarning, match="not well-defined with less than two samples"):
        assert np.isnan(model.score(lazy_X[:1], lazy_y[:1]))


def test_others_say_what_to_do(rng):
    X, y, _ = drawn(rng, offset=1)
    lazy_X, lazy_y = lazy(X, y)
    fitted = LinearRegression().fit(X, y)
    for call in (
        lambda: GradientDescentRegressor().fit(lazy_X, lazy_y),
        lambda: GradientDescentRegressor(method="sgd").partial_fit(lazy_X, lazy_y),
        lambda: RidgeCV().fit(lazy_X, y),
        lambda: LinearRegression().fit(X, lazy_y),
        lambda: LinearRegression().partial_fit(X, lazy_y),
        lambda: LinearRegression().fit(X, y, lazy_y),
        lambda: LinearRegression().fit(X, y).partial_fit(X, y, lazy_y),
        lambda: fitted.score(X, lazy_y),
        lambda: fitted.diagnostics(X, lazy_y),
    ):
        with pytest.raises(TypeError, match=r"compute\(\)"):
            call()
    np.testing.assert_allclose(  # a line is a line, however it was found
        GradientDescentRegressor().fit(X, y).predict(lazy_X).compute(), fitted.predict(X)
    )


@pytest.mark.parametrize(
    "options", [{"cov": "HC3"}, {"lags": 4}, {"groups": ["firm", "city"], "cov": "CR2"}]
)
def test_errors_that_need_the_rows(rng, options):
    X, y, weights = drawn(rng, 300, 2, 10.0)
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y, "w": weights})
    frame["city"] = rng.choice([f"no {k}" for k in range(30)], 300)
    frame["firm"] = rng.integers(0, 40, 300)
    frame.loc[7, "a"] = np.nan
    lazy_frame = dd.from_pandas(frame, npartitions=4)
    model = LinearRegression()
    model.fit(lazy_frame, "y", "w", features=["a", "b"], missing="drop")
    found = model.inference(lazy_frame, "y", "w", **options)
    whole = frame.dropna()
    groups = {"groups": whole[options["groups"]]} if "groups" in options else {}
    rows = whole[["a", "b"]].to_numpy(), whole.y.to_numpy(), whole.w.to_numpy()
    expected = LinearRegression().fit(*rows).inference(*rows, **{**options, **groups})
    np.testing.assert_allclose(found.se, expected.se, rtol=1e-10)
    assert (found.df, found.groups) == (expected.df, expected.groups)
    by_arrays = lazy(*rows)
    model = LinearRegression().fit(*by_arrays)
    if groups:
        groups = {"groups": [whole.firm.to_numpy(), whole.city.to_numpy(dtype=object)]}
    found = model.inference(*by_arrays, **{**options, **groups})
    np.testing.assert_allclose(found.se, expected.se, rtol=1e-10)
    with pytest.raises(ValueError, match="these are not the rows of the fit"):
        model.inference(*(part[:200] for part in by_arrays), cov="HC0")
    if groups:
        frame.loc[150, "city"] = None
        gap = dd.from_pandas(frame[["a", "b", "y", "w", "city"]], npartitions=4)
        with pytest.raises(ValueError, match=r"in block 2: group 'city' has 1 missing"):
            model.inference(gap.dropna(subset=["a"]), "y", "w", groups="city")
