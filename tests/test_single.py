"""float32 sums: used where float32 results lose nothing by it, and left where they would."""

import warnings

import numpy as np
import pytest

from linreg_fast import LinearRegression
from linreg_fast.data.gate import frozen
from linreg_fast.kernels import launch, single, tiled

P = 70


@pytest.fixture(autouse=True)
def _however_few(monkeypatch):
    """Few rows, for which it would not pay, are enough for these tests."""
    monkeypatch.setattr(single, "FEWEST_PRODUCTS", 0)


def data(rng, n=4000, order="C", mixing=0.0, offset=3.0, targets=None):
    """X with columns that depend on each other the more, the larger `mixing`."""
    X = rng.normal(size=(n, P)) @ (np.eye(P) + mixing / np.sqrt(P) * rng.normal(size=(P, P)))
    X = np.asarray(X + offset, dtype=np.float32, order=order)
    coef = rng.normal(size=P if targets is None else (P, targets))
    y = X @ coef.astype(np.float32) + rng.normal(size=(n, *coef.shape[1:]))
    return X, y.astype(np.float32)


def exact(X, y, **options):
    model = LinearRegression(precision="double-double", **options)
    return model.fit(X.astype(np.float64), y.astype(np.float64))


def assert_right(model, expected, rtol=1e-7, largest=4.0):
    """largest: number in X, which an intercept is as uncertain as."""
    assert model.coef_.dtype == np.float32
    size = np.linalg.norm(expected.coef_)
    assert np.linalg.norm(model.coef_ - expected.coef_) <= rtol * size
    off = np.abs(model.intercept_ - expected.intercept_)
    assert np.all(off <= rtol * (np.abs(expected.intercept_) + largest * size))


@pytest.mark.parametrize("order", ["C", "F"])
def test_sums_have_the_digits_that_are_promised(rng, order):
    n = int(rng.integers(20_000, 20_200))  # pieces and what is left of them
    X, y = data(rng, n, order)
    mean, comoment = single.moments(frozen(X), frozen(y[:, None]))[2:]
    expected = tiled.moments(frozen(X), frozen(y[:, None]))[2:]
    norms = np.sqrt(np.diag(expected[1][0]))
    assert (np.abs(mean[0] - expected[0][0]) * np.sqrt(n) / norms).max() < 1e-7  # of the spread
    off = np.abs(comoment[0] - expected[1][0]) / np.outer(norms, norms)
    rounding = single.rounding(n)
    assert np.sqrt(np.mean(off.diagonal() ** 2)) < 2 * rounding
    assert off.max() < 8 * rounding
    assert np.array_equal(comoment[0], comoment[0].T)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("mixing", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("intercept", [True, False])
def test_coefficients_are_right_to_float32(rng, order, mixing, intercept):
    X, y = data(rng, order=order, mixing=mixing)
    model = LinearRegression(fit_intercept=intercept).fit(X, y)
    assert "float32" in model.solver_reason_ or mixing == 2.0 or not intercept
    assert_right(model, exact(X, y, fit_intercept=intercept))


def test_enough_rows_need_no_correction(rng):
    X, y = data(rng, 200_000)
    model = LinearRegression().fit(X, y)
    assert "have its digits" in model.solver_reason_
    assert_right(model, exact(X, y))


def test_several_targets(rng):
    X, y = data(rng, targets=2)
    model = LinearRegression().fit(X, y)
    assert "float32" in model.solver_reason_
    assert_right(model, exact(X, y))


@pytest.mark.parametrize(
    "change",
    [
        lambda X, y: (X * np.float32(1e-18), y),
        lambda X, y: (X * np.float32(1e18), y),
        lambda X, y: (X * np.float32(10) ** (np.arange(P, dtype=np.float32) % 30 - 15), y),
        lambda X, y: (X, y * np.float32(1e25)),
        lambda X, y: (X + np.float32(1e5), y),  # 3 digits are left of the columns
        lambda X, y: (X[:, ::-1], y),
        lambda X, y: (
            X,
            (y - X @ np.ones(P, np.float32)) * 0 + np.random.default_rng(0).normal(size=len(y)),
        ),
    ],
    ids=["tiny", "huge", "mixed", "huge target", "offset", "strided", "no signal"],
)
def test_what_float32_does_not_hold_is_summed_in_float64(rng, change):
    X, y = change(*data(rng))
    assert_right(LinearRegression().fit(X, y), exact(X, y), largest=np.abs(X).max())


def test_dependent_and_constant_columns(rng):
    X, y = data(rng)
    X[:, 5] = 7.0
    model = LinearRegression().fit(X, y)
    assert model.coef_[5] == 0.0
    assert_right(model, exact(X, y))
    X[:, 9] = X[:, 8]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LinearRegression().fit(X, y)
        assert model.rank_ == P - 2
        assert_right(model, exact(X, y), 1e-6)


def test_a_number_that_is_not_finite_is_found(rng):
    X, y = data(rng)
    X[1234, 56] = np.nan
    with pytest.raises(ValueError, match="X contains NaN"):
        LinearRegression().fit(X, y)
    X[1234, 56], y[7] = 0.0, np.inf
    with pytest.raises(ValueError, match="infinity"):
        LinearRegression().fit(X, y)


def test_few_rows_are_summed_in_float64(rng, monkeypatch):
    monkeypatch.undo()
    X, y = data(rng)
    assert "float32" not in LinearRegression().fit(X, y).solver_reason_


def test_who_asks_for_float64_gets_it(rng):
    X, y = data(rng)
    for options in ({"precision": "double"}, {"solver": "cholesky"}, {"solver": "qr"}):
        model = LinearRegression(**options).fit(X, y)
        assert "float32" not in model.solver_reason_
        assert_right(model, exact(X, y), 1e-7)
    weights = rng.uniform(1, 2, len(X))
    model = LinearRegression().fit(X, y, weights)
    expected = LinearRegression().fit(X.astype(float), y.astype(float), weights)
    assert_right(model, expected)


def test_rows_can_be_added_afterwards(rng):
    X, y = data(rng, 8000)
    model = LinearRegression().fit(X[:4000], y[:4000]).partial_fit(X[4000:], y[4000:])
    assert_right(model, exact(X, y), 1e-5)


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_same_bits_with_threads_and_without(rng, order):
    X, y = data(rng, 20_000, order)
    found = []
    for n_jobs in (1, None):
        with launch.threads(n_jobs):
            model = LinearRegression().fit(X, y)
            found.append([*model.coef_, model.intercept_, *model.moments_.comoment.ravel()])
    np.testing.assert_array_equal(*found)
