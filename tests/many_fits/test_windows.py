"""Every window's line equals that of a fit of its rows alone."""

import numpy as np
import pytest

from linreg_fast import LinearRegression, fit_ewm, fit_expanding, fit_groups, fit_rolling
from linreg_fast.many_fits import window_sums


def alone(X, y, w=None, centred=True):
    return LinearRegression(fit_intercept=centred, precision="double-double").fit(X, y, w)


def close(a, b, rtol=1e-12, scale=0.0):
    return np.allclose(a, b, rtol=rtol, atol=rtol * scale, equal_nan=True)


def check(fits, k, X, y, w=None, centred=True, errors=True):
    """One window against its rows alone, standard errors against `fit_groups`."""
    model = alone(X, y, w, centred)
    size = np.abs(model.coef_).max()
    assert close(fits.coef[k], model.coef_, scale=size)
    assert close(fits.intercept[k], model.intercept_, scale=np.abs(y).max())
    if errors:
        group = fit_groups(X, y, np.zeros(len(y), int), sample_weight=w, fit_intercept=centred)
        for name in ("coef_error", "intercept_error", "sigma", "r2", "n_samples", "rank"):
            assert close(getattr(fits, name)[k], getattr(group, name)[0], 1e-10), name


def check_faded(fits, k, X, y, ages, v=1.0, centred=True):
    """One fit with weights v * ages against its rows, for errors of the variance 1 / v."""
    v = v * np.ones(len(y))
    check(fits, k, X, y, v * ages, centred, errors=False)
    X, y, ages, v = (part[v > 0] for part in (X, y, ages, v))
    root = np.sqrt(v)[:, None]
    near = X - X.mean(axis=0) if centred else X
    Z = np.column_stack([near, np.ones(len(y))]) if centred else X
    Z, u = Z * root, y * root[:, 0]
    M = np.linalg.solve((Z * ages[:, None]).T @ Z, (Z * ages[:, None]).T)  # coef = M u
    leave = np.eye(len(u)) - Z @ M
    A = leave.T @ (ages[:, None] * leave)  # the sum of squares is u' A u
    sigma = np.sqrt(u @ A @ u / np.trace(A))
    p = X.shape[1]
    assert close(fits.sigma[k], sigma, 1e-8)
    assert close(fits.degrees_of_freedom[k], np.trace(A) ** 2 / (A * A).sum(), 1e-8)
    assert close(fits.coef_error[k], sigma * np.sqrt((M[:p] ** 2).sum(axis=1)), 1e-8)
    if centred:
        own = M[p] - X.mean(axis=0) @ M[:p]
        assert close(fits.intercept_error[k], sigma * np.sqrt(own @ own), 1e-8)
    assert fits.n_samples[k] == len(y)


def rows(rng, n=400, p=3):
    X = rng.normal(size=(n, p)) + rng.normal(size=p) * 10
    return X, X.sum(axis=1) + rng.normal(size=n)


@pytest.mark.parametrize("centred", [True, False])
def test_rolling_equals_single_fits(rng, centred):
    X, y = rows(rng)
    w = rng.choice([0.0, 0.5, 2.0], len(y))
    window = int(rng.integers(8, 60))
    fits = fit_rolling(X, y, window, fit_intercept=centred)
    heavy = fit_rolling(X, y, window, fit_intercept=centred, sample_weight=w, min_samples=2)
    assert np.isnan(fits.coef[: window - 1]).all()
    assert len(fits) == len(y)
    for k in rng.integers(window - 1, len(y), 20):
        own = slice(k - window + 1, k + 1)
        check(fits, k, X[own], y[own], None, centred)
        if (w[own] > 0).sum() > 4:
            check(heavy, k, X[own], y[own], w[own], centred)
    k = int(rng.integers(10, window)) if window > 10 else window - 1  # one that has just begun
    if (w[: k + 1] > 0).sum() > 4:
        check(heavy, k, X[: k + 1], y[: k + 1], w[: k + 1], centred)


def test_long_windows_in_chunks(rng):
    X, y = rows(rng, 6000, 2)
    window = 1700
    fits = fit_rolling(X, y, window)
    for k in rng.integers(window - 1, len(y), 12):
        own = slice(k - window + 1, k + 1)
        check(fits, k, X[own], y[own])


def test_what_has_left_the_window_leaves_no_trace(rng):
    X, y = rows(rng, 300)
    X[100, 0], y[120] = 1e12, -1e12
    fits = fit_rolling(X, y, 40)
    clean = fit_rolling(X[161:], y[161:], 40)
    assert close(fits.coef[200:], clean.coef[39:])
    assert close(fits.coef_error[200:], clean.coef_error[39:])
    for k in (160, 250):
        check(fits, k, X[k - 39 : k + 1], y[k - 39 : k + 1])


def test_offsets_and_units(rng):
    X, y = rows(rng, 200)
    X = (X + 1e8) * [1e-100, 1.0, 1e100]
    fits = fit_rolling(X, y, 30)
    for k in rng.integers(30, 200, 8):
        model = alone(X[k - 29 : k + 1], y[k - 29 : k + 1])
        assert close(fits.coef[k], model.coef_)


def test_steps_end_at_full_windows(rng):
    X, y = rows(rng, 100)
    every = fit_rolling(X, y, 20)
    fits = fit_rolling(X, y, 20, step=20)
    assert fits.rows.tolist() == [19, 39, 59, 79, 99]
    assert close(fits.coef, every.coef[fits.rows])
    assert fit_rolling(X, y, 20, step=15).rows.tolist() == [4, 19, 34, 49, 64, 79, 94]


def test_windows_of_time(rng):
    pd = pytest.importorskip("pandas")
    X, y = rows(rng, 150, 2)
    days = np.cumsum(rng.integers(0, 4, 150))
    dates = np.datetime64("2020-01-01") + days
    fits = fit_rolling(X, y, 30, times=days)
    for other in (
        fit_rolling(X, y, "30d", times=dates),
        fit_rolling(X, y, pd.Timedelta(days=30), times=dates),
        fit_rolling(pd.DataFrame(X, columns=["a", "b"]).assign(t=dates), y, "720h", times="t"),
    ):
        assert np.array_equal(fits.coef, other.coef, equal_nan=True)
    for k in rng.integers(60, 150, 8):
        own = np.flatnonzero((days > days[k] - 30) & (np.arange(150) <= k))
        assert fits.n_samples[k] == len(own)
        check(fits, k, X[own], y[own])


def test_groups_are_kept_apart(rng):
    X, y = rows(rng, 300, 2)
    keys = rng.choice(["a", "b", "c"], 300)
    for name, arguments in (("rolling", (20,)), ("expanding", ()), ("ewm", (7.0,))):
        function = {"rolling": fit_rolling, "expanding": fit_expanding, "ewm": fit_ewm}[name]
        fits = function(X, y, *arguments, groups=keys)
        assert np.array_equal(fits.keys, keys)
        for key in "abc":
            own = keys == key
            single = function(X[own], y[own], *arguments)
            assert close(fits.coef[own], single.coef)
            assert close(fits.coef_error[own], single.coef_error, 1e-10)


def test_missing_rows_are_skipped_or_break(rng):
    X, y = rows(rng, 200)
    dirty, target = X.copy(), y.copy()
    dirty[50, 1], target[120] = np.nan, np.inf
    with pytest.raises(ValueError, match="NaN at row 50, column 1"):
        fit_rolling(dirty, target, 20)
    skipped = fit_rolling(dirty, target, 20, missing="skip", min_samples=5)
    whole = fit_rolling(X, y, 20)
    broken = fit_rolling(dirty, target, 20, missing="break")
    touched = np.zeros(200, bool)
    touched[50:70] = touched[120:140] = True
    assert close(skipped.coef[19:][~touched[19:]], whole.coef[19:][~touched[19:]])
    assert np.isnan(broken.coef[touched]).all()
    assert np.array_equal(broken.coef[~touched], skipped.coef[~touched], equal_nan=True) or close(
        broken.coef[19:][~touched[19:]], skipped.coef[19:][~touched[19:]]
    )
    own = [i for i in range(41, 61) if i != 50]
    check(skipped, 60, X[own], y[own])
    assert np.isnan(fit_expanding(dirty, target, missing="break").coef[50:]).all()
    own = [i for i in range(101) if i != 50]
    check(fit_expanding(dirty, target, missing="skip"), 100, X[own], y[own])


def test_expanding_and_ewm_equal_single_fits(rng):
    X, y = rows(rng)
    halflife = rng.uniform(5, 30)
    grown, faded = fit_expanding(X, y), fit_ewm(X, y, halflife)
    for k in rng.integers(20, len(y), 12):
        check(grown, k, X[: k + 1], y[: k + 1])
        weights = 0.5 ** (np.arange(k, -1, -1) / halflife)
        check_faded(faded, k, X[: k + 1], y[: k + 1], weights)
    assert np.isnan(grown.coef[:3]).all()
    assert np.isfinite(grown.coef[3:]).all()


def test_ewm_by_times(rng):
    X, y = rows(rng, 120, 2)
    days = np.cumsum(rng.integers(0, 3, 120))
    fits = fit_ewm(X, y, "10d", times=np.datetime64("2020-01-01") + days)
    for k in (60, 119):
        check_faded(fits, k, X[: k + 1], y[: k + 1], 0.5 ** ((days[k] - days[: k + 1]) / 10))


@pytest.mark.parametrize("centred", [True, False])
def test_errors_of_fading_weights_of_weighted_rows(rng, centred):
    X, y = rows(rng, 150, 2)
    X[:, 0] += np.arange(150)
    v = rng.choice([0.0, 0.5, 3.0], 150)
    keys = rng.integers(0, 2, 150)
    fits = fit_ewm(X, y, 9, sample_weight=v, fit_intercept=centred, groups=keys)
    for k in (80, 149):
        own = np.flatnonzero((keys == keys[k]) & (np.arange(150) <= k))
        ages = 0.5 ** (np.arange(len(own) - 1, -1, -1) / 9)
        check_faded(fits, k, X[own], y[own], ages, v[own], centred)


def test_errors_of_weights_that_hardly_fade_are_those_of_growing_windows(rng):
    X, y = rows(rng, 60, 2)
    X[:, 1] = np.where(np.arange(60) < 30, 4.0, X[:, 1])
    faded, grown = fit_ewm(X, y, 1e12), fit_expanding(X, y)
    for name in ("coef_error", "intercept_error", "sigma", "degrees_of_freedom", "p_values"):
        assert close(getattr(faded, name), getattr(grown, name), 1e-8), name


def test_errors_of_fading_weights_are_the_spread_of_draws(rng):
    x = rng.normal(size=(80, 1))
    draws = [fit_ewm(x, x[:, 0] + rng.normal(size=80), 10) for _ in range(300)]
    spread = np.std([fits.coef[-1, 0] for fits in draws])
    told = np.sqrt(np.mean([fits.coef_error[-1, 0] ** 2 for fits in draws]))
    assert 0.8 < told / spread < 1.25


def test_same_bits_for_any_threads(rng):
    X, y = rows(rng, 20000, 2)
    for function, arguments in ((fit_rolling, (50,)), (fit_ewm, (30,))):
        one, two = (function(X, y, *arguments, n_jobs=k) for k in (1, 2))
        assert np.array_equal(one.coef, two.coef, equal_nan=True)
        assert np.array_equal(one.coef_error, two.coef_error, equal_nan=True)


def test_same_bits_in_any_number_of_turns(rng, monkeypatch):
    X = rng.normal(size=(9000, 3))
    y, keys = X[:, 0] + rng.normal(size=len(X)), rng.integers(0, 2, len(X))
    whole = fit_rolling(X, y, 1300), fit_rolling(X, y, 1200, groups=keys, min_samples=5)
    turns = []
    in_turns = window_sums.launch.in_turns
    monkeypatch.setattr(
        window_sums.launch, "in_turns", lambda *given: turns.append(given[3]) or in_turns(*given)
    )
    monkeypatch.setattr(window_sums, "WINDOW_CALL", 1000)
    cut = fit_rolling(X, y, 1300), fit_rolling(X, y, 1200, groups=keys, min_samples=5)
    assert min(turns) > 2
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(one.coef, other.coef)
        np.testing.assert_array_equal(one.coef_error, other.coef_error)
        np.testing.assert_array_equal(one.r2, other.r2)


def test_constant_and_dependent_windows(rng):
    X, y = rows(rng, 120, 3)
    X[30:60, 0] = 7.0
    X[80:, 2] = 2 * X[80:, 1]
    fits = fit_rolling(X, y, 15)
    assert fits.rank[[29, 45, 79, 100]].tolist() == [3, 2, 3, 2]
    for k in (45, 79, 100, 119):
        check(fits, k, X[k - 14 : k + 1], y[k - 14 : k + 1])


def test_statsmodels_agrees(rng):
    rolling = pytest.importorskip("statsmodels.regression.rolling")
    X, y = rows(rng, 120, 2)
    found = rolling.RollingOLS(y, np.column_stack([np.ones(120), X]), 25).fit()
    fits = fit_rolling(X, y, 25)
    assert close(fits.coef, found.params[:, 1:], 1e-8)
    assert close(fits.coef_error, found.bse[:, 1:], 1e-8)
    assert close(fits.r2, found.rsquared, 1e-8)


def test_frames_and_predictions(rng):
    pd = pytest.importorskip("pandas")
    X, y = rows(rng, 40, 2)
    table = pd.DataFrame(X, columns=["a", "b"]).assign(y=y)
    fits = fit_rolling(table, "y", 10)
    assert fits.to_frame().columns.tolist()[:4] == ["row", "intercept", "a", "b"]
    shops = table.assign(shop=np.arange(40) % 2, year=1)
    for by in (["shop"], ["year", "shop"]):
        heads = fit_rolling(shops, "y", 5, by=by, features=["a"]).to_frame().columns.tolist()
        assert heads[: len(by) + 2] == ["row", *by, "intercept"]
    assert close(fits.predict(X)[20], fits.intercept[20] + fits.coef[20] @ X[20])
    assert "9 with too few rows" in repr(fits)
    assert "<table>" in fits._repr_html_()
    with pytest.raises(ValueError, match="a row a window"):
        fits.predict(X[:5])


def test_bad_input(rng):
    X, y = rows(rng, 30, 2)
    for window in (0, -3):
        with pytest.raises(ValueError, match="above zero"):
            fit_rolling(X, y, window)
    with pytest.raises(ValueError, match="whole number"):
        fit_rolling(X, y, 7.5)
    with pytest.raises(ValueError, match="'30d' is a span of time: pass times"):
        fit_rolling(X, y, "30d")
    with pytest.raises(ValueError, match="too small for 3 coefficients"):
        fit_rolling(X, y, 2)
    with pytest.raises(ValueError, match="go back at row 3"):
        fit_rolling(X, y, 5, times=[0, 1, 2, 1, *range(4, 30)])
    with pytest.raises(ValueError, match="no stamp in row 1"):
        fit_rolling(X, y, 5, times=[0, np.nan, *range(28)])
    with pytest.raises(ValueError, match="infinite stamp in row 29"):
        fit_rolling(X, y, 5, times=[*range(29), np.inf])
    with pytest.raises(ValueError, match="min_samples=6 is more than a window of 5 rows"):
        fit_rolling(X, y, 5, min_samples=6)
    with pytest.raises(ValueError, match="give a span"):
        fit_rolling(X, y, 5, times=np.arange("2020-01-01", "2020-01-31", dtype="M8[D]"))
    with pytest.raises(ValueError, match="span such as"):
        fit_rolling(X, y, "5 parsecs", times=np.arange(30))
    with pytest.raises(ValueError, match="halflife must be above zero"):
        fit_ewm(X, y, 0)
    with pytest.raises(ValueError, match="missing must be"):
        fit_rolling(X, y, 5, missing="drop")
    with pytest.raises(ValueError, match="step"):
        fit_rolling(X, y, 5, step=0)


@pytest.mark.parametrize("way", ["rolling", "expanding", "ewm"])
def test_more_columns_than_a_compiled_system_has(rng, way):
    X, y = rows(rng, 90, 35)
    w = rng.choice([0.0, 1.0, 2.0], len(y))
    X[70, 3] = np.nan
    given = {"sample_weight": w, "missing": "skip"}
    if way == "rolling":
        fits, begins = (
            fit_rolling(X, y, 85, min_samples=37, **given),
            np.maximum(np.arange(90) - 84, 0),
        )
    else:
        fits = fit_expanding(X, y, **given) if way == "expanding" else fit_ewm(X, y, 40, **given)
        begins = np.zeros(90, dtype=int)
    w[70], X[70] = 0.0, 0.0
    for k in (20, 75, 89):
        own = slice(begins[k], k + 1)
        ages = 0.5 ** (np.arange(k - begins[k], -1, -1) / 40) if way == "ewm" else 1.0
        if (w[own] > 0).sum() < 36:
            assert np.isnan(fits.coef[k]).all()
            assert fits.rank[k] == -1
        else:
            check(fits, k, X[own], y[own], w[own] * ages, errors=False)
    broken = fit_expanding(np.where(np.arange(90)[:, None] == 70, np.nan, X), y, missing="break")
    assert np.isnan(broken.coef[70:]).all()
    assert np.isfinite(broken.coef[60]).all()


def test_predictions_take_the_columns_of_a_frame_by_name(rng):
    pd = pytest.importorskip("pandas")
    X, y = rows(rng, 30, 2)
    table = pd.DataFrame(X, columns=["a", "b"]).assign(y=y)
    fits = fit_rolling(table, "y", 10)
    told = fits.predict(X)
    assert close(fits.predict(table), told)
    assert close(fits.predict(table[["b", "a"]]), told)
    with pytest.raises(ValueError, match="no column 'b'"):
        fits.predict(table[["a", "y"]])


def test_times_that_are_no_column(rng):
    pd = pytest.importorskip("pandas")
    X, y = rows(rng, 12, 2)
    dates = pd.date_range("2024-01-01", periods=12)
    table = pd.DataFrame(X, columns=["a", "b"]).assign(y=y, date=dates)
    with pytest.raises(ValueError, match=r"no column 'dat'.*did you mean 'date'"):
        fit_rolling(table, "y", "5d", times="dat")


def test_dates_as_text_and_with_a_time_zone(rng):
    pd = pytest.importorskip("pandas")
    X, y = rows(rng, 12, 2)
    dates = pd.date_range("2024-01-01", periods=12)
    table = pd.DataFrame(X, columns=["a", "b"]).assign(date=dates)
    told = fit_rolling(table, y, "5d", times="date").coef
    for other in (
        dates.strftime("%Y-%m-%d"),
        dates.strftime("%Y-%m-%dT00:00:00Z"),
        dates.strftime("%Y-%m-%d 02:00:00+02:00"),
        dates.tz_localize("Europe/Berlin"),
        list(dates.tz_localize("UTC")),
    ):
        found = fit_rolling(table.assign(date=other), y, "5d", times="date").coef
        assert np.array_equal(found, told, equal_nan=True)
    for gap in (None, pd.NaT, float("nan"), ""):
        other = pd.Series(dates.strftime("%Y-%m-%d"), dtype=object)
        other[3] = gap
        with pytest.raises(ValueError, match="column 'date' has no stamp in row 3"):
            fit_rolling(table.assign(date=other), y, "5d", times="date")
    table["date"] = dates.strftime("%d.%m.%Y")
    with pytest.raises(ValueError, match=r"column 'date' must.*'01.01.2024' in row 0"):
        fit_rolling(table, y, "5d", times="date")
