"""The programs of docs/scale.md run, and find what the same rows in memory give."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import run

from linreg_fast import LinearRegression, moments

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
SHOWN = """
print("coefficients", *map(float.hex, model.coef_.tolist()), float(model.intercept_).hex())
"""


def program(name):
    """The code on the page after the comment `run: name`."""
    (found,) = re.findall(rf"<!-- run: {name} -->\n```python\n(.*?)```", PAGE.read_text(), re.S)
    return found


def trips(rng, n=3000):
    km, minutes = rng.gamma(2, 3, n), rng.gamma(3, 5, n)
    fare = 2.5 + 1.2 * km + 0.3 * minutes + rng.normal(size=n)
    return {"km": km, "minutes": minutes, "fare": fare, "weight": rng.uniform(1, 2, n)}


def written(columns, path):
    """The columns in four files of Parquet."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path.mkdir()
    for k in range(4):
        rows = {name: values[k::4] for name, values in columns.items()}
        pq.write_table(pa.table(rows), path / f"{k}.parquet")
    return path


def shown(result):
    assert result.returncode == 0, result.stderr[-3000:]
    (line,) = re.findall(r"coefficients (.*)", result.stdout)
    return [float.fromhex(number) for number in line.split()]


def expected(columns):
    X = np.column_stack([columns["km"], columns["minutes"]])
    model = LinearRegression(precision="double-double").fit(X, columns["fare"])
    return [*model.coef_, model.intercept_]


def test_dask():
    pytest.importorskip("dask.array")
    names = {}
    exec(program("dask"), names)
    model, X, y = names["model"], names["X"].compute(), names["y"].compute()
    np.testing.assert_allclose(model.coef_, 1, rtol=1e-12)
    assert names["r2"] == pytest.approx(1)
    np.testing.assert_allclose(names["predicted"].compute(), y, atol=1e-12)
    np.testing.assert_allclose(names["whole"].comoment, moments(X, y).comoment, rtol=1e-12)


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # used by Dask, deprecated by pandas
def test_dask_frames(rng, tmp_path, monkeypatch):
    pytest.importorskip("dask.dataframe")
    columns = trips(rng)
    written(columns, tmp_path / "trips")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(program("frames"), names)
    model = names["model"]
    np.testing.assert_allclose([*model.coef_, model.intercept_], expected(columns), rtol=1e-12)
    assert len(names["fares"].compute()) == len(columns["fare"])
    pytest.importorskip("formulaic", reason="the extra 'formula'")
    city = np.where(names["trips"]["km"].compute() > 5, "Oslo", "Rome")
    names["trips"] = (
        names["trips"]
        .repartition(npartitions=1)
        .assign(
            city=lambda frame: frame["km"].map_partitions(
                lambda km: (km > 5).map({True: "Oslo", False: "Rome"}), meta=("city", object)
            )
        )
    )
    exec(program("formulas"), names)
    assert names["model"].feature_names_in_.tolist()[:2] == ["km", "C(city)[T.Rome]"]
    assert len(names["fares"].compute()) == len(city)
    assert "C(city)" in str(names["terms"])


@pytest.mark.slow
def test_ray(rng, tmp_path):
    pytest.importorskip("ray.data")
    columns = trips(rng)
    script = tmp_path / "script.py"
    begin = f"""
import ray

ray.init(num_cpus=2, include_dashboard=False, configure_logging=False)
trips = ray.data.read_parquet({str(written(columns, tmp_path / "trips"))!r})
"""
    script.write_text(begin + program("ray") + SHOWN)
    result = run(script, RAY_AUTH_MODE="disabled")
    np.testing.assert_allclose(shown(result), expected(columns), rtol=1e-12)


@pytest.mark.slow
def test_spark(rng, tmp_path):
    pytest.importorskip("pyspark.sql")
    columns = trips(rng)
    script = tmp_path / "script.py"
    begin = f"""
from pyspark.sql import SparkSession

spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
trips = spark.read.parquet({str(written(columns, tmp_path / "trips"))!r})
"""
    script.write_text(begin + program("spark") + SHOWN)
    result = run(script, cwd=tmp_path, SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable)
    np.testing.assert_allclose(shown(result), expected(columns), rtol=1e-12)
