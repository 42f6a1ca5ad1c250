"""Sums of scores by cluster, and what CR0 to CR3 make of them.

A cluster's (I - H_gg) acts on its rows; what reaches the coefficients is only the score s = S'e of
the cluster in orthonormal coordinates, and S' f(I - S S') e = f(I - S'S) S'e for any function f. So
CR2 and CR3 take from each cluster its score and k x k products, whatever its size, and these add up
over batches. Source of the estimators: Bell and McCaffrey 2002.
"""

import numpy as np

from linreg_fast.kernels.second_pass import clusters

ADJUSTED = {"CR2": -0.5, "CR3": -1.0}  # the power of I - H_gg
CHUNK = 1 << 20  # numbers of k x k products that are factored at a time


class ClusterSums:
    """Of one grouping."""

    def __init__(self, basis, cov):
        self.basis, self.cov = basis, cov
        self.places = None  # label -> place, once there is a second batch
        self.labels = None
        self.scores = self.squares = None

    def add(self, arguments, grouping):
        """Add the rows of a piece; (sum of w e^2, of w, rows of weight above 0, (k,) scores)."""
        scores, squares, totals = clusters.sums(
            *arguments, grouping.codes, grouping.size, self.cov in ADJUSTED
        )
        self._join(grouping, scores, squares)
        whole = scores.sum(axis=0, keepdims=True)
        return *totals, whole[0, 0], self._coordinates(whole)[0]

    def _join(self, grouping, scores, squares):
        if self.scores is None:
            self.labels, self.scores, self.squares = grouping, scores, squares
            return
        live = np.flatnonzero(scores[:, 0])
        self._join_labels(
            [grouping.label(code) for code in live.tolist()], scores[live], squares, live
        )

    def _join_labels(self, labels, scores, squares, live):
        if self.places is None:
            kept = np.flatnonzero(self.scores[:, 0])
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
            live = np.flatnonzero(part.scores[:, 0])
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
        return int(np.count_nonzero(self.scores[:, 0]))

    def meat(self):
        """(k, k) without a factor for few clusters, and likewise of directions that are lost."""
        basis, live = self.basis, self.scores[:, 0] > 0
        scores = self.scores if live.all() else self.scores[live]
        found = self._coordinates(scores)
        lost = np.zeros((basis.rank, basis.rank))
        if self.cov in ADJUSTED:
            squares = self.squares if live.all() else self.squares[live]
            lost = self._adjust(found, squares)
        return found.T @ found, lost

    def _coordinates(self, scores):
        """(clusters, k) of sums (clusters, 2 + r) over centred columns."""
        found = np.empty((len(scores), self.basis.rank))
        first = int(self.basis.centred)
        if first:
            np.multiply(scores[:, 1], self.basis.constant, out=found[:, 0])
        np.matmul(scores[:, 2:], self.basis.lower.T, out=found[:, first:])
        return found

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
