"""Each way to sum moments, forced on every shape that it takes, against extended precision."""

import numpy as np
import pytest

from linreg_fast.data.gate import frozen
from linreg_fast.data.moments import Moments
from linreg_fast.kernels import RUNGS
from linreg_fast.kernels.arithmetic.columns import Columns
from linreg_fast.kernels.moments.ways import WAYS

# Around the widths of registers and panels, and with rows left over from pieces and vectors.
SHAPES = [(n, p) for p in (1, 2, 5, 6, 7, 13, 14, 15, 31, 64) for n in (9, 33, 127, 700)]
SHAPES += [(20_011, 1), (20_011, 5), (20_011, 14), (5003, 40), (901, 705)]
RELATIVE = {"float32": 1e-6}  # eight digits; the others are float64 or better


def exact(Z, weights):
    """(n, weight sum, mean, comoment) in two passes; of many columns the products in float64."""
    weights = np.ones(len(Z)) if weights is None else weights
    Z, weights = Z[weights > 0].astype(np.longdouble), weights[weights > 0].astype(np.longdouble)
    mean = weights @ Z / weights.sum()
    kind = np.longdouble if Z.shape[1] < 100 else np.float64
    centred = (Z - mean).astype(kind)
    return len(Z), weights.sum(), mean, (centred * weights.astype(kind)[:, None]).T @ centred


def shapes_of(way):
    return [shape for shape in SHAPES if shape[0] * shape[1] < 700_000] + [way.example[:2]]


@pytest.mark.needs_jit  # hundreds of millions of products are too many for plain Python
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", WAYS)
def test_a_way_on_every_shape_that_it_takes(rng, name, order, weighted):
    way, taken = WAYS[name], 0
    dtype = way.example[2]
    for n, p in shapes_of(way):
        X = np.asarray(rng.normal(rng.normal(size=p), size=(n, p)), dtype=dtype, order=order)
        Y = rng.normal(2, 1, (n, 1)).astype(dtype)
        weights = None
        if weighted:
            weights = rng.uniform(0.1, 2, n) * (rng.random(n) > 0.2)
            weights[rng.integers(n)] = 1.0
            X[weights == 0] = np.nan  # rows that do not count may be anything
            weights = frozen(weights)
        rows = frozen(X), frozen(Y), weights
        if not way.takes(*rows):
            continue
        taken += 1
        found_n, weight, mean, comoment = way.sums(*rows)[:4]
        expected = exact(np.hstack([X, Y]), weights)
        size = np.sqrt(expected[3].diagonal().astype(float))
        spread = size / np.sqrt(float(expected[1]))
        rtol = RELATIVE.get(name, 1e-12)
        assert found_n == expected[0], (n, p)
        assert abs(weight[0] - expected[1]) <= 1e-12 * expected[1], (n, p)
        off = np.abs(mean[0] - expected[2])
        assert np.all(off <= rtol * (np.abs(expected[2].astype(float)) + spread)), (n, p)
        off = np.abs(comoment[0] - expected[3].astype(float))
        assert np.all(off <= rtol * np.maximum(np.outer(size, size), 1e-300)), (n, p)
        assert np.array_equal(comoment[0], comoment[0].T), (n, p)
    of_other_order = name == {"C": "columnwise", "F": "unpacked"}[order]
    assert taken or weighted or of_other_order, "no shape of this list goes this way"


@pytest.mark.parametrize("rung", ["tiled", "compensated"])
@pytest.mark.parametrize("p", [4, 20])
def test_columns_that_stand_apart_have_the_bits_of_fortran_order(rng, p, rung):
    X = np.asfortranarray(rng.normal(3, 1, (20_001, p)))
    Y = rng.normal(size=(len(X), 1))
    X, Y = frozen(X), frozen(Y)
    apart = Columns([X[:, j].copy() for j in range(p)])
    found, expected = (Moments.of(matrix, Y, None, RUNGS[rung]) for matrix in (apart, X))
    assert np.array_equal(found.comoment_parts, expected.comoment_parts)
    assert np.array_equal(found.mean_parts, expected.mean_parts)
    assert np.array_equal(apart.array, X)
