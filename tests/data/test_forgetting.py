"""Weights that fade: as in a weighted fit, to the last digits."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linreg_fast import GradientDescentRegressor, LinearRegression, moments
from linreg_fast.data.forgetting import fading_weights, times


@given(st.floats(-1e100, 1e100), st.floats(1e-50, 1.0))
def test_a_product_has_32_digits(number, factor):
    lo = number * 1e-17
    hi, low = times(np.array([[number], [lo]]), factor)[:, 0]
    expected = (Fraction(number) + Fraction(lo)) * Fraction(factor)
    assert abs(Fraction(hi) + Fraction(low) - expected) <= abs(expected) * Fraction(2) ** -98 + (
        Fraction(2) ** -1000
    )


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    decay=st.sampled_from([0.5, 0.9, 0.99, 1.0]),
    weighted=st.booleans(),
    offset=st.sampled_from([0.0, 1e6]),
)
def test_a_decay_is_a_weighted_fit(seed, sizes, decay, weighted, offset):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(offset, 1, (60, 3)), rng.normal(size=60)
    y += (X - offset) @ [1.0, 2.0, 3.0]
    given = rng.choice([0.0, 1.0, 3.0], 60) if weighted else None
    model = LinearRegression(decay=decay)
    stream = GradientDescentRegressor(method="sgd", decay=decay, random_state=0)
    start = turn = 0
    while start < 60:
        rows = slice(start, start + sizes[turn % len(sizes)])
        start, turn = rows.stop, turn + 1
        if given is not None and not given[rows].any():
            continue
        heavy = None if given is None else given[rows]
        model.partial_fit(X[rows], y[rows], heavy)
        stream.partial_fit(X[rows], y[rows], heavy)
    counted = np.ones(60) if given is None else given
    live = counted > 0
    ages = live.sum() - np.cumsum(live)
    exact = LinearRegression(precision="double-double").fit(X, y, counted * decay**ages)
    size = np.abs(exact.coef_).max()
    np.testing.assert_allclose(model.coef_, exact.coef_, rtol=1e-12, atol=1e-12 * size)
    for found in (model.moments_, stream.moments_):
        expected = moments(X, y, counted * decay**ages)
        np.testing.assert_allclose(found.weight_sum, expected.weight_sum, rtol=1e-12)
        np.testing.assert_allclose(found.comoment, expected.comoment, rtol=1e-12, atol=1e-12)


def test_a_stream_follows_what_changes(rng):
    X = rng.normal(size=(2000, 2))
    y = np.where(np.arange(2000) < 1000, X[:, 0], X[:, 1])
    for model in (
        LinearRegression(decay=0.98),
        GradientDescentRegressor(method="sgd", decay=0.98, random_state=0),
    ):
        for start in range(0, 2000, 10):
            model.partial_fit(X[start : start + 10], y[start : start + 10])
        np.testing.assert_allclose(model.coef_, [0.0, 1.0], atol=1e-3)


def test_rows_so_old_that_nothing_is_left(rng):
    X, y = rng.normal(size=(50, 2)), rng.normal(size=50)
    model = LinearRegression(decay=1e-8).partial_fit(1e5 * X[:40], y[:40])
    found = model.partial_fit(X, y).moments_
    assert found.n_samples <= 50
    assert np.isfinite(found.comoment).all()
    weights, share = fading_weights(None, 50, 1e-8)
    assert (weights[-1], share) == (1.0, 0.0)


def test_moments_times_a_number(rng):
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    half = 0.5 * moments(X[:20], y[:20]) + moments(X[20:], y[20:])
    weights = np.r_[np.full(20, 0.5), np.ones(10)]
    expected = moments(X, y, weights)
    np.testing.assert_allclose(half.comoment, expected.comoment, rtol=1e-14, atol=1e-14)
    assert half.n_samples == 30
    for wrong in (0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="a number above 0"):
            half * wrong
    with pytest.raises(TypeError):
        half * "2"


@pytest.mark.parametrize("wrong", [0, 1.5, -0.1, "0.9"])
def test_a_decay_that_is_none(rng, wrong):
    for model in (LinearRegression(decay=wrong), GradientDescentRegressor(decay=wrong)):
        with pytest.raises(ValueError, match="'decay' parameter"):
            model.fit(rng.normal(size=(5, 1)), rng.normal(size=5))
