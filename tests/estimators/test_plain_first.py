"""Files of many columns: plain sums first, read again in double-double where those lack digits."""

import numpy as np
import pytest

from linreg_fast import LinearRegression
from linreg_fast.estimators import plain_first
from linreg_fast.sources import blocks

pa = pytest.importorskip("pyarrow", reason="the extra 'arrow'")
from pyarrow import parquet  # noqa: E402


@pytest.fixture
def few_are_many(monkeypatch):
    monkeypatch.setattr(plain_first, "SOURCE_PLAIN_COLUMNS", 3)
    monkeypatch.setattr(plain_first, "LARGE_ELEMENTS", 900)
    monkeypatch.setattr(blocks, "rows_of_block", lambda n_columns: 64)


@pytest.mark.parametrize(
    ("near", "times", "reason"),
    [
        (1.0, 1, "plain sums have the digits"),
        (1e-4, 1, "double-double"),  # the first block tells
        (1e-1, 1, "double-double"),  # too near for 1000 numbers, which the last row shows
        (1.0, 1e4, "double-double"),  # the targets are mostly what no column explains
    ],
)
def test_digits_decide(tmp_path, rng, few_are_many, near, times, reason):
    X = rng.normal(size=(400, 3))
    X[:, 1] = X[:, 0] + near * X[:, 1]
    noise = rng.normal(size=400)
    noise -= X @ np.linalg.lstsq(X, noise)[0]  # no column explains it by chance
    y = X @ [1.0, 2.0, 3.0] + times * noise
    path = tmp_path / "t.parquet"
    columns = {f"x{j}": X[:, j] for j in range(3)} | {"y": y}
    parquet.write_table(pa.table(columns), path)
    with np.errstate(all="raise"):
        model = LinearRegression().fit(path, "y")
    exact = LinearRegression(precision="double-double").fit(path, "y")
    assert reason in model.solver_reason_
    assert model.moments_.doubled == (reason == "double-double")
    assert model.reading_[:4] == exact.reading_[:4]
    np.testing.assert_allclose(model.coef_, exact.coef_, rtol=1e-12)
    once = LinearRegression().fit(pa.table(columns), "y")  # what we did not open is read once
    np.testing.assert_array_equal(once.coef_, exact.coef_)


def test_a_bad_row_after_the_first_reading_began(tmp_path, rng, few_are_many):
    columns = {f"x{j}": rng.normal(size=400) for j in range(4)}
    columns["x2"][300] = np.inf
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table(columns), path)
    model = LinearRegression()
    with pytest.raises(ValueError, match=r"t.parquet, row 301: column 'x2' holds inf"):
        model.fit(path, "x3")
    assert not hasattr(model, "coef_")
