"""Sweeps over sizes and condition numbers, and exact least squares."""

import numpy as np
import pytest

from linreg_fast.bench import cases, exact, sweep
from linreg_fast.kernels import RUNGS


def test_exact_coefficients_are_those_that_made_the_target(rng):
    X = rng.integers(-99, 99, (30, 4)) * 2.0 ** rng.integers(-8, 8, (30, 4))
    coef = rng.integers(-9, 9, 4) / 8
    np.testing.assert_array_equal(exact.coefficients_of(X, X @ coef + 5), coef)


def test_exact_coefficients_agree_with_lapack(rng):
    X = rng.normal(size=(40, 3)) + 10
    y = rng.normal(size=40)
    design = np.column_stack([np.ones(40), X])
    np.testing.assert_allclose(
        exact.coefficients_of(X, y), np.linalg.lstsq(design, y, rcond=None)[0][1:], rtol=1e-10
    )


def test_columns_have_the_condition_number_asked_for(rng):
    for kind in (1.0, 1e3, 1e9):
        X, _ = sweep.conditioned(rng, kind, 200, 5)
        values = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
        assert values[0] / values[-1] == pytest.approx(kind, rel=1e-3)


def test_digits_fall_with_the_condition_number():
    table = [row for row in cases.rows("fit") if row.name in ("qr", "cholesky on vectorized")]
    found = sweep.condition([1.0, 1e6, 1e12], rows_of=table, n=60, p=4)["rows"]
    digits = found["qr"]
    assert digits[0] > 12 > digits[1] > digits[2]
    assert found["cholesky on vectorized"][2] is None  # it refuses


def test_a_sweep_has_every_size_and_rung():
    found = sweep.measure("mse", [(60, 3), (200, 3)], 0.0)
    assert list(found["rows"]) == [name for name in RUNGS if name != "loops"]
    for points in found["rows"].values():
        assert len(points) == 2
        assert all(point["median"] > 0 for point in points)


def swept(**words):
    """A sweep of three sizes with the given verdicts."""
    rows = {"first": [{"against": None}] * 3}
    for name, said in words.items():
        rows[name] = [{"against": {"word": word}} for word in said]
    return {"sizes": [[10, 2], [100, 2], [1000, 2]], "rows": rows}


def test_it_pays_from_where_it_stays_faster():
    found = sweep.pays(
        swept(
            late=["slower", "undecided", "faster"],
            always=["faster"] * 3,
            never=["faster", "faster", "undecided"],
        )
    )
    assert {name: facts["from"] for name, facts in found.items()} == {
        "late": 1000,
        "always": 10,
        "never": None,
    }


def test_data_that_do_not_fit_are_refused_before_they_are_drawn(monkeypatch):
    monkeypatch.setattr(sweep.room, "free", lambda: 10**9)
    with pytest.raises(ValueError, match=r"8000\.\d GB, and 1\.0 GB are free"):
        sweep.check_size(10**9, 999)
    sweep.check_size(1000, 10)
    monkeypatch.setattr(sweep.room, "free", lambda: None)
    sweep.check_size(10**9, 999)
