"""What else happened while a call ran: whether its threads had to wait for a core.

Linux tells for each thread how long it was ready to run and did not (the second number of its
`schedstat`); macOS and others count how often a thread was taken off its core; where neither is
told, a call whose processor time falls short of its wall time was disturbed.
"""

import contextlib
import os
import sys
import threading
import time
from typing import NamedTuple

TASKS = "/proc/self/task"
MOST_WAITING = 0.02  # of a sample's time: below, it is undisturbed
FEWEST_AT_WORK = 0.9  # processor time over wall time, where nothing better is told


class Sample(NamedTuple):
    """One timed sample, by the call."""

    seconds: float
    calm: bool  # undisturbed
    cores: float  # that it kept busy
    waited: float  # seconds that its threads waited for a core; 0 where it is not told


def _run_delays(without=()):
    """Nanoseconds that this process's threads have waited for a core, or None."""
    total = 0
    try:
        for task in os.listdir(TASKS):
            if task in without:
                continue
            with (
                contextlib.suppress(FileNotFoundError),  # a thread that has ended
                open(f"{TASKS}/{task}/schedstat", "rb") as file,
            ):
                total += int(file.read().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return total


def _preemptions():
    """How often threads of this process were taken off their cores, or None."""
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


class Accounts:
    """What the system tells of waiting. `watch` times calls and says whether they were disturbed.

    The main thread, where another one measures, looks for Ctrl-C only: its waiting is not counted.
    """

    def __init__(self):
        main = threading.main_thread()
        self._without = (str(main.native_id),) if threading.current_thread() is not main else ()
        if _run_delays() is not None:
            self.source = "run delay"
        elif sys.platform != "win32" and _preemptions() is not None:
            self.source = "preemptions"
        else:
            self.source = "processor time"

    def _told(self):
        if self.source == "run delay":
            return _run_delays(self._without) or 0
        return _preemptions() if self.source == "preemptions" else 0

    def _calm(self, told, seconds, worked):
        if self.source == "run delay":
            return told * 1e-9 < MOST_WAITING * seconds
        if self.source == "preemptions":
            return told == 0
        return worked >= FEWEST_AT_WORK * seconds

    def watch(self, call, calls=1):
        """A `Sample` of so many calls, one after the other."""
        told, worked = self._told(), time.process_time()
        started = time.perf_counter()
        for _ in range(calls):
            call()
        seconds = time.perf_counter() - started
        worked, told = time.process_time() - worked, self._told() - told
        calm = self._calm(told, seconds, worked)
        waited = told * 1e-9 / calls if self.source == "run delay" else 0.0
        return Sample(seconds / calls, bool(calm), worked / max(seconds, 1e-9), waited)


def load():
    """Programs that want a core just now, over the last minute; None where it is not told."""
    with contextlib.suppress(AttributeError, OSError):
        return os.getloadavg()[0]
    return None
