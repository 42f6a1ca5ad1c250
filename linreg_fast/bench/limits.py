"""What no program can beat here and now: to read X and y once, and to multiply and add.

Both are rows of the same rounds as what is compared with them. Reading goes over these very arrays,
in the rungs' blocks, with their threads: eight vector sums, what comes next requested early where
that is faster, and nothing else. So caches and the cost of a launch are in it.
"""

import time
from typing import NamedTuple

import numba
import numpy as np

from linreg_fast.bench.rounds import Rounds
from linreg_fast.bench.verdict import best
from linreg_fast.data.gate import frozen
from linreg_fast.kernels.arithmetic import memory
from linreg_fast.kernels.arithmetic.simd import (
    VECTORS,
    add,
    fma_vectors,
    lane,
    load,
    zeros,
)
from linreg_fast.kernels.tuning import ROWS_AHEAD, WIDE
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part

BURST = 1 << 15  # rounds of twelve multiply-adds: 0.1 ms
TOGETHER = 1.1  # all cores do at least so many times what one does, if they ever ran together
NAMES = ("read, one core", "read, all cores", "multiply-adds, one core", "multiply-adds, all cores")


@kernel_part
def _lines_ahead(x, i):
    for k in range(0, 8 * WIDE, memory.LINE):
        memory.prefetch(x, i + ROWS_AHEAD + k)


@kernel_part
def _sum(x, start, stop, ahead):
    a = b = c = d = e = f = g = h = zeros()
    i = start
    while i <= stop - 8 * WIDE:
        if ahead:
            _lines_ahead(x, i)
        a, b = add(a, load(x, i)), add(b, load(x, i + WIDE))
        c, d = add(c, load(x, i + 2 * WIDE)), add(d, load(x, i + 3 * WIDE))
        e, f = add(e, load(x, i + 4 * WIDE)), add(f, load(x, i + 5 * WIDE))
        g, h = add(g, load(x, i + 6 * WIDE)), add(h, load(x, i + 7 * WIDE))
        i += 8 * WIDE
    found = lane(add(add(add(a, b), add(c, d)), add(add(e, f), add(g, h))), 0)
    while i < stop:
        found += x[i]
        i += 1
    return found


@kernel_part
def _read_block(b, start, stop, scratch, x, y, ahead, sums):
    sums[b, 0] = _sum(x, start, stop, ahead)
    sums[b, 1] = _sum(y, start * len(y) // len(x), stop * len(y) // len(x), ahead)


@kernel_part
def _multiply_block(b, start, stop, scratch, few, sums):
    u, v = load(few, 0), load(few, WIDE)
    a = b_ = c = d = e = f = g = h = i = j = k = m = zeros()
    for _ in range(start, stop):
        a, b_, c = fma_vectors(a, u, v), fma_vectors(b_, u, v), fma_vectors(c, u, v)
        d, e, f = fma_vectors(d, u, v), fma_vectors(e, u, v), fma_vectors(f, u, v)
        g, h, i = fma_vectors(g, u, v), fma_vectors(h, u, v), fma_vectors(i, u, v)
        j, k, m = fma_vectors(j, u, v), fma_vectors(k, u, v), fma_vectors(m, u, v)
    total = add(add(add(a, b_), add(c, d)), add(add(e, f), add(g, h)))
    sums[b, 0] = lane(add(total, add(add(i, j), add(k, m))), 0)


_reading, _multiplying = over_blocks(_read_block), over_blocks(_multiply_block)


class Limits(NamedTuple):
    """Seconds to read X and y, and double-precision flops a second; by one core and by all."""

    read_one: float
    read_all: float
    flops_one: float
    flops_all: float
    bytes: int
    threads: int
    together: bool  # whether all cores were ever seen at work together

    def seconds(self, flops, n_bytes=None, cores=None):
        """No program takes less for the flops and the bytes. cores=1: with one core."""
        share = 1.0 if n_bytes is None else n_bytes / self.bytes
        read = self.read_one if cores == 1 else min(self.read_one, self.read_all)
        rate = self.flops_one if cores == 1 else max(self.flops_one, self.flops_all)
        return max(share * read, flops / rate)

    def bytes_per_second(self, cores=None):
        return self.bytes / (self.read_one if cores == 1 else min(self.read_one, self.read_all))


def _flat(array):
    """The array's memory as doubles in one row; of a strided array, of its copy."""
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        array = np.ascontiguousarray(array)
    flat = array.ravel(order="K")
    if flat.dtype == np.float32:
        flat = flat[: len(flat) // 2 * 2].view(np.float64)
    found = flat if len(flat) else np.zeros(1)
    found = found[...]
    found.setflags(write=False)
    return found


def _fastest(call, ways, times=7):
    """The way in which a call takes least, by the best of some calls in turns."""
    least = dict.fromkeys(ways, np.inf)
    for way in ways:
        call(way)
    for _ in range(times):
        for way in ways:
            started = time.perf_counter()
            call(way)
            least[way] = min(least[way], time.perf_counter() - started)
    return min(least, key=least.__getitem__)


def calls(X, y):
    """name -> a call, the four rows of `NAMES`; none where nothing is compiled."""
    if not VECTORS:
        return {}
    x, y, threads = _flat(X), _flat(y), numba.get_num_threads()
    blocks = launch.count_blocks(*X.shape)
    sums = np.zeros((max(blocks, threads), 2 + memory.LINE))
    few, room = np.full(2 * WIDE, 1e-3), np.zeros((1, 0))
    few.setflags(write=False)
    taken = np.zeros(1, dtype=np.int64)

    def read_one(ahead):
        taken[0] = 0
        _reading.serial(len(x), blocks, 0, 1, taken, room, x, y, ahead, sums)

    # With what comes next requested early, memory is read faster (1M x 10: 3.4 to 2.9 ms by one
    # core of an EPYC with AVX-512), and a cache more slowly (50,000 x 10: 47 to 57 us).
    ahead = _fastest(read_one, (False, True))

    def multiply_one():
        taken[0] = 0
        _multiplying.serial(BURST, 1, 0, 1, taken, room, few, sums)

    found = {NAMES[0]: lambda: read_one(ahead), NAMES[2]: multiply_one}
    if threads > 1:
        found[NAMES[1]] = lambda: launch.run(_reading, len(x), blocks, 0, 0, x, y, ahead, sums)
        found[NAMES[3]] = lambda: launch.run(
            _multiplying, threads * BURST, threads, 0, 0, few, sums
        )
    for call in found.values():  # compiled, and the threads started
        call()
    return found


def of(rounds, X, y):
    """The `Limits` of rounds in which `calls(X, y)` took part; None where nothing is compiled."""
    if NAMES[0] not in rounds.lanes:
        return None
    threads = numba.get_num_threads()
    one, _ = best(*rounds.scaled(NAMES[0]))
    flops = BURST * 12 * WIDE * 2
    burst, _ = best(*rounds.scaled(NAMES[2]))
    every, _ = best(*rounds.scaled(NAMES[1])) if threads > 1 else (one, True)
    bursts, also = best(*rounds.scaled(NAMES[3])) if threads > 1 else (burst, True)
    rate = threads * flops / bursts
    together = threads == 1 or (also and rate > TOGETHER * flops / burst)
    n_bytes = X.nbytes + y.nbytes
    return Limits(one, every, flops / burst, rate, n_bytes, threads, bool(together))


SIZES = {"first cache": 16 << 10, "second cache": 256 << 10, "third": 4 << 20, "memory": 64 << 20}
BURST_BYTES = 10_000_000  # read in one sample at least, 0.1 ms


@kernel_part
def _again_block(b, start, stop, scratch, x, size, sums):
    found = 0.0
    for _ in range(start, stop):
        found += _sum(x, b * size, (b + 1) * size, False)
    sums[b, 0] = found


_reading_again = over_blocks(_again_block)


def _again(x, size, threads, sums):
    """A call in which so many threads read so many doubles each, as often as makes a sample."""
    times = -(-BURST_BYTES // (8 * size))
    taken, room = np.zeros(1, dtype=np.int64), np.zeros((1, 0))

    def one():
        taken[0] = 0
        _reading_again.serial(times, 1, 0, 1, taken, room, x, size, sums)

    def every():
        launch.run(_reading_again, threads * times, threads, 0, 0, x, size, sums)

    call = one if threads == 1 else every
    call()
    return call, threads * times * size * 8


def of_machine(seconds=0.15):
    """What this machine can do: [(what, by one core, by all or None)] in bytes and flops a second.

    Each thread reads a part of its own, of the given size. None: never seen at work together.
    """
    if not VECTORS:
        return []
    threads = numba.get_num_threads()
    raw = np.ones(threads * max(SIZES.values()) // 8 + 8)
    x = frozen(raw[-raw.ctypes.data % 64 // 8 :])  # unaligned, the first cache gives half
    sums = np.zeros((threads, 2 + memory.LINE))
    made = {
        (name, cores): _again(x, size // 8, cores, sums)
        for name, size in SIZES.items()
        for cores in {1, threads}
    }
    multiplying = calls(np.ones((8, 1)), np.ones(8))
    every = {**{key: call for key, (call, _) in made.items()}, **multiplying}
    rounds = Rounds(dict(enumerate(every.values()))).run(seconds, most=60)
    rates = {}
    for place, key in enumerate(every):
        seconds_each, seen = best(*rounds.scaled(place))
        work = made[key][1] if key in made else BURST * 12 * WIDE * 2
        work *= threads if key == NAMES[3] else 1
        rates[key] = work / seconds_each if seen or key in (NAMES[2],) or key[-1] == 1 else None
    found = [
        (f"reads, {name}, {size >> 10} kB", rates[name, 1], rates[name, threads])
        for name, size in SIZES.items()
    ]
    return [*found, ("multiply-adds, flops", rates[NAMES[2]], rates.get(NAMES[3], rates[NAMES[2]]))]
