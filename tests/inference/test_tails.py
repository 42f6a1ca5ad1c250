"""p of many values of t at once: the digits of SciPy's function, and better."""

import numpy as np
import pytest
from scipy import special

from linreg_fast.inference import tails


@pytest.mark.parametrize("df", [1, 2, 3.5, 30, 194, 1000, 2000])
def test_p_of_many_values_of_t(rng, df):
    parts = rng.normal(size=900), 10 * rng.normal(size=900), 1e-3 * rng.exponential(size=200)
    t = np.concatenate([*parts, [0.0, np.inf, 1e100, np.nan]]).reshape(4, -1)
    p, log_p = tails.t_p(t, df)
    with np.errstate(divide="ignore"):  # SciPy's own loses four digits of Cauchy's at small t
        cauchy = 2 / np.pi * np.arctan(1 / np.abs(t))
    expected = cauchy if df == 1 else 2 * special.stdtr(df, -np.abs(t))
    np.testing.assert_allclose(p, expected, rtol=2e-12, atol=1e-290)
    few = np.append(t[0, :99], 1e-8 * rng.random())
    cauchy = 2 / np.pi * np.arctan(1 / np.abs(few))
    expected_few = cauchy if df == 1 else 2 * special.stdtr(df, -np.abs(few))
    np.testing.assert_allclose(tails.t_p(few, df)[0], expected_few, rtol=2e-12)
    some = expected > 1e-290
    np.testing.assert_allclose(log_p[some], np.log(expected[some]), rtol=2e-12, atol=2e-12)
