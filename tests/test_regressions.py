"""Inputs that once gave wrong answers: each with the right one."""

import os
import pickle
import warnings

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from sklearn import linear_model
from sklearn.exceptions import ConvergenceWarning

from linreg_fast import RUNGS, GradientDescentRegressor, LinearRegression, moments
from linreg_fast.bench import report
from linreg_fast.cli import main
from linreg_fast.data import jsonfile


@pytest.mark.parametrize("offset", [0.0, 3.0, 100.0, 1e6, 1e9])
@pytest.mark.parametrize("shape", [(2, 2), (2, 5), (5, 20), (6, 6)])
def test_wide_data_with_an_offset(rng, shape, offset):
    """A mean that is rounded at the offset must not look like one more independent column."""
    n, p = shape
    for _ in range(20):
        X, y = rng.normal(size=shape) + offset, rng.normal(size=n)
        model = LinearRegression().fit(X, y)
        centred = (X - X[0]) - (X - X[0]).mean(axis=0)
        expected = np.linalg.lstsq(centred, y - y.mean(), rcond=1e-7)[0]
        assert model.rank_ == min(n - 1, p)
        size = np.abs(expected).max() * np.linalg.cond(centred[1:])
        np.testing.assert_allclose(model.coef_, expected, atol=1e-11 * size)


@pytest.mark.needs_jit  # hundreds of columns, and hundreds of thousands of rows
@pytest.mark.parametrize("scale", [1e155, 1e200, 1e-165, 1e-200])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_all_squares_overflow_or_underflow(rng, scale, fit_intercept):
    """Sums that tell nothing were once taken for sums in double-double: all coefficients zero."""
    for n, p in ((20, 2), (1000, 1), (300, 40), (150_000, 3), (1600, 750)):
        X, coef = rng.normal(size=(n, p)), rng.uniform(1, 2, p)
        y = X @ coef + (3 if fit_intercept else 0)
        ways = [("auto", "auto"), ("auto", "double")]
        ways += [("qr", "double"), ("svd", "double"), ("lsqr", "auto")] if n <= 1000 else []
        for solver, precision in ways:
            model = LinearRegression(
                solver=solver, precision=precision, fit_intercept=fit_intercept
            ).fit(X * scale, y * scale)
            np.testing.assert_allclose(model.coef_, coef, rtol=1e-9)
            assert model.rank_ == p
        with pytest.raises(np.linalg.LinAlgError, match="overflow or underflow"):
            LinearRegression(
                solver="cholesky", precision="double", fit_intercept=fit_intercept
            ).fit(X * scale, y * scale)


@pytest.mark.parametrize("solver", ["auto", "qr", "svd", "lsqr"])
@pytest.mark.parametrize(("scale", "weight"), [(1e-30, 1e-300), (1e-200, 1e-150), (1e30, 1e300)])
def test_weights_and_rows_whose_products_are_no_numbers(rng, solver, scale, weight):
    """The mean of the rows was one of them."""
    X, weights = rng.normal(1, 1, (1000, 2)), rng.random(1000) * weight
    y = X @ [1.0, 2.0] + 3
    precision = "auto" if solver == "lsqr" else "double"
    model = LinearRegression(solver=solver, precision=precision).fit(X * scale, y, weights)
    np.testing.assert_allclose(model.coef_ * scale, [1.0, 2.0], rtol=1e-9)
    assert model.intercept_ == pytest.approx(3.0)


@pytest.mark.parametrize("scale", [1e-170, 1e-250, 1e250])
def test_targets_of_extreme_size_by_lsqr(rng, scale):
    X = rng.normal(size=(100, 3))
    y = X @ [1.0, 2.0, 3.0] + rng.normal(size=100)
    expected = LinearRegression(solver="lsqr").fit(X, y).coef_
    found = LinearRegression(solver="lsqr").fit(X, y * scale).coef_
    np.testing.assert_allclose(found / scale, expected, rtol=1e-11)


def test_columns_that_depend_on_each_other_far_from_zero():
    """Start, duration and end of something, as Unix time: exact integers of rank two."""
    start = 1_700_000_000 + np.array([0.0, 10, 25, 31, 47, 52, 60])
    lasted = np.array([3.0, 9, 4, 7, 1, 8, 2])
    y = np.array([5.0, 3, 8, 1, 9, 2, 7])
    model = LinearRegression().fit(np.c_[start, lasted, start + lasted], y)
    near = LinearRegression().fit(np.c_[start - start[0], lasted, start - start[0] + lasted], y)
    assert model.rank_ == near.rank_ == 2
    np.testing.assert_allclose(model.coef_, near.coef_, rtol=1e-9)


def test_fewer_rows_with_a_weight_than_columns(rng):
    X, y, weights = rng.normal(size=(9, 4)) + 100, rng.normal(size=9), np.zeros(9)
    weights[[2, 5, 7]] = 1, 2, 1
    model = LinearRegression().fit(X, y, weights)
    assert model.rank_ == 2
    np.testing.assert_allclose(model.predict(X)[weights > 0], y[weights > 0], atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [12, 30])
def test_columns_that_are_constant_but_for_a_few_rows(rng, dtype, p):
    """A look at some rows, before all of them are summed, finds no column that varies."""
    X, y = np.zeros((40_000, p), dtype=dtype), rng.normal(size=40_000)
    rows = rng.choice(40_000, 3 * p, replace=False)
    X[rows, np.arange(3 * p) % p] = rng.uniform(1, 2, 3 * p)
    model = LinearRegression().fit(X, y)
    expected = np.linalg.lstsq(X.astype(float) - X.mean(axis=0), y - y.mean(), rcond=None)[0]
    rtol = 1e-9 if dtype is np.float64 else 1e-5
    np.testing.assert_allclose(model.coef_, expected, rtol, rtol * np.abs(expected).max())


def test_positive_with_nearly_equal_columns():
    x = np.arange(6.0)
    X = np.c_[x, x + 1e-7 * np.array([0, 1, -1, 1, 0, -1])]
    y = X @ [1.0, 2.0]
    theirs = scipy.optimize.nnls(X - X.mean(axis=0), y - y.mean())[0]
    if np.allclose(theirs, [1, 2], rtol=1e-4):  # scipy 1.12 stops before it is there
        ours = LinearRegression(positive=True).fit(X, y).coef_
        np.testing.assert_allclose(ours, [1, 2], rtol=1e-6)


@pytest.mark.parametrize("rung", RUNGS)
def test_an_outlier_that_is_weighted_away(rung):
    X, y = np.array([1e7, 0, 1, 2, 3]), np.array([0.0, 1, 3, 4, 8])
    weights = np.array([1e-18, 1, 1, 1, 1])
    expected = 5.00009999997  # in rational arithmetic
    for order in (slice(None), slice(None, None, -1)):
        found = moments(X[order], y[order], weights[order], rung=rung)
        assert found.comoment[0, 0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-200, 1e-20, 1e-8, 1.0, 1e10, 1e20, 1e200])
def test_minimum_norm_whatever_the_units_of_the_others(rng, scale):
    a = rng.normal(size=50)
    b = rng.normal(size=50) + a
    X, y = np.c_[a, a, scale * b], a + 3 * b
    model = LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_ * [1, 1, scale], [0.5, 0.5, 3], rtol=1e-9)


def test_a_distance_that_no_bound_could_tell():
    """One column at 1.7e9: its eigenvalue drowns, but the distance is measured."""
    X, y = 1.7e9 + np.arange(6.0)[:, None], 3 * np.arange(6.0)
    with pytest.warns(ConvergenceWarning, match="within 1 of"):
        model = GradientDescentRegressor(standardize=False, max_iter=50).fit(X, y)
    assert not model.converged_
    assert model.distance_ == pytest.approx(1 - model.coef_[0] / 3, rel=1e-6)


@pytest.mark.parametrize("rate", [3.0, 1e308])
@pytest.mark.parametrize("space", ["gram", "data"])
def test_divergence_ends_the_same_whether_watched_or_not(rng, capsys, rate, space):
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    found = []
    for verbose in (0, 1, 2, 3):
        model = GradientDescentRegressor(learning_rate=rate, verbose=verbose, space=space)
        with pytest.warns(ConvergenceWarning, match="overflowed|above the largest"):
            model.fit(X, y)
        found.append([*model.coef_, model.intercept_])
        assert np.isfinite(found[-1]).all()
    assert found.count(found[0]) == 4


@pytest.mark.parametrize("scale", [1e-200, 1e200])
@pytest.mark.parametrize("positive", [False, True])
def test_a_constant_column_without_an_intercept(scale, positive):
    model = LinearRegression(fit_intercept=False, positive=positive)
    model.fit([[scale]] * 3, [1.0, 2.0, 3.0])
    assert model.coef_[0] * scale == pytest.approx(2.0)


@pytest.mark.parametrize("scale", [1e-170, 1e160, 1e200])
def test_what_plain_moments_cannot_hold(rng, scale):
    X, y = rng.normal(size=(20, 2)) * scale, rng.normal(size=20)
    expected = LinearRegression().fit(X / scale, y).coef_ / scale
    for model in (LinearRegression(solver="cholesky"), LinearRegression()):
        np.testing.assert_allclose(model.fit(X, y).coef_, expected, rtol=1e-12)
    model = LinearRegression()
    for row in range(20):  # one by one: constant in each piece
        model.partial_fit(X[row : row + 1], y[row : row + 1])
    np.testing.assert_allclose(model.coef_, expected, rtol=1e-12)
    for model in (GradientDescentRegressor(), LinearRegression(solver="gradient_descent")):
        np.testing.assert_allclose(model.fit(X, y).coef_, expected, rtol=1e-8)
    for model in (
        GradientDescentRegressor(space="data"),
        LinearRegression(solver="cholesky", precision="double"),
    ):
        with pytest.raises(ValueError, match="overflow or underflow"):
            model.fit(X, y)
    with pytest.raises(ValueError, match="overflow or underflow"):
        LinearRegression(precision="double").partial_fit(X, y)


def test_weights_that_differ_by_600_orders_of_magnitude():
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0], [1e300, 1e-300])
    assert model.coef_[0] == pytest.approx(1.0)


def test_singular_values_are_always_there(rng):
    X, y = rng.normal(2, 1, (30, 3)), rng.normal(size=30)
    raw = np.linalg.svd(X, compute_uv=False)
    for solver in ("qr", "svd", "cholesky"):
        model = LinearRegression(solver=solver, fit_intercept=False).fit(X, y)
        model.set_params(fit_intercept=True)
        np.testing.assert_allclose(model.singular_, raw, rtol=1e-9)
    model = LinearRegression(positive=True).fit(X[:2], y[:2])
    assert model.singular_.shape == (2,)


@pytest.mark.parametrize("value", [["svd"], None, 3])
def test_a_solver_that_is_no_name(value):
    with pytest.raises(ValueError, match="'solver' parameter"):
        LinearRegression(solver=value).fit([[1.0], [2.0]], [1.0, 2.0])


def test_numbers_too_large_for_a_float():
    with pytest.raises(ValueError, match="y must hold numbers"):
        moments([1.0, 2.0], [10**400, 1])
    with pytest.raises(ValueError, match="'learning_rate' parameter"):
        GradientDescentRegressor(learning_rate=10**400).fit([[1.0], [2.0]], [1.0, 2.0])


def tables_of(X, y):
    tables = report.run([("test", X, y)], budget=0.0)
    return {(table["problem"], row["name"]): row for table in tables for row in table["rows"]}


@pytest.mark.parametrize(
    "case", ["constant target", "constant column", "dependent", "wide", "tiny"]
)
def test_the_bench_calls_no_right_answer_wrong(rng, case):
    X, y = rng.normal(5, 1, (60, 4)), rng.normal(size=60)
    if case == "constant target":
        y[:] = 0.1
    elif case == "constant column":
        X[:, 1] = 0.1
    elif case == "dependent":
        X[:, 1] = X[:, 0] + 2 * X[:, 2]
    elif case == "wide":
        X, y = X[:3], y[:3]
    else:
        X, y = X[:2, :2], y[:2]
    rows = tables_of(X, y)
    wrong = [key for key, row in rows.items() if row["correct"] is False]
    # Before 1.7 it took the rounding of a mean for one more column.
    assert [key for key in wrong if key != ("fit", "scikit-learn")] == []
    assert not wrong or "tol" not in linear_model.LinearRegression().get_params()
    assert rows["fit", "LinearRegression"]["correct"]
    assert rows["moments", "jit"]["correct"]


def test_dependent_rows_at_the_start_do_not_turn_a_solver_away(rng):
    X, y = rng.normal(size=(1000, 3)), rng.normal(size=1000)
    X[:256, 2] = X[:256, 1]
    rows = tables_of(X, y)
    assert rows["fit", "qr"]["correct"]
    assert rows["fit", "cholesky on jit"]["correct"]


def test_output_keeps_links_and_permissions_and_spares_the_input(tmp_path, houses, capsys):
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    jsonfile.write_text(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o600
    before = houses.read_bytes()
    assert main(["fit", str(houses), "--target", "price", "--out", str(houses)]) == 2
    assert "is read here: write to another file" in capsys.readouterr().err
    assert houses.read_bytes() == before
    jsonfile.write_text(os.devnull, "nothing")
    assert not os.path.isfile(os.devnull)


def test_names_and_numbers_that_files_must_escape(tmp_path, capsys):
    table = tmp_path / "t.csv"
    table.write_text('a,"y,""q"\n1e200,1e200\n2e200,3e200\n3e200,5.5e200\n')
    out = tmp_path / "m.json"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # R2 of such numbers overflows
        assert main(["fit", str(table), "--target", 'y,"q', "--out", str(out)]) == 0
    capsys.readouterr()
    assert main(["predict", str(out), str(table)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == '"y,""q"'


def test_a_constant_sparse_column_gets_zero(rng):
    for n, value in ((70, 0.1), (7000, 1 / 3)):
        X, weights = np.c_[rng.normal(size=n), np.full(n, value)], rng.random(n)
        y = X[:, 0] + rng.normal(size=n)
        expected = LinearRegression().fit(X, y, weights).coef_
        in_pieces = LinearRegression()
        for i in range(0, n, n // 10):
            rows = slice(i, i + n // 10)
            in_pieces.partial_fit(scipy.sparse.csr_matrix(X[rows]), y[rows], weights[rows])
        for model in (LinearRegression().fit(scipy.sparse.csc_matrix(X), y, weights), in_pieces):
            np.testing.assert_allclose(model.coef_, expected, rtol=1e-14)
            assert model.rank_ == 1


@pytest.mark.slow
@pytest.mark.parametrize("first", ["zeros", "offset", "constant", "huge"])
def test_sparse_rows_of_many_columns(rng, first):
    X = scipy.sparse.random(2500, 2005, 0.01, random_state=rng, format="lil")
    x = rng.normal(size=(2500, 1))
    X[:, 0] = {"zeros": x, "offset": 1e8 + x, "constant": 0.1 + 0 * x, "huge": 1e160 * x}[first]
    y = X[:, 1:20].sum(axis=1) + x + 0.1 * rng.normal(size=(2500, 1))
    sparse = LinearRegression().fit(X.tocsr(), np.asarray(y).ravel())
    dense = LinearRegression().fit(X.toarray(), np.asarray(y).ravel())
    assert (sparse.solver_, sparse.rank_) == ("lsqr", dense.rank_)
    np.testing.assert_allclose(sparse.coef_[0], dense.coef_[0], rtol=1e-9)
    np.testing.assert_allclose(sparse.coef_[1:], dense.coef_[1:], atol=1e-11)


@pytest.mark.parametrize("offset", [0.0, 300.0, 1e5, 1e9])
def test_a_sum_of_columns_depends_on_them_at_any_offset(rng, offset):
    X = offset + rng.normal(size=(500, 3))
    X = np.c_[X, X[:, 0] + X[:, 1], 1.8 * X[:, 2] + 32]
    y = X[:, 0] + X[:, 2] + rng.normal(size=500)
    model = LinearRegression().fit(X, y)
    assert model.rank_ == 3
    centred = np.c_[X[:, :3] - X[:, :3].mean(axis=0), np.zeros((500, 2))]
    centred[:, 3], centred[:, 4] = centred[:, 0] + centred[:, 1], 1.8 * centred[:, 2]
    expected = np.linalg.lstsq(centred, y - y.mean(), rcond=1e-10)[0]
    np.testing.assert_allclose(model.coef_, expected, rtol=1e-5, atol=1e-7)


def test_wide_rows_of_any_scale(rng):
    for _ in range(5):
        X = rng.normal(size=(10, 11)) * 10.0 ** rng.integers(-150, 150, 11)
        y = rng.normal(size=10)
        assert np.abs(y - LinearRegression().fit(X, y).predict(X)).max() < 1e-9


def test_a_weak_signal_keeps_its_digits(rng):
    x = rng.normal(size=(30_000, 1))
    noise = rng.normal(size=30_000)
    noise -= noise @ x[:, 0] / (x[:, 0] @ x[:, 0]) * x[:, 0]
    y = 1e-8 * x[:, 0] + noise
    found = LinearRegression().fit(x, y)
    expected = LinearRegression(precision="double-double").fit(x, y)
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=1e-14)


def test_a_period_of_the_rows_does_not_spoil_the_sums(rng):
    x = rng.normal(size=66_000)
    x[np.arange(33) * 2000 + 1000] = 1e9
    y = 1e-9 * x + rng.normal(size=66_000)
    found = LinearRegression(precision="double").fit(x[:, None], y)
    expected = LinearRegression(precision="double-double").fit(x[:, None], y)
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=1e-13)  # was 3e-12


def test_another_target_with_a_zero_does_not_stop_the_refinement(rng):
    X = rng.normal(size=(40, 2)) @ [[1.0, 1.0], [0.0, 1e-5]]
    Y = np.c_[X[:, 0], rng.normal(size=40)]  # the first has a coefficient of zero
    both, alone = LinearRegression().fit(X, Y), LinearRegression().fit(X, Y[:, 1])
    np.testing.assert_allclose(both.coef_[1], alone.coef_, rtol=1e-15)


def test_rows_taken_out_of_a_constant_column(rng):
    X = np.c_[rng.normal(size=60), np.full(60, 0.1)]
    X[:20, 1] = rng.normal(size=20)
    y = rng.normal(size=60)
    left = moments(X, y) - moments(X[:20], y[:20])
    assert not left.comoment[1].any()


def test_weights_whose_sum_overflows():
    X, y = [[0.0], [0.6], [1.5]], [0.0, 1.0, 1.2]
    plain = LinearRegression().fit(X, y)
    heavy = LinearRegression().fit(X, y, [1.7e308] * 3)
    np.testing.assert_allclose(heavy.coef_, plain.coef_, rtol=1e-15)
    np.testing.assert_allclose(heavy.intercept_, plain.intercept_, rtol=1e-15)


def test_a_piece_without_weight_adds_nothing():
    model = LinearRegression().partial_fit([[0.0], [1.0]], [0.0, 1.0])
    before = model.moments_
    assert model.partial_fit([[5.0]], [9.0], [0.0]).moments_ is before
    zeros = LinearRegression().partial_fit(np.c_[[1, 0, 0], [1.0, 2, 3]], [1.0, 2, 4], [0, 1, 1])
    np.testing.assert_allclose(zeros.coef_, [0.0, 2.0])


def test_coefficients_set_by_hand_predict():
    model = LinearRegression()
    model.coef_, model.intercept_ = np.array([2.0]), 1.0
    assert model.predict([[3.0]]) == 7.0
    assert model.predict(np.array([[3.0]])) == 7.0


def test_it_counts_as_a_linear_regression(rng):
    from sklearn.linear_model import LinearRegression as Theirs
    from sklearn.linear_model import RANSACRegressor

    X = rng.normal(size=(60, 2))
    y = X @ [1.0, 2.0]
    y[:5] += 50
    assert isinstance(LinearRegression(), Theirs)
    found = RANSACRegressor(LinearRegression(), random_state=0).fit(X, y).estimator_
    np.testing.assert_allclose(found.coef_, [1.0, 2.0], rtol=1e-12)


@pytest.mark.parametrize("intercept", [True, False])
def test_coefficients_that_no_double_holds_are_refused(rng, intercept):
    """1.5 / 1e-308: found by the fuzz test."""
    X = np.array([[0.0], [1e-285], [3e-285]])
    model = LinearRegression(fit_intercept=intercept)
    with pytest.raises(
        ValueError, match="of column 0 are too large for a float: use other units"
    ) as raised:
        model.fit(X, [0.0, 1e25, 3e25])
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    assert not hasattr(model, "coef_")
    assert model.fit(X, [0.0, 1e20, 3e20]).coef_ == pytest.approx(1e305)


def test_sparse_rows_of_which_one_weighs_most(rng):
    """About another row, what the heaviest leaves would be rounding."""
    X = rng.integers(8, 13, (6, 3)).astype(float)
    X[:, 0] += np.arange(6)
    y = rng.normal(size=6)
    weights = 10.0 ** rng.uniform(-14, 0, 6)
    weights[rng.integers(1, 6)] = 1e16
    model = LinearRegression().fit(scipy.sparse.csr_matrix(X), y, weights)
    dense = LinearRegression().fit(X, y, weights)
    np.testing.assert_allclose(model.predict(X), dense.predict(X), rtol=1e-9)
