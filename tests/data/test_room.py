"""Memory that would not fit is said in GB, before it is taken."""

import numpy as np
import pytest

from linreg_fast import LinearRegression, fit_groups, fit_rolling, moments, ridge_path, screen
from linreg_fast.data import room


def test_what_is_free():
    found = room.free()
    assert found is None or 0 <= found < 1 << 50


def test_small_results_are_not_asked_about(monkeypatch):
    monkeypatch.setattr(room, "free", lambda: 0)
    room.check_room(room.LEAST - 1, "few rows")
    with pytest.raises(MemoryError, match=r"few rows take 0\.3 GB, and 0\.0 GB are free"):
        room.check_room(room.LEAST, "few rows")
    monkeypatch.setattr(room, "free", lambda: None)  # where the system does not say
    room.check_room(1 << 60, "many rows")


def test_every_large_result(rng, monkeypatch):
    monkeypatch.setattr(room, "LEAST", 1)
    monkeypatch.setattr(room, "free", lambda: 100)
    X, y = rng.normal(size=(200, 3)), rng.normal(size=200)
    for call, words in (
        (lambda: fit_groups(X, y, np.arange(200)), "200 groups of 3 features"),
        (lambda: fit_rolling(X, y, 10), "200 windows of 3 features"),
        (lambda: screen(X, y, X[:, :2]), "3 columns"),
        (lambda: LinearRegression().fit(X, rng.normal(size=(200, 90))), "90 targets"),
        (lambda: ridge_path(moments(X, y), alphas=np.ones(50)), "50 penalties"),
    ):
        with pytest.raises(MemoryError, match=rf"{words}.* GB, and 0.0 GB are free"):
            call()
