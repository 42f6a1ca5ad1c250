"""Short work stays on one thread for a while after threads came late to it."""

import numpy as np
import pytest

from linreg_fast import mse
from linreg_fast.runtime import lateness, launch, tuning


class Clock:
    """Time that passes, and time that is worked, as a test says."""

    def __init__(self):
        self.now = self.worked = 100.0

    def perf_counter(self):
        return self.now

    def thread_time(self):
        return self.worked


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(lateness, "_pauses", {})
    clock = Clock()
    monkeypatch.setattr(lateness, "time", clock)
    return clock


def _launch(clock, blocks, worked, waited):
    before = lateness.clocks()
    clock.now += worked + waited
    clock.worked += worked
    lateness.learn(blocks, before)


def test_pauses_get_longer_while_threads_come_late(clock):
    assert not lateness.expected(4)
    pauses = []
    for _ in range(20):
        _launch(clock, 4, 1e-3, 4e-3)
        assert lateness.expected(4)
        assert not lateness.expected(8)  # of another size nothing is known
        begin = clock.now
        while lateness.expected(4):
            clock.now += 1e-3
        pauses.append(clock.now - begin)
    assert pauses[0] == pytest.approx(tuning.LATE_FIRST_PAUSE, abs=2e-3)
    assert pauses[-1] == pytest.approx(tuning.LATE_LONGEST_PAUSE, abs=2e-3)
    assert pauses == sorted(pauses)


def test_threads_that_come_in_time_end_the_pauses(clock):
    for _ in range(20):
        _launch(clock, 4, 1e-3, 4e-3)
    for _ in range(20):
        clock.now += tuning.LATE_LONGEST_PAUSE
        _launch(clock, 4, 1e-3, 0.5e-3)
        assert not lateness.expected(4)
    _launch(clock, 4, 1e-3, 4e-3)
    clock.now += 1.01 * tuning.LATE_FIRST_PAUSE
    assert not lateness.expected(4)  # the first pause again


class Recorded:
    def __init__(self):
        self.rooms = []

    def parallel(self, n_rows, blocks, turn, turns, taken, room):
        self.rooms.append(len(room))

    serial = parallel


def test_long_work_has_threads_all_the_same(monkeypatch):
    monkeypatch.setattr(launch.numba, "get_num_threads", lambda: 2)
    monkeypatch.setattr(launch.numba, "set_num_threads", lambda count: None)
    monkeypatch.setattr(lateness, "expected", lambda blocks: True)
    driver = Recorded()
    launch.run(driver, 100, 4, 0, 0)
    launch.run(driver, 100, tuning.MOST_BLOCKS, 0, 0)
    assert driver.rooms == [1, 2]


def test_the_same_bits_whether_threads_are_late_or_not(rng, monkeypatch):
    X, y, coef = rng.normal(size=(60_000, 5)), rng.normal(size=60_000), rng.normal(size=5)
    found = set()
    for late in (False, True):
        monkeypatch.setattr(lateness, "expected", lambda blocks, late=late: late)
        found.add(float(mse(X, y, coef, 0.5)))
    assert len(found) == 1
    assert np.isfinite(found.pop())
