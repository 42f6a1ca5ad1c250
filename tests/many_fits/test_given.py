"""What `fit_groups` takes: frames by column names, files, rows with gaps."""

import datetime
import decimal
import warnings

import numpy as np
import pytest

from linreg_fast import (
    cross_validate,
    fit_ewm,
    fit_expanding,
    fit_groups,
    fit_rolling,
    ridge_path,
    screen,
)

pl = pytest.importorskip("polars")
pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")


@pytest.fixture
def columns(rng):
    n = 60
    return {
        "a": rng.normal(size=n),
        "shop": [f"s{k}" for k in rng.integers(0, 4, n)],
        "b": rng.normal(size=n),
        "w": rng.integers(0, 3, n).astype(float),
        "y": rng.normal(size=n),
    }


FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def same(found, expected):
    assert found.feature_names == expected.feature_names
    assert found.keys.tolist() == expected.keys.tolist()
    for name in ("coef", "intercept", "coef_error", "n_samples"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize("library", FRAMES)
def test_columns_by_name(columns, library):
    table = FRAMES[library](columns)
    X, y = np.column_stack([columns["b"], columns["a"]]), columns["y"]
    expected = fit_groups(X, y, columns["shop"], sample_weight=columns["w"])
    found = fit_groups(table, "y", by="shop", features=["b", "a"], sample_weight="w")
    assert found.feature_names == ["b", "a"]
    np.testing.assert_array_equal(found.coef, expected.coef)
    assert fit_groups(table, "y", "shop", sample_weight="w").feature_names == ["a", "b"]
    for features, words in (
        (["c"], "no column 'c'"),
        (["a", "a"], "twice"),
        (["a", "y"], "'y' is among the features"),
        (["a", "shop"], "'shop' is among the features"),
    ):
        with pytest.raises(ValueError, match=words):
            fit_groups(table, "y", by="shop", features=features)


def test_names_need_a_frame(columns):
    with pytest.raises(TypeError, match="no data frame"):
        fit_groups(np.ones((3, 1)), np.ones(3), [1, 2, 2], features=["a"])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_files(columns, tmp_path, ending):
    path = tmp_path / f"t.{ending}"
    table = pd.DataFrame(columns)
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path)
    expected = fit_groups(table, "y", by="shop", features=["b", "a"], sample_weight="w")
    found = fit_groups(path, "y", by="shop", features=["b", "a"], sample_weight="w")
    same(found, expected)
    same(fit_groups(str(path), "y", "shop", features=["b", "a"], sample_weight="w"), expected)
    with pytest.raises(TypeError, match="y must name a column"):
        fit_groups(path, columns["y"], by="shop")
    with pytest.raises(TypeError, match="groups must name a column"):
        fit_groups(path, "y", groups=np.ones(60))
    with pytest.raises(ValueError, match="no column 'z'"):
        fit_groups(path, "y", by="z")


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_keys_of_typed_files_are_those_of_tables(columns, tmp_path, ending):
    which = np.arange(60) % 3
    columns |= {
        "date": [datetime.date(2024, 1, 3 - k) for k in which],
        "flag": [bool(k) for k in which],
        "decimal": [decimal.Decimal(f"{k}.50") for k in which],
        "time": [datetime.time(k) for k in which],
        "wide": which.astype(np.uint64) + np.uint64(2**63),
        "number": [f"{k:02}" for k in which],
        "category": pa.array([["c", "b", "a"][k] for k in which]).dictionary_encode(),
        "moment": np.datetime64("2024-01-01T00:00:00.000000001", "ns") + which,
    }
    table, path = pa.table(columns), tmp_path / f"t.{ending}"
    table.select(["a", "y", "date"]).to_pandas().to_csv(tmp_path / "t.csv", index=False)
    write = pytest.importorskip(f"pyarrow.{ending}")
    getattr(write, "write_table" if ending == "parquet" else "write_feather")(table, path)
    for by in (*list(columns)[5:], ["date", "shop"], ["moment", "flag"]):
        expected = fit_groups(table, "y", by=by, features=["a"])
        found = fit_groups(path, "y", by=by, features=["a"])
        same(found, expected)
        assert found.keys.dtype == expected.keys.dtype
        assert all(key in found for key in found)
        np.testing.assert_array_equal(found.predict(table), expected.predict(table))
    twice = fit_groups([path, tmp_path / "t.csv"], "y", by="date", features=["a"])  # text in one
    assert twice.keys.tolist() == ["2024-01-01", "2024-01-02", "2024-01-03"]
    gaps = pa.table({**columns, "date": [None, *columns["date"][1:]], "shop": ["NA"] * 60})
    getattr(write, "write_table" if ending == "parquet" else "write_feather")(gaps, path)
    with pytest.raises(ValueError, match="row 1: column 'date' has a missing value"):
        fit_groups(path, "y", by="date", features=["a"])
    with pytest.warns(UserWarning, match="1 of 60 rows is left out"):
        fits = fit_groups(path, "y", by="date", features=["a"], missing="drop")
    assert fits.n_samples.tolist() == [20, 20, 19]


def sources(columns, folder):
    """Name -> a source of the same rows, each as users have them; some can be read once only."""
    table = pd.DataFrame(columns)
    parts = [table.iloc[:25], table.iloc[25:26], table.iloc[26:]]
    folder.mkdir()
    for k, part in enumerate(parts):
        part[sorted(part.columns, reverse=k == 1)].to_csv(folder / f"part-{k}.csv", index=False)
    pq = folder.parent / "whole.parquet"
    table.to_parquet(pq)
    arrow = pa.table(columns)
    return {
        "pattern": lambda: str(folder / "part-*.csv"),
        "folder": lambda: folder,
        "list of paths": lambda: [str(folder / f"part-{k}.csv") for k in range(3)],
        "Parquet": lambda: pq,
        "LazyFrame": lambda: pl.DataFrame(columns).lazy(),
        "ParquetFile": lambda: pytest.importorskip("pyarrow.parquet").ParquetFile(pq),
        "Dataset": lambda: pytest.importorskip("pyarrow.dataset").dataset(pq),
        "stream": lambda: arrow.to_reader(7),
        "list of frames": lambda: parts,
        "iterator of batches": lambda: iter(arrow.to_batches(11)),
    }


DOORS = {
    "groups": lambda table, **given: fit_groups(table, by="shop", **given).coef,
    "rolling": lambda table, **given: fit_rolling(table, window=9, by="shop", **given).coef,
    "by time": lambda table, **given: fit_rolling(table, window=9.5, times="t", **given).coef,
    "growing": lambda table, **given: fit_expanding(table, **given).coef,
    "ewm": lambda table, **given: fit_ewm(table, halflife=8.0, **given).coef,
    "cross_validate": lambda table, **given: cross_validate(table, alphas=[0, 1.0], **given).scores,
    "ridge_path": lambda table, **given: ridge_path(table, alphas=[0, 1.0], **given).coef,
    "screen": lambda table, **given: screen(table, covariates="c", **given).coef,
}


@pytest.mark.parametrize("door", DOORS)
def test_every_source_at_every_door(columns, tmp_path, door):
    columns |= {"t": np.arange(60.0), "c": np.cos(np.arange(60.0))}
    given = {"y": "y", "features": ["b", "a"], "sample_weight": "w"}
    expected = DOORS[door](pd.DataFrame(columns), **given)
    gaps = {name: list(values) for name, values in columns.items()}
    lacks = {"missing": "skip" if door in ("rolling", "by time", "growing", "ewm") else "drop"}
    gaps["a"][30] = gaps["y"][40] = gaps["b"][59] = None
    whole = pd.DataFrame(gaps).drop(index=[30, 40, 59])
    fits = DOORS[door](pd.DataFrame(gaps), **given, **lacks)
    if lacks["missing"] == "drop":
        np.testing.assert_allclose(fits, DOORS[door](whole, **given), rtol=1e-12)
    for number, (name, source) in enumerate(sources(columns, tmp_path / "one").items()):
        found = DOORS[door](source(), **given)
        np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=name)
        if number == 0:
            with pytest.raises(ValueError, match="no column 'q'"):
                DOORS[door](source(), **{**given, "y": "q"})
    for name, source in sources(gaps, tmp_path / "gaps").items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of files: how many rows are left out
            found = DOORS[door](source(), **given, **lacks)
        np.testing.assert_allclose(found, fits, rtol=1e-12, err_msg=name)
        with pytest.raises(ValueError, match=r"missing value|NaN"):
            DOORS[door](source(), **given)


@pytest.mark.parametrize("library", [*FRAMES, "file", "arrays"])
def test_rows_with_gaps(columns, library, tmp_path):
    columns["a"][3] = columns["y"][10] = columns["w"][20] = np.nan
    columns["shop"][5] = None
    whole = [k for k in range(60) if k not in (3, 5, 10, 20)]
    kept = {name: [values[k] for k in whole] for name, values in columns.items()}
    arguments = {"by": "shop", "features": ["a", "b"], "sample_weight": "w"}
    expected = fit_groups(pd.DataFrame(kept), "y", **arguments)
    if library == "file":
        table = tmp_path / "t.csv"
        pd.DataFrame(columns).to_csv(table, index=False)
        with pytest.warns(UserWarning, match="4 of 60 rows are left out"):
            same(fit_groups(table, "y", missing="drop", **arguments), expected)
        with pytest.raises(ValueError, match="line 12: column 'y' has a missing value"):
            fit_groups(table, "y", **arguments)
        return
    if library == "arrays":
        X = np.column_stack([columns["a"], columns["b"]])
        found = fit_groups(
            X, columns["y"], columns["shop"], sample_weight=columns["w"], missing="drop"
        )
        np.testing.assert_array_equal(found.coef, expected.coef)
        return
    table = FRAMES[library](columns)
    same(fit_groups(table, "y", missing="drop", **arguments), expected)
    with pytest.raises(ValueError, match=r"NaN|no key|missing"):
        fit_groups(table, "y", **arguments)
    with pytest.raises(ValueError, match="missing must be one of"):
        fit_groups(table, "y", missing="ignore", **arguments)


def test_no_row_without_gaps():
    with pytest.raises(ValueError, match="every row lacks"):
        fit_groups([[np.nan], [1.0]], [1.0, np.nan], [1, 2], missing="drop")
