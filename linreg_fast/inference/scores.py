"""`Scores`: what one more read of the rows finds, batch after batch, as `Moments` are added up."""

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.inference.choices import HETEROSKEDASTIC, check_whole
from linreg_fast.inference.clusters import ClusterSums
from linreg_fast.inference.groups import both, groupings, refuse_one_cluster
from linreg_fast.inference.lagged import LaggedSums
from linreg_fast.inference.pieces import pieces
from linreg_fast.kernels.second_pass import meat as hc


class Scores:
    """Sums over the rows of a fit that its robust covariance needs; they add up, and pickle.

    Made by ``model.scores(cov=...)``. `add` takes the rows of the fit in batches of any size (for
    HAC in their order), with the weights and groups of the fit; ``a + b`` joins the sums of
    different rows, and ``model.inference(scores=...)`` takes them once all rows are in.
    """

    def __init__(self, basis, choice, target=0, gate=None):
        self.basis, self.choice, self.target, self._gate = basis, choice, target, gate
        k = basis.rank
        self.n_rows = self.first_lost = 0
        self.sums, self.score = np.zeros(hc.HEAD), np.zeros(k)
        self.meat, self.lost = np.zeros((2, k, k))
        self.log_weights, self.weighted = 0.0, False
        self.grouped = None  # of each grouping, and of both at once
        self.group_names = None
        self.lagged = None

    def __getstate__(self):
        return {**vars(self), "_gate": None}

    def __repr__(self):
        return f"Scores(cov={self.choice.cov!r}, n_rows={self.n_rows})"

    def add(self, X, y=None, sample_weight=None, groups=None):
        """Add rows X (m, p), y (m,), with their weights and clusters, if the fit had any.

        Returns
        -------
        self
        """
        if self._gate is None:
            raise ValueError(
                "scores that were pickled or added up take no rows: add others to them"
            )
        self.add_checked(*self._gate(X, y, sample_weight, groups))
        return self

    def add_checked(self, X, Y, weights, groups, whole=False):
        """The same of arrays that the gate has passed. whole: these are all the rows."""
        if (groups is not None) != self.choice.clustered:
            raise ValueError(
                f"cov={self.choice.cov!r} takes {'' if groups is None else 'no '}groups"
            )
        if self.choice.repeated and weights is not None:
            check_whole(weights)
        found = None if groups is None else groupings(groups, X.shape[0])
        for grouping in found or () if whole else ():
            if grouping.size < 2:  # before any work; that of several, some empty, shows in the end
                refuse_one_cluster(grouping.name, grouping.size)
        if found is not None:
            if self.grouped is not None and min(len(found), 2) != min(len(self.grouped), 2):
                raise ValueError("groups must be as many columns in each batch")
            self.group_names = [grouping.name for grouping in found[:2]]
            if len(found) == 2:
                found = [*found, both(*found)]
            if self.grouped is None:
                self.grouped = [ClusterSums(self.basis, self.choice.cov) for _ in found]
        if self.choice.cov == "HAC" and self.lagged is None:
            self.lagged = LaggedSums(self.basis, self.choice.lags)
        whole = whole and self.n_rows == 0
        for start, *rows in pieces(X, Y, weights):
            self._add_piece(start, rows, found, whole)
        self.n_rows += X.shape[0]
        if weights is not None:
            with np.errstate(divide="ignore"):
                logs = np.log(weights, where=weights > 0, out=np.zeros(len(weights)))
            self.log_weights += float(logs.sum())
            self.weighted = True

    def _add_piece(self, start, rows, found, whole):
        X, Y, weights = rows
        arguments = (X, Y, self.target, weights, self.basis.fit)
        if found is not None:
            self._add_clusters(start, arguments, found, whole)
            return
        kind = HETEROSKEDASTIC.get(self.choice.cov, hc.SUMS)
        n = self.basis.weight_sum if self.choice.repeated else self.basis.n_samples
        sums, score, meat, lost = hc.sums(
            *arguments, kind, self.choice.repeated, self.basis.most_leverage, n / self.basis.rank
        )
        if sums[hc.LOST] and not self.sums[hc.LOST]:
            self.first_lost = self.n_rows + start + int(sums[hc.FIRST_LOST])
        self.sums, self.score = self.sums + sums, self.score + score
        self.meat, self.lost = self.meat + meat, self.lost + lost
        if self.lagged is not None:
            self.lagged.add(arguments)

    def _add_clusters(self, start, arguments, found, whole):
        for place, (sums, grouping) in enumerate(zip(self.grouped, found, strict=True)):
            codes = frozen(grouping.codes[start : start + len(arguments[0])])
            alone = whole and len(codes) == len(grouping.codes)
            rss, weight, count, score = sums.add(arguments, grouping._replace(codes=codes), alone)
            if place == 0:
                self.sums = self.sums + self._head(rss, weight, count)
                self.score = self.score + score

    def _head(self, rss, weight, count):
        found = np.zeros(hc.HEAD)
        found[hc.RSS], found[hc.WEIGHT], found[hc.COUNT] = rss, weight, count
        found[hc.LEVERAGE] = np.nan  # not summed beside clusters
        return found

    def __add__(self, other):
        if not isinstance(other, Scores):
            return NotImplemented
        if self.choice != other.choice or not np.array_equal(self.basis.coef, other.basis.coef):
            raise ValueError("these scores are of different fits or covariances")
        found = Scores(self.basis, self.choice, self.target)
        for name in ("n_rows", "sums", "score", "meat", "lost", "log_weights"):
            setattr(found, name, getattr(self, name) + getattr(other, name))
        found.weighted = self.weighted or other.weighted
        found.first_lost = self.first_lost if self.sums[hc.LOST] else other.first_lost + self.n_rows
        found.group_names = self.group_names or other.group_names
        if self.grouped and other.grouped:
            found.grouped = [a + b for a, b in zip(self.grouped, other.grouped, strict=True)]
        else:
            found.grouped = self.grouped or other.grouped
        found.lagged = self.lagged or other.lagged
        if self.lagged is not None and other.lagged is not None:
            found.lagged = self.lagged + other.lagged
        return found

    def __radd__(self, other):
        return self if type(other) is int and other == 0 else NotImplemented  # sum() starts at 0

    @property
    def rss(self):
        return float(self.sums[hc.RSS])
