"""`GradientDescentRegressor`: iterates, convergence that is true, divergence that is told."""

import pickle
import re
import sys
import time
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from linreg_fast import GradientDescentRegressor, LinearRegression, datasets, gradient


def draw(rng, n=150, p=4, t=None):
    X = rng.normal(2, 1, (n, p)) * 10.0 ** rng.uniform(-2, 2, p)
    shape = (n,) if t is None else (n, t)
    return X, X @ rng.normal(size=(p, *shape[1:])) + 3 + rng.normal(0, 0.5, shape)


def plain_descent(X, y, rate, steps):
    """The loop of the texts, with our functional gradient."""
    coef, intercept, losses = np.zeros(X.shape[1]), 0.0, []
    for _ in range(steps):
        loss, by_coef, by_intercept = gradient(X, y, coef, intercept)
        losses.append(loss)
        coef = coef - rate * by_coef
        intercept = intercept - rate * by_intercept
    return coef, intercept, np.array(losses)


@pytest.mark.parametrize("space", ["gram", "data"])
def test_the_steps_are_those_of_the_texts(rng, space):
    X, y = rng.normal(2, 1, (60, 3)), rng.normal(size=60)
    model = GradientDescentRegressor(
        learning_rate=0.03, max_iter=40, tol=0, standardize=False, space=space
    ).fit(X, y)
    coef, intercept, losses = plain_descent(X, y, 0.03, 40)
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-11)
    np.testing.assert_allclose(model.intercept_, intercept, rtol=1e-10)
    np.testing.assert_allclose(model.loss_curve_[:-1], losses, rtol=1e-10)
    assert (model.n_iter_, len(model.loss_curve_), model.converged_) == (40, 41, False)


@pytest.mark.parametrize("t", [None, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("space", ["gram", "data"])
def test_converges_to_least_squares_in_any_units(rng, space, fit_intercept, t):
    X, y = draw(rng, t=t)
    weights = rng.integers(0, 3, len(X)).astype(float)
    model = GradientDescentRegressor(space=space, fit_intercept=fit_intercept).fit(X, y, weights)
    exact = LinearRegression(fit_intercept=fit_intercept).fit(X, y, weights)
    assert model.converged_
    assert model.distance_ <= 1e-8
    assert model.coef_.shape == exact.coef_.shape
    found, expected = model.coef_ * X.std(axis=0), exact.coef_ * X.std(axis=0)
    assert np.linalg.norm(found - expected) <= 1e-6 * np.linalg.norm(expected)
    np.testing.assert_allclose(model.predict(X), exact.predict(X), rtol=1e-5, atol=1e-4)
    assert np.all(np.diff(model.loss_curve_) <= 1e-12 * model.loss_curve_[0])


def test_the_bound_on_the_distance_holds(rng):
    X, y = draw(rng)
    exact = LinearRegression().fit(X, y)
    spread = X.std(axis=0)
    for steps in (1, 3, 10):
        model = GradientDescentRegressor(max_iter=steps, tol=0).fit(X, y)
        distance = np.linalg.norm((model.coef_ - exact.coef_) * spread)
        size = np.linalg.norm(exact.coef_ * spread)
        # Ten steps may leave 1e-10, of which the coefficients' own last bits are more than 1e-9:
        # of the solution, of what the descent takes for it, and of both in the data's units.
        rounding = 6 * np.finfo(float).eps * size
        assert distance <= model.distance_ * size * (1 + 1e-9) + rounding


@pytest.mark.parametrize("space", ["gram", "data"])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("method", ["gd", "momentum", "nesterov"])
def test_the_stable_limit_is_sharp(rng, standardize, space, method):
    X, y = rng.normal(2, 1, (80, 3)), rng.normal(size=80)
    options = {"standardize": standardize, "space": space, "method": method}
    limit = GradientDescentRegressor(**options).fit(X, y).max_stable_learning_rate_
    below = GradientDescentRegressor(learning_rate=0.99 * limit, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert below.fit(X, y).converged_
    above = GradientDescentRegressor(learning_rate=1.01 * limit, **options)
    with pytest.warns(ConvergenceWarning) as caught:
        above.fit(X, y)
    before, after = (str(warning.message) for warning in caught)
    assert "is above the largest stable step" in before
    assert f"{limit:.4g}" in before
    assert "overflowed" in after
    assert above.n_iter_ < 100_000
    assert np.isfinite(above.coef_).all()
    assert np.isfinite(above.loss_curve_).all()
    assert len(above.loss_curve_) == above.n_iter_ + 1


def test_a_step_that_is_too_large_is_told_before_the_first(rng):
    X, y = draw(rng)
    model = GradientDescentRegressor(learning_rate=3.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning, match="Use 'auto' or at most"):
            model.fit(X, y)
    assert not hasattr(model, "coef_")


def test_not_converged_is_told(rng):
    X, y = draw(rng)
    exact, spread = LinearRegression().fit(X, y), X.std(axis=0)
    with pytest.warns(ConvergenceWarning, match="not converged after 2 steps") as caught:
        model = GradientDescentRegressor(max_iter=2, tol=1e-9).fit(X, y)
    assert not model.converged_
    found = re.search(r"within (\S+) of .* would take ([\d,]+) more", str(caught[0].message))
    told, more = float(found[1]), int(found[2].replace(",", ""))
    off = [
        np.linalg.norm((model.coef_ - exact.coef_) * spread) / np.linalg.norm(exact.coef_ * spread),
        abs(model.intercept_ / exact.intercept_ - 1),
    ]
    assert told == pytest.approx(max(off), rel=0.05)
    assert model.predicted_iterations() == 2 + more
    full = GradientDescentRegressor(tol=1e-9).fit(X, y)
    assert full.n_iter_ == 2 + more


METHODS = ["gd", "momentum", "nesterov", "sgd", "cg"]


def steps_of(method, X, y, rate, beta, steps):
    """Each method as its textbook writes it, on the columns as they are."""
    A = np.column_stack([X, np.ones(len(X))])
    z = before = np.zeros(A.shape[1])
    velocity = np.zeros_like(z)

    def slope(z):
        return 2 * A.T @ (A @ z - y) / len(y)

    points = [z]
    for _ in range(steps):
        if method == "nesterov":
            ahead = z + beta * (z - before)
            before, z = z, ahead - rate * slope(ahead)
        else:
            velocity = beta * velocity - rate * slope(z)
            z = z + velocity
        points.append(z)
    return np.array(points)


@pytest.mark.parametrize("space", ["gram", "data"])
@pytest.mark.parametrize(("method", "beta"), [("gd", 0.0), ("momentum", 0.7), ("nesterov", 0.6)])
def test_the_steps_of_each_method(rng, method, beta, space):
    X, y = rng.normal(2, 1, (70, 5)), rng.normal(size=70)
    options = {} if method == "gd" else {"momentum": beta}
    model = GradientDescentRegressor(
        method=method,
        learning_rate=0.01,
        max_iter=60,
        tol=0,
        standardize=False,
        space=space,
        record_path=True,
        **options,
    ).fit(X, y)
    points = steps_of(method, X, y, 0.01, beta, 60)
    np.testing.assert_allclose(model.coef_path_, points[:, :-1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.intercept_path_, points[:, -1], rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(model.coef_path_[-1], model.coef_)
    losses = [np.mean((X @ point[:-1] + point[-1] - y) ** 2) for point in points]
    np.testing.assert_allclose(model.loss_curve_, losses, rtol=1e-9)
    assert (len(model.grad_norm_curve_), len(model.seconds_curve_)) == (61, 61)
    assert np.all(np.diff(model.seconds_curve_) >= 0)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("t", [None, 2])
@pytest.mark.parametrize("method", ["gd", "momentum", "nesterov", "cg"])
def test_both_spaces_agree(rng, method, t, standardize):
    X, y = rng.normal(2, 1, (90, 6)), rng.normal(2, 1, (90,) if t is None else (90, t))
    weights = rng.uniform(0, 2, 90)
    options = {"method": method, "standardize": standardize, "tol": 1e-11}
    found = [
        GradientDescentRegressor(space=space, **options).fit(X, y, weights)
        for space in ("gram", "data")
    ]
    for name in ("coef_", "intercept_"):
        a, b = (getattr(model, name) for model in found)
        assert np.abs(a - b).max() <= 1e-10 * np.abs(b).max()
    steps = min(len(model.loss_curve_) for model in found)
    if method != "cg" or standardize:
        np.testing.assert_allclose(
            found[0].loss_curve_[:steps], found[1].loss_curve_[:steps], rtol=1e-9
        )


def test_large_data_in_data_space(rng):
    """More rows than one block: a launch a step."""
    X = rng.normal(3, 2, (40_000, 4)).astype(np.float32)
    y = (X @ rng.normal(size=4) + rng.normal(size=40_000)).astype(np.float32)
    for method in ("gd", "nesterov", "cg"):
        a, b = (
            GradientDescentRegressor(method=method, space=space).fit(X, y)
            for space in ("gram", "data")
        )
        assert a.n_iter_ == b.n_iter_
        np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-9)


def hard(rng, name):
    """(X, y): what descent is said to have trouble with."""
    if name == "ages":
        X = rng.uniform(20, 80, (100, 1))
        return X, 0.5 * X[:, 0] + 10 + rng.normal(0, 5, 100)
    if name == "offset":
        X = rng.normal(size=(200, 5)) + 1e6
    elif name == "wide range":
        X = rng.normal(size=(200, 5)) * 10.0 ** np.arange(-150, 151, 75)
    elif name == "many columns":
        X = rng.normal(size=(500, 100))
    else:
        U, V = (np.linalg.qr(rng.normal(size=(n, 8)))[0] for n in (200, 8))
        X = np.ascontiguousarray(U * np.geomspace(1, 1e-6, 8) @ V.T)
    beta = rng.normal(size=X.shape[1]) / X.std(axis=0)
    return X, X @ beta + rng.normal(0, 0.1, len(X)) * (X @ beta).std()


@pytest.mark.parametrize("name", ["ages", "offset", "wide range", "many columns", "condition 1e6"])
@pytest.mark.parametrize("space", ["auto", "data"])
@pytest.mark.parametrize("method", METHODS)
def test_there_or_told_how_far(rng, method, space, name):
    X, y = hard(rng, name)
    exact, spread = LinearRegression().fit(X, y), X.std(axis=0)
    model = GradientDescentRegressor(
        method=method, space=space, random_state=0, max_iter=30 if method == "sgd" else None
    )
    if name == "wide range" and (space == "data" or method == "sgd"):
        with pytest.raises(ValueError, match="use space='gram'"):
            model.fit(X, y)
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(X, y)
    off = max(
        np.linalg.norm((model.coef_ - exact.coef_) * spread) / np.linalg.norm(exact.coef_ * spread),
        abs(model.intercept_ / exact.intercept_ - 1),
    )
    assert model.converged_ == (not caught)
    if model.converged_:
        assert off <= 1e-6
    else:
        told = float(re.search(r"within (\S+) of", str(caught[0].message))[1])
        assert off <= 1.06 * told  # it is written with two digits
        assert off == pytest.approx(model.distance_, rel=1e-4)  # rounding, at condition 1e6
    if method == "cg" and space == "auto":
        assert model.converged_


@pytest.mark.parametrize("method", ["gd", "momentum", "nesterov", "cg"])
@pytest.mark.parametrize("tol", [1e-3, 1e-7])
def test_predicted_iterations(rng, method, tol):
    X, y = draw(rng)
    X[:, 1] = X[:, 0] / X[:, 0].std() + 0.3 * X[:, 1] / X[:, 1].std()
    model = GradientDescentRegressor(method=method, tol=tol).fit(X, y)
    assert model.predicted_iterations() == model.n_iter_
    assert model.predicted_iterations(1e-9) >= model.n_iter_
    if method == "gd":
        limit = model.max_stable_learning_rate_
        model.set_params(learning_rate=1.5 * limit, max_iter=2)
        with pytest.warns(ConvergenceWarning):
            model.fit(X, y)
        assert model.predicted_iterations() == np.inf


@pytest.mark.parametrize("wrong", [0, 1, -1, "1e-3", np.nan])
def test_predicted_iterations_of_no_tolerance(rng, wrong):
    with pytest.raises(ValueError, match="tol must be between 0 and 1"):
        GradientDescentRegressor().fit(*draw(rng)).predicted_iterations(wrong)


def test_predicted_iterations_of_the_texts():
    """Exact, from the spectrum: the third text's and the first's, raw columns."""
    for name, rate, expected in (
        ("age", 1e-4, [194_010, 388_067, 582_125, 776_182]),
        ("line", 2.5e-4, [35_684, 71_413, 107_141, 142_870]),
    ):
        data = datasets.load(name)
        model = GradientDescentRegressor(
            learning_rate=rate, standardize=False, max_iter=5, tol=0
        ).fit(data.X, data.y)
        assert [model.predicted_iterations(tol) for tol in (1e-2, 1e-4, 1e-6, 1e-8)] == expected


@pytest.mark.parametrize("space", ["auto", "data"])
@pytest.mark.parametrize("method", METHODS)
def test_half_way_and_on(rng, method, space):
    """Pickled in between, too: the same bits as in one go."""
    X, y = draw(rng)
    options = {"method": method, "space": space, "random_state": 3, "tol": 0, "record_path": True}
    once = GradientDescentRegressor(max_iter=7, **options).fit(X, y)
    twice = GradientDescentRegressor(max_iter=3, warm_start=True, **options).fit(X, y)
    twice = pickle.loads(pickle.dumps(twice)).set_params(max_iter=4).fit(X, y)
    for name in ("coef_", "intercept_", "loss_curve_", "grad_norm_curve_", "coef_path_", "n_iter_"):
        np.testing.assert_array_equal(getattr(once, name), getattr(twice, name))
    assert len(twice.seconds_curve_) == 8


def test_warm_start_on_other_data(rng):
    X, y = draw(rng)
    model = GradientDescentRegressor(warm_start=True).fit(X, y)
    before = model.n_iter_
    model.fit(X, y)
    assert model.n_iter_ == before  # it is there already
    model.fit(X[:140], y[:140])
    assert model.converged_
    assert model.n_iter_ <= before
    # Its tol is of all coefficients in standardised units together.
    right = LinearRegression().fit(X[:140], y[:140]).coef_ * X.std(axis=0)
    np.testing.assert_allclose(
        model.coef_ * X.std(axis=0), right, rtol=0, atol=1e-8 * np.abs(right).max()
    )
    fitted = dict(vars(model))
    with pytest.raises(ValueError, match="warm_start=True goes on from coef_ of shape"):
        model.fit(X[:, :2], y)
    assert vars(model) == fitted


def test_sgd_with_the_same_seed(rng):
    X, y = draw(rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        a, b, c = (
            GradientDescentRegressor(method="sgd", max_iter=5, random_state=seed).fit(X, y)
            for seed in (1, 1, 2)
        )
    np.testing.assert_array_equal(a.coef_, b.coef_)
    assert not np.array_equal(a.coef_, c.coef_)


def test_sgd_in_batches_of_all_rows_is_descent(rng):
    X, y = draw(rng)
    weights = rng.integers(0, 3, len(X)).astype(float)
    options = {"learning_rate": 0.1, "max_iter": 20, "tol": 0}
    a = GradientDescentRegressor(**options).fit(X, y, weights)
    b = GradientDescentRegressor(
        method="sgd", batch_size=int((weights > 0).sum()), shuffle=False, **options
    ).fit(X, y, weights)
    np.testing.assert_allclose(a.coef_, b.coef_, rtol=1e-10)
    np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-10)


def test_sgd_takes_each_batch_in_turn(rng):
    X, y = rng.normal(size=(10, 2)), rng.normal(size=10)
    model = GradientDescentRegressor(
        method="sgd",
        batch_size=4,
        shuffle=False,
        learning_rate=0.05,
        max_iter=3,
        tol=0,
        standardize=False,
    ).fit(X, y)
    coef, intercept = np.zeros(2), 0.0
    for _ in range(3):
        for rows in (slice(0, 4), slice(4, 8), slice(8, 10)):
            _, by_coef, by_intercept = gradient(X[rows], y[rows], coef, intercept)
            coef, intercept = coef - 0.05 * by_coef, intercept - 0.05 * by_intercept
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-11)
    np.testing.assert_allclose(model.intercept_, intercept, rtol=1e-11)


def test_sgd_from_a_stream(rng):
    X, y = draw(rng, n=20_000)
    spread = X.std(axis=0)
    y += 10 * (X / spread).sum(axis=1)  # far from where it starts, against what noise leaves
    exact = LinearRegression().fit(X, y)
    model = GradientDescentRegressor(method="sgd", random_state=0)
    distances = []
    for start in range(0, len(X), 500):
        model.partial_fit(X[start : start + 500], y[start : start + 500])
        distances.append(model.distance_)
    assert model.moments_.n_samples == len(X)
    assert (model.n_iter_, len(model.loss_curve_)) == (40, 40)
    off = np.linalg.norm((model.coef_ - exact.coef_) * spread)
    sigma = 0.5 / np.sqrt(len(X))  # of each, by the noise of y
    assert off <= 0.02 * np.linalg.norm(exact.coef_ * spread) + 10 * sigma
    assert max(distances) < 1  # where it starts; of 400 draws 0.37 was the largest
    assert max(distances[10:]) < 0.1  # 0.025
    again = GradientDescentRegressor(method="sgd", random_state=0)
    for start in range(0, len(X), 500):
        again.partial_fit(X[start : start + 500], y[start : start + 500])
        again = pickle.loads(pickle.dumps(again))
    np.testing.assert_array_equal(model.coef_, again.coef_)
    assert not hasattr(GradientDescentRegressor(), "partial_fit")


def test_a_stream_with_steps_that_are_too_large_is_told(rng):
    X, y = draw(rng)
    model = GradientDescentRegressor(method="sgd", learning_rate=50.0, random_state=0)
    with pytest.warns(ConvergenceWarning, match="is above the largest stable step"):
        model.partial_fit(X, y)


def test_there_to_the_last_bit_without_a_tolerance(rng):
    X, y = draw(rng)
    model = GradientDescentRegressor(tol=0).fit(X, y)
    assert (model.n_iter_, model.distance_, model.converged_) == (100_000, 0.0, True)
    assert len(model.loss_curve_) == 100_001


def test_more_steps_are_not_advised_where_they_grow(rng):
    X, y = draw(rng)
    limit = GradientDescentRegressor().fit(X, y).max_stable_learning_rate_
    with pytest.warns(ConvergenceWarning) as caught:
        GradientDescentRegressor(learning_rate=1.01 * limit, max_iter=50).fit(X, y)
    assert re.search("within .*above the largest stable step.*'auto'$", str(caught[1].message))


def test_a_random_start(rng):
    X, y = draw(rng)
    options = {"init": "random", "max_iter": 1, "tol": 0, "record_path": True}
    a, b = (GradientDescentRegressor(random_state=5, **options).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(a.coef_path_, b.coef_path_)
    assert a.coef_path_[0].all()
    assert GradientDescentRegressor(init="random").fit(X, y).converged_
    scaled = GradientDescentRegressor(random_state=5, **options).fit(X * 100, y)
    np.testing.assert_allclose(scaled.coef_path_[0] * 100, a.coef_path_[0], rtol=1e-9)


def test_a_bar_where_somebody_watches(rng, monkeypatch, capsys):
    from linreg_fast.estimators.gradient_descent import progress

    X, y = draw(rng)
    slow = GradientDescentRegressor(max_iter=3_000_000, tol=0)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    slow.fit(X, y)
    assert capsys.readouterr() == ("", "")  # no terminal
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "rich.console", None)
        slow.fit(X, y)
    shown = capsys.readouterr().err.split("\r")
    assert "of 3,000,000  MSE" in shown[1]
    assert shown[-1] == shown[-2].strip() == ""  # it is gone
    pytest.importorskip("rich", reason="the bar needs the extra 'bench'")
    slow.fit(X, y)
    assert "descent" in capsys.readouterr().err


def test_starts_where_it_is_told(rng):
    X, y = draw(rng)
    exact = LinearRegression().fit(X, y)
    start = exact.coef_, exact.intercept_
    model = GradientDescentRegressor(init=start).fit(X, y)
    assert model.n_iter_ == 0
    np.testing.assert_allclose(model.coef_, exact.coef_, rtol=1e-12)
    model = GradientDescentRegressor(init=(np.ones(4), 2.0), max_iter=1, tol=0).fit(X, y)
    np.testing.assert_allclose(
        model.loss_curve_[0], np.mean((X @ np.ones(4) + 2 - y) ** 2), rtol=1e-9
    )


def test_an_offset_of_1e6_and_dependent_columns(rng):
    X, y = draw(rng)
    X[:, 0] = 1e6 + rng.normal(size=len(X))
    X[:, 3] = X[:, 1]
    model, exact = GradientDescentRegressor().fit(X, y), LinearRegression().fit(X, y)
    assert model.converged_
    np.testing.assert_allclose(model.predict(X), exact.predict(X), rtol=1e-4, atol=1e-3)


def test_a_target_that_does_not_vary(rng):
    model = GradientDescentRegressor().fit(rng.normal(size=(20, 2)), np.full(20, 7.0))
    assert model.converged_
    np.testing.assert_allclose(model.coef_, 0, atol=1e-12)
    np.testing.assert_allclose(model.intercept_, 7)


def test_verbose_prints_the_loss(rng, capsys):
    X, y = draw(rng)
    GradientDescentRegressor(verbose=10, max_iter=25, tol=0, learning_rate=0.01).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["0", "10", "20"]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        (
            {"learning_rate": 0},
            "'learning_rate' parameter .* must be a str among .'auto'. or a float",
        ),
        ({"learning_rate": -0.1}, "'learning_rate' parameter"),
        ({"learning_rate": np.nan}, "'learning_rate' parameter"),
        ({"learning_rate": "fast"}, "'learning_rate' parameter"),
        ({"max_iter": 0}, "'max_iter' parameter"),
        ({"max_iter": 1.5}, "'max_iter' parameter"),
        ({"tol": -1}, "'tol' parameter"),
        ({"tol": 1.0}, "'tol' parameter"),
        ({"space": "both"}, "'space' parameter .* must be a str among"),
        ({"verbose": -1}, "'verbose' parameter"),
        ({"standardize": "no"}, "'standardize' parameter"),
        ({"init": 3}, "init must be None, 'zeros', 'random' or a pair"),
        ({"init": "ones"}, "init='ones': choose None, 'zeros', 'random'"),
        ({"method": "newton"}, "'method' parameter .* must be a str among"),
        ({"method": "cg", "learning_rate": 0.1}, "leave learning_rate at 'auto'"),
        ({"momentum": 0.9}, "momentum=0.9 needs method='momentum' or 'nesterov', got 'gd'"),
        ({"method": "momentum", "momentum": 1.0}, "'momentum' parameter"),
        ({"method": "sgd", "space": "gram"}, "use space='data' or 'auto'"),
        ({"batch_size": 8}, "batch_size=8 needs method='sgd', got 'gd'"),
        ({"method": "sgd", "batch_size": 0}, "'batch_size' parameter"),
        ({"method": "sgd", "batch_size": 151}, "batch_size=151 is larger than the data, 150 rows"),
        ({"random_state": "x"}, "'random_state' parameter"),
        ({"warm_start": "yes"}, "'warm_start' parameter"),
        ({"init": (np.ones(3), 0.0)}, "init must be .coef of 4 features"),
        ({"init": (np.ones(4), np.nan)}, "init's intercept contains NaN"),
        ({"init": (np.ones(4), 1.0), "fit_intercept": False}, "fit_intercept is False"),
    ],
)
def test_bad_parameters(rng, parameters, says):
    X, y = draw(rng)
    model = GradientDescentRegressor(**parameters)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=says):
        model.fit(X, y)
    assert list(vars(model)) == list(before)


def test_a_start_for_several_targets_is_as_coef_(rng):
    X, Y = draw(rng, t=3)
    coef = LinearRegression().fit(X, Y)
    model = GradientDescentRegressor(init=(coef.coef_, coef.intercept_), max_iter=1, tol=0)
    np.testing.assert_allclose(model.fit(X, Y).coef_, coef.coef_, rtol=1e-9)
    with pytest.raises(ValueError, match=r"coef of shape \(3, 4\), targets x features"):
        GradientDescentRegressor(init=(coef.coef_.T, coef.intercept_)).fit(X, Y)


def test_the_numbers_of_the_first_text():
    """Costs that it prints every 100 steps; the true ones, not its own."""
    data = datasets.load("age")
    model = GradientDescentRegressor(
        learning_rate=1e-4, max_iter=1000, tol=0, standardize=False
    ).fit(data.X, data.y)
    found = model.loss_curve_[[100, 200, 300, 1000]].round(4).tolist()
    assert found == [67.9121, 67.8400, 67.7682, 67.2750]


@pytest.mark.parametrize(
    ("name", "rate", "smallest", "largest"),
    [("age", 0.01, 0.2373, 4962.8), ("age", 0.001, 0.2373, 4962.8), ("line", 5e-4, None, 6427.9)],
)
def test_the_steps_that_the_texts_name_overflow(name, rate, smallest, largest):
    """The first text's default step and its docstring's; the third's with its own factor 2."""
    data = datasets.load(name)
    model = GradientDescentRegressor(learning_rate=rate, max_iter=1000, standardize=False)
    with pytest.warns(ConvergenceWarning, match="above the largest stable|the loss overflowed"):
        model.fit(data.X, data.y)
    assert model.n_iter_ < 900
    assert 2 / model.max_stable_learning_rate_ == pytest.approx(largest, rel=1e-4)
    if smallest is not None:
        A = np.column_stack([data.X, np.ones(len(data.X))])
        spectrum = np.linalg.eigvalsh(2 * A.T @ A / len(A))
        assert spectrum[0] == pytest.approx(smallest, rel=1e-3)
        assert spectrum[1] / spectrum[0] == pytest.approx(20_913, rel=1e-4)


def test_the_losses_of_the_second_text():
    """Half the mean squared error at the start, before step 10 000 and before the last."""
    data = datasets.load("diabetes")
    model = GradientDescentRegressor(
        learning_rate=0.005, max_iter=200_000, tol=0, standardize=False
    ).fit(data.X, data.y)
    half = model.loss_curve_ / 2
    assert round(half[0], 2) == 15011.45
    assert round(half[9999], 2) == 1930.52
    assert round(half[199_999], 4) == 1392.5375
    assert round(model.coef_[data.feature_names.index("s1")], 1) == -74.6


@pytest.mark.parametrize("method", ["gd", "momentum", "nesterov", "cg", "sgd"])
@pytest.mark.parametrize("space", ["gram", "data"])
@pytest.mark.parametrize("n", [1, 15, 40])
def test_a_constant_column_moves_along_with_the_intercept(rng, method, space, n):
    """As NumPy's own descent on a column of ones does: from zeros to the shortest solution."""
    if (method, space) == ("sgd", "gram"):
        return
    X, y = rng.normal(size=(n, 3)), rng.normal(size=n)
    X[:, 1] = rng.choice([-2.0, 1.0])
    model = GradientDescentRegressor(
        method=method, space=space, standardize=False, max_iter=20_000, tol=1e-7
    )
    if method == "sgd":  # of all rows at once: no noise
        model.set_params(batch_size=n)
    model.fit(X, y)
    assert model.converged_
    A = np.column_stack([X, np.ones(n)])
    expected = np.linalg.pinv(A, rcond=1e-12) @ y
    found = np.append(model.coef_, model.intercept_)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    loss = np.mean((model.predict(X) - y) ** 2)
    assert abs(model.loss_curve_[-1] - loss) <= 1e-9 * np.mean(y**2)


@pytest.mark.parametrize("options", [{"space": "gram"}, {"space": "data"}, {"method": "sgd"}])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_going_on_without_the_intercept(rng, options):
    X = rng.normal(2, 1, (150, 4))
    y = X @ [1.0, 2.0, 3.0, 4.0] + rng.normal(5, 1, 150)
    model = GradientDescentRegressor(warm_start=True, **options).fit(X, y)
    model.set_params(fit_intercept=False).fit(X, y)
    expected = np.linalg.lstsq(X, y, rcond=None)[0]
    np.testing.assert_allclose(model.coef_, expected, atol=0.05 if "method" in options else 1e-8)
    assert model.intercept_ == 0.0
    loss = np.mean((model.predict(X) - y) ** 2)
    np.testing.assert_allclose(model.loss_curve_[-1], loss, rtol=1e-9)


def test_a_start_whose_loss_overflows(rng):
    X, y = draw(rng)
    fitted = GradientDescentRegressor().fit(X, y)
    before = fitted.coef_
    for model, target in (
        (fitted, y * 1e155),
        (GradientDescentRegressor(init=(np.full(4, 1e300), 0.0)), y),
    ):
        with pytest.raises(ValueError, match="loss at the start is not finite"):
            model.fit(X, target)
    assert fitted.coef_ is before


@pytest.mark.parametrize("method", ["gd", "momentum", "nesterov"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_nearly_dependent_columns_do_not_hold_up_the_others(rng, method):
    """The step of 2 / (largest + smallest) flips the steepest direction's sign for ever."""
    x = rng.normal(size=(60, 1))
    X = np.column_stack([x, x + 10 ** rng.uniform(-9, -4) * rng.normal(size=(60, 1))])
    y = X.sum(axis=1) + rng.normal(size=60)
    model = GradientDescentRegressor(method=method).fit(X, y)
    line = np.polyfit(x[:, 0], y, 1)
    assert model.loss_curve_[-1] <= 1.0001 * np.mean((np.polyval(line, x[:, 0]) - y) ** 2)
    assert model.learning_rate_ < model.max_stable_learning_rate_


def test_what_goes_on_before_the_first_step_is_told(monkeypatch, capsys):
    from linreg_fast.estimators.gradient_descent import progress

    monkeypatch.setattr(progress, "PATIENCE", 0.5)
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    with progress.Progress(10, 0, "finding the spectrum of 4,000 columns"):
        time.sleep(1.3)
    assert "finding the spectrum of 4,000 columns: 1 s" in capsys.readouterr().err
    with progress.Progress(10, 0, "nothing"):
        pass
    assert capsys.readouterr().err == ""
