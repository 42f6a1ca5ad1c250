"""Sums of scores by cluster, and what CR0 to CR3 make of them.

A cluster's (I - H_gg) acts on its rows; what reaches the coefficients is only the score s = S'e of
the cluster in orthonormal coordinates, and S' f(I - S S') e = f(I - S'S) S'e for any function f. So
CR2 and CR3 take from each cluster its score and k x k products, whatever its size, and these add up
over batches. Source of the estimators: Bell and McCaffrey 2002.
"""

import numpy as np

from linreg_fast.data.lazy import computed_once
from linreg_fast.kernels.second_pass import clusters, sorted_clusters
from linreg_fast.runtime import blas

ADJUSTED = {"CR2": -0.5, "CR3": -1.0}  # the power of I - H_gg
CHUNK = 1 << 20  # numbers of k x k products that are factored at a time
PIECE = 4096  # clusters that are turned at a time: 0.3 MB of ten columns


class ClusterSums:
    """Of one grouping."""

    def __init__(self, basis, cov):
        self.basis, self.cov = basis, cov
        self._count = basis.n_features + 1  # the place of the rows of weight above 0
        self.places = None  # label -> place, once there is a second batch
        self.labels = None
        self.scores = self.squares = None
        self.closed = None  # (k, k) meat and number of clusters that are done with

    def add(self, arguments, grouping, whole=False):
        """Add the rows of a piece; (sum of w e^2, of w, rows of weight above 0, (k,) scores).

        whole: no others will come, so that clusters whose rows stand together are done with.
        """
        codes = grouping.codes
        if whole and self.cov not in ADJUSTED and bool((codes[1:] >= codes[:-1]).all()):
            return self._add_sorted(arguments, grouping)
        scores, squares, totals = clusters.sums(
            *arguments, grouping.codes, grouping.size, self.cov in ADJUSTED
        )
        self._join(grouping, scores, squares)
        whole = scores.sum(axis=0, keepdims=True)
        return *totals, whole[0, self._count], self._coordinates(whole)[0]

    def _add_sorted(self, arguments, grouping):
        found = sorted_clusters.sums(*arguments, grouping.codes)
        self.labels, self.scores = grouping, found.ends
        self.closed = found.meat, found.closed
        weights = arguments[3]
        rows = np.count_nonzero(weights) if len(weights) else len(grouping.codes)
        score = found.score + self._coordinates(found.ends.sum(axis=0, keepdims=True))[0]
        return *found.totals, rows, score

    def _join(self, grouping, scores, squares):
        if grouping.goes_on:
            self._join_codes(grouping, scores, squares)
            return
        if self.scores is None:
            self.labels, self.scores, self.squares = grouping, scores, squares
            return
        live = np.flatnonzero(scores[:, self._count])
        self._join_labels(
            [grouping.label(code) for code in live.tolist()], scores[live], squares, live
        )

    def _join_codes(self, grouping, scores, squares):
        """Of codes that mean the same in each batch; the tables grow by doubling."""
        live = slice(len(scores)) if grouping.labels is None else grouping.labels
        size = grouping.size if grouping.labels is None else int(live[-1]) + 1
        if self.scores is None:
            self.scores = np.zeros((0, scores.shape[1]))
            self.squares = None if squares is None else np.zeros((0, squares.shape[1]))
        if size > len(self.scores):
            size = max(size, 2 * len(self.scores))
            self.scores = _grown(self.scores, size)
            self.squares = None if squares is None else _grown(self.squares, size)
        self.scores[live] += scores
        if squares is not None:
            self.squares[live] += squares

    def _join_labels(self, labels, scores, squares, live):
        if self.places is None:
            kept = np.flatnonzero(self.scores[:, self._count])
            names = [self.labels.label(code) for code in kept.tolist()]
            self.places = {name: place for place, name in enumerate(names)}
            self.labels, self.scores = None, self.scores[kept]
            self.squares = None if self.squares is None else self.squares[kept]
        places = [self.places.setdefault(label, len(self.places)) for label in labels]
        self.scores = _grown(self.scores, len(self.places))
        self.scores[places] += scores
        if squares is not None:
            self.squares = _grown(self.squares, len(self.places))
            self.squares[places] += squares[live]

    def __add__(self, other):
        found = ClusterSums(self.basis, self.cov)
        for part in (self, other):
            live = np.flatnonzero(part.scores[:, self._count])
            if part.places is None:
                labels = [part.labels.label(code) for code in live.tolist()]
            else:
                by_place = {place: label for label, place in part.places.items()}
                labels = [by_place[place] for place in live.tolist()]
            if found.places is None:
                found.places = {label: place for place, label in enumerate(labels)}
                found.scores = part.scores[live]
                found.squares = None if part.squares is None else part.squares[live]
            else:
                found._join_labels(labels, part.scores[live], part.squares, live)
        return found

    @property
    def count(self):
        """Clusters with a row of weight above 0."""
        live = int(np.count_nonzero(self.scores[:, self._count]))
        return live + (self.closed[1] if self.closed else 0)

    def meat(self):
        """(k, k) without a factor for few clusters, and likewise of directions that are lost."""
        basis, live = self.basis, self.scores[:, self._count] > 0
        every = live.all()
        found, lost = np.zeros((2, basis.rank, basis.rank))
        # Some clusters at a time: their coordinates stay in the cache, and take no new memory.
        with blas.one_thread(basis.rank, fewest=1):  # products that are too small for two
            for start in range(0, len(live), PIECE):
                part = slice(start, start + PIECE)
                scores = self._coordinates(
                    self.scores[part] if every else self.scores[part][live[part]]
                )
                if self.cov in ADJUSTED:
                    lost += self._adjust(scores, self.squares[part][live[part]])
                found += scores.T @ scores
        return found + self.closed[0] if self.closed else found, lost

    def _coordinates(self, scores):
        """(clusters, k) of sums (clusters, width) over centred columns."""
        turn = self._turn
        return scores[:, : len(turn)] @ turn

    @computed_once
    def _turn(self):
        """(p + 1, k), of the columns and the intercept."""
        basis, first = self.basis, int(self.basis.centred)
        turn = np.zeros((basis.n_features + 1, basis.rank))
        turn[basis.order, first:] = basis.lower.T
        turn[-1, first:] = basis.base
        if first:
            turn[-1, 0] = basis.constant
        return turn

    def _adjust(self, scores, squares):
        k = self.basis.rank
        lower, step = np.tril_indices(k), max(CHUNK // k**2, 1)
        lost, least = np.zeros((k, k)), 1 - self.basis.most_leverage
        for start in range(0, len(scores), step):
            part = slice(start, start + step)
            left = np.zeros((len(scores[part]), k, k))
            left[:, lower[0], lower[1]] = -squares[part]
            left[:, range(k), range(k)] += 1.0
            values, vectors = np.linalg.eigh(left)
            gone = values <= least
            powers = np.where(gone, 1.0, values) ** ADJUSTED[self.cov]
            powers[gone] = 0.0
            turned = np.einsum("gij,gi->gj", vectors, scores[part]) * powers
            scores[part] = np.einsum("gij,gj->gi", vectors, turned)
            if gone.any():
                directions = vectors.transpose(0, 2, 1)[gone]
                lost += directions.T @ directions
        return lost


def _grown(array, length):
    if len(array) == length:
        return array
    found = np.zeros((max(length, 0), *array.shape[1:]))
    found[: len(array)] = array
    return found
