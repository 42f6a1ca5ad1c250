"""Gaps in columns of keys: the words that are gaps in a text table are gaps in a typed file too."""

import numpy as np
import pytest

from linreg_fast.sources.cells import NO_TEXT, is_missing
from linreg_fast.sources.key_cells import KeyCells, missing_in

pa = pytest.importorskip("pyarrow", reason="the extra 'arrow'")

CELLS = [*sorted(NO_TEXT), *(f" {word.upper()} " for word in sorted(NO_TEXT)), "Oslo", "nano", "0"]


@pytest.mark.parametrize("kind", ["string", "large_string", "dictionary"])
def test_gaps_are_those_of_text(kind):
    column = pa.array([*CELLS, None], "string" if kind == "dictionary" else kind)
    expected = [is_missing(cell, True) for cell in CELLS]
    if kind == "dictionary":  # as many words as codes of a byte can tell apart
        words = [*CELLS, *(f"v{k}" for k in range(128 - len(CELLS)))]
        codes = pa.array([*range(len(CELLS)), None], pa.int8())
        column = pa.DictionaryArray.from_arrays(codes, pa.array(words))
    assert np.array_equal(missing_in(KeyCells(column)), [*expected, True])
    assert np.array_equal(missing_in(CELLS), expected)
