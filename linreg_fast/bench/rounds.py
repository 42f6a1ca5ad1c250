"""Rounds: in each of them every row runs once, in random order, so that all have the same weather.

Rows that run one after the other each have a weather of their own: on a machine that others use,
the ratio of two of them then tells of the others.
"""

import math
import time
from dataclasses import dataclass, field

import numpy as np

from linreg_fast.bench.accounting import Accounts
from linreg_fast.bench.watch import NOBODY

SHORTEST = 0.3e-3  # seconds of a sample: shorter calls are made several times
MOST_ROUNDS = 120
FEWEST_ROUNDS = 3
ENOUGH_SECONDS = 0.05  # a row: with less there is only a first look
TIMED = " while it was timed"
FEWEST_CALM = 8  # undisturbed samples, with fewer of which a row is called busy


@dataclass
class Lane:
    """One row's samples, by round. NaN where it did not take part."""

    call: object
    calls: int = 1
    best: float = math.inf  # seconds of a call
    used: float = 0.0  # seconds
    seconds: list = field(default_factory=list)
    calm: list = field(default_factory=list)
    cores: list = field(default_factory=list)
    waited: list = field(default_factory=list)
    failed: str = ""  # what it raised in the middle of it all

    def calibrate(self):
        """How often it is called in one sample: by the best of a few calls."""
        until = time.perf_counter() + 20 * SHORTEST
        for _ in range(20):
            started = time.perf_counter()
            try:
                self.call()
            except (Exception, SystemExit) as error:
                self.failed = f"{type(error).__name__}: {error}".strip(": ")
                return
            self._saw(time.perf_counter() - started)
            if time.perf_counter() > until:
                break

    def _saw(self, seconds):
        """Make samples long enough for a call that took so long.

        The first call of a sample finds the caches as another row left them: of equal rows one
        with fewer calls a sample, after a calibration in a bad moment, was called slower by 7 to
        13% (gradient, 442 and 20,000 x 10, 2 against 17 and 1 against 4 calls; EPYC).
        """
        self.best = min(self.best, max(seconds, 1e-9))
        self.calls = max(1, math.ceil(SHORTEST / self.best))

    def take(self, accounts):
        try:
            found = accounts.watch(self.call, self.calls)
        except (Exception, SystemExit) as error:
            self.failed = f"{type(error).__name__}: {error}".strip(": ")
            self.miss()
            return
        self.used += found.seconds * self.calls
        self._saw(found.seconds)
        self.seconds.append(found.seconds)
        self.calm.append(found.calm)
        self.cores.append(found.cores)
        self.waited.append(found.waited)

    def miss(self):
        self.seconds.append(math.nan)
        self.calm.append(False)
        self.cores.append(math.nan)
        self.waited.append(math.nan)

    @property
    def samples(self):
        return sum(not math.isnan(second) for second in self.seconds)


class Rounds:
    """Rounds of several calls. `run` may be called again for more of them.

    Parameters
    ----------
    calls : dict
        name -> a function without arguments.
    always : sequence of names
        Those that take part in every round, whatever they take: the limits.
    rng : numpy.random.Generator, optional
        For the order.
    watch : watch.Watch
        Is told of each row before it is called.
    """

    def __init__(self, calls, always=(), rng=None, watch=NOBODY):
        self.lanes = {name: Lane(call) for name, call in calls.items()}
        self.always = set(always)
        self.accounts = Accounts()
        self._watch = watch
        self._rng = np.random.default_rng() if rng is None else rng
        for name, lane in self.lanes.items():
            watch.at(name, TIMED)
            lane.calibrate()
        watch.at("")

    @property
    def n_rounds(self):
        return len(next(iter(self.lanes.values())).seconds) if self.lanes else 0

    def run(self, seconds, only=None, most=MOST_ROUNDS):
        """Rounds until each row had about `seconds`. A slow row joins where its share falls behind.

        only: names of the rows that take part, beside those that always do.
        """
        taking = [n for n in self.lanes if only is None or n in only or n in self.always]
        rows = [name for name in taking if name not in self.always] or taking
        before = {name: self.lanes[name].used for name in taking}
        fewest = FEWEST_ROUNDS if seconds < ENOUGH_SECONDS else FEWEST_CALM + 1
        ends, done = time.perf_counter() + seconds * len(rows), 0
        while done < fewest or (done < most and time.perf_counter() < ends):
            used = {name: self.lanes[name].used - before[name] for name in rows}
            share = seconds * (done + 1) / most
            rows = [name for name in rows if not self.lanes[name].failed]
            joined = [name for name in rows if done < fewest or used[name] <= share]
            if not joined:
                behind = min(rows, key=used.__getitem__, default=None)
                if behind is None or used[behind] >= seconds:
                    break
                joined = [behind]
            joined += [name for name in taking if name in self.always and name not in joined]
            for place in self._rng.permutation(len(joined)):
                self._watch.at(joined[place], TIMED)
                self.lanes[joined[place]].take(self.accounts)
            for name in set(self.lanes) - set(joined):
                self.lanes[name].miss()
            done += 1
        self._watch.at("")
        return self

    def scaled(self, name, scale=1.0):
        """(seconds, undisturbed) of a row by round, as arrays."""
        lane = self.lanes[name]
        return scale * np.array(lane.seconds), np.array(lane.calm, dtype=bool)

    def disturbed(self):
        """The share of all samples that were disturbed."""
        taken = [
            calm
            for lane in self.lanes.values()
            for seconds, calm in zip(lane.seconds, lane.calm, strict=True)
            if not math.isnan(seconds)
        ]
        return 1 - float(np.mean(taken)) if taken else 0.0
