"""`Moments` add, subtract, pickle and print to JSON, and any cutting of the rows is as good."""

import itertools
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linreg_fast import LinearRegression, Moments, moments


def assert_close(a, b, rtol=1e-12):
    assert (a.n_samples, a.n_targets) == (b.n_samples, b.n_targets)
    assert a.weight_sum == pytest.approx(b.weight_sum, rel=rtol)
    spread = np.sqrt(np.diag(b.comoment) / max(b.weight_sum, 1e-300))
    np.testing.assert_array_less(np.abs(a.mean - b.mean), rtol * (np.abs(b.mean) + spread) + 1e-300)
    scale = np.outer(spread, spread) * b.weight_sum
    np.testing.assert_array_less(np.abs(a.comoment - b.comoment), rtol * scale + 1e-300)


def same_bits(a, b):
    numbers = [(m.n_samples, m.n_targets, m.doubled) for m in (a, b)]
    parts = [(m.weight_parts, m.mean_parts, m.comoment_parts) for m in (a, b)]
    return numbers[0] == numbers[1] and all(
        one.tobytes() == other.tobytes() for one, other in zip(*parts, strict=True)
    )


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 120),
    p=st.integers(1, 5),
    cuts=st.lists(st.integers(0, 120), max_size=6),
    offset=st.sampled_from([0.0, 1e3, 1e8]),
    weighted=st.booleans(),
)
def test_any_cutting_gives_the_same(seed, n, p, cuts, offset, weighted):
    random = np.random.default_rng(seed)
    X, y = random.normal(size=(n, p)) + offset, random.normal(size=n)
    weights = random.integers(1, 4, n).astype(float) if weighted else None
    edges = sorted({0, n, *(cut for cut in cuts if cut < n)})
    pieces = [
        moments(X[a:b], y[a:b], None if weights is None else weights[a:b])
        for a, b in itertools.pairwise(edges)
    ]
    whole = moments(X, y, weights)
    if n > p + 2:
        # Double-double all the way: only the rounding of the hi part to a double is left.
        tolerance = 4e-16 * (1 + offset * 1e-9)
        assert_close(sum(pieces), whole, tolerance)
        assert_close(sum(random.permutation(np.array(pieces, dtype=object))), whole, tolerance)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(3, 60))
def test_a_whole_weight_is_a_repetition(seed, n):
    random = np.random.default_rng(seed)
    X, y, times = random.normal(size=(n, 2)), random.normal(size=n), random.integers(0, 4, n)
    times[:3] = 1
    weighted, repeated = moments(X, y, times), moments(X.repeat(times, axis=0), y.repeat(times))
    assert weighted.n_samples == (times > 0).sum()
    assert weighted.weight_sum == repeated.weight_sum
    np.testing.assert_allclose(weighted.mean, repeated.mean, atol=1e-13)
    np.testing.assert_allclose(weighted.comoment, repeated.comoment, atol=1e-11)


def test_rows_can_be_taken_out_again(rng):
    X, y, weights = rng.normal(2, 1, (90, 3)), rng.normal(size=(90, 2)), rng.uniform(1, 2, 90)
    whole = moments(X, y, weights)
    left = whole - moments(X[:30], y[:30], weights[:30])
    assert_close(left, moments(X[30:], y[30:], weights[30:]))
    nothing = whole - whole
    assert same_bits(nothing, Moments.empty(3, 2))
    assert same_bits(nothing + left, left)
    assert same_bits(left + nothing, left)
    assert same_bits(left - nothing, left)


def test_what_does_not_fit_is_refused(rng):
    a, b = moments(rng.normal(size=(9, 2)), rng.normal(size=9)), moments([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="different columns"):
        a + b
    with pytest.raises(ValueError, match="different columns"):
        a - b
    with pytest.raises(ValueError, match="cannot take 4 rows out of 2"):
        b - (b + b)
    with pytest.raises(TypeError):
        a + 1.0
    with pytest.raises(TypeError):
        a - 1


def test_they_are_small_and_keep_every_bit(rng, tmp_path):
    X = rng.normal(size=(500, 8)) * np.logspace(-150, 150, 8)
    some = moments(X, rng.normal(size=500) / 3, rng.random(500))
    pickled = pickle.dumps(some)
    assert len(pickled) <= 1100
    assert len(pickle.dumps(moments(X, X[:, 0], rung="parallel"))) <= 934  # no lo parts
    assert same_bits(pickle.loads(pickled), some)
    assert same_bits(Moments.from_json(some.to_json()), some)
    some.save(tmp_path / "some.json")
    assert same_bits(Moments.load(tmp_path / "some.json"), some)
    assert [file.name for file in tmp_path.iterdir()] == ["some.json"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": "linreg_fast.model"}, "not a linreg_fast.moments file"),
        ({"version": 3}, "newer linreg_fast"),
        ({"mean_lo": [0.0]}, "mean_lo"),
        ({"mean_lo": [0.0, 1.0]}, "a lo part is larger"),
        ({"noise": [-1.0, 0.0]}, "negative"),
        ({"exponents": [1, 2]}, "list of 3 whole numbers"),
        ({"exponents": [1, 2, 10**9]}, "list of 3 whole numbers"),
        ({"weight_sum_lo": None}, "finite numbers"),
        ({"version": "1"}, "version is '1'"),
        ({"mean": [1.0]}, "comoment_upper"),
        ({"mean": ["1.0", 2.0]}, "finite numbers"),
        ({"mean": [10**400, 2.0]}, "finite numbers"),
        ({"mean": [True, 2.0]}, "finite numbers"),
        ({"n_targets": 2}, "n_targets"),
        ({"n_samples": -1}, "0 or more"),
        ({"n_samples": 2.5}, "0 or more"),
        ({"weight_sum": None}, "finite numbers"),
        ({"comoment_upper": [-1.0, 0.0, 1.0]}, "negative"),
    ],
)
def test_a_malformed_file_is_refused(change, says):
    content = json.loads(moments([1.0, 2.0], [1.0, 3.0]).to_json())
    with pytest.raises(ValueError, match=says):
        Moments.from_json(json.dumps(content | change))


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "NaN", '{"mean": NaN}', "[" * 100_000])
def test_text_that_is_no_moments_file_is_refused(text):
    with pytest.raises(ValueError, match=r"not a linreg_fast\.moments file"):
        Moments.from_json(text)


def test_a_model_of_merged_moments(rng):
    X, y = rng.normal(size=(90, 3)), rng.normal(size=(90, 2))
    whole = LinearRegression().fit(X, y)
    merged = LinearRegression().fit_moments(moments(X[:40], y[:40]) + moments(X[40:], y[40:]))
    np.testing.assert_allclose(merged.coef_, whole.coef_, rtol=1e-15)
    np.testing.assert_allclose(merged.predict(X), whole.predict(X), rtol=1e-13)
    for nothing in (Moments.empty(3, 2), None, X):
        with pytest.raises(ValueError, match="Moments of at least one row"):
            merged.fit_moments(nothing)


def test_what_a_subtraction_loses_is_said(rng):
    X, y = rng.normal(size=(20, 2)) + 3, rng.normal(size=20)
    few, heavy = moments(X, y), moments(X[:5], y[:5], np.full(5, 1e21))
    many = moments(1e12 * X[:5], 1e12 * y[:5])
    for other, digits in ((many, 1e-3), (heavy, 1e-3), (moments(1e6 * X, 1e6 * y), 0.0)):
        whole = few + other
        if digits:
            with pytest.warns(UserWarning, match="few digits"):
                left = whole - other
            assert not left.doubled
        else:
            left = whole - other
        np.testing.assert_allclose(left.comoment, few.comoment, rtol=digits or 1e-14)
    gone = moments(1e16 * X[:5], 1e16 * y[:5])
    with pytest.warns(UserWarning, match="few digits"):
        (few + gone) - gone
    for part, rest in (
        (moments(X, y, np.full(20, 3.0)), few),
        (few, moments(X, y, np.full(20, 3.0))),
        (few + moments(X, y, np.full(20, 1e32)), moments(X, y, np.full(20, 1e32))),
    ):
        with pytest.raises(ValueError, match="cannot take a weight of"):
            part - rest


@pytest.mark.parametrize("offset", [0.0, 1e5, 1e9])
def test_what_no_longer_varies_is_constant(rng, offset):
    """The rounding of the means counts too: a square about 1e9 was called negative."""
    for _ in range(30):
        X = rng.normal(size=(50, 2)) + offset
        X[30:, 1], y = X[0, 1], rng.normal(size=50)
        left = moments(X, y) - moments(X[:30], y[:30])
        np.testing.assert_array_equal(left.comoment[1], 0.0)
        mean = [*X[30:].mean(axis=0), y[30:].mean()]
        np.testing.assert_allclose(left.mean, mean, rtol=1e-14, atol=1e-14)
        one = moments(X, y) - moments(X[1:], y[1:])
        np.testing.assert_array_equal(one.comoment, 0.0)
    x, y = np.full((60, 1), offset), rng.normal(size=60)
    x[25:] += 0.1
    window = moments(x[:20], y[:20])
    for i in range(20, 60):
        window = window + moments(x[i : i + 1], y[i : i + 1])
        window = window - moments(x[i - 20 : i - 19], y[i - 20 : i - 19])
    assert window.comoment[0, 0] == 0.0
    assert (moments(np.ones((9, 1)), np.ones(9)) - moments(np.ones((4, 1)), np.ones(4))).doubled


def test_rows_that_are_not_in_cannot_be_taken_out(rng):
    X, y = rng.normal(size=(50, 2)), rng.normal(size=50)
    with pytest.raises(ValueError, match="rows that are not in"):
        moments(X, y) - moments(100 * X[:20], y[:20])
