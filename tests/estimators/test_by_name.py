"""Frames are read by the names of the fit, wherever rows come back to a model."""

import pickle

import numpy as np
import pytest

from linreg_fast import LinearRegression

pd = pytest.importorskip("pandas")


@pytest.fixture
def cars(rng):
    frame = pd.DataFrame(rng.normal(size=(40, 3)), columns=["wt", "hp", "qsec"])
    frame["kind"] = rng.choice(["a", "b", "c"], 40)
    frame["mpg"] = frame.wt - 2 * frame.hp + rng.normal(size=40)
    return frame


def test_inference_predicts_by_the_names_of_the_fit(cars):
    model = LinearRegression().fit(cars[["hp", "wt"]], cars.mpg)
    found = pickle.loads(pickle.dumps(model.inference()))
    for swapped in (cars[["wt", "hp"]], cars[["hp", "qsec"]]):
        with pytest.raises(ValueError, match="feature names should match") as expected:
            model.predict(swapped)
        with pytest.raises(ValueError, match="feature names should match") as error:
            found.predict(swapped)
        assert str(error.value) == str(expected.value)
    expected = model.predict(cars[["hp", "wt"]])
    for X in (cars[["hp", "wt"]], cars[["hp", "wt"]].to_numpy()):
        np.testing.assert_allclose(found.predict(X).mean, expected, rtol=1e-10, atol=1e-12)


def test_inference_of_a_formula_predicts_for_frames(cars):
    pytest.importorskip("formulaic", reason="formulas need the extra 'formula'")
    model = LinearRegression.from_formula("mpg ~ hp * kind", cars)
    new = cars[["qsec", "kind", "hp"]].copy()
    new.loc[3, "hp"], new.loc[5, "kind"] = np.nan, None
    found = model.inference().predict(new)
    gaps = np.isin(np.arange(40), [3, 5])
    for values in (found.mean, found.se, found.low, found.high):
        assert (np.isnan(values) == gaps).all()
    np.testing.assert_allclose(found.mean, model.predict(new), rtol=1e-9, atol=1e-12)
    alone = model.inference().predict(new[~gaps])
    np.testing.assert_array_equal(found.high[~gaps], alone.high)
    with pytest.raises(ValueError, match=r"'mpg ~ hp \* kind': pass a frame with .*'hp', 'kind'"):
        model.predict(cars[["hp", "qsec"]].to_numpy())


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_a_fit_by_names_picks_its_columns(cars, kind):
    frame = cars.drop(columns="kind")
    features = ["hp", "wt"]
    arrays = frame[features].to_numpy(), frame.mpg.to_numpy()
    expected = LinearRegression().fit(*arrays)
    if kind == "polars":
        frame = pytest.importorskip("polars").from_pandas(frame)
    elif kind == "arrow":
        frame = pytest.importorskip("pyarrow").Table.from_pandas(frame)
    model = LinearRegression().fit(frame, "mpg", features=features)
    close = {"rtol": 1e-9, "atol": 1e-12}
    np.testing.assert_allclose(model.predict(frame), expected.predict(arrays[0]), **close)
    np.testing.assert_allclose(
        model.influence(frame, "mpg").cooks, expected.influence(*arrays).cooks, **close
    )
    watson = expected.diagnostics(*arrays).durbin_watson
    assert model.diagnostics(frame, "mpg").durbin_watson == pytest.approx(watson, rel=1e-9)
    with pytest.raises(ValueError, match="no column 'mgp'"):
        model.influence(frame, "mgp")


def test_a_fit_of_arrays_stays_strict(cars):
    model = LinearRegression().fit(cars, "mpg", features=["hp", "wt"])
    model.fit(cars[["hp", "wt"]], cars.mpg)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(cars[["wt", "hp"]])


def test_gaps_are_treated_as_the_fit_did(cars):
    cars.loc[[4, 9], "hp"] = np.nan
    whole = cars.dropna()
    model = LinearRegression().fit(cars, "mpg", features=["hp", "wt"], missing="drop")
    expected = LinearRegression().fit(whole[["hp", "wt"]], whole.mpg)
    score = expected.score(whole[["hp", "wt"]], whole.mpg)
    assert model.score(cars, "mpg") == pytest.approx(score, rel=1e-9)
    np.testing.assert_allclose(
        model.inference(cars, "mpg", cov="HC3").se,
        expected.inference(whole[["hp", "wt"]], whole.mpg, cov="HC3").se,
        rtol=1e-9,
    )
    assert np.flatnonzero(np.isnan(model.predict(cars))).tolist() == [4, 9]
    with pytest.raises(ValueError, match="missing value"):
        model.score(cars, "mpg", missing="raise")
    with pytest.raises(ValueError, match=r"LinearRegression\(missing='drop'\)"):
        LinearRegression().fit(whole[["hp"]], whole.mpg, missing="drop")


def test_influence_keeps_the_index_of_a_frame(cars):
    cars.index = [f"car {k}" for k in range(40)]
    cars.loc["car 7", "hp"] = np.nan
    model = LinearRegression(missing="drop").fit(cars[["hp", "wt"]], cars.mpg)
    found = model.influence(cars[["hp", "wt"]], cars.mpg).to_frame()
    assert found.index.tolist() == [name for name in cars.index if name != "car 7"]
