"""What this machine can do at most: bytes read and multiply-adds in a second, on all threads."""

import time

import numba
import numpy as np
from numba import njit, prange

from linreg_fast.kernels.arithmetic.simd import add, fma_vectors, lane, load, zeros
from linreg_fast.kernels.tuning import WIDE

BYTES = 240_000_000  # larger than any cache
CHAIN = 3_000_000  # rounds of twelve independent multiply-adds


@njit
def _read(x, start, stop):
    a = b = c = d = zeros()
    for i in range(start, stop - 4 * WIDE + 1, 4 * WIDE):
        a = add(a, load(x, i))
        b = add(b, load(x, i + WIDE))
        c = add(c, load(x, i + 2 * WIDE))
        d = add(d, load(x, i + 3 * WIDE))
    return lane(add(add(a, b), add(c, d)), 0)


@njit(parallel=True)
def _read_all(x, parts, found):
    for k in prange(parts):
        found[8 * k] = _read(x, len(x) * k // parts, len(x) * (k + 1) // parts)


@njit
def _multiply(x, rounds):
    u, v = load(x, 0), load(x, WIDE)
    a = b = c = d = e = f = g = h = i = j = k = m = zeros()
    for _ in range(rounds):
        a, b, c = fma_vectors(a, u, v), fma_vectors(b, u, v), fma_vectors(c, u, v)
        d, e, f = fma_vectors(d, u, v), fma_vectors(e, u, v), fma_vectors(f, u, v)
        g, h, i = fma_vectors(g, u, v), fma_vectors(h, u, v), fma_vectors(i, u, v)
        j, k, m = fma_vectors(j, u, v), fma_vectors(k, u, v), fma_vectors(m, u, v)
    total = add(add(add(a, b), add(c, d)), add(add(e, f), add(g, h)))
    return lane(add(total, add(add(i, j), add(k, m))), 0)


@njit(parallel=True)
def _multiply_all(x, rounds, parts, found):
    for k in prange(parts):
        found[8 * k] = _multiply(x, rounds)


def _fastest(call, repeats):
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def limits():
    """(bytes per second, double-precision flops per second)."""
    threads = numba.get_num_threads()
    found = np.zeros(8 * threads)
    x, few = np.ones(BYTES // 8), np.full(2 * WIDE, 1e-3)
    reading = _fastest(lambda: _read_all(x, threads, found), 15)
    multiplying = _fastest(lambda: _multiply_all(few, CHAIN, threads, found), 7)
    return x.nbytes / reading, threads * CHAIN * 12 * WIDE * 2 / multiplying


def share(n, p, seconds, rates, itemsize=8):
    """Of the limit, reading X and y or half the cross-products of [X, y, 1], the share reached."""
    read, flops = rates
    return max(n * (p + 1) * itemsize / read, n * (p + 2) * (p + 3) / flops) / seconds
