"""`Fitted`: what inference knows of a fit, whoever made it."""

from collections.abc import Sequence

from linreg_fast.data.gate import frozen
from linreg_fast.data.moments import Moments
from linreg_fast.data.precision import RSS_ERROR
from linreg_fast.inference.basis import Basis
from linreg_fast.kernels import RUNGS


class Numbered(Sequence):
    """Names such as y0, y1, ..., made when they are asked for: of 20,000 targets they take 1 ms."""

    def __init__(self, stem, places):
        self._stem, self._places = stem, places

    def __len__(self):
        return len(self._places)

    def __getitem__(self, k):
        found = self._places[k]
        return Numbered(self._stem, found) if isinstance(k, slice) else f"{self._stem}{found}"


class Fitted:
    """What a fit says of itself.

    moments, fit_intercept, rank, coef (t, p), names of the columns and of the targets. terms:
    (name, places of its columns) of each term of a formula; None where each column is one.
    """

    reader = None  # what takes new rows as the fit took its own, by names or by a formula

    def __init__(self, moments, fit_intercept, rank, coef, names, targets, terms=None):
        self.moments, self.fit_intercept, self.rank = moments, fit_intercept, rank
        self.coef, self.names, self.targets, self.terms = coef, names, targets, terms

    def basis(self, target, rows=None, least_squares=False):
        """The `Basis` of a target; where plain sums lack digits, of sums in double-double.

        least_squares: with coefficients of its own where the columns depend on each other.
        """
        full = least_squares or self.rank >= self.moments.n_features
        coef = None if full else self.coef[target]
        moments, place = self._moments_of(target)
        found = Basis.of(moments, self.fit_intercept, self.rank, coef, place)
        lacks = not moments.doubled and not found.noise < RSS_ERROR
        if lacks and rows is not None:
            X, Y, weights = rows
            own = Y if Y.shape[1] == 1 else frozen(Y[:, [target]])
            sharper = Moments.of(X, own, weights, RUNGS["compensated"])
            if sharper.n_samples == moments.n_samples:
                found = Basis.of(sharper, self.fit_intercept, self.rank, coef)
        return found

    def _moments_of(self, target):
        """(moments, the target's place in them): many targets are kept apart."""
        for part in self.moments.apart:
            if target < part.n_targets:
                return part, target
            target -= part.n_targets
        raise IndexError(target)
