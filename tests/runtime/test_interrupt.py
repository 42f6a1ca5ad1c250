"""Ctrl-C is answered within half a second, and leaves an estimator as it was."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest
from processes import posix, run

LONG_CALLS = {
    "fits": """
X = rows(1_000_000, 60)
def call():
    for _ in range(500):
        linreg_fast.LinearRegression().fit(X, X[:, 0])
""",
    "double-double": """
X = rows(2_000_000, 60)
model.precision = "double-double"
def call():
    model.fit(X, X[:, 0])
""",
    "singular values": """
X = rng.normal(size=(6_000, 1500))
model.solver = "svd"
def call():
    model.fit(X, X[:, 0])
""",
    "descent on moments": """
X = rng.normal(size=(1000, 50)) + 9
model = linreg_fast.GradientDescentRegressor(tol=0, max_iter=9, learning_rate=1e-9)
def call():
    model.fit(X, X[:, 0])
""",
    "descent on rows": """
X = rows(1_000_000, 20)
model = linreg_fast.GradientDescentRegressor(tol=0, max_iter=9, space="data")
def call():
    model.fit(X, X[:, 0])
""",
    "bench": """
import linreg_fast.cli
def call():
    return linreg_fast.cli.main(["bench", "--n", "300000", "--p", "80"])
""",
}
BEGIN = """
import time
import numpy as np
import linreg_fast
rng = np.random.default_rng(0)
model = linreg_fast.LinearRegression()
def rows(n, p):
    "Some, over and over: to draw them all takes longer than what is interrupted."
    return np.tile(rng.normal(size=(n // 100, p)), (100, 1))
"""
END = """
small = rng.normal(size=(30, 2))
model.fit(small, small[:, 0])
if hasattr(model, "max_iter"):
    model.max_iter = 10**9
before = dict(vars(model))
print("ready", flush=True)
try:
    code = call()
    assert code == 130, "ended before it was interrupted"
except KeyboardInterrupt:
    pass
now = time.monotonic()
assert list(vars(model)) == list(before)
assert all(vars(model)[name] is before[name] for name in before)
print(now, flush=True)
"""


@posix
@pytest.mark.needs_jit
@pytest.mark.parametrize(
    "call",
    [pytest.param(c, marks=[] if c == "double-double" else pytest.mark.slow) for c in LONG_CALLS],
)
def test_ctrl_c_is_answered_within_half_a_second(call, rng):
    script = BEGIN + LONG_CALLS[call] + END
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip() == "ready", process.stderr.read()
    time.sleep(rng.uniform(0.1, 0.3))
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    answered = float(out.split()[-1])
    assert answered - sent < 0.5


SMALL_FITS = textwrap.dedent(
    """
    import os, signal, threading, time
    import numpy as np
    from linreg_fast import LinearRegression
    rng = np.random.default_rng()
    X, y = rng.normal(size=(442, 10)), rng.normal(size=442)
    model = LinearRegression().fit(X, y)
    for _ in range(20):
        timer = threading.Timer(rng.uniform(0.005, 0.02), os.kill, (os.getpid(), signal.SIGINT))
        try:
            timer.start()  # on a busy machine it may be over before this thread goes on
            while True:
                model.fit(X, y)
        except KeyboardInterrupt:
            model.coef_[0]
    print("interrupted")
    """
)


@pytest.mark.slow
@posix
@pytest.mark.needs_jit
def test_ctrl_c_between_small_fits_is_a_keyboard_interrupt():
    """Numba makes a SystemError of one that comes while it boxes what a function returns."""
    done = run("-c", SMALL_FITS)
    assert (done.returncode, done.stdout.strip()) == (0, "interrupted"), done.stderr
