"""The bench's reference: the digits of exact arithmetic, from NumPy and LAPACK alone."""

import numpy as np
import pytest

from linreg_fast.bench.exact import coefficients_of
from linreg_fast.bench.sharpened import sharpened


@pytest.mark.parametrize("condition", [1, 1e4, 1e7])
@pytest.mark.parametrize(("offset", "unit"), [(3, 1), (1e8, 1), (-1e6, 1e-150), (0, 1e150)])
def test_it_is_exact_but_for_the_last_rounding(rng, condition, offset, unit):
    n, p = 60, 3
    left, right = (np.linalg.qr(rng.normal(size=(p, p)))[0] for _ in range(2))
    Z = rng.normal(size=(n, p)) @ (left * np.geomspace(1, 1 / condition, p)) @ right.T
    X = (Z / Z.std(axis=0) + offset) * unit
    y = (X / unit) @ rng.normal(size=p) + rng.normal(size=n)
    coef, intercept = sharpened(X, np.stack([y, -2 * y], axis=1))
    exact = coefficients_of(X, y)
    np.testing.assert_allclose(coef[:, 0], exact, rtol=0, atol=4e-16 * np.abs(exact).max())
    np.testing.assert_array_equal(coef[:, 1], -2 * coef[:, 0])
    terms = np.abs(X.mean(axis=0) * exact).max()
    constant = y.mean() - X.mean(axis=0) @ exact
    assert abs(intercept[0] - constant) <= 1e-14 * max(terms, 1)


def test_dependent_columns_have_none(rng):
    X = rng.integers(-1000, 1000, (50, 3)).astype(float)  # a sum that is rounded is another column
    X[:, 2] = X[:, 0] + X[:, 1]
    assert sharpened(X, X[:, :1]) is None
