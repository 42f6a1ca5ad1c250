"""The sums as functions of arrays: `mse`, `gradient`, `moments`. They need no scikit-learn."""

import numpy as np

from linreg_fast.data.gate import (
    as_coefficients,
    as_matrix,
    as_target,
    as_weights,
    check_finite,
    is_dask,
)
from linreg_fast.data.many_target_moments import moments_of
from linreg_fast.kernels import DEFAULT, RUNGS
from linreg_fast.runtime.interrupt import as_keyboard_interrupt
from linreg_fast.sources import dask_collections
from linreg_fast.sources.recognise import is_source


def _rung(rung, auto):
    if isinstance(rung, str) and rung == "auto":
        return auto
    if not isinstance(rung, str) or rung not in RUNGS:
        raise ValueError(f"unknown rung {rung!r}: choose 'auto' or one of {', '.join(RUNGS)}")
    return RUNGS[rung]


def _rows(X, y, sample_weight):
    """X, y and weights, not looked at number by number where the sums do that: `_checked`."""
    X = as_matrix(X, finite=False)
    y = as_target(y, len(X), finite=False)
    weights = as_weights(sample_weight, len(X))
    if weights is not None and not weights.all():  # the sums skip rows of weight zero
        check_finite(X, "X")
        check_finite(y, "y")
    return X, y, weights


def _checked(found, X, y):
    """Raise if the sums are not finite because of the numbers in X or y."""
    if not np.isfinite(found).all():
        check_finite(X, "X")
        check_finite(y, "y")


def _one_target(X, y, coef, intercept, sample_weight, rung):
    X, y, weights = _rows(X, y, sample_weight)
    if y.ndim == 2:
        if y.shape[1] != 1:
            raise ValueError(f"y must hold one target here, got shape {y.shape}: pass a column")
        y = y[:, 0]
    coef, intercept = as_coefficients(coef, intercept, X.shape[1])
    kernels = _rung(rung, DEFAULT).kernels
    return kernels, (X, y, coef, intercept, weights)


def mse(X, y, coef, intercept=0.0, sample_weight=None, *, rung="auto"):
    """Mean squared error of the line ``X @ coef + intercept``, in one pass without temporaries.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or (n_samples,) for one feature
    y : array-like of shape (n_samples,)
    coef : array-like of shape (n_features,), or a number for one feature
    intercept : float
    sample_weight : array-like of shape (n_samples,), optional
        Weight of each row, 0 or more.
    rung : {"auto", "loops", "vectorized", "jit", "parallel", "tiled", "compensated"}
        Which way to compute it; they agree to rounding.

    Returns
    -------
    float
        sum(w r^2) / sum(w), in squared units of y.

    Raises
    ------
    ValueError
        For shapes that do not fit, numbers that are not finite, or an unknown rung.

    Examples
    --------
    >>> from linreg_fast import mse
    >>> mse([1.0, 2.0, 3.0], [3.0, 5.0, 8.0], coef=2.0, intercept=1.0)
    0.3333333333333333
    """
    kernels, arguments = _one_target(X, y, coef, intercept, sample_weight, rung)
    with np.errstate(all="ignore"):
        loss = float(kernels.mse(*arguments))
    _checked(loss, *arguments[:2])
    return loss


def gradient(X, y, coef, intercept=0.0, sample_weight=None, *, rung="auto"):
    """Mean squared error and its gradient, in one pass without temporaries.

    The loss is the mean of the squared residuals, so the gradient has the factor 2 / n. For the
    loss with one half, (1 / 2n) sum(r^2), halve all three, or double the learning rate.

    Parameters are those of `mse`.

    Returns
    -------
    loss : float
        The mean squared error.
    gradient_coef : ndarray of shape (n_features,)
        2 sum(w r x) / sum(w), with r = X @ coef + intercept - y.
    gradient_intercept : float
        2 sum(w r) / sum(w).

    Raises
    ------
    ValueError
        As `mse` does.

    Examples
    --------
    >>> from linreg_fast import gradient
    >>> loss, by_coef, by_intercept = gradient([1.0, 2.0], [1.0, 2.0], coef=0.0)
    >>> loss, by_coef.tolist(), by_intercept
    (2.5, [-5.0], -3.0)
    """
    kernels, arguments = _one_target(X, y, coef, intercept, sample_weight, rung)
    with np.errstate(all="ignore"):
        loss, gradient_coef, gradient_intercept = kernels.gradient(*arguments)
    _checked(loss, *arguments[:2])
    return float(loss), np.asarray(gradient_coef), float(gradient_intercept)


def moments(X, y=None, sample_weight=None, *, rung="auto", features=None, missing=None):
    """Count, weight sum, means and centred cross-products of [X, y], in one pass.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or (n_samples,) for one feature; or a source
        A source is read once, in batches: all that `LinearRegression.fit` takes.
    y : array-like of shape (n_samples,) or (n_samples, n_targets), or str
        The name of a column of a source; None for an iterator of (X, y) or (X, y, sample_weight).
    sample_weight : array-like of shape (n_samples,), or str, optional
        Weight of each row, 0 or more; 0 removes the row, 2 counts it twice.
    rung : {"auto", "loops", "vectorized", "jit", "parallel", "tiled", "compensated"}
        Which way to compute them; they agree to rounding. "auto" is "compensated", sums in
        double-double, since moments are what rows are read for only once; the others are plain
        double, and "tiled" the fastest.
    features : list of str, optional
        Columns of a source, or of a Dask dataframe, to use; None: all others, which must hold
        numbers.
    missing : {"raise", "drop"}, optional
        What their rows with a null or NaN are: an error (None too), or left out.

    Returns
    -------
    Moments or ManyTargetMoments
        Add two with ``+`` for the moments of all their rows. The latter for more than 64 targets,
        and more than features: they have no products of targets with each other.

    Raises
    ------
    ValueError
        For shapes that do not fit, numbers that are not finite, or an unknown rung.

    Examples
    --------
    >>> from linreg_fast import moments
    >>> a, b = moments([1.0, 2.0], [1.0, 3.0]), moments([6.0], [5.0])
    >>> (a + b).mean.tolist()
    [3.0, 3.0]
    """
    if not isinstance(X, np.ndarray) and is_dask(X):
        options = {"features": features, "missing": missing}
        options["rung"] = _rung(rung, RUNGS["compensated"]).name
        return dask_collections.summed(X, y, sample_weight, **options).moments
    if not isinstance(X, np.ndarray) and is_source(X, y):
        from linreg_fast.sources.summing import opened, summed

        stream = opened(X, y, sample_weight, features)
        with as_keyboard_interrupt():
            return summed(stream, _rung(rung, RUNGS["compensated"]), missing or "raise")[0]
    if features is not None or missing is not None:
        raise ValueError("features and missing are for sources, whose target is named")
    if y is None:
        raise ValueError("y is None: pass it, or an iterator of (X, y)")
    X, y, weights = _rows(X, y, sample_weight)
    Y = y[:, None] if y.ndim == 1 else y
    with as_keyboard_interrupt(), np.errstate(all="ignore"):
        found = moments_of(X, Y, weights, _rung(rung, RUNGS["compensated"]))
    for part in found.apart:
        _checked(part.comoment, X, y)
    return found
