"""`influence`, `diagnostics` and formulas of Dask collections: those of the same rows in memory."""

import copy

import numpy as np
import pytest

from linreg_fast import LinearRegression
from linreg_fast.estimators import dask_inference

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
pd = pytest.importorskip("pandas")

NUMBERS = "leverage residuals rstandard rstudent cooks dffits covratio fitted dfbeta dfbetas"
CITIES = ["Bonn", "Oslo", "Rome"]


@pytest.fixture
def frame(rng):
    n = 200
    frame = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
    frame["k"] = rng.integers(0, 4, n)
    frame["city"] = rng.choice(CITIES, n)
    frame["size"] = pd.Categorical(rng.choice(["S", "M"], n), categories=["S", "M", "L"])
    frame["y"] = frame["a"] - frame["b"] * frame["k"] + rng.normal(size=n)
    frame["w"], frame["shop"] = rng.integers(1, 4, n) * 1.0, rng.integers(0, 60, n)
    return frame


def lazy(*parts, rows=30):
    return [da.from_array(part, chunks=(rows, *part.shape[1:])) for part in parts]


def assert_same_influence(found, expected, kept=slice(None)):
    numbers = dask.compute(*(getattr(found, name) for name in NUMBERS.split()))
    for name, values in zip(NUMBERS.split(), numbers, strict=True):
        np.testing.assert_allclose(
            values[kept], getattr(expected, name), rtol=1e-9, atol=1e-11, err_msg=name
        )
    assert found.press == pytest.approx(expected.press, rel=1e-9)
    assert found.flagged() == expected.flagged()
    assert (found.n_samples, found.rank, found.df_resid, found.names) == (
        expected.n_samples, expected.rank, expected.df_resid, expected.names,
    )  # fmt: skip


@pytest.mark.parametrize("weights", [None, "analytic", "frequency"])
def test_arrays(frame, weights, monkeypatch):
    X, y, w = frame[["a", "b"]].to_numpy(), frame["y"].to_numpy(), frame["w"].to_numpy(copy=True)
    w[40:70] = 0  # all of a block
    rows = [X, y] if weights is None else [X, y, w]
    how = {"weights": weights or "analytic"}
    cut = [lazy(X)[0].rechunk((30, 1)), *(lazy(part, rows=40)[0] for part in rows[1:])]
    expected = LinearRegression(precision="double-double").fit(*rows)
    model = LinearRegression().fit(*cut)
    found = model.influence(*cut, **how)
    assert_same_influence(found, expected.influence(*rows, **how))
    assert found.cooks.chunks == (cut[0].chunks[0],)
    pd.testing.assert_frame_equal(
        found.to_frame(dfbetas=True).compute(),
        expected.influence(*rows, **how).to_frame(dfbetas=True),
    )
    diagnosed = expected.diagnostics(*rows, **how)
    assert repr(model.diagnostics(*cut, **how)) == repr(diagnosed)
    monkeypatch.setattr(dask_inference, "KEPT", 40)  # of more, a second pass finds the quantiles
    assert repr(model.diagnostics(*cut, **how)) == repr(diagnosed)
    if weights != "frequency":
        np.testing.assert_allclose(
            model.inference(*cut, cov="HC3").se, expected.inference(*rows, cov="HC3").se
        )


def test_frames_with_gaps_and_empty_partitions(frame):
    frame.loc[[3, 77, 150], ["a", "b", "y"]] = np.nan
    whole = frame.dropna()
    data = dd.from_pandas(frame, npartitions=7)
    data = dd.concat([data[data["w"] > 9].partitions[:2], data[data["w"] > 0]])
    model = LinearRegression().fit(data, "y", "w", features=["a", "b"], missing="drop")
    rows = whole[["a", "b"]], whole["y"], whole["w"]
    expected = LinearRegression().fit(*rows)
    found = model.influence(data, "y", "w")
    table = found.to_frame().compute()
    assert table.index.equals(frame.index)
    assert table.isna().all(axis=1).sum() == 3
    pd.testing.assert_frame_equal(table.dropna(), expected.influence(*rows).to_frame())
    flagged = expected.influence(*rows).flagged()
    assert found.flagged() == {int(whole.index[row]): what for row, what in flagged.items()}
    assert repr(model.diagnostics(data, "y", "w")) == repr(expected.diagnostics(*rows))
    beside = model.influence(data[["a", "b"]], data["y"], data["w"])
    assert beside.press == found.press
    predicted = model.predict(data).compute()  # as in memory: a gap is NaN in its place
    assert np.flatnonzero(predicted.isna()).tolist() == [3, 77, 150]
    arrays = data[["a", "b"]].to_dask_array(lengths=True)
    assert np.isnan(model.predict(arrays).compute()).sum() == 3
    with pytest.raises(ValueError, match="X contains infinity"):
        model.predict(arrays * np.inf).compute()


def test_one_weight_for_all_rows_of_blocks_of_unknown_length(frame):
    X, y = frame[["a", "b"]].to_numpy(), frame["y"].to_numpy()
    cut = lazy(X, y)
    rows = *(part[cut[0][:, 0] < 9] for part in cut), 2.0
    found = copy.deepcopy(LinearRegression().fit(*rows).influence(*rows))
    expected = LinearRegression().fit(X, y, 2.0).influence(X, y, 2.0)
    np.testing.assert_allclose(found.cooks.compute(), expected.cooks, rtol=1e-9, atol=1e-14)
    assert found.press == pytest.approx(expected.press, rel=1e-9)


def test_all_targets_and_frames_of_clusters(frame):
    X, Y = frame[["a", "b"]].to_numpy(), frame[["y", "w"]].to_numpy()
    expected = LinearRegression().fit(X, Y).inference(X, Y, cov="HC3")
    cut = lazy(X, Y)
    found = LinearRegression().fit(*cut).inference(*cut, cov="HC3")
    np.testing.assert_allclose(found.se, expected.se, rtol=1e-9)
    batches = [(X[:90], Y[:90]), (X[90:], Y[90:])]
    found = LinearRegression().fit(iter(batches)).inference(iter(batches), cov="HC3")
    np.testing.assert_allclose(found.se, expected.se, rtol=1e-9)
    data, groups = dd.from_pandas(frame, npartitions=3), ["shop", "k"]
    model = LinearRegression().fit(data, "y", features=["a", "b"])
    named = model.inference(data, "y", groups=groups, cov="CR0", two_way="each", psd=True)
    of_frame = model.inference(data, "y", groups=data[groups], cov="CR0", two_way="each", psd=True)
    assert np.array_equal(of_frame.se, named.se)


def test_other_rows_than_those_of_the_fit(frame):
    rows = [frame[["a", "b"]].to_numpy(), frame["y"].to_numpy()]
    X, y = lazy(*rows)
    model = LinearRegression().fit(X, y)
    for call in (
        lambda: model.influence(X[:100], y[:100]),  # known before anything is computed
        lambda: model.influence(X, 2 * y).press,
        lambda: model.influence(X[X[:, 0] > 0], y[X[:, 0] > 0]).flagged(),
        lambda: model.diagnostics(X, 2 * y),
        lambda: model.diagnostics(X[:100], y[:100]),
    ):
        with pytest.raises(ValueError, match="these are not the rows of the fit"):
            call()
    for call in (
        lambda: model.influence(X[:, :1], y),
        lambda: model.influence(X, da.stack([y, y], axis=1)),
        lambda: model.diagnostics(X),
    ):
        with pytest.raises(ValueError, match=r"fit had|pass X and y together"):
            call()
    gap = da.where(da.arange(200, chunks=30) == 70, np.nan, y)
    with pytest.raises(ValueError, match=r"block 2 \(from row 60 .*: y contains NaN at row 10"):
        model.diagnostics(X, gap)
    with pytest.raises(ValueError, match="block 2: y contains NaN at row 10"):
        model.influence(X, gap).cooks.compute()


FORMULAS = [
    "y ~ a * C(city)",
    "y ~ a + size + C(k) + city:a - 1",
    "log(y**2) ~ center(a) + scale(b):city + C(k > 1)",
    "y ~ I(a**2) + bs(b, knots=[0, 1], lower_bound=-9, upper_bound=9)",
    "y + a ~ b + city",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas(frame, formula):
    pytest.importorskip("formulaic", reason="the extra 'formula'")
    weight = "w" if "city" in formula else None
    frame.loc[:49, "city"] = "Oslo"  # in each of the first partitions: levels are those of all
    data = dd.from_pandas(frame, npartitions=6)
    expected = LinearRegression.from_formula(formula, frame, weight)
    model = LinearRegression.from_formula(formula, data, weight)
    assert model.feature_names_in_.tolist() == expected.feature_names_in_.tolist()
    assert model.formula_ == formula
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9, atol=1e-11)
    predicted = model.predict(data)
    assert isinstance(predicted, (dd.Series, dd.DataFrame))
    np.testing.assert_allclose(predicted.compute(), expected.predict(frame), atol=1e-9)
    score = expected.score(frame, sample_weight=None if weight is None else frame["w"])
    assert model.score(data, sample_weight=weight) == pytest.approx(score, rel=1e-9)
    if formula not in (FORMULAS[0], FORMULAS[-1]):
        return
    how = {"sample_weight": weight, "target": 0}
    for options in ({"cov": "HC3"}, {"groups": "shop"}):
        se = expected.inference(frame, **how, **options).se
        np.testing.assert_allclose(model.inference(data, **how, **options).se, se, rtol=1e-7)
    assert_same_influence(model.influence(data, **how), expected.influence(frame, **how))
    assert repr(model.diagnostics(data, **how)) == repr(expected.diagnostics(frame, **how))
    twice = LinearRegression.from_formula(formula, data, weight).partial_fit(
        data, sample_weight=weight
    )
    assert twice.moments_.n_samples == 400


def test_formulas_of_rows_with_gaps(frame):
    pytest.importorskip("formulaic", reason="the extra 'formula'")
    frame["city"] = frame["city"].astype(object)
    frame.loc[33, "city"], frame.loc[120, "y"], frame.loc[90, "w"] = None, np.nan, np.nan
    frame.loc[120, "city"] = "Nowhere"  # a level of a row that is left out
    data = dd.from_pandas(frame, npartitions=4)
    with pytest.raises(
        ValueError, match=r"block \d: column '(city|y)' has 1 missing values, the first at row \d+"
    ):
        LinearRegression.from_formula("y ~ a + city", data)
    drop = {"missing": "drop"}
    expected = LinearRegression.from_formula("y ~ a + city", frame, "w", **drop)
    model = LinearRegression.from_formula("y ~ a + city", data, data["w"], **drop)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    assert model.n_dropped_ == expected.n_dropped_ == 3
    score = expected.score(frame, sample_weight=frame["w"])
    assert model.score(data, sample_weight="w") == pytest.approx(score, rel=1e-9)
    cooks = model.influence(data, sample_weight="w").cooks.compute()
    assert np.flatnonzero(np.isnan(cooks)).tolist() == [33, 90, 120]
    with pytest.raises(ValueError, match="block 2: column 'city' holds 'Nowhere'"):
        model.predict(data).compute()
    model = LinearRegression.from_formula("y ~ a + city", data, "w", unseen="nan", **drop)
    assert np.flatnonzero(model.predict(data).compute().isna()).tolist() == [33, 120]


def test_categories_that_each_file_has_of_its_own(frame, tmp_path):
    pytest.importorskip("formulaic", reason="the extra 'formula'")
    pytest.importorskip("pyarrow", reason="the extra 'arrow'")
    for part in range(4):
        rows = frame[["a", "y", "city"]].iloc[50 * part : 50 * part + 50]
        rows = rows[rows["city"] != CITIES[part % 3]] if part else rows[:0]
        rows.assign(city=rows["city"].astype("category")).to_parquet(tmp_path / f"{part}.parquet")
    data = dd.read_parquet(tmp_path)
    rows = data.compute().assign(city=lambda each: each["city"].astype(str))
    model = LinearRegression.from_formula("y ~ a + city", data)
    expected = LinearRegression.from_formula("y ~ a + city", rows)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.predict(data).compute(), expected.predict(rows), rtol=1e-9)


def test_formulas_that_are_refused(frame):
    pytest.importorskip("formulaic", reason="the extra 'formula'")
    data = dd.from_pandas(frame, npartitions=3)
    fit = LinearRegression.from_formula
    for formula, rows, weight, says in [
        ("y ~ poly(a, 2)", data, None, "needs all rows at once"),
        ("y ~ area", data, None, "there is no column 'area'"),
        ("~ a", data, None, "has no target"),
        ("y ~ a + day", data.assign(day=pd.Timestamp("2020-01-01")), None, "'day' .* holds dates"),
        ("y ~ a", data[data["a"] > 9], None, "nothing is left to fit"),
        ("y ~ a + city", data[data["a"] > 9], None, "nothing is left to fit"),
        ("y ~ log(a)", data, None, r"in block \d: 'log\(a\)' is .* in row"),
        ("y ~ a", data, frame["w"], "make it a column of the frame"),
        ("y ~ a", data, "v", "there is no column 'v'"),
        ("city ~ a", data, None, "the target, does not hold numbers"),
    ]:
        with pytest.raises(ValueError, match=says):
            fit(formula, rows, weight)
    with pytest.raises(TypeError, match="a Dask dataframe, not a Dask Array"):
        fit("y ~ a", da.ones((4, 2)))
    model = fit("y ~ f(a)", data, context={"f": np.square, "no_copy": np})
    np.testing.assert_allclose(model.coef_, fit("y ~ I(a**2)", frame).coef_)
    assert model.score(data, "y") == model.score(data)
    for y, given in ((data["y"], "a Series"), ("a", "'a'")):
        with pytest.raises(ValueError, match=f"names the target, 'y': leave y out, got {given}"):
            model.score(data, y)
    with pytest.raises(ValueError, match="there is no column 'a'"):
        model.predict(data[["b"]])
    with pytest.raises(ValueError, match="groups are names of columns"):
        model.inference(data, groups=data["city"])
