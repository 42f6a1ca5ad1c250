"""Whether threads come in time: on a busy machine short work is done without them.

A launch ends when every thread has had a core. Where other processes have the cores that is some
milliseconds later, though the launching thread could have done the work meanwhile (50,000 x 10
beside two busy processes on two cores: fits of 3 to 12 ms, and 0.5 ms alone). So each launch is
asked whether its own thread waited longer than it worked. If so, launches of that size stay on one
thread for a while, twice as long each time, and half as long after threads that came in time.
Threads of our own, which find nothing left to do when they come late, and are not waited for, were
tried: on a quiet machine they came so late that 100,000 x 10 gained nothing (0.87 ms, one thread
0.84, Numba's threads 0.54).
"""

import time

from linreg_fast.runtime import forks
from linreg_fast.runtime.tuning import LATE_FIRST_PAUSE, LATE_LONGEST_PAUSE

_pauses: dict = {}  # {blocks: (seconds, until when)}, of sizes to which threads come late


@forks.in_children
def _forget(by_python):
    _pauses.clear()


def expected(blocks):
    """Whether threads would come late to so many blocks, as far as is known."""
    pause = _pauses.get(blocks)
    return pause is not None and time.perf_counter() < pause[1]


def clocks():
    """(seconds that have passed, seconds in which this thread has worked)."""
    return time.perf_counter(), time.thread_time()


def learn(blocks, before):
    """Note whether this thread waited longer than it worked, since `clocks` were read."""
    now, worked = time.perf_counter(), time.thread_time() - before[1]
    last = _pauses.get(blocks, (0.0, 0.0))[0]
    if now - before[0] > 2 * worked:
        pause = min(max(2 * last, LATE_FIRST_PAUSE), LATE_LONGEST_PAUSE)
        _pauses[blocks] = pause, now + pause
    elif last > LATE_FIRST_PAUSE:  # by chance, perhaps
        _pauses[blocks] = last / 2, now
    else:
        _pauses.pop(blocks, None)
