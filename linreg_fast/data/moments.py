"""`Moments`: all that least squares needs to know of any number of rows. The spine."""

from dataclasses import dataclass

import numpy as np

from linreg_fast.data import jsonfile
from linreg_fast.kernels import default_rung
from linreg_fast.kernels.merge import merge, remove

FILE_KIND, FILE_VERSION = "linreg_fast.moments", 1


@dataclass(frozen=True, eq=False, repr=False)
class Moments:
    """Count, weight sum, means and centred cross-products of the columns of [X, Y].

    Two of them add up to the moments of all the rows, ``a + b``, and rows are taken out again with
    ``a - b``. They are small (p features and one target: (p + 1)(p + 4) / 2 + 2 numbers when
    pickled), whatever the number of rows.

    Parameters
    ----------
    n_samples : int
        Rows with a weight above zero.
    weight_sum : float
        Sum of the weights; `n_samples` where there are none.
    mean : ndarray of shape (n_features + n_targets,)
        Weighted means of the columns of [X, Y], in the columns' units.
    comoment : ndarray of shape (n_features + n_targets, n_features + n_targets)
        sum(w (z_j - mean_j) (z_k - mean_k)): products of the columns' units.
    n_targets : int
        How many of the last columns are targets.
    """

    n_samples: int
    weight_sum: float
    mean: np.ndarray
    comoment: np.ndarray
    n_targets: int = 1

    @classmethod
    def of(cls, X, Y, sample_weight=None, kernels=None):
        """Of arrays X (n, p), Y (n, t) and weights (n,) or None that the gate has passed."""
        kernels = kernels or default_rung(len(X), X.shape[1] + Y.shape[1]).kernels
        with np.errstate(over="ignore", invalid="ignore"):  # `Problem.moments_in_range` looks at it
            return cls(*kernels.moments(X, Y, sample_weight), n_targets=Y.shape[1])

    @classmethod
    def empty(cls, n_features, n_targets=1):
        """Of no rows: the zero of the addition."""
        q = n_features + n_targets
        return cls(0, 0.0, np.zeros(q), np.zeros((q, q)), n_targets)

    @property
    def n_features(self):
        return len(self.mean) - self.n_targets

    def __repr__(self):
        return (
            f"Moments(n_samples={self.n_samples}, weight_sum={self.weight_sum:g}, "
            f"n_features={self.n_features}, n_targets={self.n_targets})"
        )

    def _check_same_columns(self, other):
        if (self.n_features, self.n_targets) != (other.n_features, other.n_targets):
            raise ValueError(f"these are of different columns: {self!r} and {other!r}")

    def __add__(self, other):
        if not isinstance(other, Moments):
            return NotImplemented
        self._check_same_columns(other)
        joined = merge(
            self.weight_sum, self.mean, self.comoment, other.weight_sum, other.mean, other.comoment
        )
        return Moments(self.n_samples + other.n_samples, *joined, n_targets=self.n_targets)

    def __radd__(self, other):
        return self if type(other) is int and other == 0 else NotImplemented  # sum() starts at 0

    def __sub__(self, other):
        if not isinstance(other, Moments):
            return NotImplemented
        self._check_same_columns(other)
        n_samples = self.n_samples - other.n_samples
        if n_samples < 0:
            raise ValueError(f"cannot take {other.n_samples} rows out of {self.n_samples}")
        if n_samples == 0:
            return Moments.empty(self.n_features, self.n_targets)
        if other.n_samples == 0:
            return self
        if not other.weight_sum < self.weight_sum:
            raise ValueError(
                f"cannot take a weight of {other.weight_sum:g} out of {self.weight_sum:g}"
            )
        left = remove(
            self.weight_sum, self.mean, self.comoment, other.weight_sum, other.mean, other.comoment
        )
        return Moments(n_samples, *left, n_targets=self.n_targets)

    def _upper(self):
        return self.comoment[np.triu_indices(len(self.mean))]

    @classmethod
    def _of_upper(cls, n_samples, weight_sum, n_targets, mean, upper):
        mean = np.array(mean, dtype=np.float64)
        comoment = np.empty((len(mean), len(mean)))
        rows, columns = np.triu_indices(len(mean))
        comoment[rows, columns] = comoment[columns, rows] = upper
        return cls(n_samples, weight_sum, mean, comoment, n_targets)

    @classmethod
    def _of_bytes(cls, n_samples, weight_sum, n_targets, mean, upper):
        numbers = np.frombuffer(mean, "<f8"), np.frombuffer(upper, "<f8")
        return cls._of_upper(n_samples, weight_sum, n_targets, *numbers)

    def __reduce__(self):
        numbers = (array.astype("<f8").tobytes() for array in (self.mean, self._upper()))
        return Moments._of_bytes, (
            int(self.n_samples),
            float(self.weight_sum),
            self.n_targets,
            *numbers,
        )

    def to_json(self):
        """JSON text that `from_json` reads back to the same bits."""
        content = {
            "n_samples": int(self.n_samples),
            "weight_sum": float(self.weight_sum),
            "n_targets": self.n_targets,
            "mean": self.mean.tolist(),
            "comoment_upper": self._upper().tolist(),
        }
        return jsonfile.dumps(FILE_KIND, FILE_VERSION, content)

    @classmethod
    def from_json(cls, text):
        """Moments from the text of `to_json`; a ValueError says what is wrong with any other."""
        content = jsonfile.loads(text, FILE_KIND, FILE_VERSION)
        n_samples, n_targets = content.get("n_samples"), content.get("n_targets")
        mean = jsonfile.numbers(content, "mean")
        q = len(mean)
        upper = jsonfile.numbers(content, "comoment_upper", q * (q + 1) // 2)
        (weight_sum,) = jsonfile.numbers({"weight_sum": [content.get("weight_sum")]}, "weight_sum")
        if type(n_samples) is not int or not 0 <= n_samples < 2**63 or weight_sum < 0:
            raise ValueError("malformed file: n_samples and weight_sum must be 0 or more")
        if (n_samples == 0) != (weight_sum == 0):
            raise ValueError("malformed file: rows without a weight, or a weight without rows")
        if type(n_targets) is not int or not 1 <= n_targets < q:
            raise ValueError(f"malformed file: n_targets is {n_targets!r} for {q} columns")
        moments = cls._of_upper(n_samples, weight_sum, n_targets, mean, upper)
        if (np.diag(moments.comoment) < 0).any():
            raise ValueError("malformed file: a column's sum of squares is negative")
        return moments

    def save(self, path):
        """Write `to_json()` to a file, whole or not at all."""
        jsonfile.write_text(path, self.to_json())

    @classmethod
    def load(cls, path):
        """Read a file that `save` wrote."""
        return cls.from_json(jsonfile.read_text(path))
