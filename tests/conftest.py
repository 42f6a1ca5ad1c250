"""Fresh random numbers at every run; LINREG_FAST_SEED=... repeats one that failed."""

import os
import secrets
import signal

import numpy as np
import pytest
import turns

# In the environment, so that all workers of a run have the one that is printed.
SEED = int(os.environ.setdefault("LINREG_FAST_SEED", str(secrets.randbits(32))))

# Programs that tests start with `python -c` find the package that the tests do, and its compiled
# code; they would take the one in the working folder, and compile all of it once more. Before
# Python 3.11 they do.
os.environ["PYTHONSAFEPATH"] = "1"

# A run that a script has started in the background is told to ignore Ctrl-C, and so would be the
# processes whose answer to it is tested: they would never end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


if "PYTEST_XDIST_WORKER" in os.environ:
    turns.compile_each_kernel_once()


def pytest_report_header():
    return f"LINREG_FAST_SEED={SEED}"


def pytest_make_parametrize_id(val, argname):
    """Bytes have the name of their argument: a compressed file's may differ in each worker."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture
def rng(request):
    """A generator of its own for each test."""
    return np.random.default_rng([SEED, *request.node.name.encode()])


@pytest.fixture(params=[0, 42])
def global_random_seed(request):
    """scikit-learn's own tests ask for it."""
    return request.param


@pytest.fixture
def houses(tmp_path, rng):
    """A CSV file of 60 rows: area, rooms, price, sold."""
    area, rooms = rng.uniform(30, 200, 60), rng.integers(1, 7, 60)
    price = 2.5 * area + 10 * rooms + 40 + rng.normal(0, 5, 60)
    sold = rng.integers(1, 4, 60)
    path = tmp_path / "houses.csv"
    lines = ["area,rooms,price,sold"]
    lines += [
        f"{a!r},{r},{p!r},{s}"
        for a, r, p, s in zip(
            area.tolist(), rooms.tolist(), price.tolist(), sold.tolist(), strict=True
        )
    ]
    path.write_text("\n".join(lines) + "\n")
    return path
