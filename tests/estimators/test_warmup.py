"""Compiling ahead: what it covers, and what it refuses."""

import gc

import numpy as np
import pytest
from variants import FLOAT32

from linreg_fast import LinearRegression, mse, warmup
from linreg_fast.bench.compiled import dispatchers
from linreg_fast.kernels.moments import (
    columnwise,
    doubled,
    doubled_rows,
    one_call,
    packed,
    sample,
    shared,
    unpacked,
)
from linreg_fast.kernels.steps import residual_products, small_refinement
from linreg_fast.kernels.systems import doubled_cholesky, rowwise_qr, small
from linreg_fast.runtime.compile import kernel


@pytest.mark.needs_jit
@pytest.mark.parametrize(
    ("dtype", "order"),
    [
        ("float64", "C"),
        pytest.param("float64", "F", marks=pytest.mark.slow),
        *(
            pytest.param("float32", order, marks=pytest.mark.slow)
            for _, order, weighted in FLOAT32
            if not weighted
        ),
    ],
)
def test_nothing_is_left_to_compile(dtype, order, rng, capsys):
    seconds = warmup(dtype, order)
    assert seconds > 0
    kernels = [
        one_call._unpacked_sums,
        one_call._columnwise_sums,
        one_call._packed_sums,
        doubled_rows._sums,
        sample._products,
        small.solve,
        doubled_cholesky.residual,
        small._solve_again,
        small_refinement.refine,
        *residual_products._blocks,
    ]
    kernels += [doubled_cholesky.cholesky, rowwise_qr.factor]
    kernels += [*unpacked._blocks, *columnwise._blocks, *packed._blocks, *doubled._blocks]
    kernels += [shared._pieces.parallel]
    known = [len(kernel.signatures) for kernel in kernels]
    for n, p in ((30, 4), (150, 4), (500, 4), (300, 30), (10_000, 60), (1500, 710), (300_000, 4)):
        X = np.asarray(rng.normal(size=(n, p)), dtype=dtype, order=order)
        y = X.sum(axis=1) + rng.normal(size=n).astype(dtype)
        model = LinearRegression().fit(X, y)
        LinearRegression(precision="double-double").fit(X, y)
        if p == 4:
            alike = np.asarray(X * [1, 1, 1, 1e-4] + X[:, :1], dtype=dtype, order=order)
            LinearRegression().fit(alike, y)
        model.score(X, y)
        if X.size < 10_000:
            LinearRegression().fit(np.asarray(np.hstack([X, X]), order=order), y)
            LinearRegression().fit(np.asarray(X[: p // 2], order=order), y[: p // 2])
    assert [len(kernel.signatures) for kernel in kernels] == known
    capsys.readouterr()
    warmup(dtype, order)
    assert capsys.readouterr().err == ""  # nothing was slow


@pytest.mark.needs_jit
@pytest.mark.slow
def test_frames_are_left_with_nothing_to_compile(rng):
    polars = pytest.importorskip("polars")
    warmup(order="F", also="frames", verbose=False)
    kernels = [*columnwise._blocks, *packed._blocks, *doubled._blocks, *residual_products._blocks]
    known = [len(kernel.signatures) for kernel in kernels]
    for p in (5, 30):
        for apart in (1, 1e-3, 1e-7):  # plain, refined and double-double sums
            columns = {f"c{j}": rng.normal(size=100_000) for j in range(p)}
            columns["c1"] = columns["c0"] + apart * columns["c1"]
            table, y = polars.DataFrame(columns), rng.normal(size=100_000)
            LinearRegression().fit(table, y + columns["c0"]).predict(table)
    assert [len(kernel.signatures) for kernel in kernels] == known


@pytest.mark.needs_jit
def test_a_column_of_a_table_is_as_good_as_an_array_of_its_own(rng):
    X, table, coef = rng.normal(size=(2000, 3)), rng.uniform(1, 2, size=(4000, 3)), np.ones((3, 2))

    def fits(y, weights, coef):
        model = LinearRegression().fit(X, y, weights)
        model.score(X, y)
        return model.coef_, mse(X, y, coef, 0.0, weights)

    def compiled():
        return {(kernel.py_func, one) for kernel in dispatchers() for one in kernel.signatures}

    arrays = [np.ascontiguousarray(part) for part in (table[::2, 0], table[:2000, 1], coef[:, 0])]
    fits(arrays[0], arrays[1], arrays[2])
    fits(arrays[0], None, arrays[2])
    expected = fits(arrays[0][:, None], None, arrays[2])
    known = compiled()
    found = fits(table[::2, :1], None, coef[:, 0])
    assert found[0].tolist() == expected[0].tolist()
    assert found[1] == expected[1]
    fits(table[::2, 0], table[:2000, 1], coef[:, 0])
    fits(table[2000:, 2][::-1], None, coef[:, 1])
    assert compiled() <= known


def test_an_unknown_part_is_named():
    with pytest.raises(ValueError, match="also must name some of frames"):
        warmup(also=["nothing"])


@pytest.mark.parametrize("wrong", [{"dtype": "int64"}, {"dtype": np.int64}, {"order": "A"}])
def test_what_it_refuses(wrong):
    with pytest.raises(ValueError, match="dtype must be 'float64' or 'float32' and order"):
        warmup(**wrong)


@pytest.mark.parametrize("collecting", [True, False])
def test_compiling_leaves_the_collector_of_cycles_as_it_was(collecting):
    before = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        assert kernel(lambda number: number + 1)(2) == 3
        assert gc.isenabled() is collecting
        with pytest.raises(Exception, match="nothing_of_this_name"):
            kernel(lambda number: number.nothing_of_this_name)(2)
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()
