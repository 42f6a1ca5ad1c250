"""Statistics of rounds: medians of undisturbed samples, paired ratios, intervals, verdicts.

Two rows are compared round by round, so that what slows the whole machine for a while is in both.
An interval is a bootstrap's: as many rounds drawn with replacement, a thousand times. "faster" and
"slower" want the whole interval beyond 2%, "same" within 5%; all else is undecided and says so.
"""

import math
from typing import NamedTuple

import numpy as np

from linreg_fast.bench.rounds import FEWEST_CALM

BEYOND = 0.02  # smaller differences have no word
BUSY_BEYOND = 0.10  # with samples that were disturbed
WITHIN = 0.05  # the same
RESAMPLES = 1000
# Per cent. Of equal rows with 15% of noise 1 in 80 is called different; with 95, 1 in 30.
LEVEL = 98


class Typical(NamedTuple):
    """The middle of a row's samples, of the undisturbed ones if there are enough."""

    median: float
    low: float  # quartiles
    high: float
    minimum: float
    n: int
    busy: bool


class Compared(NamedTuple):
    """How long a row takes, as a multiple of another's time."""

    ratio: float
    low: float
    high: float
    word: str  # faster, slower, same, undecided
    rounds: int
    busy: bool

    def facts(self):
        """By name; None for numbers that are none."""
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in self._asdict().items()
        }

    def inverse(self):
        """The other way round."""
        words = {"faster": "slower", "slower": "faster"}
        numbers = (1 / self.ratio, 1 / self.high, 1 / self.low)
        return Compared(*numbers, words.get(self.word, self.word), self.rounds, self.busy)


def typical(seconds, calm):
    """`Typical` of samples; NaN are none."""
    seconds, calm = np.asarray(seconds, float), np.asarray(calm, bool)
    there = ~np.isnan(seconds)
    kept = there & calm
    busy = bool(kept.sum() < min(FEWEST_CALM, max(there.sum(), 1)))
    found = seconds[there if busy else kept]
    if not len(found):
        return Typical(*[math.nan] * 4, 0, True)
    low, median, high = np.quantile(found, [0.25, 0.5, 0.75])
    return Typical(float(median), float(low), float(high), float(found.min()), len(found), busy)


def best(seconds, calm):
    """(A limit's time, whether seen undisturbed): one in ten of those samples is below."""
    seconds, calm = np.asarray(seconds, float), np.asarray(calm, bool)
    there = ~np.isnan(seconds)
    kept = there & calm
    seen = bool(kept.sum() >= 3)
    found = seconds[kept if seen else there]
    return (float(np.quantile(found, 0.1)), seen) if len(found) else (math.nan, False)


def interval(logs, rng):
    """(median, low, high) of the logarithms of ratios, by bootstrap."""
    drawn = logs[rng.integers(0, len(logs), (RESAMPLES, len(logs)))]
    edges = (100 - LEVEL) / 2, (100 + LEVEL) / 2
    low, high = np.percentile(np.median(drawn, axis=1), edges)
    return float(np.median(logs)), float(low), float(high)


def word(low, high, beyond=BEYOND):
    """What an interval of logarithms of ratios says."""
    if low > math.log1p(beyond):
        return "slower"
    if high < -math.log1p(beyond):
        return "faster"
    within = math.log1p(max(WITHIN, beyond))
    return "same" if -within < low and high < within else "undecided"


def compared(row, other, rng=None):
    """How long `row` takes as a multiple of `other`: both (seconds, undisturbed) by round."""
    (a, calm_a), (b, calm_b) = other, row
    a, b = np.asarray(a, float), np.asarray(b, float)
    there = ~(np.isnan(a) | np.isnan(b))
    kept = there & np.asarray(calm_a, bool) & np.asarray(calm_b, bool)
    busy = bool(kept.sum() < FEWEST_CALM)
    kept = there if busy else kept
    if kept.sum() < 3:
        return Compared(*[math.nan] * 3, "undecided", int(kept.sum()), True)
    rng = np.random.default_rng(0) if rng is None else rng
    middle, low, high = interval(np.log(b[kept] / a[kept]), rng)
    said = word(low, high, BUSY_BEYOND if busy else BEYOND)
    if kept.sum() < FEWEST_CALM and said == "same":
        said = "undecided"
    return Compared(*map(math.exp, (middle, low, high)), said, int(kept.sum()), busy)


def middles(runs, rng):
    """Middles of resamples of several processes' samples: of the processes, then of each one's."""
    medians = [np.median(rng.choice(run, (RESAMPLES, len(run))), axis=1) for run in runs]
    picked = rng.integers(0, len(runs), (RESAMPLES, len(runs)))
    return np.stack(medians)[picked, np.arange(RESAMPLES)[:, None]].mean(axis=1)


def over_runs(runs, rng=None):
    """(middle, low, high) of a row's time over several processes: runs are drawn, then samples.

    One process is one sample: where its pages lie and who has the other half of the core stays.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    logs = [np.log(np.asarray(run, float)) for run in runs]
    low, high = np.percentile(middles(logs, rng), [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    middle = np.mean([np.median(part) for part in logs])
    return float(np.exp(middle)), float(np.exp(low)), float(np.exp(high))
