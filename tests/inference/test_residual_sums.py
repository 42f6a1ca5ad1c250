"""Residuals in batches that are added up: the numbers of all of them at once."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linreg_fast.inference.residual_sums import SHARES, Chosen, Residuals, codes_of

numbers = st.one_of(
    st.floats(-1e6, 1e6, allow_subnormal=False), st.sampled_from([0.0, -0.0, 1.0, 1.0 + 1e-9])
)
batches = st.lists(st.lists(numbers, max_size=12), min_size=1, max_size=6).filter(any)


def of_batch(u, counts, keep):
    found = Residuals(None, 0, "frequency", None, keep)
    if len(u):
        found.rows, found.sums, found.repeated = len(u), [], counts is not None
        found._sum(u, counts)
    return found


@given(batches=batches, repeated=st.booleans(), keep=st.sampled_from([0, 7, np.inf]))
def test_batches_are_one(batches, repeated, keep):
    parts = [np.array(batch) for batch in batches]
    counts = [1.0 + np.arange(len(part)) % 3 if repeated else None for part in parts]
    found, *rest = (of_batch(*pair, keep) for pair in zip(parts, counts, strict=True))
    for part in rest:
        found = found + part
    u = np.concatenate(parts)
    all_counts = np.concatenate(counts) if repeated else np.ones(len(u))
    written_out = np.repeat(u, all_counts.astype(int))
    assert (found.rows, found.count) == (len(u), len(written_out))
    chosen = None
    if found.classes is not None:
        assert len(u) > keep
        chosen = Chosen(found.wanted())
        for part, own in zip(parts, counts, strict=True):
            chosen = chosen + Chosen.of(found.wanted(), part, own)
    size = np.abs(u).max()
    np.testing.assert_allclose(
        found.quantiles(chosen), np.quantile(written_out, SHARES), atol=4e-16 * size
    )
    exact = [Fraction(each) for each in written_out]
    mean = sum(exact) / len(exact)
    for power, about in zip((2, 3, 4), found.about, strict=True):
        expected = sum((each - mean) ** power for each in exact)
        assert about == pytest.approx(float(expected), rel=0, abs=1e-12 * len(u) * size**power)
    steps = float(np.diff(u) @ np.diff(u))
    assert found.steps == pytest.approx(steps, rel=1e-12)
    assert found.rss == pytest.approx(float(written_out @ written_out), rel=1e-12)


@given(st.lists(st.floats(allow_nan=False), min_size=2))
def test_codes_are_in_the_order_of_numbers(values):
    codes = codes_of(np.sort(values))
    assert (np.diff(codes) >= 0).all()
    assert codes_of(np.array([0.0]))[0] == codes_of(np.array([-0.0]))[0]
