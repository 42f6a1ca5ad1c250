"""Rows of few columns: the same sums by whatever way, and nothing read that is not theirs."""

import subprocess
import sys

import numpy as np
import pytest

from linreg_fast.kernels import RUNGS

SHAPES = [(n, p) for p in (1, 2, 5, 6, 7, 10, 13, 14, 15, 30) for n in (33, 700, 20_011)]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("order", "dtype"), ["Cd", "Fd", "Cf", "Ff"])
def test_sums_of_few_columns(rng, order, dtype, weighted):
    for n, p in SHAPES:
        X = np.asarray(rng.normal(rng.normal(size=p), size=(n, p)), order=order, dtype=dtype)
        y = rng.normal(size=n)  # of another type than X, or of the same
        weights = None
        if weighted:
            weights = rng.random(n) * (rng.random(n) > 0.2)
            X[weights == 0] = np.nan  # rows that do not count may be anything
        expected = RUNGS["compensated"].kernels.moments(X, y[:, None], weights)
        found = RUNGS["tiled"].kernels.moments(X, y[:, None], weights)
        assert found[0] == expected[0]
        np.testing.assert_allclose(found[2][0], expected[2][0], rtol=0, atol=1e-13)
        size = np.sqrt(np.diag(expected[3][0]))
        off = np.abs(found[3][0] - expected[3][0]) / np.outer(size, size)
        assert off.max() < 1e-13, (n, p)


AT_THE_EDGE = """
import ctypes, mmap
import numpy as np
from linreg_fast.kernels import RUNGS

libc = ctypes.CDLL(None, use_errno=True)
held = []

def at_the_edge(array):
    '''A copy whose last number is the last before memory that nobody may read.'''
    pages = -(-array.nbytes // mmap.PAGESIZE)
    memory = mmap.mmap(-1, (pages + 1) * mmap.PAGESIZE)
    held.append(memory)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    end = pages * mmap.PAGESIZE
    assert libc.mprotect(ctypes.c_void_p(start + end), mmap.PAGESIZE, 0) == 0
    flat = np.frombuffer(memory, array.dtype, array.size, end - array.nbytes)
    copy = flat.reshape(array.shape, order="F" if array.flags.f_contiguous else "C")
    copy[...] = array
    return copy

rng = np.random.default_rng()
for order in "CF":
    for p in (1, 2, 3, 5, 6, 7, 8, 10, 14, 15, 16, 31):
        for n in (1, 2, 9, 16, 17, 24, 41, 300):
            X = np.asarray(rng.normal(size=(n, p)), order=order)
            y, weights = rng.normal(size=n), rng.random(n)
            edge = at_the_edge(X), at_the_edge(y), at_the_edge(weights)
            for given in (None, weights):
                w = None if given is None else edge[2]
                found = RUNGS["tiled"].kernels.moments(edge[0], edge[1][:, None], w)
                expected = RUNGS["tiled"].kernels.moments(X, y[:, None], given)
                for a, b in zip(found[1:], expected[1:]):
                    np.testing.assert_array_equal(a, b)
                RUNGS["tiled"].kernels.gradient(edge[0], edge[1], np.ones(p), 0.5, w)
print("nothing else was read")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="protects pages as Linux does")
def test_nothing_behind_the_arrays_is_read():
    done = subprocess.run([sys.executable, "-c", AT_THE_EDGE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "nothing else was read" in done.stdout
