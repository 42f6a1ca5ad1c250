"""Parallel kernels beside forks and threads: right answers, no hang, no abort."""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest
from processes import posix
from variants import FEWER_KINDS

from linreg_fast import LinearRegression, gradient, moments, mse
from linreg_fast.runtime import forks, launch, tuning


def test_blocks_depend_on_the_shape_alone():
    assert launch.count_blocks(10, 3) == 1
    assert launch.count_blocks(10_000_000, 10) == tuning.MOST_BLOCKS
    with launch.whole():
        assert launch.count_blocks(10_000_000, 10) == 1
    assert launch.count_blocks(10_000_000, 10) == tuning.MOST_BLOCKS
    blocks = launch.count_blocks(20_000, 1001, 1001 * 1001)
    assert blocks * 1001 * 1001 <= 20_000 * 1001 / 4  # a quarter of the data
    blocks = launch.count_blocks(100_000, 300, 300 * 300)
    assert blocks > 2
    assert blocks * 300 * 300 <= 100_000 * 300 / 25


@pytest.mark.parametrize(("dtype", "order", "weighted"), FEWER_KINDS)
@pytest.mark.parametrize("p", [1, 3, 10])
def test_the_same_bits_with_threads_and_without(rng, p, dtype, order, weighted):
    n = 300_000 // p
    X = np.asarray(rng.normal(2, 1, (n, p)), dtype=dtype, order=order)
    y = rng.normal(size=n).astype(dtype)
    weights = rng.uniform(0.5, 2, n) if weighted else None
    coef = rng.normal(size=p)
    found = []
    for n_jobs in (1, None):
        with launch.threads(n_jobs):
            model = LinearRegression().fit(X, y, weights)
            plain = moments(X, y, weights, rung="tiled")
            doubled = moments(X, y, weights)
            found.append(
                [
                    *model.coef_,
                    model.intercept_,
                    mse(X, y, coef, 0.5, weights),
                    *gradient(X, y, coef, 0.5, weights)[1],
                    *plain.comoment.ravel(),
                    *doubled.comoment.ravel(),
                    *model.predict(X)[::100],
                    model.score(X, y, weights),
                ]
            )
    np.testing.assert_array_equal(*found)


def test_a_number_of_jobs_changes_no_bit_of_a_small_fit(rng):
    X, y = rng.normal(size=(442, 10)), rng.normal(size=442)
    found = {LinearRegression(n_jobs=n).fit(X, y).coef_.tobytes() for n in (None, 1, 2, -1)}
    assert len(found) == 1
    for wrong in (0, 1.5, "all"):
        with pytest.raises(ValueError, match="'n_jobs' parameter"):
            LinearRegression(n_jobs=wrong).fit(X, y)


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
    launch.run(driver, 100, blocks, work, 0)
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
    assert len(called(work=10 * tuning.TURN_PRODUCTS)) == 11


def test_a_driver_that_fails_leaves_the_gate_open(layer):
    layer("omp")

    class Failing(Recorded):
        def parallel(self, *args):
            raise MemoryError

    with pytest.raises(MemoryError):
        launch.run(Failing(), 100, 4, 0, 0)
    assert called() == ["parallel"]


def test_results_from_many_threads_at_once(rng):
    X, y = rng.normal(size=(40_000, 5)), rng.normal(size=40_000)
    expected = mse(X, y, np.ones(5))
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: mse(X, y, np.ones(5)), range(40)))
    assert found == {expected}
    assert numba.get_num_threads() >= 1


@posix
def test_a_child_that_was_forked_in_c_is_known_by_its_process_id(layer, monkeypatch):
    layer("omp")
    elsewhere = forks._process + 1
    for started in (True, False):
        monkeypatch.setattr(launch, "_in_forked_child", False)
        monkeypatch.setattr(launch, "threads_started", lambda started=started: started)
        with monkeypatch.context() as patched:
            patched.setattr(forks.os, "getpid", lambda: elsewhere)
            gate = launch._one_at_a_time
            with gate:  # another thread of the parent's is inside, and not there in the child
                assert called() == ["serial" if started else "parallel"]
            assert forks._process == elsewhere
        forks.look()  # home again
        assert forks._process != elsewhere
