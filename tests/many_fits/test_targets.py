"""Every target's line equals that of a fit of the rows that have it."""

import numpy as np
import pytest

from linreg_fast import LinearRegression, fit_groups, fit_targets


def rows(rng, n=40, p=3, t=30):
    X = rng.normal(size=(n, p)) + 1e3
    Y = X @ rng.normal(size=(p, t)) + rng.normal(size=(n, t))
    Y[rng.random(Y.shape) < 0.1] = np.nan
    return X, Y


@pytest.mark.parametrize("centred", [True, False])
def test_equals_single_fits(rng, centred):
    X, Y = rows(rng)
    w = rng.choice([0.0, 0.5, 2.0], len(X))
    w[0] = 2.0  # of the few rows of one target, one is seen
    X[:, 2] = X[:, 1] if centred else X[:, 2]  # dependent columns: as hard as any
    Y[:3, 7], Y[3:, 7], Y[:, 9] = rng.normal(size=3), np.nan, 5.0
    fits = fit_targets(X, Y, sample_weight=w, fit_intercept=centred, missing="each")
    for k in range(Y.shape[1]):
        own = ~np.isnan(Y[:, k])
        given = {"sample_weight": w[own], "fit_intercept": centred}
        one = fit_groups(X[own], Y[own, k], np.zeros(own.sum(), int), **given)
        for name in ("coef", "intercept", "coef_error", "sigma", "r2", "n_samples", "rank"):
            found, expected = getattr(fits, name)[k], getattr(one, name)[0]
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11, equal_nan=True)
    assert fits.n_samples[7] == np.count_nonzero(w[:3])
    again = fit_targets(X, Y, sample_weight=w, fit_intercept=centred, missing="each", n_jobs=1)
    assert np.array_equal(fits.coef, again.coef, equal_nan=True)


def test_whole_and_dropped_rows(rng):
    X, Y = rows(rng, t=4)
    kept = ~np.isnan(Y).any(axis=1)
    fits = fit_targets(X, Y, missing="drop")
    model = LinearRegression().fit(X[kept], Y[kept])
    np.testing.assert_allclose(fits.coef, model.coef_, rtol=1e-10)
    np.testing.assert_allclose(fits.predict(X), model.predict(X), rtol=1e-10)
    few = fit_targets(X, Y, missing="each", min_samples=len(X))
    assert np.array_equal(few.rank < 0, np.isnan(Y).any(axis=0))


def test_frames_and_bad_input(rng):
    pd = pytest.importorskip("pandas")
    X, Y = rows(rng, t=2)
    table = pd.DataFrame(np.hstack([X, Y]), columns=["a", "b", "c", "u", "v"])
    fits = fit_targets(table, ["u", "v"], missing="each")
    assert fits.to_frame().columns.tolist()[:5] == ["target", "intercept", "a", "b", "c"]
    assert fits.targets == fit_targets(X, table[["u", "v"]], missing="each").targets == ["u", "v"]
    assert "TargetFits(2 targets, 3 features" in repr(fits)
    assert "<table>" in fits._repr_html_()
    np.testing.assert_array_equal(fits.predict(table), fits.predict(X))
    np.testing.assert_array_equal(fits["v"]["coef"], fits[-1]["coef"])
    assert list(fits) == ["u", "v"]
    assert "w" not in fits
    for place, error, words in (
        ("w", KeyError, "no target 'w': they are u, v"),
        (2, IndexError, "no target 2: there are 2"),
    ):
        with pytest.raises(error, match=words):
            fits[place]
    for Z, given, words in (
        (Y, {}, "y contains NaN"),
        (np.where(np.isnan(Y), np.inf, Y), {"missing": "each"}, "infinity"),
        (Y[:5], {}, "a row for each"),
        (Y, {"missing": "all"}, "missing must be one of raise, drop, each"),
    ):
        with pytest.raises(ValueError, match=words):
            fit_targets(X, Z, **given)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("gaps", [False, True])
def test_targets_at_once_are_those_of_one_at_a_time(rng, centred, gaps):
    X = rng.normal(size=(60, 3)) * [1, 1e6, 1e-20] + [rng.choice([0.0, 1e6]), 0, 0]
    Y = 1e5 * rng.normal(size=(60, 300)) + 1e5 * X[:, :1] + 1e7
    Y[:, 4], Y[:, 5] = 3.0, X[:, 0]
    weights = rng.choice([0.0, 0.5, 2.0], 60)
    if gaps:  # of which many targets have the same
        Y[:7, 10:100], Y[20:30, 150:280], Y[3, 290] = np.nan, np.nan, np.nan
    given = {"fit_intercept": centred, "missing": "each"}
    whole = fit_targets(X, Y, sample_weight=weights, **given)
    # Rows of no weight, in which every target has gaps of its own: each is fitted by itself.
    own = np.where(np.arange(300) >> np.arange(9)[:, None] & 1, np.nan, 0.0)
    apart = np.vstack([X, X[:9]]), np.vstack([Y, own])
    alone = fit_targets(*apart, sample_weight=np.append(weights, np.zeros(9)), **given)
    np.testing.assert_array_equal(whole.n_samples, alone.n_samples)
    for name in ("coef", "intercept", "coef_error", "intercept_error", "sigma", "r2", "rank"):
        one, other = getattr(whole, name), getattr(alone, name)
        some = np.arange(300) != 5 if "error" in name or name == "sigma" else slice(None)
        np.testing.assert_allclose(one[some], other[some], rtol=1e-11, atol=1e-9, err_msg=name)


def test_a_target_has_units_of_its_own(rng):
    X, Y = rng.normal(size=(20, 2)), rng.normal(size=(20, 3))
    powers = np.array([-400, 490, 0])
    fits, scaled = fit_targets(X, Y), fit_targets(X, np.ldexp(Y, powers))
    for name, times in (("coef", 1), ("coef_error", 1), ("intercept", 1), ("sse", 2), ("tss", 2)):
        expected = np.ldexp(getattr(fits, name).T, times * powers)
        np.testing.assert_allclose(getattr(scaled, name).T, expected, rtol=1e-12)
