"""Every column's regression equals that of a fit of it alone, or beside the covariates."""

import numpy as np
import pytest
from scipy import sparse
from sklearn import feature_selection as theirs
from sklearn.pipeline import make_pipeline

from linreg_fast import LinearRegression, f_regression, fit_groups, r_regression, screen


def check_column(found, j, X, y, covariates=None, centred=True):
    """Coefficient and errors of one column against `fit_groups`, of all rows as one group."""
    X = X.astype(np.float64)
    columns = X[:, [j]] if covariates is None else np.column_stack([X[:, j], covariates])
    fit = fit_groups(columns, y, np.zeros(len(y), int), fit_intercept=centred)
    model = LinearRegression(fit_intercept=centred, precision="double-double").fit(columns, y)
    np.testing.assert_allclose(found.coef[j], model.coef_[0], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found.coef_error[j], fit.coef_error[0, 0], rtol=1e-11)
    np.testing.assert_allclose(found.p_values[j], fit.p_values[0, 0], rtol=1e-8, atol=1e-300)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equals_single_fits(rng, order, dtype):
    n, p = int(rng.integers(20, 600)), 40
    X = np.asarray(rng.normal(size=(n, p)) + rng.normal(size=p) * 3, dtype, order)
    y = X[:, 3] - X[:, 5] + rng.normal(size=n)
    plain = screen(X, y)
    Z = np.column_stack([rng.normal(size=(n, 2)), X[:, 5] + rng.normal(size=n)])
    beside = screen(X, y, Z)
    raw = screen(X, y, fit_intercept=False)
    assert plain.degrees_of_freedom == n - 2
    assert beside.degrees_of_freedom == n - 5
    for j in range(0, p, 5):
        check_column(plain, j, X, y)
        check_column(beside, j, X, y, Z)
        check_column(raw, j, X, y, centred=False)
        fit = LinearRegression().fit(X[:, [j]].astype(float), y)
        np.testing.assert_allclose(plain.r2[j], fit.score(X[:, [j]], y), rtol=1e-9, atol=1e-14)
    assert plain.top(2).tolist() == np.argsort(-plain.r2)[:2].tolist()


def test_offsets_units_constant_and_dependent_columns(rng):
    n = 100
    X, z, y = rng.normal(size=(n, 9)), rng.normal(size=n), rng.normal(size=n)
    X[:, 0] += 1e8
    X[:, 1] *= 1e-180
    X[:, 2] *= 1e200
    X[:, 3] = 7.25
    X[:, 4] = 3 * z + 2
    X[:, 5] = z + 1e-5 * X[:, 5]
    X[0, 6] = 1e12
    X[:, 7] = np.arange(n) + 0.1
    for order in "CF":
        found = screen(np.asarray(X, order=order), y, z)
        for j in (0, 6, 7, 8):
            check_column(found, j, X, y, z)
        for j, unit in ((1, 1e-180), (2, 1e200)):
            model = LinearRegression().fit(np.column_stack([X[:, j] / unit, z]), y)
            np.testing.assert_allclose(found.coef[j] * unit, model.coef_[0], rtol=1e-11, atol=1e-14)
        near = LinearRegression(precision="double-double").fit(np.column_stack([X[:, 5], z]), y)
        # By chance the coefficient may be small, for numbers of the size of its error.
        assert abs(found.coef[5] - near.coef_[0]) <= 1e-9 * max(
            found.coef_error[5], abs(near.coef_[0])
        )
        assert found.coef[[3, 4]].tolist() == [0.0, 0.0]
        assert np.isnan(found.p_values[[3, 4]]).all()


def test_several_targets_and_many_covariates(rng):
    X, Y = rng.normal(size=(80, 12)), rng.normal(size=(80, 9))
    Z = rng.normal(size=(80, 11))
    Z[:, 10] = Z[:, 0] + Z[:, 1]  # dependent
    found = screen(X, Y, Z)
    assert found.coef.shape == found.p_values.shape == (12, 9)
    for t in (0, 8):
        one = screen(X, Y[:, t], Z)
        np.testing.assert_allclose(found.coef[:, t], one.coef, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(found.p_values[:, t], one.p_values, rtol=1e-9)
    check_column(screen(X, Y[:, 3], Z), 4, X, Y[:, 3], Z[:, :10])


@pytest.mark.parametrize("center", [True, False])
def test_drop_in_for_scikit_learn(rng, center):
    X, y = rng.normal(size=(90, 8)) + 2, rng.normal(size=90)
    y += X[:, 2]
    X[:, 4] = 1.5 if center else 0.0
    X[:, 5] = y if center else 2 * y
    f, p = f_regression(X, y, center=center)
    f_theirs, p_theirs = theirs.f_regression(X, y, center=center)
    clear = ~np.isin(np.arange(8), [4, 5])  # of 5 all is explained but for rounding
    assert (f[4], p[4]) == (0.0, 1.0)
    np.testing.assert_allclose(f[clear], f_theirs[clear], rtol=1e-9)
    np.testing.assert_allclose(p[clear], p_theirs[clear], rtol=1e-9)
    assert f[5] > 1e12
    varies = np.arange(8) != 4  # rounding gives theirs an infinity here, with some means
    mine = r_regression(X, y, center=center)[varies]
    found = theirs.r_regression(X[:, varies], y, center=center)
    np.testing.assert_allclose(mine, found, rtol=1e-9)
    assert np.isnan(r_regression(X, y, center=center, force_finite=False)[4])


def test_in_selectors(rng):
    X, y = rng.normal(size=(60, 10)), rng.normal(size=60)
    mine = theirs.SelectKBest(f_regression, k=3).fit(X, y)
    theirs_own = theirs.SelectKBest(theirs.f_regression, k=3).fit(X, y)
    assert np.array_equal(mine.get_support(), theirs_own.get_support())
    model = make_pipeline(theirs.SelectKBest(f_regression, k=3), LinearRegression()).fit(X, y)
    assert model.predict(X).shape == (60,)


def test_memory_mapped_and_same_bits(rng, tmp_path):
    X, y = rng.normal(size=(300, 3000)), rng.normal(size=300)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    found = screen(mapped, y)
    for other in (screen(X, y, n_jobs=1), screen(X, y, n_jobs=2)):
        assert np.array_equal(found.coef, other.coef)
    columns = screen(np.asfortranarray(X), y)
    np.testing.assert_allclose(columns.coef, found.coef, rtol=1e-12, atol=1e-15)


def test_frames_and_bad_input(rng):
    pd = pytest.importorskip("pandas")
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    found = screen(pd.DataFrame(X, columns=list("abc")), y)
    assert found.to_frame()["feature"].tolist() == ["a", "b", "c"]
    assert "3 columns" in repr(found)
    table = pd.DataFrame(X, columns=list("abc")).assign(u=y, v=y**2)
    two = screen(table, ["u", "v"], features=["a", "b"]).to_frame()
    assert two["target"].tolist() == ["u", "u", "v", "v"]
    assert two["feature"].tolist() == ["a", "b"] * 2
    np.testing.assert_allclose(two["coef"][:2], found.coef[:2], rtol=1e-12, atol=1e-15)
    assert "<table>" in found._repr_html_()
    dirty = X.copy()
    dirty[7, 2] = np.inf
    with pytest.raises(ValueError, match=r"infinity \(inf\) at row 7, column 2"):
        screen(dirty, y)
    with pytest.raises(ValueError, match="19"):
        screen(X, y[:19])
    with pytest.raises(ValueError, match="too few"):
        screen(X[:3], y[:3], rng.normal(size=(3, 2)))
    with pytest.raises(ValueError, match="covariates contains NaN at row 7, column 1"):
        screen(X, y, np.where(dirty == np.inf, np.nan, dirty)[:, 1:])
    with pytest.raises(ValueError, match="y has no target"):
        screen(X, np.empty((20, 0)))
    with pytest.raises(ValueError, match="y must be given"):
        f_regression(X, None)
    with pytest.raises(ValueError, match="covariates 5"):
        screen(X, y, rng.normal(size=(5, 2)))
    assert np.isnan(screen(X, np.ones(20)).p_values).all()


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("order", ["C", "F"])
def test_weights(rng, order, centred):
    n, p = 150, 30
    X = np.asarray(rng.normal(size=(n, p)) + rng.normal(size=p) * 3, order=order)
    X[:, 0] += 1e8
    X[:, 1] *= 1e-180
    X[:, 2] = 7.25
    w = rng.integers(0, 3, n) * 10.0 ** rng.integers(-3, 3, n)
    Z, y = rng.normal(size=(n, 2)), X[:, 5] + rng.normal(size=n) + 100
    for covariates in (None, Z):
        found = screen(X, y, covariates, sample_weight=w, fit_intercept=centred)
        for j in (0, *range(3, p, 7)):
            beside = [] if covariates is None else [Z]
            columns = np.column_stack([X[:, j], *beside])
            one = fit_groups(columns, y, np.zeros(n, int), sample_weight=w, fit_intercept=centred)
            np.testing.assert_allclose(found.coef[j], one.coef[0, 0], rtol=1e-11, atol=1e-14)
            # What a column leaves of y is a difference, of numbers that may be much larger.
            lost = 1e-11 + 1e-14 * one.tss[0] / one.sse[0]
            np.testing.assert_allclose(found.coef_error[j], one.coef_error[0, 0], rtol=lost)
            np.testing.assert_allclose(found.p_values[j], one.p_values[0, 0], rtol=1e-8)
        if centred:
            assert found.coef[2] == 0.0
        repeated = screen(
            np.repeat(X, w > 0, axis=0), y[w > 0], None if covariates is None else Z[w > 0],
            sample_weight=w[w > 0], fit_intercept=centred,
        )  # fmt: skip
        # A coefficient may be a small difference of parts as large as |y| / |x|.
        largest = abs(X).max(axis=0)
        sizes = np.sqrt(w @ y**2 / (w @ (X / largest) ** 2)) / largest
        off = abs(repeated.coef - found.coef)
        assert (off <= 1e-12 * abs(found.coef) + 1e-15 * sizes).all()
        assert repeated.degrees_of_freedom == found.degrees_of_freedom


def test_columns_by_name(rng, tmp_path):
    pd, pl, pa = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    columns = {name: rng.normal(size=40) for name in "abczy"} | {"w": rng.uniform(1, 2, 40)}
    X = np.array([columns[name] for name in "cab"]).T
    expected = screen(X, columns["y"], columns["z"], sample_weight=columns["w"])
    path = tmp_path / "t.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    for table in (pd.DataFrame(columns), pl.DataFrame(columns), pa.table(columns), path, str(path)):
        found = screen(table, "y", "z", features=["c", "a", "b"], sample_weight="w")
        assert found.feature_names == ["c", "a", "b"]
        np.testing.assert_array_equal(found.coef, expected.coef)
        assert screen(table, "y", ["z"], sample_weight="w").feature_names == ["a", "b", "c"]
        with pytest.raises(ValueError, match="no column 'q'"):
            screen(table, "y", "q")
    two = screen(pl.DataFrame(columns), ["y", "z"], features=["a"])
    np.testing.assert_allclose(two.coef[0, 1], screen(X[:, 1:2], columns["z"]).coef[0], rtol=1e-12)
    np.testing.assert_allclose(screen(path, ["y", "z"], features=["a"]).coef, two.coef, rtol=1e-12)
    with pytest.raises(TypeError, match="covariates must name"):
        screen(path, "y", X)
    with pytest.raises(TypeError, match="no data frame"):
        screen(X, "y")


def test_a_misspelt_target_is_told(rng):
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(rng.normal(size=(20, 2)), columns=["mpg", "weight"])
    with pytest.raises(ValueError, match="did you mean 'mpg'"):
        screen(table, "mpgg")


@pytest.mark.parametrize("center", [True, False])
def test_sparse_columns_are_those_of_the_dense_ones(rng, center):
    X = rng.normal(size=(80, 9)) * (rng.random((80, 9)) < 0.3)
    X[:, 1], X[:, 2], X[:, 3] = 1.0, 0.0, 1e8
    X[5, 3] += 1.0
    X[:, 4:6] *= 1e-200, 1e200
    y = rng.normal(size=80) + 2
    for kind in (sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix):
        for found, expected in zip(
            f_regression(kind(X), y, center=center), f_regression(X, y, center=center), strict=True
        ):
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)
        given = {"center": center, "force_finite": False}
        found, expected = r_regression(kind(X), y, **given), r_regression(X, y, **given)
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-14)
    X[3, 0] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity"):
        f_regression(sparse.csr_matrix(X), y)
    with pytest.raises(ValueError, match="20"):
        f_regression(sparse.csr_matrix(X[:20, 1:]), y)
