"""Parallel kernels beside forks and threads: right answers, no hang, no abort."""

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from linreg_fast import mse
from linreg_fast.kernels import launch

SCRIPT = textwrap.dedent(
    """
    import os, sys
    import numpy as np
    from concurrent.futures import ThreadPoolExecutor
    from linreg_fast import mse
    X, y = np.ones((300_000, 2)), np.zeros(300_000)
    def work(_=None):
        return mse(X, y, [1.0, 2.0], 0.5, rung="parallel") == 12.25
    ok = work()
    with ThreadPoolExecutor(4) as pool:
        ok &= all(pool.map(work, range(20)))
    if hasattr(os, "fork"):
        child = os.fork()
        if child == 0:
            os._exit(0 if work() else 1)
        ok &= os.waitpid(child, 0)[1] == 0
    sys.exit(0 if ok else 1)
    """
)


@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_threads_and_forks(layer):
    environment = os.environ | {"NUMBA_THREADING_LAYER": layer, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, timeout=120, capture_output=True, text=True
    )
    if "No threading layer could be loaded" in done.stderr:
        pytest.skip(f"numba has no {layer} threading layer here")
    assert done.returncode == 0, done.stderr


def test_blocks_depend_on_the_shape_alone():
    assert launch.count_blocks(10, 3) == 1
    assert launch.count_blocks(10_000_000, 10) == launch.MOST_BLOCKS
    blocks = launch.count_blocks(20_000, 1001, 1001 * 1001)
    assert blocks * 1001 * 1001 <= 20_000 * 1001 / 4  # a quarter of the data


def test_serial_where_threads_are_not_safe(monkeypatch):
    def parallel():
        return "parallel"

    def serial():
        return "serial"

    monkeypatch.setattr(launch.numba, "get_num_threads", lambda: 2)
    monkeypatch.setattr(launch, "threading_layer", lambda: "tbb")
    assert launch.run(2, parallel, serial) == "parallel"
    monkeypatch.setattr(launch, "threading_layer", lambda: "workqueue")
    assert launch.run(2, parallel, serial) == "parallel"
    with launch._one_at_a_time:  # another thread is inside
        assert launch.run(2, parallel, serial) == "serial"
    monkeypatch.setattr(launch.sys, "platform", "linux")
    monkeypatch.setattr(launch, "threading_layer", lambda: "omp")
    monkeypatch.setattr(launch, "_in_forked_child", True)
    assert launch.run(2, parallel, serial) == "serial"


def test_results_from_many_threads_at_once(rng):
    X, y = rng.normal(size=(40_000, 5)), rng.normal(size=40_000)
    expected = mse(X, y, np.ones(5))
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: mse(X, y, np.ones(5)), range(40)))
    assert found == {expected}
    assert numba.get_num_threads() >= 1
