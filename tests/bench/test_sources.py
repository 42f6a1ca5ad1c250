"""Fits of one file: every way gives the right coefficients, in a process of its own."""

import importlib

import numpy as np
import pytest

from linreg_fast.bench import record, sources, sources_ways
from linreg_fast.bench.cases import PEOPLE, SOURCES
from linreg_fast.bench.session import Plan, Session
from linreg_fast.bench.sources_dask import DASK

pytest.importorskip("pyarrow", reason="the extra 'arrow'")
RIGHT = {"SGDRegressor": 0.5, "polars, lazy sums": 1e-4, "DuckDB, SQL sums": 1e-4}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """(paths, coefficients)."""
    values = sources.drawn(np.random.default_rng(5), 3000, 3, True)
    folder = tmp_path_factory.mktemp("files")
    for name in sources.FILES:
        sources.write(folder / name, values)
    A = np.column_stack([np.ones(3000), values[:, :-1] - values[0, :-1]])
    coef = np.linalg.lstsq(A, values[:, -1], rcond=None)[0][1:]
    return [str(folder / name) for name in sources.FILES], coef


@pytest.mark.parametrize(
    "way", sources_ways.installed(sources_ways.WAYS, True), ids=lambda way: way.name
)
def test_every_way_is_right(way, files):
    paths, coef = files
    for path in paths[::2]:
        found = way.fit(path)
        if way.name != sources_ways.BARE:
            np.testing.assert_allclose(found, coef, rtol=RIGHT.get(way.name, 1e-6))


def test_a_process_fits_and_tells_what_failed(files):
    (path, *_), _ = files
    ways = [sources_ways.WAYS[0], sources_ways.WAYS[0]._replace(name="numpy, X'X", kind="peer")]
    raced = sources.race(ways, path, path, 3, lambda text: None, np.random.default_rng(0))
    table = sources._table("rounded prices,", (3000, 3), raced, None)
    (pair,) = table["beside"]
    assert pair["row"] == sources_ways.BARE
    assert pair["ratio"] > 0
    assert [row["repeats"] for row in record.timed(table)] == [3, 3]
    found = {"machine": dict.fromkeys(_script().FACTS, 2), "tables": [table]}
    found["weather"] = {"load": 1.5, "sentence": ""}
    text = "\n".join(_script().section(found))
    assert "| times bare decode, pyarrow |" in text
    assert "| numpy, X'X |" in text
    assert all(not row["against"]["busy"] for row in table["rows"] if row["against"])
    for failed in (["gone"] * 2, ["gone", ""]):  # all of them, or the one that others are held to
        for child, why in zip(raced[0], failed, strict=True):
            child.failed = why
        less = sources._table("rounded prices,", (3000, 3), raced, None)
        assert [row["note"] for row in less["rows"]].count("gone") == failed.count("gone")
        assert less["beside"] == []
        found["tables"] = [less]
        assert f"| {ways[0].name} | gone |" in "\n".join(_script().section(found))
    child = sources.Child(ways[1])
    try:
        assert child.fit(path + ".none") is None
        assert "FileNotFoundError" in child.failed
        assert child.fit(path) is None
    finally:
        child.close()


def _script():
    return importlib.import_module("sources")


def test_names():
    assert SOURCES not in PEOPLE
    assert SOURCES in record.TITLES
    names = [way.name for way in (*sources_ways.WAYS, *DASK)]
    assert len(set(names)) == len(names)


def test_what_there_is_not_is_told_before_anything_is_measured():
    session = Session(Plan((SOURCES,), rows=("no row",)))
    with pytest.raises(ValueError, match="there is no row 'no row'"):
        session.check_rows()
    parts = tuple("numpy, X'X,bare decode, pyarrow".replace(", ", ",").split(","))
    session = Session(Plan((SOURCES,), rows=parts))  # as --rows gives them
    session.check_rows()
    assert session.plan.rows == ("numpy, X'X", sources_ways.BARE)
    with pytest.raises(ValueError, match="of 3 columns give 10"):
        next(sources.tables(SOURCES, True, (9, 3), False, 0.01))
