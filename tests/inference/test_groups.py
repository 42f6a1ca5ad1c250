"""Which cluster a row belongs to: as np.unique has it, of labels of any kind."""

from decimal import Decimal

import numpy as np
import pytest

from linreg_fast import LinearRegression
from linreg_fast.inference.groups import groupings, of_codes
from linreg_fast.sources.codes import Codes

KINDS = {
    "small": lambda codes: codes - 3,
    "far": lambda codes: codes * 10**12 - 5,
    "unsigned": lambda codes: codes.astype(np.uint64) << np.uint64(40),
    "floats": lambda codes: np.where(codes % 7, codes / 3, -0.0 * codes),
    "odd text": lambda codes: np.array([f"{code:05}" for code in codes]),
    "even text": lambda codes: np.array([f"{code:06}" for code in codes]),
    "dates": lambda codes: np.datetime64("2020-01-01T00", "h") + codes * 1000,
    "bytes": lambda codes: np.array([b"%d" % code for code in codes]),
    "objects": lambda codes: np.array([f"no {code}" for code in codes], dtype=object),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("many", [10, 9000])
def test_codes_tell_labels_apart(rng, kind, many):
    labels = KINDS[kind](rng.integers(0, many, 20_000))
    (found,) = groupings(labels, 20_000)
    expected, places = np.unique(labels, return_inverse=True)
    pairs = np.unique(np.column_stack([found.codes, places]), axis=0)
    assert len(pairs) == len(expected) == len(np.unique(found.codes))
    for code, place in pairs[:: max(many // 50, 1)].tolist():
        assert found.label(code) == expected[place]


def test_categories_of_pandas_are_numbered_already(rng):
    pd = pytest.importorskip("pandas")
    labels = pd.Series(pd.Categorical.from_codes(rng.integers(0, 3, 50), list("abcd")))
    (found,) = groupings(labels, 50)
    assert [found.label(code) for code in found.codes] == labels.tolist()
    labels[7] = None
    with pytest.raises(ValueError, match="has 1 missing of 50, the first at row 7"):
        groupings(labels, 50)


@pytest.mark.parametrize("kind", ["small", "far", "floats", "objects"])
def test_codes_of_batches_go_on(rng, kind):
    labels = KINDS[kind](rng.integers(0, 500, 6000))
    codes = Codes("g")
    given = [part.tolist() if kind == "objects" else part.astype(float)
             for part in np.array_split(labels, 7)]  # fmt: skip
    given[3][5] = "" if kind == "objects" else np.nan
    found = np.concatenate([codes.of(part) for part in given])
    at = len(np.concatenate(np.array_split(labels, 7)[:3])) + 5
    assert np.flatnonzero(np.isnan(found)).tolist() == [at]
    rest = np.delete(np.arange(6000), at)
    assert [codes.labels[int(code)] for code in found[rest]] == labels[rest].tolist()
    grouping = of_codes(found[rest][:100], "g")  # few rows: of those that occur
    assert grouping.labels[grouping.codes].tolist() == found[rest][:100].tolist()


def test_decimals_that_floats_do_not_tell_apart(rng, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    codes, x, y = rng.integers(0, 9, 200), rng.normal(size=200), rng.normal(size=200)
    first = Decimal("12345678901234567.01")
    cents = [first + Decimal(code) / 100 if code else Decimal("0.10") for code in codes.tolist()]
    kept = pyarrow.array(cents, pyarrow.decimal128(30, 2))
    path = tmp_path / "rows.parquet"
    parquet.write_table(pyarrow.table({"x": x, "y": y, "g": kept}), path, row_group_size=7)
    model = LinearRegression().fit(path, "y", features=["x"])
    expected = model.inference(path, "y", groups="g")
    found = LinearRegression().fit(x[:, None], y).inference(x[:, None], y, groups=codes)
    assert expected.df == found.df == 8
    np.testing.assert_allclose(expected.se, found.se, rtol=1e-11)
