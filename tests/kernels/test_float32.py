"""float32 sums: used where float32 results lose nothing by it, and left where they would."""

import warnings

import numpy as np
import pytest
from variants import FLOAT32

from linreg_fast import LinearRegression
from linreg_fast.data.gate import frozen
from linreg_fast.kernels.arithmetic import rounding
from linreg_fast.kernels.moments import float32
from linreg_fast.kernels.rungs import tiled
from linreg_fast.runtime import launch

P = 70


@pytest.fixture(autouse=True)
def _however_few(monkeypatch):
    """Few rows, for which it would not pay, are enough for these tests."""
    monkeypatch.setattr(float32, "FLOAT32_FEWEST_PRODUCTS", 0)


def data(rng, n=4000, order="C", mixing=0.0, offset=3.0, targets=None):
    """X with columns that depend on each other the more, the larger `mixing`."""
    X = rng.normal(size=(n, P)) @ (np.eye(P) + mixing / np.sqrt(P) * rng.normal(size=(P, P)))
    X = np.asarray(X + offset, dtype=np.float32, order=order)
    coef = rng.normal(size=P if targets is None else (P, targets))
    y = X @ coef.astype(np.float32) + rng.normal(size=(n, *coef.shape[1:]))
    return X, y.astype(np.float32)


def exact(X, y, weights=None, **options):
    model = LinearRegression(precision="double-double", **options)
    return model.fit(X.astype(np.float64), y.astype(np.float64), weights)


def assert_right(model, expected, rtol=1e-7, largest=4.0):
    """largest: number in X, which an intercept is as uncertain as."""
    assert model.coef_.dtype == np.float32
    size = np.linalg.norm(expected.coef_)
    assert np.linalg.norm(model.coef_ - expected.coef_) <= rtol * size
    off = np.abs(model.intercept_ - expected.intercept_)
    assert np.all(off <= rtol * (np.abs(expected.intercept_) + largest * size))


def weights_of(rng, n, kind):
    if kind is None:
        return None
    return frozen(
        {
            "even": rng.uniform(0.5, 2, n),
            "counts": rng.integers(0, 3, n).astype(float),
            "uneven": np.exp(3 * rng.normal(size=n)),
        }[kind]
    )


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", [None, "even", "counts", "uneven"])
def test_sums_have_the_digits_that_are_promised(rng, order, kind):
    n = int(rng.integers(20_000, 20_200))  # pieces and what is left of them
    X, y = data(rng, n, order)
    weights = weights_of(rng, n, kind)
    found_n, _, *found = float32.sums(frozen(X), frozen(y[:, None]), weights)
    expected_n, weight, *expected = tiled.moments(frozen(X), frozen(y[:, None]), weights)
    assert found_n == expected_n
    (mean, comoment), norms = found, np.sqrt(np.diag(expected[1][0]))
    off = np.abs(comoment[0] - expected[1][0]) / np.outer(norms, norms)
    lost = float32.rounding(n, weights)
    lost += 0 if kind is None else rounding.FLOAT32_ROUNDING_OF_WEIGHTS
    of_spread = np.abs(mean[0] - expected[0][0]) * np.sqrt(weight[0]) / norms
    assert of_spread.max() < max(1e-7, 2 * lost)
    assert np.sqrt(np.mean(off.diagonal() ** 2)) < 2 * lost
    assert off.max() < 8 * lost
    assert np.array_equal(comoment[0], comoment[0].T)


@pytest.mark.parametrize(
    ("target", "order", "weighted"),
    [(np.float32, order, weighted) for order in "CF" for weighted in (False, True)]
    + [(np.float64, order, weighted) for _, order, weighted in FLOAT32],
)
def test_any_number_of_columns_and_rows(rng, target, order, weighted):
    """A panel's end may be columns, the target or ones, and few are multiplied the other way."""
    for p in (*range(17, 35), 47, 63, 64, 79, 80):
        n = int(rng.integers(2 * p, 700))
        X = np.asarray(rng.normal(size=(n, p)) + 3, dtype=np.float32, order=order)
        y = (rng.normal(size=n) + (1e8 if target is np.float64 else 1e3)).astype(target)
        weights, rows, part = None, slice(None), None
        if weighted:
            weights = weights_of(rng, n, str(rng.choice(["even", "counts"])))
            rows = weights > 0
            X[~rows] = np.nan
            part = frozen(weights[rows])
        found = float32.sums(frozen(X), frozen(y[:, None]), weights)
        kept = (X[rows].astype(float), y[rows, None].astype(float))
        expected = tiled.moments(*map(frozen, kept), part)
        norms = np.sqrt(np.diag(expected[3][0]))
        off = np.abs(found[3][0] - expected[3][0]) / np.outer(norms, norms)
        assert off.max() < 1e-6, (n, p)
        assert found[0] == expected[0]
        means = np.abs(found[2][0] - expected[2][0]) * np.sqrt(n) / norms
        assert means.max() < 1e-6, (n, p)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("mixing", [0.0, 0.3, 0.5, 2.0])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kind", [None, "even", "counts", "uneven"])
def test_coefficients_are_right_to_float32(rng, order, mixing, intercept, kind):
    X, y = data(rng, order=order, mixing=mixing)
    weights = weights_of(rng, len(X), kind)
    model = LinearRegression(fit_intercept=intercept).fit(X, y, weights)
    used = "float32" in model.solver_reason_
    # Of columns mixed by a half one draw in eighty is at the limit of what float32 is taken for.
    assert used or mixing >= 0.5 or not intercept or kind == "uneven"
    assert_right(model, exact(X, y, weights, fit_intercept=intercept))


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


@pytest.mark.parametrize("size", [1e-200, 1e-40, 1e40, 1e200])
def test_weights_that_float32_does_not_hold(rng, size):
    X, y = data(rng)
    weights = rng.uniform(0.5, 2, len(X)) * size
    weights[7] *= 1e6
    assert_right(LinearRegression().fit(X, y, weights), exact(X, y, weights))


@pytest.mark.parametrize("of", ["X", "y"])
def test_few_values_are_summed_in_float64(rng, of):
    """Equal products are rounded alike: errors that grow with the rows."""
    X, y = data(rng, 150_000)
    if of == "X":
        X = ((X > 3) * np.float32(0.7)).astype(np.float32)
        y = (X.sum(axis=1) + 0.1 * y).astype(np.float32)
    else:
        y = (y > 0) * np.float32(0.3)
    model = LinearRegression().fit(X, y)
    assert "float32" not in model.solver_reason_
    assert_right(model, exact(X, y))


def test_a_target_in_float64_keeps_its_digits(rng):
    X, y = data(rng, 100_000)
    y = y.astype(np.float64) + 1.7e12  # as milliseconds of Unix time
    model = LinearRegression().fit(X, y)
    assert "float32" in model.solver_reason_
    np.testing.assert_allclose(model.coef_, exact(X, y).coef_, atol=1e-6)


@pytest.mark.parametrize("offset", [10, 1000])
def test_rare_columns_in_light_rows(rng, offset):
    """What rounding leaves of the gradient of uncentred rows is large beside their squares."""
    n = 50_000
    X, weights = rng.normal(size=(n, 30)), rng.random(n)
    X[:, :3] = rng.normal(size=(n, 3)) * 1e-9  # of many values, and next to nothing
    rows = rng.integers(0, n, size=(4, 3))
    X[rows, np.arange(3)] = 1
    y = X.sum(axis=1) + 100 * rng.normal(size=n)
    X, weights[rows] = (X + offset).astype(np.float32), 1e-8
    y = y.astype(np.float32)
    assert_right(LinearRegression().fit(X, y, weights), exact(X, y, weights), largest=1e9)


def test_dependent_and_constant_columns(rng):
    X, y = data(rng)
    X[:, 5] = 7.0
    model = LinearRegression().fit(X, y)
    assert model.coef_[5] == 0.0
    assert_right(model, exact(X, y))
    constant = LinearRegression().fit(np.full_like(X, 3.0), y)
    assert not constant.coef_.any()
    assert constant.intercept_ == pytest.approx(y.astype(float).mean(), rel=1e-6)
    X[:, 9] = X[:, 8]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LinearRegression().fit(X, y)
        assert model.rank_ == P - 2
        assert_right(model, exact(X, y), 1e-6)


def test_a_number_that_is_not_finite_is_found(rng):
    X, y = data(rng)
    X[1234, 56] = np.nan
    weights = np.ones(len(X))
    weights[1234] = 1e-100  # whose root is zero in float32
    with pytest.raises(ValueError, match="X contains NaN at row 1234, column 56"):
        LinearRegression().fit(X, y, weights)
    with pytest.raises(ValueError, match="X contains NaN"):
        LinearRegression().fit(X, y)
    X[1234, 56], y[7] = 0.0, np.inf
    with pytest.raises(ValueError, match="infinity"):
        LinearRegression().fit(X, y)


def test_few_rows_are_summed_in_float64(rng, monkeypatch):
    monkeypatch.undo()
    X, y = data(rng, 1000)
    assert "float32" not in LinearRegression().fit(X, y).solver_reason_


def test_who_asks_for_float64_gets_it(rng):
    X, y = data(rng)
    for options in ({"precision": "double"}, {"solver": "cholesky"}, {"solver": "qr"}):
        model = LinearRegression(**options).fit(X, y)
        assert "float32" not in model.solver_reason_
        assert_right(model, exact(X, y), 1e-7)


def test_rows_can_be_added_afterwards(rng):
    X, y = data(rng, 8000)
    model = LinearRegression().fit(X[:4000], y[:4000]).partial_fit(X[4000:], y[4000:])
    assert_right(model, exact(X, y), 1e-5)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", [None, "even"])
def test_the_same_bits_with_threads_and_without(rng, order, kind):
    X, y = data(rng, 20_000, order)
    weights, found = weights_of(rng, 20_000, kind), []
    for n_jobs in (1, None):
        with launch.threads(n_jobs):
            model = LinearRegression().fit(X, y, weights)
            found.append([*model.coef_, model.intercept_, *model.moments_.comoment.ravel()])
    np.testing.assert_array_equal(*found)
