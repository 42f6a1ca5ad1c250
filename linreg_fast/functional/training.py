"""The functions of the teaching texts: start, train, predict, R2. Loss and gradient are `gradient`.

Two scalings of the loss are about: the mean squared error, whose gradient has the factor 2 / n, and
half of it, with 1 / n. The first is the default here; with loss="half_mse" everything is halved, so
that a learning rate of one text does in it what it does there.
"""

import warnings
from typing import NamedTuple

import numpy as np

from linreg_fast.data.gate import as_coefficients, as_matrix, as_target, as_weights
from linreg_fast.data.problem import Problem
from linreg_fast.kernels.steps.predict import predict as predict_rows
from linreg_fast.solvers.gradient_descent import descent as gradient_descent

SCALES = {"mse": 1.0, "half_mse": 0.5}


class Trained(NamedTuple):
    """Where a training loop ended, and how it got there: fewer losses where it overflowed."""

    coef: np.ndarray  # (n_features,)
    intercept: float
    loss_curve: np.ndarray  # (steps + 1,): the loss at the start and after each step
    gradient_coef: np.ndarray  # (n_features,): at the end
    gradient_intercept: float


def initial_parameters(n_features, init="zeros", random_state=None):
    """Parameters to start from: (coef of shape (n_features,), intercept).

    Parameters
    ----------
    n_features : int
    init : {"zeros", "random"}
        Random: standard normal.
    random_state : int, optional
        Seed of the random ones.

    Examples
    --------
    >>> from linreg_fast import initial_parameters
    >>> initial_parameters(2)
    (array([0., 0.]), 0.0)
    """
    if isinstance(n_features, bool) or not isinstance(n_features, (int, np.integer)):
        raise ValueError(f"n_features must be a whole number, got {n_features!r}")
    if n_features < 1:
        raise ValueError(f"n_features must be 1 or more, got {n_features}")
    if init == "zeros":
        return np.zeros(n_features), 0.0
    if init != "random":
        raise ValueError(f"init must be 'zeros' or 'random', got {init!r}")
    rng = np.random.default_rng(random_state)
    return rng.normal(size=n_features), float(rng.normal())


def train(
    X,
    y,
    coef=None,
    intercept=0.0,
    sample_weight=None,
    *,
    learning_rate,
    steps,
    loss="mse",
    space="auto",
):
    """The training loop of the texts: so many constant steps along the gradient, raw columns.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or (n_samples,) for one feature
    y : array-like of shape (n_samples,) or (n_samples, 1)
    coef, intercept : the start; coef None is zeros. coef may be of shape (n_features, 1).
    sample_weight : array-like of shape (n_samples,), optional
    learning_rate : float
    steps : int
    loss : {"mse", "half_mse"}
        (1 / n) sum(r^2), or (1 / 2n) sum(r^2): half the gradient for the same learning rate.
    space : {"auto", "data", "gram"}
        As in `GradientDescentRegressor`, which has more ways to step and knows when to stop.

    Returns
    -------
    Trained
        Of a loss that overflowed, the last finite parameters.

    Warns
    -----
    RuntimeWarning
        Before the first step, where the learning rate is above the stable limit.

    Examples
    --------
    >>> from linreg_fast import train
    >>> trained = train([1.0, 2.0, 3.0], [3.0, 5.0, 7.0], learning_rate=0.1, steps=2000)
    >>> trained.coef.round(6), round(trained.intercept, 6)
    (array([2.]), 1.0)
    """
    if loss not in SCALES:
        raise ValueError(f"loss must be 'mse' or 'half_mse', got {loss!r}")
    rate = np.asarray(learning_rate)
    if rate.ndim or rate.dtype.kind not in "fiu" or not 0 < rate < np.inf:
        raise ValueError(f"learning_rate must be a number above 0, got {learning_rate!r}")
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 1:
        raise ValueError(f"steps must be a whole number, 1 or more, got {steps!r}")
    if space not in ("auto", "data", "gram"):
        raise ValueError(f"space must be 'auto', 'data' or 'gram', got {space!r}")
    X = as_matrix(X)
    y = as_target(y, len(X))
    if y.size != len(y):
        raise ValueError(f"y must hold one target here, got shape {y.shape}: pass a column")
    y = y.reshape(-1)
    start = np.zeros(X.shape[1]) if coef is None else coef
    start, intercept = as_coefficients(start, intercept, X.shape[1])
    scale = SCALES[loss]

    def announce(rate, limit):
        if rate >= limit:
            warnings.warn(
                f"learning_rate={learning_rate:g} is above the largest stable step for this data, "
                f"{limit / scale:.4g}: the loss will grow",
                RuntimeWarning,
                stacklevel=4,
            )

    solution = gradient_descent.solve(
        Problem(X, y[:, None], as_weights(sample_weight, len(X))),
        learning_rate=float(rate) * scale,
        max_iter=int(steps),
        tol=0,
        standardize=False,
        space=space,
        init=(start[:, None], np.array([intercept])),
        announce=announce,
    )
    descent = solution.descent
    slope = descent.gradient() * scale
    return Trained(
        solution.coef[:, 0],
        float(solution.intercept[0]),
        descent.loss_curve * scale,
        slope[0, :-1],
        float(slope[0, -1]),
    )


def predict(X, coef, intercept=0.0):
    """X @ coef + intercept, in one pass: ndarray of shape (n_samples,).

    Examples
    --------
    >>> from linreg_fast import predict
    >>> predict([1.0, 2.0], coef=2.0, intercept=1.0)
    array([3., 5.])
    """
    X = as_matrix(X)
    coef, intercept = as_coefficients(coef, intercept, X.shape[1])
    return predict_rows(X, coef[None, :], np.array([intercept]))[:, 0]


def r2(X, y, coef, intercept=0.0, sample_weight=None):
    """Coefficient of determination: 1 is a perfect line, 0 as good as the mean, below 0 worse.

    Examples
    --------
    >>> from linreg_fast import r2
    >>> r2([1.0, 2.0, 3.0], [3.0, 5.0, 7.0], coef=2.0, intercept=1.0)
    1.0
    """
    from linreg_fast.functional.sums import moments, mse

    left = mse(X, y, coef, intercept, sample_weight)
    found = moments(X, y, sample_weight)
    spread = float(found.comoment[-1, -1] / found.weight_sum)
    if spread == 0:
        raise ValueError("R2 is not defined for a target that does not vary")
    return 1 - left / spread
