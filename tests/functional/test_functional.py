"""The functional API and the gate in front of it; what importing costs."""

import subprocess
import sys

import numpy as np
import pytest

import linreg_fast
from linreg_fast import RUNGS, gradient, moments, mse


def test_every_rung_by_name(rng):
    X, y, weights = rng.normal(size=(60, 3)), rng.normal(size=60), rng.integers(0, 3, 60)
    weights[0] = 1
    for rung in (*RUNGS, "auto"):
        residual = X @ [1.0, 2.0, 3.0] + 0.5 - y
        loss = np.average(residual**2, weights=weights)
        assert mse(X, y, [1, 2, 3], 0.5, weights, rung=rung) == pytest.approx(loss)
        found, by_coef, by_intercept = gradient(X, y, [1, 2, 3], 0.5, weights, rung=rung)
        assert found == pytest.approx(loss)
        np.testing.assert_allclose(by_coef, 2 * np.average(residual[:, None] * X, 0, weights))
        assert by_intercept == pytest.approx(2 * np.average(residual, weights=weights))
        some = moments(X, y, weights, rung=rung)
        np.testing.assert_allclose(
            some.comoment,
            np.cov(np.column_stack([X, y]).T, aweights=weights, ddof=0) * weights.sum(),
        )


def test_one_feature_can_be_1d_and_a_target_a_column():
    assert mse([1, 2], [[2], [4]], 2) == 0
    assert mse([[1], [2]], [2, 4], [2], 1) == 1
    assert moments(range(5), range(5)).n_features == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ([], [], 1),
            r"X must be 2-D, rows by features, with at least one of each; got shape \(0, 1\)",
        ),
        (([[[1.0]]], [1.0], 1), "X must be 2-D"),
        (([[]], [1.0], 1), "X must be 2-D"),
        (([1.0, 2.0], [1.0], 1), "X has 2 rows and y has 1"),
        (([1.0, np.nan], [1.0, 2.0], 1), "X contains NaN at row 1: drop or impute"),
        (([1.0, 2.0], [np.inf, 2.0], 1), r"y contains infinity \(inf\) at row 0"),
        ((["a", "b"], [1.0, 2.0], 1), "X must hold numbers, got dtype <U1"),
        (([1.0, 2.0], ["1", "2"], 1), "y must hold numbers"),
        (([1j, 2.0], [1.0, 2.0], 1), "Complex data not supported: X"),
        (([object()], [1.0], 1), "X must hold numbers"),
        (
            ([1.0, 2.0], [1.0, 2.0], [1, 2]),
            r"coef must hold one number a feature: X has 1, coef has",
        ),
        (([1.0, 2.0], [1.0, 2.0], np.nan), "coef contains NaN"),
        (([1.0, 2.0], [1.0, 2.0], 1, np.inf), "intercept must be one finite number"),
        (([1.0, 2.0], [1.0, 2.0], 1, [1, 2]), "intercept must be one finite number"),
        (([1.0, 2.0], [1.0, 2.0], 1, 0, [1.0]), r"sample_weight.shape == \(1,\), expected \(2,\)"),
        (([1.0, 2.0], [1.0, 2.0], 1, 0, [1.0, -1.0]), "Negative values in data passed to"),
        (([1.0, 2.0], [1.0, 2.0], 1, 0, [0.0, 0.0]), "zero on every row"),
        (([1.0, 2.0], np.ones((2, 2)), 1), "y must hold one target here"),
        (([1.0, 2.0], np.ones((2, 2, 2)), 1), "y must be 1-D, or 2-D"),
        (([1.0, 2.0], 5.0, 1), "y must be 1-D, or 2-D"),
    ],
)
def test_bad_input(arguments, says):
    for function in (mse, gradient):
        with pytest.raises(ValueError, match=says):
            function(*arguments)


def test_bad_rung_and_bad_rows():
    with pytest.raises(ValueError, match="unknown rung 'fast': choose 'auto' or one of loops"):
        mse([1.0], [1.0], 1, rung="fast")
    with pytest.raises(ValueError, match="X has 2 rows and y has 3"):
        moments([1.0, 2.0], np.ones((3, 2)))


def test_a_place_beyond_the_first_million_is_named(rng):
    X = rng.normal(size=(700_000, 3))
    X[654_321, 2] = np.nan
    with pytest.raises(ValueError, match="X contains NaN at row 654321, column 2"):
        moments(X, X[:, 0])


def modules_after(code):
    script = f"{code}\nimport sys; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_import_is_lazy():
    assert not {"numpy", "numba", "scipy", "sklearn"} & modules_after("import linreg_fast")
    code = "from linreg_fast import mse, gradient, moments, Moments; mse([1.], [1.], 1)"
    assert "sklearn" not in modules_after(code)


def test_help_loads_nothing_heavy():
    code = "from linreg_fast.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    assert not {"numpy", "numba", "scipy", "sklearn", "rich"} & modules_after(code)


def test_public_names():
    assert set(linreg_fast.__all__) <= set(dir(linreg_fast))
    for name in linreg_fast.__all__:
        assert getattr(linreg_fast, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = linreg_fast.nothing
