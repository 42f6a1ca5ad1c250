"""`missing="drop"`: the fit of the rows that are whole, whatever holds the gaps."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone

from linreg_fast import LinearRegression, moments


@pytest.fixture
def rows(rng):
    X = rng.normal([0, 5, -3], size=(60, 3))
    y = X @ [1.0, 2.0, 3.0] + rng.normal(size=60)
    w = rng.uniform(0.5, 2, 60)
    X[4, 1] = X[17, 0] = y[17] = y[20] = w[33] = np.nan
    kept = np.ones(60, dtype=bool)
    kept[[4, 17, 20, 33]] = False
    return X, y, w, kept


def test_the_fit_of_the_rows_that_are_whole(rows):
    X, y, w, kept = rows
    expected = LinearRegression().fit(X[kept], y[kept], w[kept])
    forms = {
        "array": (X, y, w),
        "F order": (np.asfortranarray(X), y, w),
        "frame": (pd.DataFrame(X, columns=list("abc")), pd.Series(y), pd.Series(w)),
        "None": (X.astype(object), [None if np.isnan(v) else v for v in y], w),
        "sparse": (scipy.sparse.csr_matrix(X), y, w),
    }
    for name, given in forms.items():
        model = LinearRegression(missing="drop").fit(*given)
        assert model.n_dropped_ == 4, name
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    polars = pytest.importorskip("polars")
    frame = polars.from_pandas(forms["frame"][0], nan_to_null=True)
    model = LinearRegression(missing="drop").fit(frame, polars.Series(y), w)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    single = LinearRegression(missing="drop").fit(X.astype("f4"), y.astype("f4"), w)
    np.testing.assert_allclose(single.coef_, expected.coef_, rtol=1e-5)
    assert single.coef_.dtype == np.float32


def test_everything_else_keeps_the_rows_together(rows, rng):
    X, y, w, kept = rows
    groups = rng.integers(0, 8, 60).astype(object)
    groups[4] = None  # in a row that is dropped anyway
    model = LinearRegression(missing="drop").fit(X, y, w)
    whole = LinearRegression().fit(X[kept], y[kept], w[kept])
    inside = groups[kept].astype(int)
    for options, theirs in (
        ({"cov": "HC3"}, {"cov": "HC3"}),
        ({"groups": groups}, {"groups": inside}),
        ({"groups": pd.Series(groups)}, {"groups": inside}),
        ({"groups": {"g": groups, "h": groups}}, {"groups": [inside, inside]}),
    ):
        found = model.inference(X, y, w, **options)
        expected = whole.inference(X[kept], y[kept], w[kept], **theirs)
        np.testing.assert_allclose(found.cov, expected.cov, rtol=1e-10)
    sums = model.scores("CR1S")
    for part in (slice(0, 30), slice(30, 60)):
        sums.add(X[part], y[part], w[part], groups[part])
    expected = whole.inference(X[kept], y[kept], w[kept], groups=inside)
    np.testing.assert_allclose(model.inference(scores=sums).cov, expected.cov, rtol=1e-10)
    influence = model.influence(X, y, w)
    assert influence.index.tolist() == np.flatnonzero(kept).tolist()
    np.testing.assert_allclose(
        influence.cooks, whole.influence(X[kept], y[kept], w[kept]).cooks, rtol=1e-10
    )
    assert influence.to_frame().index.tolist() == influence.index.tolist()
    assert set(influence.flagged()) <= set(influence.index.tolist())
    assert model.diagnostics(X, y, w).durbin_watson > 0
    np.testing.assert_allclose(
        model.score(X, y, w), whole.score(X[kept], y[kept], w[kept]), rtol=1e-12
    )
    with pytest.raises(ValueError, match="groups has 59 entries and X 60 rows"):
        model.inference(X, y, w, groups=groups[:59])


def test_predictions_are_nan_in_place(rows):
    X, y, _, _ = rows
    model = LinearRegression(missing="drop").fit(X, y)
    found = model.predict(X)
    assert np.flatnonzero(np.isnan(found)).tolist() == [4, 17]
    np.testing.assert_array_equal(found[5:17], model.predict(X[5:17]))
    X[9, 0] = np.inf
    with pytest.raises(ValueError, match=r"infinity \(inf\) at row 9, column 0"):
        model.predict(X)
    with pytest.raises(ValueError, match="X contains NaN at row 4"):
        LinearRegression().fit(X[:4], y[:4]).predict(X[:8])


def test_batches_count_what_they_drop(rows):
    X, y, w, kept = rows
    model = LinearRegression(missing="drop")
    for part in (slice(0, 25), slice(25, 60)):
        model.partial_fit(X[part], y[part], w[part])
    assert model.n_dropped_ == 4
    expected = moments(X[kept], y[kept], w[kept])
    np.testing.assert_allclose(model.moments_.comoment, expected.comoment, rtol=1e-12)
    model.set_params(missing="raise").fit(X[kept], y[kept])
    assert not hasattr(model, "n_dropped_")
    assert clone(LinearRegression(missing="drop")).missing == "drop"


def test_what_is_refused(rows):
    X, y, w, _ = rows
    with pytest.raises(ValueError, match="X contains NaN at row 4, column 1"):
        LinearRegression().fit(X, np.nan_to_num(y))
    with pytest.raises(ValueError, match="'missing' parameter"):
        LinearRegression(missing="skip").fit(X, y)
    model = LinearRegression(missing="drop").fit(X, y)
    before = model.coef_.copy()
    for bad, message in (
        ((np.full((5, 3), np.nan), np.ones(5)), "each of the 5 rows has a missing value"),
        ((X, y[:50]), "60.*50"),
        ((X, y, w[:50]), "one weight a row"),
        ((X, y, -w), "Negative values"),
        ((np.where(np.isnan(X), np.inf, X), y), "infinity"),
        ((X, None), "y"),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(*bad)
        np.testing.assert_array_equal(model.coef_, before)
    tags = LinearRegression(missing="drop").__sklearn_tags__()
    assert tags.input_tags.allow_nan
    assert not LinearRegression().__sklearn_tags__().input_tags.allow_nan


def test_a_frame_with_text_says_what_to_do(rng):
    frame = pd.DataFrame(
        {"area": rng.normal(size=6), "city": list("abcabc"), "kind": list("uvuvuv")}
    )
    with pytest.raises(ValueError, match="from_formula") as error:
        LinearRegression().fit(frame, np.arange(6.0))
    assert "'city'" in str(error.value)
    assert "'kind'" in str(error.value)
