"""Parallel kernels beside forks and threads: right answers, no hang, no abort."""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from linreg_fast import mse
from linreg_fast.kernels import launch


def test_blocks_depend_on_the_shape_alone():
    assert launch.count_blocks(10, 3) == 1
    assert launch.count_blocks(10_000_000, 10) == launch.MOST_BLOCKS
    blocks = launch.count_blocks(20_000, 1001, 1001 * 1001)
    assert blocks * 1001 * 1001 <= 20_000 * 1001 / 4  # a quarter of the data


class Recorded:
    """A driver that notes how it was called."""

    def __init__(self):
        self.calls = []

    def parallel(self, *args):
        self.calls.append("parallel")

    def serial(self, *args):
        self.calls.append("serial")


def called(blocks=4, work=0):
    driver = Recorded()
    launch.run(driver, blocks, work, 0)
    return driver.calls


@pytest.fixture
def layer(monkeypatch):
    """A function that makes the gate believe in two threads on a threading layer."""
    monkeypatch.setattr(launch.numba, "get_num_threads", lambda: 2)

    def pretend(name):
        monkeypatch.setattr(launch, "threading_layer", lambda: name)

    return pretend


def test_one_python_thread_at_a_time_gets_threads(layer):
    layer("omp")
    assert called() == ["parallel"]
    assert called(blocks=1) == ["serial"]
    with launch._one_at_a_time:
        assert called() == ["serial"]
    assert called() == ["parallel"]


def test_serial_in_a_forked_child(layer, monkeypatch):
    layer("omp")
    monkeypatch.setattr(launch, "_in_forked_child", True)
    assert called() == ["serial"]


def test_serial_in_a_worker_unless_threads_are_asked_for(layer, monkeypatch):
    layer("omp")
    monkeypatch.setattr(launch, "_in_worker_process", lambda: True)
    assert called() == ["serial"]
    with launch.threads(2):
        assert called() == ["parallel"]
    assert called() == ["serial"]


def test_serial_in_a_thread_that_python_did_not_start(layer, monkeypatch):
    layer("omp")
    monkeypatch.setattr(launch.threading, "get_ident", lambda: -1)
    assert called() == ["serial"]


def test_much_work_is_done_in_turns_so_that_ctrl_c_is_answered(layer):
    layer("omp")
    assert len(called(work=10 * launch.TURN)) == 11


def test_a_driver_that_fails_leaves_the_gate_open(layer):
    layer("omp")

    class Failing(Recorded):
        def parallel(self, *args):
            raise MemoryError

    with pytest.raises(MemoryError):
        launch.run(Failing(), 4, 0, 0)
    assert called() == ["parallel"]


def test_results_from_many_threads_at_once(rng):
    X, y = rng.normal(size=(40_000, 5)), rng.normal(size=40_000)
    expected = mse(X, y, np.ones(5))
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: mse(X, y, np.ones(5)), range(40)))
    assert found == {expected}
    assert numba.get_num_threads() >= 1
