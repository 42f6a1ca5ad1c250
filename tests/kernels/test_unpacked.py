"""Rows of few columns, which are multiplied without panels."""

import numpy as np
import pytest
from variants import FLOAT32, KINDS

from linreg_fast.data.gate import frozen
from linreg_fast.kernels import RUNGS

SHAPES = [(n, p) for p in (1, 2, 5, 6, 7, 10, 13, 14, 15, 30) for n in (33, 700, 20_011)]


@pytest.mark.parametrize(
    ("dtype", "order", "weighted", "target"),
    [(*kind, kind[0]) for kind in KINDS] + [(*kind, np.float64) for kind in FLOAT32],
)
def test_sums_of_few_columns(rng, dtype, order, weighted, target):
    for n, p in SHAPES:
        X = np.asarray(rng.normal(rng.normal(size=p), size=(n, p)), order=order, dtype=dtype)
        y = rng.normal(size=n).astype(target)
        weights = None
        if weighted:
            weights = rng.random(n) * (rng.random(n) > 0.2)
            X[weights == 0] = np.nan  # rows that do not count may be anything
            weights = frozen(weights)
        rows = frozen(X), frozen(y[:, None]), weights
        expected = RUNGS["compensated"].kernels.moments(*rows)
        found = RUNGS["tiled"].kernels.moments(*rows)
        assert found[0] == expected[0]
        np.testing.assert_allclose(found[2][0], expected[2][0], rtol=0, atol=1e-13)
        size = np.sqrt(np.diag(expected[3][0]))
        off = np.abs(found[3][0] - expected[3][0]) / np.outer(size, size)
        assert off.max() < 1e-13, (n, p)
