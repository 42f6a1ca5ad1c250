"""Numbers far from zero, of any units, and rows among any others: by exact arithmetic and laws."""

import warnings
from fractions import Fraction

import numba
import numpy as np
import pytest

from linreg_fast import LinearRegression

ROWS = 2_000 if numba.config.DISABLE_JIT else 70_000  # of two blocks; plain Python takes minutes


def exactly(values):
    return np.vectorize(Fraction, otypes=[object])(np.asarray(values, dtype=float))


def solved(A, B):
    """A^-1 B of Fractions, by elimination."""
    m, k = np.hstack([A, B]), len(A)
    for j in range(k):
        pivot = j + next(i for i in range(k - j) if m[j + i, j] != 0)
        m[[j, pivot]] = m[[pivot, j]]
        m[j] = m[j] / m[j, j]
        for i in set(range(k)) - {j}:
            m[i] = m[i] - m[i, j] * m[j]
    return m[:, k:]


def test_no_intercept_and_columns_far_from_zero(rng):
    n, p, noise = 25, 2, 1e-3
    X = rng.normal(size=(n, p)) + np.array([1e6, -3e5])
    y = X @ [1.0, 2.0] + noise * rng.normal(size=n)
    groups = rng.permutation(np.arange(n) % 6)
    model = LinearRegression(fit_intercept=False).fit(X, y)
    Z, Y = exactly(X), exactly(y)
    inverse = solved(Z.T @ Z, exactly(np.eye(p)))
    e = Y - Z @ (inverse @ (Z.T @ Y))
    h = ((Z @ inverse) * Z).sum(axis=1)
    scores = Z * e[:, None]
    within = np.array([scores[groups == g].sum(axis=0) for g in range(6)])
    lagged = scores.T @ scores + (scores[1:].T @ scores[:-1] + scores[:-1].T @ scores[1:]) / 2
    expected = {
        "HC3": (scores / (1 - h)[:, None]).T @ (scores / (1 - h)[:, None]),
        "CR0": within.T @ within,
        "HAC": lagged,
    }
    ordered = np.argsort(groups, kind="stable")
    for cov, meat in expected.items():
        se = np.sqrt(np.diag(inverse @ meat @ inverse).astype(float))
        if cov == "CR0":
            found = model.inference(X, y, cov=cov, groups=groups)
            again = model.inference(X[ordered], y[ordered], cov=cov, groups=groups[ordered])
            np.testing.assert_allclose(again.se, se, rtol=1e-10)
        else:
            found = model.inference(X, y, cov=cov, lags=1 if cov == "HAC" else None)
        np.testing.assert_allclose(found.se, se, rtol=1e-10)
    influence = model.influence(X, y)
    np.testing.assert_allclose(influence.residuals, e.astype(float), rtol=0, atol=1e-12 * noise * n)
    np.testing.assert_allclose(influence.leverage, h.astype(float), rtol=1e-10)


def test_predictions_of_dependent_columns_of_which_some_are_far_from_zero(rng):
    far, near = rng.normal(size=40) + 1000, 300 * rng.normal(size=40) + 5
    X = np.column_stack([far, near, far + near])
    y = X @ [1.0, 2.0, 3.0] + rng.normal(size=40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LinearRegression(fit_intercept=False).fit(X, y)
        found = model.inference().predict(X).mean
    np.testing.assert_allclose(found, model.predict(X), rtol=1e-9)


def test_units_of_1e100(rng):
    """Units that are powers of two change no digit, though squares of standard errors overflow."""
    X, y, unit = rng.normal(size=(40, 2)) + 1, rng.normal(size=40), 2.0**340
    plain = LinearRegression().fit(X, y)
    tests, wald = plain.diagnostics(X, y), plain.inference(X, y, cov="HC3").test(drop=["x0", "x1"])
    named = "breusch_pagan", "breusch_pagan_original", "white", "jarque_bera"
    for of_x, of_y in ((unit, 1 / unit), (1 / unit, unit)):
        model = LinearRegression().fit(X * of_x, y * of_y)
        for cov in ("classical", "HC3"):
            found, expected = (m.inference(*r, cov=cov) for m, r in (
                (model, (X * of_x, y * of_y)), (plain, (X, y))
            ))  # fmt: skip
            assert np.array_equal(found.se[1:], expected.se[1:] * (of_y / of_x))
            assert np.array_equal(found.t, expected.t)
            np.testing.assert_allclose(found.test("x0 = x1").p, expected.test("x0 = x1").p)
        assert found.test(drop=["x0", "x1"]).f == pytest.approx(wald.f, rel=1e-12)
        again = model.diagnostics(X * of_x, y * of_y)
        for name in named:
            assert getattr(again, name) == pytest.approx(getattr(tests, name), rel=1e-12)
        assert again.durbin_watson == pytest.approx(tests.durbin_watson, rel=1e-12)
        np.testing.assert_allclose(again.quantiles, tests.quantiles * of_y)
    for weight in (2.0**600, 2.0**-600):
        rows = X, y, np.full(40, weight)
        again = LinearRegression().fit(*rows).diagnostics(*rows)
        for name in named:
            assert getattr(again, name) == pytest.approx(getattr(tests, name), rel=1e-12)


@pytest.mark.parametrize("lags", [0, 3, 24, 25, 70])
def test_sums_of_lags_by_definition(rng, lags):
    """Few lags are added up one by one, many by running sums, in blocks of rows."""
    X = rng.normal(size=(ROWS, 2))
    y = X @ [1.0, 2.0] + rng.normal(size=len(X))
    Z = np.column_stack([np.ones(len(X)), X])
    scores = Z * (y - Z @ np.linalg.lstsq(Z, y, rcond=None)[0])[:, None]
    meat = scores.T @ scores
    for lag in range(1, lags + 1):
        product = scores[lag:].T @ scores[:-lag]
        meat += (1 - lag / (lags + 1)) * (product + product.T)
    inverse = np.linalg.inv(Z.T @ Z)
    found = LinearRegression().fit(X, y).inference(X, y, lags=lags)
    np.testing.assert_allclose(found.se, np.sqrt(np.diag(inverse @ meat @ inverse)), rtol=1e-9)


def test_intervals_of_a_row_have_the_same_bits_in_any_batch(rng):
    X = rng.normal(size=(301, 7)) + 5
    y = X @ rng.normal(size=7) + rng.normal(size=301)
    model = LinearRegression().fit(X, y)
    for found in (model.inference(), model.inference(X, y, cov="HC3")):
        whole = found.predict(X)
        for step in (1, 10, 64):
            for name in ("mean", "se", "mean_low", "high"):
                parts = [getattr(found.predict(X[k : k + step]), name) for k in range(0, 301, step)]
                assert np.array_equal(np.concatenate(parts), getattr(whole, name))


def test_a_batch_of_rows_that_weigh_nothing(rng):
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    w = np.r_[np.ones(20), np.zeros(10)]
    model = LinearRegression().fit(X, y, w)
    sums = model.scores("HC3").add(X[:20], y[:20], w[:20]).add(X[20:], y[20:], w[20:])
    expected = model.inference(X, y, w, cov="HC3")
    np.testing.assert_allclose(model.inference(scores=sums).se, expected.se, rtol=1e-12)


@pytest.mark.parametrize("meaning", ["analytic", "frequency"])
def test_influence_of_a_file_has_rows_of_weight_0(rng, tmp_path, meaning):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(rng.normal(size=(40, 3)), columns=["a", "b", "y"])
    frame["w"], frame["half"] = rng.integers(0, 3, 40), 1.5
    frame.to_csv(tmp_path / "rows.csv", index=False, float_format="%.17g")
    source, names = tmp_path / "rows.csv", ["a", "b"]
    model = LinearRegression().fit(source, "y", "w", features=names)
    found = model.influence(source, "y", "w", weights=meaning)
    own = LinearRegression().fit(frame[names], frame["y"], frame["w"])
    expected = own.influence(frame[names], frame["y"], frame["w"], weights=meaning)
    assert len(found.leverage) == 40
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("leverage", "residuals", "cooks", "dfbeta", "fitted", "index"):
            ours, theirs = getattr(found, name), getattr(expected, name)
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-13)
    with pytest.raises(ValueError, match=r"rows\.csv, line 2: column 'half' .* must be whole"):
        model.inference(source, "y", "half", weights="frequency")
    assert found.press == pytest.approx(expected.press, rel=1e-10)
