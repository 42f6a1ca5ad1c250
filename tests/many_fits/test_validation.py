"""Scores and coefficients equal those of scikit-learn's own loops."""

import numpy as np
import pytest
from sklearn import model_selection as ms
from sklearn.base import clone
from sklearn.linear_model import LinearRegression as SklearnLine
from sklearn.linear_model import Ridge
from sklearn.linear_model import RidgeCV as SklearnRidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from linreg_fast import (
    LinearRegression,
    ManyTargetMoments,
    Moments,
    RidgeCV,
    cross_validate,
    moments,
    ridge_path,
)


def rows(rng, n=80, p=4, t=None):
    X = rng.normal(size=(n, p)) + rng.normal(size=p) * 3
    noise = rng.normal(size=n if t is None else (n, t))
    return X, X @ rng.normal(size=p if t is None else (p, t)) + noise


def model_of(alpha, centred=True):
    if alpha == 0:
        return SklearnLine(fit_intercept=centred)
    return Ridge(alpha, fit_intercept=centred, solver="svd")


def splitters(rng, n):
    groups = rng.integers(0, 7, n)
    seed = int(rng.integers(1000))
    return [
        (5, None),
        (ms.KFold(4, shuffle=True, random_state=seed), None),
        (ms.GroupKFold(3), groups),
        (ms.LeaveOneGroupOut(), groups),
        (ms.TimeSeriesSplit(5), None),
        (ms.TimeSeriesSplit(4, gap=3, max_train_size=30), None),
        (ms.ShuffleSplit(6, random_state=seed), None),
        (ms.RepeatedKFold(n_splits=3, n_repeats=2, random_state=seed), None),
        (ms.PredefinedSplit(rng.integers(-1, 3, n)), None),
        (list(ms.KFold(3).split(np.zeros(n))), None),
        ([(rng.integers(0, n, 60), rng.integers(0, n, 9)) for _ in range(3)], None),  # rows twice
    ]


@pytest.mark.parametrize("which", range(11))
@pytest.mark.parametrize("scoring", ["r2", "neg_mean_squared_error"])
def test_scores_equal_cross_val_score(rng, which, scoring):
    X, y = rows(rng)
    cv, groups = splitters(rng, len(y))[which]
    alphas, centred = [0.0, 0.3, 100.0], bool(rng.integers(2))
    found = cross_validate(X, y, cv, alphas, groups=groups, scoring=scoring, fit_intercept=centred)
    for a, alpha in enumerate(alphas):
        model = model_of(alpha, centred)
        truth = ms.cross_val_score(model, X, y, groups=groups, cv=cv, scoring=scoring)
        np.testing.assert_allclose(found.scores[a], truth, rtol=1e-10)
    assert found.best_score == found.mean_score.max()
    whole = ridge_path(found.moments, alphas=[found.best_alpha], fit_intercept=centred)
    best = model_of(found.best_alpha, centred).fit(X, y)
    np.testing.assert_allclose(whole.coef[0], best.coef_, rtol=1e-9)


@pytest.mark.parametrize("centred", [True, False])
def test_leave_one_out_equals_the_loop(rng, centred):
    X, y = rows(rng, 40, 3)
    X[5, 2] = 1e9  # a row that alone determines a coefficient
    alphas = [0.0, 0.5, 20.0]
    found = cross_validate(X, y, "loo", alphas, fit_intercept=centred)
    for a, alpha in enumerate(alphas):
        truth = []
        for train, test in ms.LeaveOneOut().split(X):
            if alpha == 0.0:
                model = LinearRegression(fit_intercept=centred).fit(X[train], y[train])
                truth.append(-((model.predict(X[test]) - y[test]) ** 2)[0])
            else:
                path = ridge_path(X[train], y[train], [alpha], fit_intercept=centred)
                truth.append(-((path.predict(X[test])[0] - y[test]) ** 2)[0])
        clear = np.arange(40) != 5
        np.testing.assert_allclose(found.scores[a][clear], np.array(truth)[clear], rtol=1e-8)
    again = cross_validate(X, y, ms.LeaveOneOut(), alphas, fit_intercept=centred)
    assert np.array_equal(found.scores, again.scores)


def test_offsets_and_weights(rng):
    X, y = rows(rng, 120, 3)
    w = rng.choice([0.0, 1.0, 2.0], 120)
    found = cross_validate(X + 1e8, y, 4, [0.0, 2.0], sample_weight=w, scoring="r2")
    for k, (train, test) in enumerate(ms.KFold(4).split(X)):
        for a, alpha in enumerate([0.0, 2.0]):
            model = model_of(alpha).fit(X[train], y[train], w[train])
            truth = model.score(X[test], y[test], w[test])
            np.testing.assert_allclose(found.scores[a, k], truth, rtol=1e-6)  # X + 1e8 is rounded
    near = cross_validate((X + 1e8) - 1e8, y, 4, [0.0, 2.0], sample_weight=w, scoring="r2")
    np.testing.assert_allclose(found.scores, near.scores, rtol=1e-10)


def test_targets_and_frames(rng):
    pd = pytest.importorskip("pandas")
    X, Y = rows(rng, 60, 3, 2)
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    for scoring in ("r2", "neg_mean_squared_error", "neg_root_mean_squared_error"):
        found = cross_validate(table, Y, 3, 1.0, scoring=scoring)
        truth = ms.cross_val_score(Ridge(1.0), X, Y, cv=ms.KFold(3), scoring=scoring)
        np.testing.assert_allclose(found.scores[0], truth, rtol=1e-10)
    assert found.to_frame().columns.tolist() == ["alpha", "mean_score", "std_score"]
    path = ridge_path(X, Y, [0.5, 2.0])
    long = path.to_frame()
    assert long["target"].tolist() == ["y0", "y1"] * 2
    np.testing.assert_array_equal(long[path.feature_names], path.coef.reshape(4, -1))
    assert long["alpha"].tolist() == [0.5, 0.5, 2.0, 2.0]
    assert "3 folds" in repr(found)
    assert "<table>" in found._repr_html_()


def test_very_many_targets_are_not_multiplied_with_each_other(rng):
    X, Y = rows(rng, 40, 3, 90)
    alphas = [0.5, 0.0]
    for cv in (3, ms.ShuffleSplit(4, random_state=int(rng.integers(1000))), "loo"):
        found = cross_validate(X, Y, cv, alphas)
        assert isinstance(found.moments, ManyTargetMoments)
        apart = [cross_validate(X, Y[:, part], cv, alphas) for part in (slice(45), slice(45, 90))]
        expected = (apart[0].scores + apart[1].scores) / 2
        np.testing.assert_allclose(found.scores, expected, rtol=1e-10)
    model = RidgeCV(alphas, cv=3).fit(X, Y)
    truth = model_of(model.alpha_).fit(X, Y)
    np.testing.assert_allclose(model.coef_, truth.coef_, rtol=1e-9, atol=1e-11)


def test_ridge_path_equals_ridge(rng):
    X, y = rows(rng, 50, 5)
    w = rng.uniform(0.5, 2, 50)
    alphas = [1e-8, 0.1, 1.0, 1e4]
    path = ridge_path(X, y, alphas, sample_weight=w)
    from_moments = ridge_path(moments(X, y, w), alphas=alphas)
    for a, alpha in enumerate(alphas):
        model = Ridge(alpha, solver="svd").fit(X, y, w)
        np.testing.assert_allclose(path.coef[a], model.coef_, rtol=1e-10)
        np.testing.assert_allclose(path.intercept[a], model.intercept_, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(path.predict(X)[a], model.predict(X), rtol=1e-9, atol=1e-10)
    assert np.array_equal(path.coef, from_moments.coef)
    Z = (X - np.average(X, axis=0, weights=w)) * np.sqrt(w)[:, None]
    for a, alpha in enumerate(alphas):
        hat = Z @ np.linalg.solve(Z.T @ Z + alpha * np.eye(5), Z.T)
        np.testing.assert_allclose(path.degrees_of_freedom[a], np.trace(hat), rtol=1e-9)


def test_ridge_of_dependent_wide_and_extreme_columns(rng):
    X, y = rows(rng, 30, 4)
    X[:, 3] = X[:, 2]
    path = ridge_path(X, y, [0.0, 1e-3])
    np.testing.assert_allclose(path.coef[0], LinearRegression().fit(X, y).coef_, rtol=1e-12)
    np.testing.assert_allclose(path.coef[1], Ridge(1e-3, solver="svd").fit(X, y).coef_, rtol=1e-9)
    wide = rng.normal(size=(20, 60))
    path = ridge_path(wide, y[:20], [0.5])
    truth = Ridge(0.5, solver="svd").fit(wide, y[:20])
    np.testing.assert_allclose(path.coef[0], truth.coef_, rtol=1e-9)
    units = np.array([1e-100, 1e100, 1.0, 1e-3])
    X[:, 3] = rng.normal(size=30)
    path = ridge_path(X * units, y, [0.0])
    np.testing.assert_allclose(path.coef[0] * units, LinearRegression().fit(X, y).coef_, rtol=1e-11)


@pytest.mark.parametrize("cv", [None, 4])
def test_estimator_chooses_as_scikit_learn(rng, cv):
    X, y = rows(rng, 60, 6)
    alphas = np.geomspace(1e-2, 1e4, 9)
    mine = RidgeCV(alphas, cv=cv).fit(X, y)
    theirs = SklearnRidgeCV(alphas, cv=cv, scoring="neg_mean_squared_error").fit(X, y)
    assert mine.alpha_ == theirs.alpha_
    np.testing.assert_allclose(mine.coef_, theirs.coef_, rtol=1e-8)
    np.testing.assert_allclose(mine.best_score_, theirs.best_score_, rtol=1e-9)
    assert mine.scores_.shape == (9,)
    assert isinstance(mine.moments_, Moments)


def test_estimator_in_pipelines_and_searches(rng):
    X, _ = rows(rng, 60, 3)
    y = X @ (3.0 / np.std(X, axis=0)) + rng.normal(size=60)  # most of it is explained
    model = make_pipeline(StandardScaler(), RidgeCV([0.1, 1.0]))
    search = ms.GridSearchCV(model, {"ridgecv__fit_intercept": [True, False]}, cv=3).fit(X, y)
    assert search.best_score_ > 0
    assert clone(model).fit(X, y).predict(X).shape == (60,)
    groups = rng.integers(0, 4, 60)
    fitted = RidgeCV([1.0, 2.0], cv=ms.GroupKFold(3)).fit(X, y, groups=groups)
    assert fitted.alpha_ in (1.0, 2.0)


@parametrize_with_checks([RidgeCV()])
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


def test_bad_input(rng):
    X, y = rows(rng, 20, 2)
    with pytest.raises(ValueError, match=r"got -1.0 at 1"):
        cross_validate(X, y, 3, [1.0, -1.0])
    with pytest.raises(ValueError, match="0 or more"):
        ridge_path(X, y, np.nan)
    with pytest.raises(TypeError, match="must be a number of folds"):
        cross_validate(X, y, "five")
    with pytest.raises(TypeError, match="must be a number of folds"):
        cross_validate(X, y, 2.5)
    with pytest.raises(TypeError, match=r"cv is the class KFold: .* KFold\(...\)"):
        cross_validate(X, y, ms.KFold)
    with pytest.raises(ValueError, match="used up"):
        cross_validate(X, y, iter(()))
    with pytest.raises(ValueError, match="alphas must be given"):
        RidgeCV(None).fit(X, y)
    single = [(np.arange(19), [19])]  # r2 of one row is none
    found = cross_validate(X, y, single, scoring="r2")
    assert "no r2 is a number" in repr(found)
    for act in (
        lambda: found.best_alpha,
        lambda: RidgeCV(cv=single, scoring="r2").fit(X, y),
    ):
        with pytest.raises(ValueError, match=r"no r2 is a number: .* two rows in every fold"):
            act()
    for fold, words in (
        (np.arange(4), "fold 1 must be a pair"),
        (([0, 1], [2], [3]), "fold 1 must be a pair .* of length 3"),
        (([0, 1], [2.5]), "fold 1: the rows to test on must be 1-D whole numbers"),
        (([0, -1], [2]), "fold 1 has row -1"),
    ):
        with pytest.raises(ValueError, match=words):
            cross_validate(X, y, [([0, 1], [2]), fold])
    with pytest.raises(ValueError, match="numbers of 0 or more; got 'a'"):
        ridge_path(X, y, "a")
    with pytest.raises(ValueError, match="n_jobs must be None"):
        cross_validate(X, y, n_jobs=0)
    with pytest.raises(ValueError, match="between 2 and the number of rows"):
        cross_validate(X, y, 1)
    with pytest.raises(ValueError, match="fold 1 has no rows to test on"):
        cross_validate(X, y, [([1, 2, 3], [4]), ([1, 2, 3], [])])
    with pytest.raises(ValueError, match="fold 0 has row 99"):
        cross_validate(X, y, [([1, 99], [4])])
    with pytest.raises(ValueError, match="fold 0 has no rows of a weight above zero to train on"):
        cross_validate(X, y, 2, sample_weight=np.repeat([1.0, 0.0], 10))
    with pytest.raises(ValueError, match="unknown scoring"):
        cross_validate(X, y, 2, scoring="accuracy")
    with pytest.raises(ValueError, match="r2 of a single row"):
        cross_validate(X, y, "loo", scoring="r2")
    with pytest.raises(ValueError, match="alphas must be given"):
        ridge_path(X, y)
    with pytest.raises(ValueError, match="NaN at row 3"):
        ridge_path(np.where(np.arange(20)[:, None] == 3, np.nan, X), y, 1.0)


def test_columns_by_name(rng, tmp_path):
    pd, pl, pa = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    shop = [f"s{k}" for k in rng.integers(0, 5, 60)]
    columns = {name: rng.normal(size=60) for name in "aby"} | {"shop": shop}
    columns["w"] = rng.uniform(1, 2, 60)
    X, alphas = np.column_stack([columns["b"], columns["a"]]), [0.0, 1.0]
    given = {"cv": ms.GroupKFold(3), "alphas": alphas}
    expected = cross_validate(X, columns["y"], groups=shop, sample_weight=columns["w"], **given)
    path = tmp_path / "t.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    for table in (pd.DataFrame(columns), pl.DataFrame(columns), pa.table(columns), path):
        found = cross_validate(
            table, "y", groups="shop", features=["b", "a"], sample_weight="w", **given
        )
        np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-12)
    loo = cross_validate(path, "y", "loo", features=["b", "a"])
    expected = cross_validate(X, columns["y"], "loo").scores
    np.testing.assert_allclose(loo.scores, expected, rtol=1e-11)


def test_a_path_refuses_frames_in_another_order(rng):
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(rng.normal(size=(20, 3)), columns=["a", "b", "y"])
    path = ridge_path(table[["a", "b"]], table.y, [0.0, 1.0])
    told = path.predict(table[["a", "b"]].to_numpy())
    assert np.array_equal(path.predict(table[["a", "b"]]), told)
    with pytest.raises(ValueError, match="same order as they were in fit"):
        path.predict(table[["b", "a"]])
    with pytest.raises(ValueError, match="no column 'b'"):
        path.predict(table[["a", "y"]])
    with pytest.raises(ValueError, match="unseen at fit time: y"):
        path.predict(table)
    assert np.array_equal(ridge_path(table, "y", [0.0, 1.0]).coef, path.coef)
    with pytest.raises(ValueError, match="no column 'z'"):
        ridge_path(table, "z", [0.0])
    with pytest.raises(ValueError, match="y must be 1-D"):
        ridge_path(table, 3.0, [0.0])


@pytest.mark.parametrize("cv", [4, "loo", "LeaveOneOut", "KFold"])
def test_groups_that_are_not_used_are_told(rng, cv):
    selection = pytest.importorskip("sklearn.model_selection")
    cv = getattr(selection, cv)() if isinstance(cv, str) and cv != "loo" else cv
    X, y, groups = rng.normal(size=(20, 2)), rng.normal(size=20), np.repeat(np.arange(5), 4)
    with pytest.warns(UserWarning, match="groups.* (not used|ignored) by"):
        cross_validate(X, y, cv, groups=groups)
    with pytest.warns(UserWarning, match="groups.* (not used|ignored) by"):
        RidgeCV(cv=cv).fit(X, y, groups=groups)


@pytest.mark.parametrize("cv", ["GroupKFold", "LeaveOneGroupOut", "StratifiedGroupKFold"])
def test_groups_that_are_used_are_not_warned_of(rng, cv):
    selection = pytest.importorskip("sklearn.model_selection")
    X, groups = rng.normal(size=(20, 2)), np.repeat(np.arange(5), 4)
    y = (rng.permutation(20) % 2).astype(float)
    assert cross_validate(X, y, getattr(selection, cv)(), groups=groups).scores.shape == (1, 5)
