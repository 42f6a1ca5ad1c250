"""Residuals of a fit as sums that add up: what the tests of `diagnostics` need of them, in order.

Moments about the mean are joined as Pebay 2008 has it. Quantiles are no sums: the residuals are
kept for them, or, of more rows than `keep`, counts of those with the same leading bits, of which a
second pass makes exact ones (`Residuals.wanted`, `Chosen`).
"""

import math

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.inference.choices import check_repeated
from linreg_fast.inference.pieces import pieces
from linreg_fast.kernels.second_pass import rows as kernel

SHARES = np.array([0, 0.25, 0.5, 0.75, 1])
TAIL_BITS = 40  # of the 52 of a mantissa: a class is 2**-12 of its residuals wide


class Residuals:
    """What the tests need of rows, batch after batch; those of rows that follow are added.

    auxiliary(X, squares, counts): moments of the fits to squared residuals, a list. keep: most
    residuals that are kept.
    """

    def __init__(self, basis, target, meaning, auxiliary, keep=math.inf):
        self.how = basis, target, meaning, auxiliary, keep
        self.rows, self.rss, self.sums = 0, 0.0, None  # rows of weight above 0
        self.count, self.mean, self.about = 0.0, 0.0, np.zeros(3)  # squares, cubes, fourth powers
        self.first, self.last, self.steps = None, None, 0.0
        self.kept, self.repeated = [], False  # (residuals, how often each is there or None)
        self.classes = None  # (code, count) arrays, sorted, instead of what is kept

    @property
    def size(self):
        """The power of two near the spread of residuals of weight 1: fourth powers may overflow."""
        basis, _, meaning, *_ = self.how
        rows = basis.weight_sum if meaning == "frequency" else basis.n_samples
        spread = math.sqrt(basis.rss / rows)
        return math.frexp(spread)[1] if math.isfinite(spread) else 0

    def empty(self):
        return Residuals(*self.how)

    def add(self, X, Y, weights, *_):
        auxiliary = self.how[3]
        u, counts, kept = self.of_rows(X, Y, weights)
        if len(u):
            squares = frozen((u * u)[:, None])
            X = X if kept is None else X[kept]
            own = self.empty()
            own.rows, own.sums = len(u), auxiliary(X, squares, counts)
            own._sum(u, counts)
            vars(self).update(vars(self + own))

    def of_rows(self, X, Y, weights):
        """(residuals of weight 1 of the rows that count, how often each counts, which rows).

        They are divided by 2**size.
        """
        basis, target, meaning, *_ = self.how
        repeated = check_repeated(meaning, weights)
        u = np.empty(X.shape[0])
        for start, *piece, weight in pieces(X, Y, weights):
            kernel.residuals(*piece, target, weight, basis.fit, u[start : start + len(piece[0])])
        u = u if weights is None or repeated else u * np.sqrt(weights)
        u = np.ldexp(u, -self.size)
        if weights is None:
            return u, None, None
        self.repeated = repeated
        kept = None if (weights > 0).all() else weights > 0
        if kept is not None:
            u, weights = u[kept], weights[kept]
        return u, frozen(weights) if repeated else None, kept

    def _sum(self, u, counts):
        own = u if counts is None else u * counts
        with np.errstate(over="ignore", invalid="ignore"):
            self.rss = float(u @ own)
            self.count = float(len(u) if counts is None else counts.sum())
            self.mean = np.average(u, weights=counts)
            off = u - self.mean
            squares = off * off
            own = squares if counts is None else squares * counts
            self.about = np.array([own.sum(), own @ off, own @ squares])
            steps = np.diff(u)
            self.first, self.last, self.steps = u[0], u[-1], float(steps @ steps)
        self.kept = [(u, counts)]
        self._classify()

    def _classify(self):
        """Counts of classes instead of too many residuals."""
        if self.classes is None and self.rows <= self.how[-1]:
            return
        parts = [] if self.classes is None else [self.classes]
        for u, counts in self.kept:
            codes, places, number = np.unique(codes_of(u), return_inverse=True, return_counts=True)
            if counts is not None:
                number = np.bincount(places.reshape(-1), weights=counts)
            parts.append((codes, number.astype(np.float64)))
        self.classes, self.kept = added(parts), []

    def __add__(self, other):
        a, b = (self, other) if self.rows and other.rows else (self if self.rows else other, None)
        found = self.empty()
        vars(found).update(vars(a))
        found.repeated = self.repeated or other.repeated
        if b is None:
            return found
        found.rows, found.rss = a.rows + b.rows, a.rss + b.rss
        found.sums = [x + y for x, y in zip(a.sums, b.sums, strict=True)]
        found.count, found.mean, found.about = _joined(a, b)
        found.steps = a.steps + b.steps + float(b.first - a.last) ** 2
        found.last, found.kept = b.last, a.kept + b.kept
        if a.classes is not None or b.classes is not None:
            known = [each.classes for each in (a, b) if each.classes is not None]
            found.classes = known[0] if len(known) == 1 else added(known)
        found._classify()
        return found

    def quantiles(self, chosen=None):
        """(5,) smallest, quarters and largest. chosen: the `Chosen` of a second pass."""
        ranks = SHARES * (self.count - 1)
        low, high = np.floor(ranks), np.ceil(ranks)
        if self.classes is None:
            u = np.concatenate([u for u, _ in self.kept])
            if not self.repeated:
                return np.quantile(u, SHARES)
            counts = np.concatenate([counts for _, counts in self.kept])
            values, counts = added([(u, counts)])
            ends = np.cumsum(counts)
        else:
            values, ends = chosen.values, chosen.ends(*self.classes)
        a, b = (values[np.searchsorted(ends, place, side="right")] for place in (low, high))
        return a + (b - a) * (ranks - low)

    def wanted(self):
        """Codes of the classes in which the quantiles are."""
        codes, counts = self.classes
        ranks, ends = SHARES * (self.count - 1), np.cumsum(counts)
        places = [np.searchsorted(ends, f(ranks), side="right") for f in (np.floor, np.ceil)]
        return np.unique(codes[np.concatenate(places)])


class Chosen:
    """The residuals of some classes, each with how often it is there; they add up."""

    def __init__(self, codes, values=(), counts=()):
        self.codes = codes
        self.values, self.counts = added([(np.asarray(values, float), np.asarray(counts, float))])

    @classmethod
    def of(cls, codes, u, counts):
        there = np.isin(codes_of(u), codes)
        return cls(codes, u[there], np.ones(there.sum()) if counts is None else counts[there])

    def __add__(self, other):
        found = Chosen(self.codes)
        parts = [(each.values, each.counts) for each in (self, other)]
        found.values, found.counts = added(parts)
        return found

    def ends(self, codes, counts):
        """How many residuals of all come up to the end of each of these values."""
        own = codes_of(self.values)
        before = (np.cumsum(counts) - counts)[np.searchsorted(codes, own)]
        first = np.searchsorted(own, own)  # where the class of each begins
        sums = np.cumsum(self.counts)
        return before + sums - (sums[first] - self.counts[first])


def codes_of(u):
    """(n,) whole numbers in the order of u, the same for those with the same leading bits."""
    bits = np.ascontiguousarray(u + 0.0).view(np.int64)  # no -0.0
    return (bits ^ ((bits >> 63) & np.int64(2**63 - 1))) >> TAIL_BITS


def added(parts):
    """(sorted values without repetition, sums of their counts) of such pairs."""
    values, places = np.unique(np.concatenate([v for v, _ in parts]), return_inverse=True)
    counts = np.concatenate([number for _, number in parts])
    return values, np.bincount(places.reshape(-1), weights=counts, minlength=len(values))


def _joined(a, b):
    """(count, mean, squares and so on about it) of two parts."""
    n, d = a.count + b.count, b.mean - a.mean
    x, y = a.count / n, b.count / n
    (a2, a3, a4), (b2, b3, b4) = a.about, b.about
    about = np.array([
        a2 + b2 + d**2 * n * x * y,
        a3 + b3 + d**3 * n * x * y * (x - y) + 3 * d * (x * b2 - y * a2),
        a4 + b4 + d**4 * n * x * y * (x * x - x * y + y * y)
        + 6 * d**2 * (x * x * b2 + y * y * a2) + 4 * d * (x * b3 - y * a3),
    ])  # fmt: skip
    return n, a.mean + d * y, about
