"""Children of forks made in C, while another thread of the parent fits."""

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, os, sys, threading, time
import numpy as np
from linreg_fast import LinearRegression

def work():
    X = np.random.default_rng(0).normal(size=(20_000, 8))
    return abs(LinearRegression().fit(X, X @ np.arange(8)).coef_ - np.arange(8)).max() < 1e-8

# A thread that waits 5 ms for the interpreter's lock asks its holder to hand it over. A child of a
# fork at that moment inherits the request, hands the lock over and waits for a thread that is not
# there: CPython's own limit where it is not told. So nobody asks here.
sys.setswitchinterval(600)
assert work()
busy = True
thread = threading.Thread(target=lambda: [work() for _ in iter(lambda: busy, False)])
thread.start()
ends = []
for _ in range(3):
    time.sleep(0.1)
    child = ctypes.PyDLL(None).fork()  # Python is not told
    if child == 0:
        os._exit(0 if work() else 3)
    until, ended = time.monotonic() + 60, 0
    while not ended and time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.02)
    if not ended:
        os.kill(child, 9)
    ends.append(status if ended else "hangs")
busy = False
thread.join()
print(ends)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no forks there")
def test_children_start_no_threads_that_wait_for_ever():
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert found.stdout.strip() == "[0, 0, 0]", found.stderr[-2000:]
