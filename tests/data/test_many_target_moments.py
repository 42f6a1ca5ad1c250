"""Moments of more targets than columns: added, taken out, written; each target as if alone."""

import pickle

import numpy as np
import pytest

from linreg_fast import LinearRegression, Moments, moments
from linreg_fast.data.many_target_moments import ManyTargetMoments
from linreg_fast.kernels.tuning import MANY_TARGETS

T = MANY_TARGETS + 9


@pytest.fixture
def rows(rng):
    X = rng.normal(3, 1, (60, 3))
    Y = X @ rng.normal(size=(3, T)) + rng.normal(size=(60, T))
    Y[:, 1] = 7.0
    Y[:, 2] *= 1e8
    return X, Y, rng.uniform(0, 2, 60)


def same(found, truth):
    np.testing.assert_allclose(found, truth, rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("weighted", [False, True])
def test_each_target_as_if_alone(rows, weighted):
    X, Y, weights = rows
    w = weights if weighted else None
    found = moments(X, Y, w)
    assert isinstance(found, ManyTargetMoments)
    assert (found.n_samples, found.n_features, found.n_targets) == (60, 3, T)
    for k in (0, 1, 2, T - 1):
        alone = moments(X, Y[:, k], w)
        same(found.mean[[0, 1, 2, 3 + k]], alone.mean)
        same(found.feature_comoment, alone.comoment[:3, :3])
        same(found.cross_comoment[:, k], alone.comoment[:3, 3])
        same(found.target_squares[k], alone.comoment[3, 3])
    assert not hasattr(found, "comoment")


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_partial_fit_is_fit(rows, fit_intercept):
    X, Y, weights = rows
    model = LinearRegression(fit_intercept=fit_intercept)
    for some in np.split(np.arange(60), [7, 8, 30]):
        model.partial_fit(X[some], Y[some], weights[some])
    whole = LinearRegression(fit_intercept=fit_intercept).fit(X, Y, weights)
    sizes = np.abs(whole.coef_).max(axis=1, initial=1e-9, keepdims=True)
    assert (np.abs(model.coef_ - whole.coef_) / sizes)[np.arange(T) != 1].max() < 1e-12
    assert np.abs(model.coef_[1]).max() < 1e-12 or not fit_intercept
    np.testing.assert_allclose(model.predict(X), whole.predict(X), rtol=1e-9, atol=1e-9)
    assert model.score(X, Y, weights) == pytest.approx(whole.score(X, Y, weights), abs=1e-9)
    assert 1 / 2 < model.condition_number_ / whole.condition_number_ < 2  # that of plain sums: near
    np.testing.assert_allclose(model.singular_, whole.singular_, rtol=1e-9)
    again = LinearRegression(fit_intercept=fit_intercept).fit_moments(model.moments_)
    assert (again.coef_ == model.coef_).all()
    assert (pickle.loads(pickle.dumps(model)).coef_ == model.coef_).all()


def test_rows_fade(rows):
    X, Y, _ = rows
    model = LinearRegression(decay=0.9)
    for i in range(60):
        model.partial_fit(X[i : i + 1], Y[i : i + 1])
    whole = LinearRegression().fit(X, Y[:, 0], 0.9 ** np.arange(59, -1, -1))
    np.testing.assert_allclose(model.coef_[0], whole.coef_, rtol=1e-10)


def test_added_taken_out_and_written(rows, tmp_path):
    X, Y, _ = rows
    a, b = moments(X[:20], Y[:20]), moments(X[20:], Y[20:])
    whole = a + b
    same((sum([a, b])).cross_comoment, whole.cross_comoment)
    np.testing.assert_allclose((whole - b).cross_comoment, a.cross_comoment, rtol=1e-9, atol=1e-5)
    assert (0.5 * whole).weight_sum == 30
    path = tmp_path / "many.json"
    whole.save(path)
    for again in (
        Moments.load(path),
        ManyTargetMoments.load(path),
        pickle.loads(pickle.dumps(a + b)),
    ):
        assert isinstance(again, ManyTargetMoments)
        for one, other in zip(again.apart, whole.apart, strict=True):
            for left, right in zip(one.parts, other.parts, strict=True):
                assert (left == right).all()


def test_refused(rows):
    X, Y, _ = rows
    found = moments(X, Y)
    with pytest.raises(ValueError, match="of different columns"):
        found + moments(X[:, :2], Y)
    with pytest.raises(TypeError):
        found + moments(X, Y[:, 0])
    with pytest.raises(ValueError, match="'apart' must be"):
        ManyTargetMoments.from_json(moments(X, Y[:, 0]).to_json())
    bad = Y.copy()
    bad[5, 70] = np.nan
    with pytest.raises(ValueError, match="NaN at row 5, column 70"):
        moments(X, bad)
    model = LinearRegression().partial_fit(X, Y)
    before = model.coef_.copy()
    with pytest.raises(ValueError, match="NaN at row 5, column 70"):
        model.partial_fit(X, bad)
    assert (model.coef_ == before).all()
    with pytest.raises(ValueError, match="64 targets"):
        LinearRegression().fit(X, Y).partial_fit(X, Y)


def test_memory_is_that_of_the_coefficients(rng):
    found = moments(rng.normal(size=(40, 2)), rng.normal(size=(40, 2000)))
    assert len(pickle.dumps(found)) < 16 * 2000 * 8 * 4
