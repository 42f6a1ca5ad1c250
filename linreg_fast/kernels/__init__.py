"""Floor 0: the sums. `RUNGS` is the ladder from the Python loop upwards; a rung is a module here.

The contract
------------
A rung is a module with three functions. They take arrays and floats, return numbers, never raise
and never write to their arguments. Shapes: X (n, p), y (n,), Y (n, t), coef (p,) float64, intercept
float, sample_weight (n,) float64 or None (each row once). X and y are float32 or float64, in C
order, F order or strided; all sums are float64. A weight of zero removes the row: its values are
not used. n >= 1 and the weights do not sum to zero.

mse(X, y, coef, intercept, sample_weight=None) -> float
    Mean squared residual, sum(w r^2) / sum(w) with r = X coef + intercept - y.
gradient(X, y, coef, intercept, sample_weight=None) -> (mse, gradient_coef, gradient_intercept)
    The same mean, and its derivatives 2 sum(w r x) / sum(w) (p,) and 2 sum(w r) / sum(w).
moments(X, Y, sample_weight=None) -> (n_samples, weight_sum (2,), mean (2, q), comoment (2, q, q))
    Of the columns z of [X, Y], q = p + t: rows with a weight above zero, sum(w), the means, and
    sum(w (z_j - mean_j) (z_k - mean_k)), the same bits above and below the diagonal. Right to
    rounding for any offset of the columns; exactly zero for a column that is constant. Each is two
    parts whose sum is meant, hi and lo: lo is zero where a rung does not compute it.
"""

import importlib
from typing import Any, NamedTuple, Protocol

KERNELS = ("mse", "gradient", "moments")


class Kernels(Protocol):
    """What a solver is handed: the three functions of the contract above."""

    def mse(self, X, y, coef, intercept, sample_weight=None) -> float: ...
    def gradient(self, X, y, coef, intercept, sample_weight=None) -> tuple[float, Any, float]: ...
    def moments(self, X, Y, sample_weight=None) -> tuple[int, Any, Any, Any]: ...


class Rung(NamedTuple):
    """One way to compute the sums. `name` is its module in `rungs/`."""

    name: str
    why: str  # one phrase for the ladder: what this step changes
    reads: tuple[
        int, int, int
    ]  # times that mse, gradient, moments read X (temporaries not counted)
    rtol: float = 1e-9  # agreement asked for; plain sums of a million rows keep 11 digits or more
    doubled: bool = False  # moments in double-double: 30 digits

    @property
    def kernels(self) -> Kernels:
        return importlib.import_module(f"{__name__}.rungs.{self.name}")


RUNGS = {
    rung.name: rung
    for rung in (
        Rung("loops", "interpreter, boxed floats", (1, 1, 1)),
        Rung("vectorized", "compiled loops, whole-array temporaries", (1, 2, 1)),
        Rung("jit", "the same loops compiled: rows read once, nothing written back", (1, 1, 1)),
        Rung("parallel", "the compiled loops on all cores", (1, 1, 1)),
        Rung("tiled", "packed columns, sums in registers", (1, 1, 1)),
        Rung("compensated", "twice the digits: double-double sums", (1, 1, 1), doubled=True),
    )
}

DEFAULT = RUNGS["tiled"]  # blocks are cut by the shape alone, and one block needs no threads
