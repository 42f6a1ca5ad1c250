"""The short ways of ordinary fits: what they find, and when they leave it to others."""

import numpy as np
import pytest

from linreg_fast import LinearRegression
from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import rounding
from linreg_fast.kernels.moments import doubled, packed, unpacked
from linreg_fast.kernels.rungs import compensated
from linreg_fast.kernels.systems import small
from linreg_fast.runtime import launch

RELATED = 0.3  # how much of one column is in the others, at most


def drawn(rng, n, p, related=RELATED):
    mixing = np.eye(p) + rng.uniform(-related, related, size=(p, p)) / np.sqrt(p)
    X = rng.normal(size=(n, p)) @ mixing * 10.0 ** rng.integers(-3, 4, p) + rng.normal(size=p)
    scale = np.linalg.norm(X - X.mean(axis=0), axis=0) / np.sqrt(n)
    return X, X @ (rng.normal(size=p) / scale) + rng.normal(size=n) + 3.0


@pytest.mark.needs_jit  # minutes of plain Python
@pytest.mark.parametrize(("order", "dtype"), ["Cd", "Fd", "Cf", "Ff"])
def test_fits_of_few_columns(rng, order, dtype):
    one = ((9, 1), (50_003, 1), (200_000, 1), (300_000, 1))
    for n, p in (*one, (100, 12), (60_000, 3), (20_000, 10), (20_011, 17), (10_000, 32)):
        X, y = (np.asarray(part, dtype=dtype, order=order) for part in drawn(rng, n, p))
        model = LinearRegression().fit(X, y)
        exact = LinearRegression(precision="double-double", solver="cholesky").fit(
            X.astype(float), y.astype(float)
        )
        sizes = np.sqrt(exact.moments_.comoment.diagonal()[:p])
        off = np.linalg.norm((model.coef_ - exact.coef_) * sizes)
        rounding = 1e-13 if dtype == "d" else 2e-7
        assert off <= rounding * np.linalg.norm(exact.coef_ * sizes), (n, p)
        terms = np.abs(np.append(X.mean(axis=0) * exact.coef_, y.mean())).sum()
        assert abs(model.intercept_ - exact.intercept_) <= 10 * rounding * terms
        assert model.coef_.dtype == X.dtype
        assert model.rank_ == p
        columns = X - X.mean(axis=0, dtype=float)
        expected = np.linalg.cond(columns / np.linalg.norm(columns, axis=0))
        most = np.sqrt(p) if dtype == "f" else 1.0  # of float32, 24 columns are another way's
        assert 1 - 1e-6 <= model.condition_number_ / expected <= most + 1e-6


@pytest.mark.needs_jit
def test_what_the_short_way_has_summed_is_not_summed_again(rng, monkeypatch):
    calls = []
    for rung, module in (("tiled", packed), ("tiled", unpacked), ("compensated", doubled)):

        def counted(*args, honest=module.sums, rung=rung):
            calls.append(rung)
            return honest(*args)

        monkeypatch.setattr(module, "sums", counted)
    X = rng.normal(size=(20_000, 8))
    X[:, 1] = X[:, 0] + X[:, 1] / 30
    y = X.sum(axis=1) + rng.normal(size=len(X))
    model = LinearRegression().fit(X, y)
    assert calls == ["tiled"]  # condition about 60: plain sums would not do, and are refined
    assert "refined in 1 pass" in model.solver_reason_
    calls.clear()
    X[17, 3] = np.nan
    with pytest.raises(ValueError, match="X contains NaN at row 17, column 3"):
        model.fit(X, y)
    assert calls == ["tiled"]
    assert model.moments_.n_samples == len(X)


def test_the_condition_of_few_columns_is_bounded_from_both_sides(rng):
    for p in range(1, tuning.SMALL_SYSTEM_COLUMNS + 1):
        X, y = drawn(rng, 300, p, related=rng.choice([0.0, 0.5, 2.0]))
        Z = np.column_stack([X - X.mean(axis=0), y - y.mean()])
        products = np.array([Z.T @ Z, np.zeros((p + 1, p + 1))])
        found = np.empty((p + 1, 1))
        condition, weakness = small.solve(np.zeros((2, p + 1)), products, found, small.scratch(p))
        sizes = np.linalg.norm(Z[:, :p], axis=0)
        columns = Z[:, :p] / sizes
        exact = np.linalg.cond(columns)
        if condition == np.inf:  # columns at the limit: one draw in ten thousand
            assert exact > rounding.SMALLEST_PIVOT**-0.5
            continue
        assert exact * (1 - 1e-6) <= condition <= exact * np.sqrt(p) * (1 + 1e-6)
        expected = np.linalg.lstsq(columns, Z[:, p], rcond=None)[0]
        target = np.linalg.norm(Z[:, p])
        assert np.linalg.norm(found[:p, 0] * sizes - expected) <= 1e-13 * exact**2 * target
        assert weakness == pytest.approx(target / np.linalg.norm(expected))


@pytest.mark.parametrize("place", [1, 3])  # a column, and the target
@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0, 1e250, 1e-250])
def test_products_that_are_no_sums_of_squares(value, place):
    products = np.array([np.eye(4), np.zeros((4, 4))])
    products[0, place, place] = value
    assert small.solve(np.zeros((2, 4)), products, np.empty((4, 1)), small.scratch(3)) == (
        np.inf,
        np.inf,
    )


def test_coefficients_that_float32_cannot_hold():
    products, room = np.array([np.eye(3) * 1e40, np.zeros((3, 3))]), small.scratch(2)
    products[0, 0, 2] = products[0, 2, 0] = 1.0
    products[0, 0, 0] = 1e-39
    for dtype, expected in ((np.float64, True), (np.float32, False)):
        found = np.empty((3, 1), dtype)
        with np.errstate(over="ignore"):  # as plain Python it would warn
            condition, _ = small.solve(np.zeros((2, 3)), products, found, room)
        assert (condition < np.inf) == expected
    np.testing.assert_allclose(found[:, 0].astype(float), [np.inf, 0.0, 0.0], atol=1e-300)


def test_blocks_are_shared_out_evenly_and_stay_small(rng):
    for _ in range(1000):
        n, p = int(10 ** rng.uniform(0, 7)), int(10 ** rng.uniform(0, 3.2))
        output = 2 * (p + 8) ** 2
        blocks = launch.count_blocks(n, p, output)
        assert blocks.bit_count() == 1
        share = 25 if blocks <= 4 else 50
        assert blocks <= 2 or blocks * output <= max(n * p / share, launch.BLOCK_ELEMENTS)


@pytest.mark.parametrize("n", [5, 100, 140, 70_000])
def test_one_column_that_is_one_of_many(rng, n):
    """Numbers that lie apart are summed one by one."""
    X, y = rng.normal(size=(n, 4)), rng.normal(size=(n, 3))
    y[:, 1] += 2 * X[:, 2]
    apart = LinearRegression().fit(X[:, 2:3], y[:, 1])
    beside = LinearRegression().fit(X[:, 2:3].copy(), y[:, 1].copy())
    np.testing.assert_allclose(apart.coef_, beside.coef_, rtol=1e-14)
    np.testing.assert_allclose(apart.intercept_, beside.intercept_, rtol=1e-12, atol=1e-15)


@pytest.mark.needs_jit  # so many rows take plain Python minutes
def test_columns_that_lie_apart_just_below_the_limit_of_one_block(rng):
    """Their pieces were once taken to be long, which wrote beyond the scratch."""
    X = rng.normal(size=(tuning.LONG_FEWEST_ROWS, 4))[:, ::2]
    assert X.size == tuning.FAST_MOST_ELEMENTS
    y = X @ [1.0, 2.0] + rng.normal(size=len(X))
    for _ in range(20):
        apart = LinearRegression().fit(X, y)
    beside = LinearRegression().fit(X.copy(), y)
    np.testing.assert_allclose(apart.coef_, beside.coef_, rtol=1e-13)


def test_few_rows_are_summed_in_double_double_once(rng, monkeypatch):
    calls = []

    def counted(*args, honest=compensated.moments):
        calls.append(len(args[0]))
        return honest(*args)

    monkeypatch.setattr(compensated, "moments", counted)
    X, y = drawn(rng, 60, 5)
    extreme, near, constant = X.copy(), X.copy(), X.copy()
    extreme[:, 0] *= 1e-160  # is summed again, scaled
    near[:, 1] = near[:, 0] * (1 + 1e-5 * rng.normal(size=60))
    constant[:, 2] = 5.0
    for rows, times in ((X, 0), (near, 0), (constant, 0), (extreme, 2)):
        calls.clear()
        model = LinearRegression().fit(rows, y)
        assert model.moments_.doubled
        assert "double-double" in model.solver_reason_
        assert calls == [60] * times
        expected = LinearRegression(solver="svd").fit(rows, y)
        np.testing.assert_allclose(
            model.predict(rows), expected.predict(rows), atol=1e-6 * np.abs(y).max()
        )
        assert model.rank_ == expected.rank_


@pytest.mark.needs_jit
@pytest.mark.parametrize("n", [500, 60_000])
def test_targets_whose_squares_underflow(rng, n):
    X = rng.normal(size=(n, 3))
    rest = rng.normal(size=n)
    rest -= X @ np.linalg.lstsq(X, rest, rcond=None)[0]
    for sizes, scale, signal in ((1e-95, 1e-225, 1.0), (1.0, 2.0**-560, 1e-9), (1.0, 1e-250, 1.0)):
        columns, y = X * sizes, (rest + signal * X.sum(axis=1)) * scale
        model = LinearRegression().fit(columns, y)
        # An exact scaling of what neither overflows nor underflows.
        down, up = -np.floor(np.log2(sizes)), -np.floor(np.log2(scale))
        same = LinearRegression().fit(np.ldexp(columns, int(down)), np.ldexp(y, int(up)))
        np.testing.assert_allclose(model.coef_, np.ldexp(same.coef_, int(down - up)), rtol=1e-13)


@pytest.mark.parametrize(("n", "period"), [(12_000, 1000), (8760, 730), (120_000, 2500)])
def test_rows_of_a_period(rng, n, period):
    """Special ones among them are not taken for a centre: that cost six digits."""
    x = np.where(np.arange(n) % period == 0, 0.7, 0.1)
    y = x + 0.003 * rng.normal(size=n)
    model = LinearRegression().fit(x[:, None], y)
    exact = LinearRegression(precision="double-double").fit(x[:, None], y)
    np.testing.assert_allclose(model.coef_, exact.coef_, rtol=2e-14)


@pytest.mark.needs_jit
def test_the_condition_number_does_not_depend_on_threads(rng):
    X, y = drawn(rng, 9001, 20)
    found = {LinearRegression(n_jobs=k).fit(X, y).condition_number_ for k in (None, 1, 2)}
    assert len(found) == 1
