"""The command groups: a line for each group of a table, in words and in files."""

import csv
import datetime
import decimal
import io
import json

import numpy as np
import pytest
from command_line import run

from linreg_fast import LinearRegression

pytestmark = pytest.mark.filterwarnings("default")  # as on the command line: printed


@pytest.fixture
def sales(tmp_path, rng):
    """(path, its columns): text and numeric keys, gaps in a feature and in a key, a lone row."""
    n = 240
    columns = {
        "store": [f"Nord, {k}" for k in rng.integers(0, 9, n)],
        "year": (2000 + rng.integers(0, 2, n)).tolist(),
        "area": rng.normal(50, 10, n).tolist(),
        "rooms": rng.integers(1, 6, n).tolist(),
        "sold": rng.integers(0, 3, n).tolist(),
    }
    columns["price"] = (3 * np.array(columns["area"]) + rng.normal(size=n)).tolist()
    columns["rooms"][7] = columns["store"][11] = ""
    columns["store"][-1] = "alone"
    path = tmp_path / "sales.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path, columns


def rows_of(columns, chosen):
    """(X, y) of the rows that are chosen."""
    names = ("area", "rooms", "price")
    rows = [[float(columns[name][k]) for name in names] for k in chosen]
    return np.array(rows)[:, :2], np.array(rows)[:, 2]


def whole(columns, n=240):
    return [k for k in range(n) if columns["rooms"][k] != "" and columns["store"][k] != ""]


def test_every_line_is_that_of_the_group_alone(capsys, sales, tmp_path):
    path, columns = sales
    out = tmp_path / "coefs.csv"
    code, text, error = run(
        capsys, "groups", path, "--target", "price", "--by", "store", "--features", "area,rooms",
        "--out", out,
    )  # fmt: skip
    assert code == 0
    assert "2 of 240 rows are left out for missing values, in store (1), rooms (1)" in error
    assert "10 lines of 'price' by store, each of 2 features, from 238 rows (2 left out" in text
    assert f"written to {out}" in text
    assert "1 group with columns that are constant" in text
    found = {row["store"]: row for row in csv.DictReader(io.StringIO(out.read_text()))}
    kept = whole(columns)
    assert set(found) == {columns["store"][k] for k in kept}
    for store, row in found.items():
        own = [k for k in kept if columns["store"][k] == store]
        assert int(row["n_samples"]) == len(own)
        if len(own) < 4:
            continue
        model = LinearRegression().fit(*rows_of(columns, own))
        line = [float(row[name]) for name in ("area", "rooms", "intercept")]
        np.testing.assert_allclose(line, [*model.coef_, model.intercept_], rtol=1e-9)
    assert found["alone"]["area_error"] == ""  # not determined


@pytest.mark.parametrize("ending", ["parquet", "feather", "json", "tsv"])
def test_the_same_numbers_in_every_kind_of_file(capsys, sales, tmp_path, ending):
    path, _ = sales
    asked = ["groups", path, "--target", "price", "--by", "store,year", "--min-samples", "5"]
    asked += ["--features", "area", "--weights", "sold"]
    code, text, _ = run(capsys, *asked, "--out", "-")
    assert code == 0
    expected = list(csv.DictReader(io.StringIO(text)))
    out = tmp_path / f"coefs.{ending}"
    assert run(capsys, *asked, "--out", out)[0] == 0
    if ending == "json":
        found = json.loads(out.read_text())
    elif ending == "tsv":
        found = list(csv.DictReader(io.StringIO(out.read_text()), delimiter="\t"))
    else:
        pytest.importorskip("pyarrow")
        from pyarrow import feather, parquet

        read = parquet.read_table if ending == "parquet" else feather.read_table
        found = read(out).to_pylist()
        assert isinstance(found[0]["year"], int)
    assert len(found) == len(expected) > 10
    for row, other in zip(found, expected, strict=True):
        assert list(row) == list(other)
        assert {k: "" if v is None else str(v) for k, v in row.items()} == other
    assert any(row["rank"] in (-1, "-1") for row in found)  # with too few rows


def test_says_what_is_wrong_before_the_work(capsys, sales, tmp_path):
    path, _ = sales
    asked = ["groups", path, "--target", "price"]
    for options, words in (
        (["--by", "shop"], "no column 'shop'"),
        (["--by", "price"], "--by 'price' is the target"),
        (["--by", "store", "--features", "area,store"], "among --features too"),
        (["--by", "store", "--missing", "raise", "--features", "area"], "line 13: column 'store'"),
        (["--by", "store", "--out", path], "is read here"),
        (["--by", "store", "--out", tmp_path / "a.xlsx"], "not .xlsx"),
        (["--by", "", "--features", "area"], "--by names no column"),
        (["--by", "year", "--features", "store"], "holds text"),
    ):
        code, text, error = run(capsys, *asked, *options)
        assert (code, text) == (2, "")
        assert words in error
    code, _, error = run(capsys, *asked, "--by", "store", "--min-samples", "0")
    assert (code, "whole number from 1" in error) == (2, True)


def test_columns_of_one_name_are_told_apart(capsys, tmp_path, rng):
    path = tmp_path / "t.csv"
    lines = [f"{k % 2},{a},{b}" for k, (a, b) in enumerate(rng.normal(size=(20, 2)))]
    path.write_text("\n".join(["rank,intercept,y", *lines]))
    code, text, _ = run(capsys, "groups", path, "--target", "y", "--by", "rank", "--out", "-")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(text)))
    names = list(rows[0])
    assert len(set(names)) == len(names)
    assert [row["rank"] for row in rows] == ["0", "1"]
    assert all(row["rank_"] == "1" for row in rows)
    slope = np.polyfit(
        *np.array([[float(v) for v in line.split(",")[1:]] for line in lines[::2]]).T, 1
    )[0]
    np.testing.assert_allclose(float(rows[0]["intercept"]), slope, rtol=1e-9)


def test_keys_of_a_typed_file_are_written_as_they_are(capsys, tmp_path, rng):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    kinds = {
        "date": [datetime.date(2024, 1, 1 + k) for k in range(3)],
        "fine": [np.datetime64(f"2024-01-0{k + 1}T00", "ns") for k in range(3)],
        "price": [decimal.Decimal("1.10"), decimal.Decimal("2.50"), decimal.Decimal(3)],
        "flag": [False, False, True],
    }
    which = np.arange(30) % 3
    columns = {name: pa.array([labels[k] for k in which]) for name, labels in kinds.items()}
    table = pa.table({**columns, "x": rng.normal(size=30), "y": rng.normal(size=30)})
    path = tmp_path / "t.parquet"
    parquet.write_table(table, path)
    for name, told in (
        ("date", ["2024-01-01", "2024-01-02", "2024-01-03"]),
        ("fine", ["2024-01-01 00:00:00", "2024-01-02 00:00:00", "2024-01-03 00:00:00"]),
        ("price", ["1.10", "2.50", "3.00"]),
        ("flag", ["False", "True"]),
    ):
        asked = ["groups", path, "--target", "y", "--features", "x", "--by", name]
        code, text, _ = run(capsys, *asked, "--out", "-")
        assert code == 0
        assert [row[name] for row in csv.DictReader(io.StringIO(text))] == told
        for ending in ("json", "parquet"):
            out = tmp_path / f"{name}.{ending}"
            assert run(capsys, *asked, "--out", out)[0] == 0
        rows = json.loads((tmp_path / f"{name}.json").read_text())
        assert [str(row[name]) for row in rows] == told
        kept = parquet.read_table(tmp_path / f"{name}.parquet")[name]
        assert set(kept.to_pylist()) == set(table[name].to_pylist())
