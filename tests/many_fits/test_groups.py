"""Every group's line equals that of a fit of its rows alone."""

import datetime
import pickle
import warnings
from fractions import Fraction

import numpy as np
import pytest

from linreg_fast import LinearRegression, fit_groups

pl = pytest.importorskip("polars")
pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")


def close(a, b, rtol=1e-12, scale=0.0):
    return np.allclose(a, b, rtol=rtol, atol=rtol * scale, equal_nan=True)


def check_against_single_fits(fits, X, y, keys, weights=None, centred=True, rtol=1e-12):
    """Coefficients, intercepts, ranks, R2 and errors of all groups."""
    keys = np.asarray(keys)
    for k, key in enumerate(fits.keys):
        own = keys == key
        w = None if weights is None else weights[own]
        if w is not None and not w.any():
            assert np.isnan(fits.coef[k]).all()
            assert fits.rank[k] == -1
            continue
        alone = LinearRegression(fit_intercept=centred, precision="double-double")
        with warnings.catch_warnings():  # of lost digits, which `condition` tells here
            warnings.simplefilter("ignore")
            alone.fit(X[own], y[own], w)
        size = np.abs(alone.coef_).max(initial=0)
        assert close(fits.coef[k], alone.coef_, rtol, size * 1e-3), (key, fits.coef[k], alone.coef_)
        parts = np.abs(alone.coef_) @ np.abs(X[own]).max(axis=0) + np.abs(y[own]).max()
        assert close(fits.intercept[k], alone.intercept_, rtol, parts * 1e-2)
        assert fits.rank[k] == alone.rank_
        check_errors(fits, k, X[own], y[own], w, centred)


def check_errors(fits, k, X, y, w, centred):
    """Residual sum of squares and standard errors, in rational numbers."""
    w = np.ones(len(y)) if w is None else w
    kept = w > 0
    X, y, w = X[kept], y[kept], w[kept]
    assert fits.n_samples[k] == len(y)
    varies = np.ptp(X, axis=0) > 0 if centred else X.any(axis=0)
    assert np.isnan(fits.coef_error[k][~varies]).all()
    Z, v = exact(X[:, varies]), exact(y)
    w = exact(w)
    if centred:
        Z, v = Z - (w @ Z) / w.sum(), v - (w @ v) / w.sum()
    found = inverse((Z * w[:, None]).T @ Z)
    if found is None:
        return
    rest = v - Z @ (found @ (Z * w[:, None]).T @ v)
    sse = float((w * rest * rest).sum())
    # Coefficients are rounded, which counts where they are large and cancel.
    parts = np.abs(fits.coef[k]) @ np.sqrt((np.abs(X) ** 2).sum(axis=0)) + np.sqrt((y * y).sum())
    assert close(fits.sse[k], sse, 1e-11, (1e-15 * parts) ** 2 * 1e11 * 10)
    freedom = len(y) - fits.rank[k] - centred
    assert fits.degrees_of_freedom[k] == freedom
    if freedom > 0:
        errors = [float(found[j, j]) ** 0.5 * fits.sigma[k] for j in range(len(found))]
        assert close(fits.coef_error[k][varies], errors, 1e-10)


def exact(numbers):
    out = np.empty(np.shape(numbers), dtype=object)
    out[...] = np.vectorize(Fraction, otypes=[object])(numbers) if np.size(numbers) else 0
    return out


def inverse(A):
    """Of rational numbers; None where there is none."""
    m = len(A)
    work = np.hstack([A, exact(np.eye(m))]) if m else A
    for i in range(m):
        pivot = next((r for r in range(i, m) if work[r, i]), None)
        if pivot is None:
            return None
        work[[i, pivot]] = work[[pivot, i]]
        work[i] = work[i] / work[i, i]
        for r in range(m):
            if r != i:
                work[r] = work[r] - work[r, i] * work[i]
    return work[:, m:]


def mixed(rng, groups=16, most=11, p=3):
    """Groups of 1 to `most` rows, shuffled; among them offsets, constant and duplicate columns."""
    sizes = rng.integers(1, most, groups)
    keys = rng.permutation(np.repeat(np.arange(groups), sizes))
    X = rng.normal(size=(len(keys), p)) * rng.choice([1e-3, 1.0, 1e4], groups)[keys][:, None]
    X += (rng.choice([0.0, 5.0, 1e5], groups)[keys])[:, None]
    for g in rng.choice(groups, 2, replace=False):
        X[keys == g, rng.integers(p)] = rng.normal()
    for g in rng.choice(groups, 2, replace=False):
        X[keys == g, 1] = X[keys == g, 0]
    y = X @ rng.normal(size=p) + rng.normal(size=len(keys)) + 3
    return X, y, keys


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_single_fits(rng, centred, weighted):
    X, y, keys = mixed(rng)
    weights = rng.choice([0.0, 0.5, 1.0, 3.0], len(y)) if weighted else None
    fits = fit_groups(X, y, keys, sample_weight=weights, fit_intercept=centred)
    assert fits.n_samples.sum() == (len(y) if weights is None else (weights > 0).sum())
    check_against_single_fits(fits, X, y, keys, weights, centred)


def test_offsets_of_1e8(rng):
    keys = np.repeat(np.arange(6), 12)
    X = rng.normal(size=(72, 3)) + 1e8
    y = (X - 1e8).sum(axis=1) + rng.normal(size=72)
    fits = fit_groups(X, y, keys)
    check_against_single_fits(fits, X, y, keys)


def test_first_rows_far_from_the_rest(rng):
    """Distances are taken from the mean of the first rows, which says little of these groups."""
    n, p = 280, 2
    X, keys = rng.normal(size=(n, p)), np.arange(n) % 2
    late, weights = np.arange(n) >= n // 2, np.ones(n)
    X[late & (keys == 1)] += 1e13 * (1 + rng.random())
    weights[~late] = 1e-30
    y = X @ [1.0, -2.0] + rng.normal(size=n)
    fits = fit_groups(X, y, keys, sample_weight=weights)
    for k in range(2):
        own = keys == k
        assert close(fits.coef[k], _exact_fit(X[own], y[own], weights[own]), 1e-11)


def _exact_fit(X, y, weights):
    Z, v, w = exact(X), exact(y), exact(weights)
    Z, v = Z - (w @ Z) / w.sum(), v - (w @ v) / w.sum()
    return (inverse((Z * w[:, None]).T @ Z) @ ((Z * w[:, None]).T @ v)).astype(float)


@pytest.mark.parametrize("apart", [False, True])
def test_extreme_units(rng, apart):
    """Of all groups, or of each group another."""
    keys = np.repeat(np.arange(12), 20)
    X = rng.normal(size=(240, 2))
    units = 10.0 ** rng.integers(-100, 101, (12, 2)) if apart else np.array([[1e-100, 1e100]])
    X = X * (units[keys] if apart else units)
    y = X @ (1 / (units[keys] if apart else units)).T[:, 0] if not apart else rng.normal(size=240)
    y = y + rng.normal(size=240)
    fits = fit_groups(X, y, keys)
    for g in range(12):
        own = keys == g
        alone = LinearRegression(precision="double-double").fit(X[own], y[own])
        assert close(fits.coef[g], alone.coef_)
        assert fits.rank[g] == 2
        # In other units the same numbers.
        unit = units[g] if apart else units[0]
        same = fit_groups(X[own] / unit, y[own], np.zeros(20, int))
        assert close(fits.coef_error[g] * unit, same.coef_error[0], 1e-9)
        assert close(fits.r2[g], same.r2[0], 1e-9)


def test_ill_conditioned_groups_keep_their_digits(rng):
    keys = np.repeat(np.arange(4), 12)
    years = rng.uniform(1990, 2020, 48)
    X = np.column_stack([years, years**2, rng.normal(size=48)])
    y = 0.1 * years + rng.normal(size=48)
    check_against_single_fits(fit_groups(X, y, keys), X, y, keys)


def test_more_columns_than_rows_and_many_columns(rng):
    keys = np.repeat(np.arange(8), 5)
    X, y = rng.normal(size=(40, 9)), rng.normal(size=40)
    fits = fit_groups(X, y, keys)
    check_against_single_fits(fits, X, y, keys)
    assert np.isnan(fits.coef_error).all()
    assert np.isnan(fits.sigma).all()
    units = 10.0 ** rng.choice([-100, 0, 100], 9)  # the shortest in these units, not in others
    fits = fit_groups(X * units, y, keys)
    for g in range(8):
        own = keys == g
        alone = LinearRegression(precision="double-double").fit(X[own] * units, y[own])
        assert close(fits.coef[g] * units, alone.coef_ * units, scale=np.abs(y).max())
    wide = rng.normal(size=(120, 40))  # beyond what is compiled
    y, keys = rng.normal(size=120), np.repeat(np.arange(2), 60)
    fits, alone = fit_groups(wide, y, keys), LinearRegression().fit(wide[:60], y[:60])
    assert close(fits.coef[0], alone.coef_, 1e-11)
    assert close(fits.r2[0], alone.score(wide[:60], y[:60]), 1e-11)
    Z = wide[:60] - wide[:60].mean(axis=0)
    errors = np.sqrt(np.diag(np.linalg.inv(Z.T @ Z))) * fits.sigma[0]
    assert close(fits.coef_error[0], errors, 1e-9)


def test_a_coefficient_that_is_determined_has_an_error_beside_dependent_ones(rng):
    X = rng.normal(size=(50, 3))
    X[:, 1] = 2 * X[:, 0]
    y = X @ [1.0, 1.0, 1.0] + rng.normal(size=50)
    fits = fit_groups(X, y, np.zeros(50, int))
    whole = fit_groups(X[:, [0, 2]], y, np.zeros(50, int))
    assert np.isnan(fits.coef_error[0, :2]).all()
    assert close(fits.coef_error[0, 2], whole.coef_error[0, 1], 1e-11)
    assert fits.condition[0] == np.inf
    assert fits.rank[0] == 2
    assert close(fits.sigma, whole.sigma, 1e-11)
    assert close(fits.p_values[0, 2], whole.p_values[0, 1], 1e-8)


def test_statsmodels_agrees(rng):
    sm = pytest.importorskip("statsmodels.api")
    X, w = rng.normal(size=(60, 2)), rng.uniform(0.5, 2, 60)
    y, keys = X.sum(axis=1) + rng.normal(size=60), rng.integers(0, 2, 60)
    fits = fit_groups(X, y, keys, sample_weight=w)
    for g in range(2):
        own = keys == g
        found = sm.WLS(y[own], sm.add_constant(X[own]), w[own]).fit()
        assert close(fits.coef[g], found.params[1:], 1e-10)
        assert close(fits.coef_error[g], found.bse[1:], 1e-10)
        assert close(fits.intercept_error[g], found.bse[0], 1e-10)
        assert close(fits.sigma[g], np.sqrt(found.scale), 1e-10)
        assert close(fits.r2[g], found.rsquared, 1e-10)
        assert close(fits.p_values[g], found.pvalues[1:], 1e-8)


def test_one_bad_group_spoils_no_other(rng):
    X, y, keys = mixed(rng)
    good = fit_groups(X, y, keys)
    bad = rng.normal(size=(6, 3)) * [1e-180, 1e150, 1.0]
    fits = fit_groups(
        np.vstack([X, bad]), np.append(y, rng.normal(size=6)), np.append(keys, [99] * 6)
    )
    assert np.array_equal(fits.coef[:-1], good.coef)
    assert np.array_equal(fits.coef_error[:-1], good.coef_error, equal_nan=True)
    alone = LinearRegression(precision="double-double").fit(bad, fits.predict(bad, [99] * 6))
    assert close(fits.coef[-1], alone.coef_, 1e-9)


def test_same_bits_for_any_threads_labels_and_order_of_memory(rng):
    keys = rng.integers(0, 3000, 60000)
    X = rng.normal(size=(60000, 3))
    y = X.sum(axis=1) + rng.normal(size=60000)
    first = fit_groups(X, y, keys)
    names = rng.permutation(3000) * 10**9
    renamed = fit_groups(X, y, names[keys])
    order = np.argsort(names[first.keys])
    for other, places in (
        (fit_groups(X, y, keys, n_jobs=1), slice(None)),
        (fit_groups(X, y, keys, n_jobs=2), slice(None)),
        (fit_groups(np.asfortranarray(X), y, keys), slice(None)),
        (renamed, order),
    ):
        assert np.array_equal(other.coef, first.coef[places])
        assert np.array_equal(other.coef_error, first.coef_error[places], equal_nan=True)


@pytest.mark.parametrize(
    "kind",
    ["text", "objects", "dates", "floats", "categorical", "polars", "arrow", "bool", "tuples"],
)
def test_keys_of_any_kind(rng, kind):
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    codes = rng.integers(0, 2 if kind == "bool" else 5, 60)
    names = {
        "text": np.array(["e", "b", "a", "c", "d"]),
        "objects": np.array([3, "x", None.__class__, 2.5, ("t", 1)], dtype=object),
        "dates": np.array(
            ["2020-01-01", "1999-01-02", "2001-05-05", "2020-02-01", "1970-01-01"], "M8[D]"
        ),
        "floats": np.array([0.5, -1.0, 3.0, np.inf, 2.0]),
        "bool": np.array([False, True]),
    }.get(kind, np.array(["e", "b", "a", "c", "d"]))
    keys = names[codes]
    if kind == "categorical":
        keys = pd.Categorical(keys, categories=["z", *names])
    elif kind == "polars":
        keys = pl.Series(keys)
    elif kind == "arrow":
        keys = pa.chunked_array([keys[:20].tolist(), keys[20:].tolist()])
    elif kind == "tuples":
        keys = [(k, 1) for k in keys.tolist()]
    fits, plain = fit_groups(X, y, keys), fit_groups(X, y, codes)
    assert len(fits) == len(plain)
    for place, code in enumerate(plain.keys):
        name = (names[code], 1) if kind == "tuples" else names[code]
        assert np.array_equal(fits[name]["coef"], plain.coef[place])
    assert np.array_equal(fits.predict(X, keys), plain.predict(X, codes))


def test_fits_are_looked_up_as_in_a_dict(rng):
    X, y = rng.normal(size=(12, 1)), rng.normal(size=12)
    codes = np.arange(12) % 3
    days = np.array(["2024-01-03", "2024-01-01", "2024-01-02"], "M8[D]")[codes]
    spellings = (
        datetime.date(2024, 1, 2), "2024-01-02", np.datetime64("2024-01-02"),
        pd.Timestamp("2024-01-02"), datetime.datetime(2024, 1, 2),
    )  # fmt: skip
    expected = fit_groups(X, y, codes)[2]["coef"]
    for unit in ("D", "s", "us", "ns"):
        fits = fit_groups(X, y, days.astype(f"M8[{unit}]"))
        for key in spellings:
            assert key in fits
            np.testing.assert_array_equal(fits[key]["coef"], expected)
        assert all(each in fits for each in fits)
        for key in (5, "x", None, [1], 2.5, datetime.datetime(2024, 1, 2, 12)):
            assert key not in fits
            with pytest.raises(KeyError, match="there is no group"):
                fits[key]
    fine = pd.DataFrame({"x": X[:, 0], "y": y, "day": days.astype("M8[ns]"), "code": codes})
    both = fit_groups(fine, "y", by=["day", "code"])
    assert (np.datetime64("2024-01-02", "ns"), 2) in both
    np.testing.assert_array_equal(both[next(iter(both))]["coef"], both.coef[0])
    assert np.isfinite(both.predict(fine)).all()
    with pytest.raises(KeyError, match="there is no group 3"):
        both[3]
    spans = fit_groups(X, y, codes.astype("m8[h]"))
    np.testing.assert_array_equal(spans[datetime.timedelta(hours=2)]["coef"], expected)
    sizes = pl.Series(["c", "a", "b"])[codes.tolist()].cast(pl.Enum(["c", "a", "b"]))
    assert fit_groups(X, y, sizes).keys.tolist() == ["c", "a", "b"]
    unlike = fit_groups(X, y, pd.Series([1, "a", (2, 3)] * 4))  # that have no order
    assert {1, "a", (2, 3)} == set(unlike)
    again = pickle.loads(pickle.dumps(both))
    np.testing.assert_array_equal(again[next(iter(both))]["coef"], both.coef[0])


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_frames_by_column_name(rng, library):
    columns = {
        "store": ["b", "a"] * 20,
        "year": [1, 1, 2, 2] * 10,
        "price": rng.normal(size=40),
        "rooms": rng.integers(1, 5, 40),
        "sales": rng.normal(size=40),
    }
    make = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}[library]
    table = make(columns)
    X = np.column_stack([columns["price"], columns["rooms"]])
    fits = fit_groups(table, "sales", by=["store", "year"])
    assert fits.feature_names == ["price", "rooms"]
    assert fits.keys.tolist() == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    own = (np.array(columns["store"]) == "b") & (np.array(columns["year"]) == 2)
    alone = LinearRegression().fit(X[own], columns["sales"][own])
    assert close(fits[("b", 2)]["coef"], alone.coef_, 1e-11)
    found = fits.to_frame()
    assert type(found).__module__.partition(".")[0] == library
    assert list(getattr(found, "column_names", found.columns))[:5] == [
        "store", "year", "intercept", "price", "rooms",
    ]  # fmt: skip
    rest = {name: columns[name] for name in ("store", "year", "price", "rooms")}
    predicted = fits.predict(make(rest))
    assert close(predicted[own], alone.predict(X[own]), 1e-11, 10)
    one = fit_groups(table, "sales", "store")
    assert "rows" in one._repr_html_()
    assert "2 groups by store" in repr(one)


def test_min_samples_and_unknown_groups(rng):
    X, y = rng.normal(size=(13, 2)), rng.normal(size=13)
    keys = [1] * 10 + [2] * 3
    fits = fit_groups(X, y, keys, min_samples=4)
    assert np.isfinite(fits.coef[0]).all()
    assert np.isnan(fits.coef[1]).all()
    assert fits.n_samples.tolist() == [10, 3]
    assert fits.rank.tolist() == [2, -1]
    assert np.isnan(fits.predict(X[:1], [7], unknown="nan")).all()
    with pytest.raises(ValueError, match="row 1 is of group 7"):
        fits.predict(X[:2], [1, 7])
    with pytest.raises(ValueError, match="a key for each row, got the text 'store'"):
        fits.predict(X[:2], "store")
    with pytest.raises(KeyError):
        fits[7]


def test_bad_input_names_its_place(rng):
    X, y, keys = rng.normal(size=(10, 2)), rng.normal(size=10), np.arange(10) // 5
    dirty = X.copy()
    dirty[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN at row 3, column 1"):
        fit_groups(dirty, y, keys)
    with pytest.raises(ValueError, match="no key in row 2"):
        fit_groups(X, y, [0, 0, np.nan, 1, 1, 1, 1, 1, 1, 1.0])
    with pytest.raises(ValueError, match="no key in row 2"):
        fit_groups(X, y, ["a", "b", None, *"abcdefg"])
    with pytest.raises(ValueError, match="no key in row 1"):
        fit_groups(X, y, np.array(["2020-01-01", "NaT", *["2020-01-02"] * 8], "M8[D]"))
    for gone in (pd.NA, pd.NaT, None, float("nan")):
        for dtype in (object, "string"):
            with pytest.raises(ValueError, match="no key in row 1"):
                fit_groups(X, y, pd.Series(["a", gone, *"cdefghij"], dtype=dtype))
    with pytest.raises(ValueError, match="no key in row 1"):
        fit_groups(X, y, pl.Series(["a", None, *"cdefghij"]))
    with pytest.raises(ValueError, match="an array or a list, a key a row; got generator"):
        fit_groups(X, y, (key for key in keys))
    with pytest.raises(ValueError, match="y must be given"):
        fit_groups(X, None, keys)
    with pytest.raises(TypeError, match="an array of keys goes to groups="):
        fit_groups(X, y, by=keys)
    with pytest.raises(ValueError, match="no column 3"):
        fit_groups(pd.DataFrame(X), y, by=3)
    with pytest.raises(ValueError, match="9 keys"):
        fit_groups(X, y, keys[:9])
    with pytest.raises(ValueError, match="min_samples"):
        fit_groups(X, y, keys, min_samples=0)
    with pytest.raises(ValueError, match="either groups"):
        fit_groups(X, y)
    with pytest.raises(TypeError, match="no data frame"):
        fit_groups(X, y, by="store")
    with pytest.raises(ValueError, match="no column 'shop'"):
        fit_groups(pd.DataFrame(X, columns=["a", "b"]), y, by="shop")
    with pytest.raises(ValueError, match="column 'b'"):
        fit_groups(pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "g": [1, 1]}), [1, 2], by="g")


def test_predictions_take_the_columns_of_a_frame_by_name(rng):
    table = pd.DataFrame(rng.normal(size=(20, 3)), columns=["a", "b", "y"])
    table["key"] = np.repeat(["u", "v"], 10)
    fits = fit_groups(table, "y", by="key", features=["b", "a"])
    told = fits.predict(table[["b", "a"]].to_numpy(), table.key)
    assert close(fits.predict(table), told)
    assert close(fits.predict(table[["a", "b"]], table.key), told)
    assert close(fits.predict(pl.from_pandas(table[["a", "b"]]), table.key), told)
    with pytest.raises(ValueError, match="no column 'a'"):
        fits.predict(table[["b", "y"]], table.key)


def test_names_and_keys_that_are_misspelt(rng):
    table = pd.DataFrame(rng.normal(size=(20, 2)), columns=["speed", "price"])
    table["dealer"] = np.repeat([105, 106], 10)
    with pytest.raises(ValueError, match="did you mean 'dealer'"):
        fit_groups(table, "price", by="deeler")
    with pytest.raises(ValueError, match="did you mean 'price'"):
        fit_groups(table, "prise", by="dealer")
    with pytest.raises(ValueError, match="did you mean 'speed'"):
        fit_groups(table, "price", by="dealer", features=["sped"])
    fits = fit_groups(table, "price", by="dealer")
    with pytest.raises(KeyError, match=r"no group '105' \(did you mean 105, of type int\?\)"):
        fits["105"]
    with pytest.raises(KeyError, match="keys are 105, 106"):
        fits[7]
