"""Moments of more targets than columns: some targets at a time, each time with the columns.

Products of targets with each other are needed by nobody, and of 20,000 targets they are 6 GB. In
parts of about as many targets as columns, moments take time and memory in proportion to the rows
and to the coefficients.
"""

import json
from dataclasses import dataclass

import numpy as np

from linreg_fast.data import jsonfile
from linreg_fast.data.moments import Moments
from linreg_fast.data.moments_file import FILE_KIND, FILE_VERSION
from linreg_fast.kernels.tuning import FEWEST_TARGETS_APART, MANY_TARGETS


def takes(n_features, n_targets):
    """Whether there are so many targets, and more than columns, that they are kept apart."""
    return n_targets > MANY_TARGETS and n_targets > n_features


@dataclass(frozen=True, eq=False, repr=False)
class ManyTargetMoments:
    """Moments of the same columns with some of the targets at a time.

    They are added, subtracted, weighted, pickled and written as `Moments` are, and
    `LinearRegression.fit_moments` takes them. What they do not have is `comoment`, since products
    of targets with each other are not kept.

    Parameters
    ----------
    apart : tuple of Moments
        Of the same rows and columns, and of the targets in order.

    Attributes
    ----------
    n_samples, n_features, n_targets, weight_sum, mean : as of `Moments`
    feature_comoment : ndarray of shape (n_features, n_features)
    cross_comoment : ndarray of shape (n_features, n_targets)
    target_squares : ndarray of shape (n_targets,)
        Parts of the comoment: products of columns, of columns with targets, and each target's sum
        of squares, about the means.
    """

    apart: tuple

    @property
    def n_samples(self):
        return self.apart[0].n_samples

    @property
    def n_features(self):
        return self.apart[0].n_features

    @property
    def n_targets(self):
        return sum(part.n_targets for part in self.apart)

    @property
    def weight_sum(self):
        return self.apart[0].weight_sum

    @property
    def mean(self):
        p = self.n_features
        return np.concatenate([self.apart[0].mean[:p], *(part.mean[p:] for part in self.apart)])

    @property
    def feature_comoment(self):
        p = self.n_features
        return self.apart[0].comoment[:p, :p]

    @property
    def cross_comoment(self):
        p = self.n_features
        return np.hstack([part.comoment[:p, p:] for part in self.apart])

    @property
    def target_squares(self):
        p = self.n_features
        return np.concatenate([part.comoment.diagonal()[p:] for part in self.apart])

    def __repr__(self):
        return (
            f"ManyTargetMoments(n_samples={self.n_samples}, weight_sum={self.weight_sum:.9g}, "
            f"n_features={self.n_features}, n_targets={self.n_targets})"
        )

    def _with(self, other, operation):
        if not isinstance(other, ManyTargetMoments):
            return NotImplemented
        if (self.n_features, self.n_targets) != (other.n_features, other.n_targets):
            raise ValueError(f"these are of different columns: {self!r} and {other!r}")
        pairs = zip(self.apart, other.apart, strict=True)
        return ManyTargetMoments(tuple(operation(a, b) for a, b in pairs))

    def __add__(self, other):
        return self._with(other, lambda a, b: a + b)

    def __radd__(self, other):
        return self if type(other) is int and other == 0 else NotImplemented  # sum() starts at 0

    def __sub__(self, other):
        return self._with(other, lambda a, b: a - b)

    def __mul__(self, factor):
        """The same rows with `factor` times their weights."""
        apart = tuple(part.__mul__(factor) for part in self.apart)
        return NotImplemented if NotImplemented in apart else ManyTargetMoments(apart)

    __rmul__ = __mul__

    def to_json(self):
        """JSON text that `Moments.from_json` reads back to the same bits."""
        parts = [json.loads(part.to_json()) for part in self.apart]
        content = {"n_targets": self.n_targets, "apart": parts}
        return jsonfile.dumps(FILE_KIND, FILE_VERSION, content)

    @classmethod
    def from_json(cls, text):
        """From the text of `to_json`; a ValueError says what is wrong with any other."""
        content = jsonfile.loads(text, FILE_KIND, FILE_VERSION)
        parts = content.get("apart")
        if not isinstance(parts, list) or not parts:
            raise ValueError("malformed file: 'apart' must be a list of moments")
        found = cls(tuple(Moments.from_json(json.dumps(part)) for part in parts))
        first = found.apart[0]
        same = (first.n_samples, first.n_features)
        if found.n_targets != content.get("n_targets") or any(
            not isinstance(part, Moments) or (part.n_samples, part.n_features) != same
            for part in found.apart
        ):
            raise ValueError("malformed file: its parts are of different rows or columns")
        return found

    def save(self, path):
        """Write `to_json()` to a file, whole or not at all."""
        jsonfile.write_text(path, self.to_json())

    @classmethod
    def load(cls, path):
        """Read a file that `save` wrote."""
        return cls.from_json(jsonfile.read_text(path))


def chunks(n_features, Y):
    """Targets (n, t), some at a time: all of them, or about as many as there are columns."""
    if not takes(n_features, Y.shape[1]):
        yield Y
        return
    length = max(n_features, FEWEST_TARGETS_APART)
    for start in range(0, Y.shape[1], length):
        yield np.ascontiguousarray(Y[:, start : start + length])


def joined(parts):
    """The moments of all targets, from those of `chunks`."""
    return parts[0] if len(parts) == 1 else ManyTargetMoments(tuple(parts))


def moments_of(X, Y, sample_weight=None, rung=None):
    """`Moments`, or `ManyTargetMoments` where `takes` says so."""
    return joined([Moments.of(X, part, sample_weight, rung) for part in chunks(X.shape[1], Y)])
