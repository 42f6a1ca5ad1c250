"""Powers of two that keep squares of the numbers in range; multiplying with them is exact."""

import numpy as np

from linreg_fast.kernels.arithmetic.columns import Columns
from linreg_fast.kernels.arithmetic.rounding import SAFE_LARGE, SAFE_SIZES, SAFE_SMALL, SAFE_WEIGHTS

FAR = 5000  # an exponent that no number has


def above(sizes):
    """Exponents of the powers of two next above the sizes; 0 for a size of zero."""
    return np.frexp(sizes)[1].astype(np.int64) * (sizes > 0)


def ordinary(moments, X, Y, weights):
    """Whether double-double moments lost nothing to overflow or underflow, or X is not finite."""
    squares, means = np.diag(moments.comoment_parts[0]), np.abs(moments.mean_parts[0])
    in_range = (squares > SAFE_SMALL**2) & (squares < SAFE_LARGE**2) & (means < SAFE_LARGE)
    constant = (squares == 0) & (means > SAFE_SMALL) & (means < SAFE_LARGE)
    empty = (squares == 0) & (means == 0)
    weight = moments.weight_parts[0]
    ordinary_weights = weights is None or (
        SAFE_SMALL < weight < SAFE_LARGE and weights.max() > SAFE_SMALL
    )
    if ordinary_weights and (in_range | constant).all():
        return True
    sizes = _largest(X, Y, weights)
    return not np.isfinite(sizes).all() or bool(
        ordinary_weights and (in_range | constant | (empty & (sizes == 0))).all()
    )


def exponents(X, Y, weights):
    """(q + 1,): per column and, last and even, for the weights; 0 where they are ordinary."""
    sizes = _largest(X, Y, weights)
    if weights is None:
        heaviest = 1.0
    else:
        heaviest = weights.max()
        heaviest = 1.0 if SAFE_WEIGHTS[0] < heaviest < SAFE_WEIGHTS[1] / len(weights) else heaviest
    sizes = np.append(
        np.where((sizes > SAFE_SIZES[0]) & (sizes < SAFE_SIZES[1]), 1.0, sizes), heaviest
    )
    found = np.where((sizes == 0) | (sizes == 1.0), 0, np.frexp(sizes)[1].astype(np.int64))
    found[-1] -= found[-1] % 2
    return found


def _largest(X, Y, weights):
    """Largest absolute value of each column of [X, Y], in rows with a weight."""
    kept = slice(None) if weights is None or weights.all() else weights > 0
    parts = []
    for columns in ((X.array if type(X) is Columns else X)[kept], Y[kept]):
        if isinstance(columns, np.ndarray):
            parts.append(np.maximum(columns.max(axis=0), -columns.min(axis=0)))
        else:
            parts.append(abs(columns).max(axis=0).toarray().ravel())
    return np.concatenate(parts).astype(np.float64)


def aligned(a, b):
    """The parts of two moments in common units, their noise together, and the exponents."""
    if a.exponents is None and b.exponents is None:
        noises = [moments.noise for moments in (a, b) if moments.noise is not None]
        return a.parts, b.parts, sum(noises) if noises else None, None
    common = np.maximum(*(_exponents_where_not_empty(moments) for moments in (a, b)))
    common[common == -FAR] = 0
    (*a, noise), (*b, other) = (_in_units(moments, common) for moments in (a, b))
    return a, b, noise + other if (noise + other).any() else None, common


def _exponents_where_not_empty(moments):
    q = moments.mean_parts.shape[1]
    found = np.zeros(q + 1, dtype=np.int64)
    if moments.exponents is not None:
        found = moments.exponents.copy()
    empty = (moments.mean_parts[0] == 0) & (np.diag(moments.comoment_parts[0]) == 0)
    found[:-1][empty] = -FAR
    if moments.n_samples == 0:
        found[:] = -FAR
    return found


def _in_units(moments, common):
    """The parts, and the noise or zeros, divided by other powers of two."""
    step = (0 if moments.exponents is None else moments.exponents) - common
    units = np.add.outer(step[:-1], step[:-1]) + step[-1]
    weight, mean, comoment = moments.parts
    noise = np.zeros(len(units)) if moments.noise is None else moments.noise
    return (
        np.ldexp(weight, step[-1]),
        np.ldexp(mean, step[:-1]),
        np.ldexp(comoment, units),
        np.ldexp(noise, np.diag(units)),
    )


def of_json(content, q):
    """The exponents in a file, or None where it has none."""
    found = content.get("exponents")
    if found is None:
        return None
    if (
        not isinstance(found, list)
        or len(found) != q + 1
        or not all(type(e) is int and abs(e) < FAR for e in found)
    ):
        raise ValueError(f"malformed file: 'exponents' must be a list of {q + 1} whole numbers")
    return np.array(found, dtype=np.int64)
