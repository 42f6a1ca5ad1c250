"""`LinearRegression` on sources: the fit of all rows in memory, or the estimator as it was."""

import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from linreg_fast import LinearRegression
from linreg_fast.sources.ahead import Clock, ahead


def data(rng, n=400, offset=0.0):
    X = rng.normal(size=(n, 3)) * [1, 10, 0.1] + offset
    return X, X @ [1.0, -2.0, 30.0] + rng.normal(size=n), rng.uniform(0.5, 2, n)


def frame_of(X, y, w=None):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame["y"] = y
    if w is not None:
        frame["w"] = w
    return frame


def batches_of(size, *arrays):
    for k in range(0, len(arrays[0]), size):
        yield tuple(array[k : k + size] for array in arrays)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(1, 400),
    offset=st.sampled_from([0.0, 1e4, 1e8]),
    weighted=st.booleans(),
    fit_intercept=st.booleans(),
)
def test_the_fit_in_memory(seed, size, offset, weighted, fit_intercept):
    X, y, w = data(np.random.default_rng(seed), offset=offset if fit_intercept else 0.0)
    arrays = (X, y, w) if weighted else (X, y)
    model = LinearRegression(fit_intercept=fit_intercept, precision="double-double")
    found = clone(model).fit(batches_of(size, *arrays))
    model.fit(*arrays)
    np.testing.assert_allclose(found.coef_, model.coef_, rtol=1e-12)
    np.testing.assert_allclose(found.intercept_, model.intercept_, rtol=1e-12)
    assert found.reading_.rows == found.moments_.n_samples == 400


def test_names_and_what_was_read(rng, tmp_path):
    X, y, w = data(rng)
    frame = frame_of(X, y, w)
    frame.loc[3, "b"] = frame.loc[5, "y"] = frame.loc[7, "w"] = np.nan
    frame["note"] = "text"
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    with pytest.raises(ValueError, match="column 'note' holds text"):
        LinearRegression().fit(path, "y", "w")
    model = LinearRegression().fit(path, "y", "w", features=["c", "b"], missing="drop")
    assert list(model.feature_names_in_) == ["c", "b"]
    assert (model.n_dropped_, model.reading_.files, model.reading_.rows) == (3, 1, 400)
    kept = frame.dropna()
    expected = LinearRegression().fit(kept[["c", "b"]], kept["y"], kept["w"])
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    np.testing.assert_array_equal(
        model.predict(kept[["c", "b"]]), model.predict(kept[["c", "b"]].copy())
    )
    assert "400 rows, 1 file, 3 dropped" in str(model.reading_)


def test_partial_fit_adds_all_rows_or_none(rng):
    X, y, _ = data(rng)
    whole = LinearRegression(precision="double-double").fit(X, y)
    frame = frame_of(X, y)
    model = LinearRegression().partial_fit(frame[:150], "y")
    before = dict(vars(model))
    bad = frame[150:].copy()
    bad.iloc[200, 1] = np.inf
    with pytest.raises(ValueError, match="row 200: column 'b' holds inf"):
        model.partial_fit(iter([frame[150:200], bad]), "y")
    with pytest.raises(ZeroDivisionError):
        model.partial_fit(part if k < 2 else [][1 // 0] for k, part in enumerate([(X, y)] * 3))
    assert vars(model) == before
    reordered = frame[150:][["y", "c", "a", "b"]].assign(more="text")
    model.partial_fit(reordered, "y")
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-12)
    assert model.moments_.n_samples == 400
    with pytest.raises(ValueError, match=r"1 features and 1 targets, .* first call there were 3"):
        model.partial_fit(frame, "y", features=["a"])
    with pytest.raises(ValueError, match=r"the features are .*'c', 'b', 'a'"):
        model.partial_fit(frame, "y", features=["c", "b", "a"])


def test_decay_counts_rows_of_a_source_as_they_come(rng):
    X, y, _ = data(rng, 60)
    model, expected = LinearRegression(decay=0.9), LinearRegression(decay=0.9)
    frame = frame_of(X, y)
    model.partial_fit(frame[:20], "y").partial_fit(iter([frame[20:30], frame[30:]]), "y")
    for k in range(60):
        expected.partial_fit(X[[k]], y[[k]])
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9)


def test_score_in_batches(rng):
    X, y, w = data(rng)
    model = LinearRegression().fit(X[:100], y[:100])
    frame = frame_of(X, y, w)
    by_name = LinearRegression().fit(frame[:100], "y", features=["a", "b", "c"])
    expected = model.score(X, y, w)
    assert model.score(batches_of(33, X, y, w)) == pytest.approx(expected, rel=1e-12)
    assert by_name.score(frame, "y", "w") == pytest.approx(expected, rel=1e-12)
    Y = np.column_stack([y, -y + X[:, 0]])
    model.fit(X, Y)
    assert model.score(batches_of(50, X, Y)) == pytest.approx(model.score(X, Y), rel=1e-12)
    with pytest.raises(ValueError, match="2 targets"):
        model.fit(X, y).score(batches_of(50, X, Y))


def test_several_targets_and_float32(rng):
    X, y, _ = data(rng)
    Y = np.column_stack([y, y**2])
    found = LinearRegression().fit(batches_of(90, X.astype(np.float32), Y))
    expected = LinearRegression(precision="double-double").fit(X.astype(np.float32), Y)
    assert found.coef_.dtype == np.float32
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=1e-6)
    many = rng.normal(size=(400, 70))  # whose products with each other nobody needs
    found = LinearRegression().fit(batches_of(90, X, many))
    expected = LinearRegression().partial_fit(X, many)
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=1e-9, atol=1e-12)
    one = LinearRegression().fit(batches_of(90, X, y[:, None]))
    assert one.coef_.shape == (1, 3)


def test_predictions_in_a_file(rng, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    X, y, _ = data(rng)
    frame = frame_of(X, y)
    model = LinearRegression().fit(frame, "y")
    frame.loc[2, "a"] = np.nan
    frame[:300].to_parquet(tmp_path / "a.parquet")
    frame[300:].to_parquet(tmp_path / "b.parquet")
    expected = np.insert(model.predict(frame.drop(index=2)[["a", "b", "c"]]), 2, np.nan)
    for name in ("p.csv", "p.parquet"):
        assert model.predict_to_file(f"{tmp_path}/[ab].parquet", tmp_path / name) == 400
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert (lines[0], lines[3]) == ("prediction", "")
    found = [float(line or "nan") for line in lines[1:]]
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    column = parquet.read_table(tmp_path / "p.parquet")["prediction"]
    assert column.null_count == 1
    np.testing.assert_array_equal(column.to_numpy(), found)
    with pytest.raises(ValueError, match="is read here"):
        model.predict_to_file(tmp_path / "a.parquet", tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"CSV or Parquet: .* names another kind"):
        model.predict_to_file(tmp_path / "a.parquet", tmp_path / "p.feather")
    for source in (
        tmp_path,
        [str(tmp_path)],
        iter([frame]),
        parquet.read_table(tmp_path / name).to_reader(),
    ):
        with pytest.raises(TypeError, match=r"rows are not in memory; .*predict_to_file\(X, path"):
            model.predict(source)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["a.parquet", "b.parquet", "p.csv", "p.parquet"]


def test_without_pyarrow(rng, tmp_path, monkeypatch):
    """CSV, data frames and iterators need nothing; the extra is named for the rest."""
    X, y, _ = data(rng)
    frame = frame_of(X, y)
    frame.to_csv(tmp_path / "t.csv", index=False)
    expected = LinearRegression().fit(iter([(X, y)])).coef_
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for source in (tmp_path / "t.csv", frame, iter([frame])):
        model = LinearRegression().fit(source, "y")
        np.testing.assert_array_equal(model.coef_, expected)
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(ImportError, match=r"pip install 'linreg_fast\[arrow\]'"):
        model.fit(tmp_path / "t.parquet", "y")
    with pytest.raises(ImportError, match=r"pip install 'linreg_fast\[arrow\]'"):
        model.predict_to_file(frame, tmp_path / "p.parquet")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv", "t.parquet"]


def test_what_is_no_source(rng):
    X, y, _ = data(rng)
    model = LinearRegression()
    with pytest.raises(ValueError, match="y is 'y', a name"):
        model.fit(X, "y")
    with pytest.raises(ValueError, match="is for sources"):
        model.fit(X, y, missing="drop")
    with pytest.raises(ValueError, match="are for sources"):
        model.fit(X, y, features=["a"])
    with pytest.raises(ValueError, match="y must be the name of a column"):
        model.fit("t.csv", y)
    with pytest.raises(ValueError, match="y must be the name of a column"):
        model.fit("t.csv")
    with pytest.raises(ValueError, match="holds an object of type int"):
        model.fit([frame_of(X, y), 5], "y")
    assert not vars(model).keys() - LinearRegression().get_params().keys()


def test_the_reader_ends_with_the_fit():
    """One item ahead, no more; closed and joined however the reading stops."""
    made, closed = [], []

    def items():
        try:
            for k in range(100):
                made.append(k)
                yield k
        finally:
            closed.append(threading.current_thread().name)

    reading = ahead(items(), Clock())
    assert [next(reading), next(reading)] == [0, 1]
    time.sleep(0.05)
    assert len(made) <= 4  # one is used, one waits, one is held by the thread
    reading.close()
    assert closed == ["linreg_fast-reader"]
    assert "linreg_fast-reader" not in [thread.name for thread in threading.enumerate()]


def test_an_error_of_the_reader_is_raised_where_it_is_read():
    def items():
        yield 1
        raise OSError("the disk")

    reading = ahead(items(), Clock())
    assert next(reading) == 1
    with pytest.raises(OSError, match="the disk"):
        next(reading)
    assert "linreg_fast-reader" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("cov", ["classical", "HC0", "HC3", "HAC"])
def test_inference_by_two_readings_is_that_of_the_rows(rng, cov, tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(rng.normal(size=(500, 3)), columns=["a", "b", "y"]) + 1e3
    frame["w"] = rng.uniform(0.5, 2, 500)
    frame.loc[[40, 41, 203], "w"] = 0.0  # they stand between others in the order of time
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    lags = {"lags": 3} if cov == "HAC" else {}
    model = LinearRegression().fit(str(path), "y", "w", features=["a", "b"])
    found = model.inference(str(path), "y", "w", cov=cov, **lags)
    arrays = frame[["a", "b"]], frame["y"], frame["w"]
    whole = LinearRegression().fit(*arrays).inference(*arrays, cov=cov, **lags)
    np.testing.assert_allclose(found.se, whole.se, rtol=1e-12)
    np.testing.assert_allclose(found.loglik, whole.loglik, rtol=1e-12)
    with pytest.raises(ValueError, match="these are not"):
        model.inference(str(path), "y", cov="HC0")
    with pytest.raises(ValueError, match="clusters of a source are columns of it"):
        model.inference(str(path), "y", "w", cov="CR1", groups=np.arange(500) // 10)


@pytest.fixture
def firms(rng, tmp_path):
    """A frame of rows in clusters, three of them with gaps, and files of its parts."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(rng.normal(size=(600, 3)), columns=["a", "b", "y"]) + 1e3
    frame["w"] = rng.integers(1, 4, 600)
    frame["firm"] = rng.integers(0, 70, 600)
    frame["city"] = rng.choice([f" no {k}" for k in range(40)], 600)
    frame["far"] = frame.firm * 10.0**12
    frame["long"] = 2**60 + frame.firm  # floats would round them to one
    frame.loc[[3, 250, 599], "a"] = np.nan
    files = []
    for k in range(3):
        files.append(str(tmp_path / f"{k}.csv"))
        frame[200 * k : 200 * (k + 1)].to_csv(files[-1], index=False)
    return frame, files


@pytest.mark.parametrize("cov", ["CR1S", "CR2"])
@pytest.mark.parametrize("groups", [["city"], ["far"], ["firm", "long"], ["long", "city"]])
def test_clusters_of_a_source_are_those_of_the_rows(firms, cov, groups):
    frame, files = firms
    whole = frame.dropna()
    rows = whole[["a", "b"]].to_numpy(), whole.y.to_numpy(), whole.w.to_numpy(dtype=float)
    by_rows = LinearRegression().fit(*rows)
    expected = by_rows.inference(*rows, groups=whole[groups], cov=cov)
    batches = [frame[:100], frame[100:]]
    for source in (files, frame, iter(batches)):
        again = iter(batches) if hasattr(source, "__next__") else source
        model = LinearRegression()
        model.fit(source, "y", "w", features=["a", "b"], missing="drop")
        found = model.inference(again, "y", "w", groups=groups, cov=cov)
        np.testing.assert_allclose(found.se, expected.se, rtol=1e-10)
        assert (found.df, found.groups) == (expected.df, expected.groups)
    with pytest.raises(ValueError, match="has no column 'town'"):
        model.inference(files, "y", "w", groups="town")
    gap = frame.copy()
    gap.loc[210, groups[0]] = None
    with pytest.raises(ValueError, match=f"row 210: group '{groups[0]}' has no value"):
        model.inference(gap, "y", "w", groups=groups)


@pytest.mark.parametrize("meaning", ["analytic", "frequency"])
def test_influence_and_diagnosis_of_a_source(firms, meaning):
    frame, files = firms
    whole = frame.dropna()
    rows = whole[["a", "b"]].to_numpy(), whole.y.to_numpy(), whole.w.to_numpy(dtype=float)
    by_rows = LinearRegression().fit(*rows)
    model = LinearRegression().fit(files, "y", "w", features=["a", "b"], missing="drop")
    found = model.influence(files, "y", "w", weights=meaning)
    expected = by_rows.influence(*rows, weights=meaning)
    assert found.index.tolist() == whole.index.tolist()
    for name in ("leverage", "rstudent", "cooks", "dfbetas", "covratio", "fitted", "press"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), rtol=1e-8, atol=1e-11, err_msg=name
        )
    tests = model.diagnostics(files, "y", "w", weights=meaning)
    expected = by_rows.diagnostics(*rows, weights=meaning)
    for name, value in expected.to_dict().items():
        ours = tests.to_dict()[name]
        if isinstance(value, dict):
            ours, value = list(ours.values()), list(value.values())
        np.testing.assert_allclose(ours, value, rtol=1e-8, atol=1e-9, err_msg=name)
    with pytest.raises(ValueError, match="these are not the rows of the fit"):
        model.influence(files[:2], "y", "w")
