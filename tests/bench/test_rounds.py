"""Rounds: who takes part, in which order, and what is told of waiting."""

import math
import time
from functools import partial

import numpy as np
import pytest

from linreg_fast.bench import accounting, parts, rounds
from linreg_fast.bench.limits import Limits


def test_every_row_runs_once_a_round_in_random_order(rng):
    order = []

    def call(name):
        order.append(name)
        time.sleep(rounds.SHORTEST)  # one call is a sample

    found = rounds.Rounds({name: partial(call, name) for name in "abc"}, rng=rng)
    order.clear()
    found.run(0.0)
    assert found.n_rounds == rounds.FEWEST_ROUNDS
    per_round = [order[k : k + 3] for k in range(0, len(order), 3)]
    assert all(sorted(names) == ["a", "b", "c"] for names in per_round)
    found.run(10.0, most=40)
    orders = {tuple(order[k : k + 3]) for k in range(9, len(order), 3)}
    assert len(orders) > 1


def test_samples_grow_where_the_calibration_met_a_bad_moment():
    found = rounds.Rounds({"fast": lambda: None})
    lane = found.lanes["fast"]
    lane.best, lane.calls = 1.0, 1
    found.run(0.0)
    assert lane.calls > 10  # of nothing, in SHORTEST seconds


def test_a_slow_row_has_its_share_and_no_more(rng):
    found = rounds.Rounds({"slow": lambda: time.sleep(0.02), "fast": lambda: None}, rng=rng)
    found.run(0.3)
    slow, fast = found.lanes["slow"], found.lanes["fast"]
    assert rounds.FEWEST_CALM < slow.samples < fast.samples
    seconds, calm = found.scaled("slow", 3.0)
    assert np.nanmin(seconds) >= 0.06
    assert not calm[np.isnan(seconds)].any()


def test_a_row_that_fails_in_the_middle_leaves_the_others_alone(rng):
    left = [30]

    def fails():
        left[0] -= 1
        if left[0] < 0:
            raise SystemExit(3)

    found = rounds.Rounds({"fails": fails, "good": lambda: None}, rng=rng)
    found.run(0.1)
    assert found.lanes["fails"].failed == "SystemExit: 3"
    assert found.lanes["good"].samples > rounds.FEWEST_CALM


def test_waiting_is_told(monkeypatch):
    accounts = accounting.Accounts()
    told = iter([0, 50_000_000])  # 50 ms of a call of some microseconds
    monkeypatch.setattr(accounts, "source", "run delay")
    monkeypatch.setattr(accounting, "_run_delays", lambda without=(): next(told))
    found = accounts.watch(lambda: None)
    assert not found.calm
    assert found.waited == pytest.approx(0.05)


def test_without_schedstat_processor_time_tells(monkeypatch):
    monkeypatch.setattr(accounting, "_run_delays", lambda without=(): None)
    monkeypatch.setattr(accounting, "_preemptions", lambda: None)
    accounts = accounting.Accounts()
    assert accounts.source == "processor time"
    assert not accounts.watch(lambda: time.sleep(0.05)).calm  # it did not work


LIMITS = Limits(2e-3, 1e-3, 1e10, 2e10, 1000, 2, True)


@pytest.mark.parametrize("seconds", [1e-3, 4e-3, 1.0])
def test_the_parts_of_a_time_add_up(rng, seconds):
    X, y = np.zeros((10, 9)), np.zeros(10)
    limits = LIMITS._replace(bytes=X.nbytes + y.nbytes)
    found = parts.of(seconds, limits, 1000, X, y, 2, 0, 1e-5, 1.0, 0.0)
    assert sum(found.values()) == pytest.approx(seconds)
    assert found["unavoidable"] == pytest.approx(1e-3)
    assert all(part >= 0 for part in found.values())
    if seconds > 4e-3:
        assert found["one core only"] == pytest.approx(1e-3)
        assert found["moved again"] == pytest.approx(X.nbytes / limits.bytes * 2e-3)
        assert "instructions" in parts.in_words(found)


def test_the_limit_is_the_slower_of_reading_and_multiplying():
    assert LIMITS.seconds(0) == 1e-3
    assert LIMITS.seconds(4e8) == pytest.approx(0.02)
    assert LIMITS.seconds(4e8, cores=1) == pytest.approx(0.04)
    assert LIMITS.seconds(0, 500) == pytest.approx(5e-4)
    assert parts.of(1.0, None, 0, None, None, 1, 0, 0, 1.0, 0.0) is None
    assert not math.isnan(LIMITS.bytes_per_second())
