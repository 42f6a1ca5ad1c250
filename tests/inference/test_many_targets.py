"""Standard errors of many targets: those of each alone, without a pass for each."""

import numpy as np
import pytest

from linreg_fast import LinearRegression
from linreg_fast.inference.choices import InferenceWarning
from linreg_fast.kernels.tuning import MANY_TARGETS

T = MANY_TARGETS + 9


def drawn(rng, n=90, p=4):
    X = rng.normal(3, 1, (n, p))
    Y = X @ rng.normal(size=(p, T)) + rng.normal(size=(n, T))
    Y[:, 3] = 1e6 + 1e-4 * Y[:, 3]
    Y[:, 5] *= 1e145  # alone
    return X, Y


@pytest.mark.parametrize("meaning", [None, "analytic", "frequency"])
@pytest.mark.parametrize("intercept", [False, True])
def test_each_target_has_the_numbers_that_it_has_alone(rng, intercept, meaning):
    X, Y = drawn(rng)
    weights = None if meaning is None else rng.integers(0, 3, len(X)).astype(float)
    meaning = meaning or "analytic"
    model = LinearRegression(fit_intercept=intercept).fit(X, Y, weights)
    found = model.inference(X, Y, weights, weights=meaning)
    assert len(found) == T
    assert found.se.shape == found.p.shape == (T, 4 + intercept)
    interval = found.confidence_interval(0.9)
    for k in (0, 3, 5, T - 1):
        alone = LinearRegression(fit_intercept=intercept, precision="double-double")
        alone = alone.fit(X, Y[:, k], weights).inference(X, Y[:, k], weights, weights=meaning)
        for name in ("coef", "se", "t", "rss", "tss", "sigma", "r2", "adj_r2"):
            np.testing.assert_allclose(getattr(found, name)[k], getattr(alone, name), rtol=1e-12)
            np.testing.assert_allclose(getattr(found[k], name), getattr(alone, name), rtol=1e-12)
        np.testing.assert_allclose(found.p[k], alone.p, rtol=1e-9)
        np.testing.assert_allclose(found.log_p[k], alone.log_p, rtol=1e-9)
        np.testing.assert_allclose(interval[k], alone.confidence_interval(0.9), rtol=1e-12)
        for name in ("n_samples", "rank", "df", "df_resid", "df_model", "aic"):
            assert getattr(found[k], name) == pytest.approx(getattr(alone, name), rel=1e-12)
        assert (found.df[k], found.n_samples[k]) == (alone.df, alone.n_samples)
    assert repr(found).endswith(f"and of {T - 1} more targets")
    assert len(found[-2:]) == 2


def test_what_says_nothing_is_told_once_and_other_rows_are_refused(rng):
    X, Y = drawn(rng)
    Y[:, 7] = X @ [1.0, 2.0, 3.0, 4.0]
    model = LinearRegression().fit(X, Y)
    with pytest.warns(InferenceWarning, match=f"the fit of 1 of {T} targets is perfect"):
        model.inference(X, Y)
    with pytest.raises(ValueError, match="not the rows of the fit"):
        model.inference(X, Y[::-1])
    X, Y = X[:5], Y[:5]
    model = LinearRegression().fit(X, Y)
    with pytest.warns(InferenceWarning, match="no degrees of freedom"):
        assert np.isnan(model.inference(X, Y).se).all()
