"""The methods of descent, and the constants of their steps."""

from typing import NamedTuple

import numpy as np

METHODS = {
    "gd": "steepest descent with a constant step",
    "momentum": "heavy ball: a share of the last step is taken again",
    "nesterov": "momentum, with the gradient taken where that share of the last step leads",
    "sgd": "a step for every few rows, in random order",
    "cg": "conjugate gradients: each step the best in all directions so far",
}
# Eigenvalues below this share of the largest are ignored when the step size is chosen. With "gd"
# such directions would be 0.1% faster if they counted, and the steepest direction would flip its
# sign for 1e5 steps where the condition is 1e6. With momentum they need more than 1e5 steps anyway,
# in which the other directions would grow 1e8 times.
FLATTEST = {"gd": 1e-3, "momentum": 1e-8, "nesterov": 1e-8}


def check_options(method, learning_rate, momentum, space, batch_size):
    """Raise for options that contradict each other."""
    if method == "cg" and learning_rate != "auto":
        raise ValueError("method='cg' computes each step: leave learning_rate at 'auto'")
    if momentum != "auto" and method not in ("momentum", "nesterov"):
        raise ValueError(
            f"momentum={momentum} needs method='momentum' or 'nesterov', got {method!r}"
        )
    if method == "sgd" and space == "gram":
        raise ValueError("method='sgd' reads a few rows a step: use space='data' or 'auto'")
    if batch_size is not None and method != "sgd":
        raise ValueError(f"batch_size={batch_size} needs method='sgd', got {method!r}")


def rules_of(method, found, learning_rate="auto", momentum="auto"):
    """The best constants for the spectrum, or those asked for."""
    largest, smallest = found.largest, max(found.smallest, found.largest * FLATTEST.get(method, 0))
    root = np.sqrt(smallest / largest)
    share = (1 - root) / (1 + root)
    beta = {"momentum": share**2, "nesterov": share}.get(method, 0.0)
    if momentum != "auto" and method in ("momentum", "nesterov"):
        beta = float(momentum)
    gamma = beta if method == "nesterov" else 0.0
    rate = 1 / largest if method == "nesterov" else 2 * (1 + beta) / (largest + smallest)
    if learning_rate != "auto":
        rate = float(learning_rate)
    return Rules(float(rate), float(beta), float(gamma), method == "cg")


def steepest_of_batches(slope, widest, n, batch):
    """The curvature that steps on batches of n rows must bear (Gower et al. 2019).

    slope: of all rows, the largest eigenvalue; widest: the largest of one row.
    """
    if n <= 1:
        return slope
    share = (n * (batch - 1) * slope + max(n - batch, 0) * widest) / (batch * (n - 1))
    return max(slope, share)


class Rules(NamedTuple):
    """How a method steps, see `kernels.descent`."""

    rate: float
    beta: float = 0.0
    gamma: float = 0.0
    conjugate: bool = False
