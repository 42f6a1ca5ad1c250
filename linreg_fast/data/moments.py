"""`Moments`: all that least squares needs to know of any number of rows."""

import warnings
from dataclasses import dataclass

import numpy as np

from linreg_fast.data import forgetting, scaling
from linreg_fast.data.gate import read_only
from linreg_fast.data.lazy import computed_once
from linreg_fast.data.moments_file import MomentsFile
from linreg_fast.kernels import DEFAULT
from linreg_fast.kernels.arithmetic.columns import Columns
from linreg_fast.kernels.arithmetic.rounding import (
    DOUBLED_ROUNDING,
    EPSILON,
    NOISE_UNDERFLOW,
    SUBTRACTION_LOST,
    SUBTRACTION_ROUNDING,
)
from linreg_fast.kernels.moments import sparse
from linreg_fast.kernels.moments.merge import merge, remove

DIGITS = 12  # of the rows that stay: a subtraction that leaves fewer warns
ALIKE = 1e-6  # relative difference of two weight sums of the same rows, summed in different ways


@dataclass(frozen=True, eq=False, repr=False)
class Moments(MomentsFile):
    """Count, weight sum, means and centred cross-products of the columns of [X, Y].

    Two of them add up to the moments of all the rows, ``a + b``, and rows are taken out again with
    ``a - b``, both in double-double arithmetic. They are small (p features and one target:
    (p + 1)(p + 4) + 4 numbers at the most when pickled), whatever the number of rows.

    Parameters
    ----------
    n_samples : int
        Rows with a weight above zero.
    weight_parts : ndarray of shape (2,)
        Sum of the weights, as hi and lo.
    mean_parts : ndarray of shape (2, n_features + n_targets)
        Weighted means of the columns of [X, Y], as hi and lo, in the columns' units.
    comoment_parts : ndarray of shape (2, n_features + n_targets, n_features + n_targets)
        sum(w (z_j - mean_j) (z_k - mean_k)), as hi and lo: products of the columns' units.
    n_targets : int
        How many of the last columns are targets.
    noise : ndarray of shape (n_features + n_targets,), optional
        What plain sums have lost of each column's sum of squares. None: they were carried in
        double-double all the way.
    exponents : ndarray of shape (n_features + n_targets + 1,)
        Powers of two that the columns, and last the weights, were divided by, so that no square
        overflows or underflows. The parts are in those units; zeros for ordinary numbers.

    Attributes
    ----------
    weight_sum, mean, comoment : rounded to double precision, in the columns' own units.
    """

    n_samples: int
    weight_parts: np.ndarray
    mean_parts: np.ndarray
    comoment_parts: np.ndarray
    n_targets: int = 1
    noise: np.ndarray | None = None
    exponents: np.ndarray | None = None

    def __init__(
        self,
        n_samples,
        weight_parts,
        mean_parts,
        comoment_parts,
        n_targets=1,
        noise=None,
        exponents=None,
    ):
        # What dataclasses write for frozen ones takes a tenth of a small fit.
        attributes = self.__dict__
        attributes["n_samples"] = n_samples
        attributes["weight_parts"] = weight_parts
        attributes["mean_parts"] = mean_parts
        attributes["comoment_parts"] = comoment_parts
        attributes["n_targets"] = n_targets
        attributes["noise"] = noise
        attributes["exponents"] = exponents

    @classmethod
    def of(cls, X, Y, sample_weight=None, rung=None):
        """Of arrays X (n, p), Y (n, t) and weights (n,) or None that the gate has passed."""
        rung = rung or DEFAULT
        # Whoever made arrays of the gate's anew has writable ones, of which kernels have no code.
        X, Y, sample_weight = read_only(X), read_only(Y), read_only(sample_weight)
        sums = rung.kernels.moments if isinstance(X, (np.ndarray, Columns)) else sparse.moments
        with np.errstate(over="ignore", invalid="ignore"):  # looked at here, or by `Problem`
            found = sums(X, Y, sample_weight)
            if not rung.doubled and sums is not sparse.moments:
                return cls.of_plain_sums(*found, Y.shape[1])
            found = cls(*found, Y.shape[1])
            if scaling.ordinary(found, X, Y, sample_weight):
                return found
        X = X.array if type(X) is Columns else X
        exponents = scaling.exponents(X, Y, sample_weight)
        if sample_weight is not None:
            sample_weight = read_only(np.ldexp(sample_weight, -exponents[-1]))
        found = sums(X, Y, sample_weight, exponents[:-1])
        return cls(*found, Y.shape[1], None, exponents)

    @classmethod
    def of_plain_sums(cls, n_samples, weight, mean, comoment, n_targets=1, rounding=EPSILON):
        """Of what a rung returns whose sums of squares are rounded by a relative `rounding`."""
        noise = rounding * comoment[0].diagonal()
        return cls(n_samples, weight, mean, comoment, n_targets, noise)

    @classmethod
    def empty(cls, n_features, n_targets=1):
        """Of no rows: the zero of the addition."""
        q = n_features + n_targets
        return cls(0, np.zeros(2), np.zeros((2, q)), np.zeros((2, q, q)), n_targets)

    def of_columns(self, features):
        """Of some of the features, and all targets: their places, in any order."""
        chosen = np.append(features, np.arange(self.n_features, self.mean_parts.shape[1]))
        exponents = self.exponents
        return Moments(
            self.n_samples,
            self.weight_parts,
            np.ascontiguousarray(self.mean_parts[:, chosen]),
            np.ascontiguousarray(self.comoment_parts[:, chosen[:, None], chosen]),
            self.n_targets,
            None if self.noise is None else self.noise[chosen],
            None if exponents is None else exponents[np.append(chosen, -1)],
        )

    @property
    def weight_sum(self):
        return float(self._in_own_units(self.weight_parts[0], -1))

    @property
    def mean(self):
        return self._in_own_units(self.mean_parts[0], slice(-1))

    @property
    def comoment(self):
        if self.exponents is None:
            return self.comoment_parts[0]
        columns = self.exponents[:-1]
        units = np.add.outer(columns, columns) + self.exponents[-1]
        with np.errstate(over="ignore"):
            return np.ldexp(self.comoment_parts[0], units)

    def _in_own_units(self, values, which):
        return values if self.exponents is None else np.ldexp(values, self.exponents[which])

    @computed_once
    def relative_noise(self):
        """The largest share that plain sums have lost of a column's sum of squares; 0 if none."""
        if self.noise is None:
            return 0.0
        squares = self.comoment_parts[0].diagonal()
        varies = squares > NOISE_UNDERFLOW
        if not varies.any():  # nothing does, or all squares underflowed or overflowed
            return float(EPSILON)
        return float((self.noise[varies] / squares[varies]).max())

    @property
    def doubled(self):
        """Whether the lo parts hold digits: what plain sums lost, if anything, is below them."""
        return self.noise is None or self.relative_noise < DOUBLED_ROUNDING

    @property
    def n_features(self):
        return self.mean_parts.shape[1] - self.n_targets

    @property
    def apart(self):
        """As `ManyTargetMoments` has them: all targets together."""
        return (self,)

    @property
    def parts(self):
        """(weight sum, means, comoment), each hi and lo, as the kernels take them."""
        return self.weight_parts, self.mean_parts, self.comoment_parts

    def __repr__(self):
        return (
            f"Moments(n_samples={self.n_samples}, weight_sum={self.weight_sum:.9g}, "
            f"n_features={self.n_features}, n_targets={self.n_targets})"
        )

    def _check_same_columns(self, other):
        if (self.n_features, self.n_targets) != (other.n_features, other.n_targets):
            raise ValueError(f"these are of different columns: {self!r} and {other!r}")

    def __add__(self, other):
        if not isinstance(other, Moments):
            return NotImplemented
        self._check_same_columns(other)
        a, b, noise, exponents = scaling.aligned(self, other)
        n_samples = self.n_samples + other.n_samples
        return Moments(n_samples, *merge(*a, *b), self.n_targets, noise, exponents)

    def __radd__(self, other):
        return self if type(other) is int and other == 0 else NotImplemented  # sum() starts at 0

    def __sub__(self, other):
        if not isinstance(other, Moments):
            return NotImplemented
        self._check_same_columns(other)
        n_samples = self.n_samples - other.n_samples
        if n_samples < 0:
            raise ValueError(f"cannot take {other.n_samples} rows out of {self.n_samples}")
        if other.n_samples == 0:
            return self
        a, b, noise, exponents = scaling.aligned(self, other)
        (whole, whole_lo), (part, part_lo) = a[0], b[0]
        stays = (whole - part) + (whole_lo - part_lo)
        if n_samples == 0 and abs(stays) < ALIKE * whole:
            return Moments.empty(self.n_features, self.n_targets)
        if n_samples == 0 or not stays > SUBTRACTION_ROUNDING * whole:
            raise ValueError(
                f"cannot take a weight of {other.weight_sum:g} out of {self.weight_sum:g} and have "
                f"{n_samples} rows: they are not in, or what they leave is rounding"
            )
        weight, mean, comoment = remove(*a, *b)
        # A column that no longer varies: what the subtraction has left of it is rounding, of the
        # squares and of the means.
        squares, before = np.diag(comoment[0]), np.diag(a[2][0])
        step, size = abs(b[1][0] - a[1][0]), abs(a[1][0]) + abs(b[1][0])
        with np.errstate(under="ignore"):
            apart = (
                (step + SUBTRACTION_LOST * size) * SUBTRACTION_LOST * size * (whole / stays * part)
            )
        rounding = SUBTRACTION_ROUNDING * before + 16 * apart
        if noise is not None:
            rounding = rounding + 16 * noise
        if (squares < -rounding).any():
            raise ValueError("cannot take out rows that are not in: a sum of squares gets negative")
        gone = (squares <= rounding) | (n_samples == 1)
        comoment[:, gone] = comoment[:, :, gone] = 0.0
        lost, varied = SUBTRACTION_LOST * before, before > rounding
        least = min(
            (squares[~gone] / lost[~gone]).min(initial=np.inf), stays / (SUBTRACTION_LOST * whole)
        )
        none_left = varied.any() and gone[varied].all()
        if n_samples > 1 and (none_left or least < 10.0**DIGITS):
            noise = lost if noise is None else noise + lost
            warnings.warn(
                "what was taken out was so much larger than what stays that few digits of that are "
                "left: sum the rows that stay anew",
                stacklevel=2,
            )
        return Moments(n_samples, weight, mean, comoment, self.n_targets, noise, exponents)

    def __mul__(self, factor):
        """The same rows with `factor` times their weights: ``0.5 * a + b`` forgets half of a."""
        if isinstance(factor, bool) or not isinstance(factor, (int, float, np.number)):
            return NotImplemented
        if not 0 < factor < np.inf:
            raise ValueError(f"weights are multiplied by a number above 0, got {factor}")
        weight, mean, comoment = self.parts
        weight, comoment = (forgetting.times(part, float(factor)) for part in (weight, comoment))
        noise = None if self.noise is None else self.noise * factor
        return Moments(
            self.n_samples, weight, mean, comoment, self.n_targets, noise, self.exponents
        )

    __rmul__ = __mul__
