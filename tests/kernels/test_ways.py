"""Every way to sum moments, forced on shapes that it takes, against longer arithmetic."""

import numpy as np
import pytest

from linreg_fast import LinearRegression
from linreg_fast.data.gate import frozen
from linreg_fast.kernels.moments import ways
from linreg_fast.kernels.moments.ways import WAYS

# (rows, columns, targets): pieces and what is left of them, few and many columns.
SHAPES = ((1, 1, 1), (90, 3, 1), (777, 1, 1), (1301, 6, 1), (513, 14, 2), (700, 31, 1))
SHAPES = (*SHAPES, (120, 705, 1))
TOLERANCE = {"float32": 3e-7}


def drawn(rng, n, p, t, dtype, order):
    X = np.asarray(rng.normal(3, 1, (n, p)), dtype=dtype, order=order)
    return frozen(X), frozen(np.asarray(rng.normal(-2, 1, (n, t)), dtype=dtype))


def assert_right(found, X, Y, weights, tolerance):
    kind = np.longdouble if X.shape[1] < 100 else np.float64
    Z = np.hstack([X, Y]).astype(kind)
    w = np.ones(len(Z)) if weights is None else weights
    n_samples, weight, mean, comoment = found
    centre = (w @ Z) / w.sum()
    expected = ((Z - centre) * w[:, None]).T @ (Z - centre)
    size = np.sqrt(np.outer(np.diag(expected), np.diag(expected))) + 1e-300
    assert n_samples == np.count_nonzero(w)
    assert weight.sum() == pytest.approx(w.sum(), rel=1e-14)
    assert np.all(np.abs(mean.sum(axis=0) - centre) <= 30 * tolerance)
    if len(Z) > 1:
        assert np.all(np.abs(comoment.sum(axis=0) - expected) <= tolerance * size)


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_way_on_every_shape_that_it_takes(rng, name, order, monkeypatch):
    way, taken = WAYS[name], 0
    if name == "float32":
        monkeypatch.setattr(way.module, "FLOAT32_FEWEST_PRODUCTS", 0)
    n, p, dtype = way.example
    for shape in (*SHAPES, (min(n, 3000), p, 1)):
        for weighted in (False, True):
            X, Y = drawn(rng, *shape, dtype, order)
            weights = None
            if weighted:
                weights = frozen(np.maximum(rng.integers(-1, 4, len(X)), 0) + 1.0 * (shape[0] == 1))
            if weighted and (weights == 0).all():
                continue
            if way.takes(X, Y, weights) and len(X) > (X.shape[1] if name == "float32" else 0):
                taken += 1
                tolerance = TOLERANCE.get(name, 1e-13)
                assert_right(way.sums(X, Y, weights), X, Y, weights, tolerance)
    assert taken


@pytest.mark.parametrize("name", WAYS)
def test_the_example_goes_that_way(rng, name):
    """And a fit says so."""
    way = WAYS[name]
    n, p, dtype = way.example
    X, Y = drawn(rng, n, p, 1, dtype, "C")
    assert way.takes(X, Y)
    if way.rung in ("tiled", "compensated"):
        assert ways.choose(X, Y, rung=way.rung).name == name
        precision = {"tiled": "double", "compensated": "double-double"}[way.rung]
    else:
        precision = "auto"
    y = (X @ np.ones(p) + Y[:, 0]).astype(dtype)
    assert LinearRegression(precision=precision).fit(X, y).way_ == name
