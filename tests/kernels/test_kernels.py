"""Every rung of the ladder gives the same numbers, for all that the gate lets in."""

import itertools
import subprocess
import sys

import numba
import numpy as np
import pytest
from variants import KINDS

from linreg_fast.data.gate import frozen
from linreg_fast.kernels import KERNELS, RUNGS, tuning
from linreg_fast.kernels.moments import packed
from linreg_fast.kernels.moments.centre import STEPS, provisional_centre
from linreg_fast.kernels.moments.finish import centred
from linreg_fast.kernels.tiles import macrokernel
from linreg_fast.kernels.tuning import ROUND_ROWS
from linreg_fast.runtime import launch

JITTED = ("jit", "parallel")


def exact_moments(X, Y, weights):
    """In extended precision, two passes; of many columns the products in double: 1e-14."""
    Z = np.hstack([X, Y]).astype(np.longdouble)
    weights = np.ones(len(Z)) if weights is None else weights
    kept = weights > 0
    Z, weights = Z[kept], weights[kept].astype(np.longdouble)
    mean = weights @ Z / weights.sum()
    kind = np.longdouble if Z.shape[1] < 100 else np.float64
    Z, shares = (Z - mean).astype(kind), weights.astype(kind)
    return kept.sum(), weights.sum(), mean, (Z * shares[:, None]).T @ Z


def exact_gradient(X, y, coef, intercept, weights):
    X, y = X.astype(np.longdouble), y.astype(np.longdouble)
    weights = np.ones(len(X)) if weights is None else weights
    kept = weights > 0
    X, y, weights = X[kept], y[kept], weights[kept].astype(np.longdouble)
    residual = X @ coef.astype(np.longdouble) + intercept - y
    scale = weights.sum()
    return (
        weights @ residual**2 / scale,
        2 * (weights * residual) @ X / scale,
        2 * weights @ residual / scale,
    )


def draw(rng, n, p, t, dtype, order):
    X = np.asarray(rng.normal(3, 1, (n, p)), dtype=dtype, order=order)
    Y = np.asarray(rng.normal(-2, 1, (n, t)), dtype=dtype, order=order)
    weights = rng.uniform(0.1, 2, n)
    weights[rng.random(n) < 0.3] = 0.0
    weights[rng.integers(n)] = 1.0
    return frozen(X), frozen(Y), frozen(weights)


def assert_moments(found, expected, rtol=1e-12):
    n_samples, (weight_sum, _), (mean, _), (comoment, _) = found
    assert n_samples == expected[0]
    spread = np.sqrt(np.diag(expected[3]).astype(float) / float(expected[1]))
    size = np.abs(expected[2].astype(float)) + spread
    assert abs(weight_sum - expected[1]) <= rtol * expected[1]
    assert np.all(np.abs(mean - expected[2]) <= rtol * size)
    scale = np.outer(spread, spread) * float(expected[1])
    assert np.all(np.abs(comoment - expected[3]) <= rtol * np.maximum(scale, 1e-300))
    assert np.array_equal(comoment, comoment.T)


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 1, 1), (7, 3, 2), (403, 5, 1)])
@pytest.mark.parametrize(("dtype", "order", "weighted"), KINDS)
@pytest.mark.parametrize("rung", RUNGS)
def test_sums_are_right(rng, rung, dtype, order, weighted, shape):
    X, Y, weights = draw(rng, *shape, dtype, order)
    weights = weights if weighted else None
    Y = frozen(np.ascontiguousarray(Y))  # as the gate hands it on, mostly; else see below
    kernels = RUNGS[rung].kernels
    coef, intercept = rng.normal(size=shape[1]), float(rng.normal())
    assert_moments(kernels.moments(X, Y, weights), exact_moments(X, Y, weights))
    y = frozen(Y[:, 0].copy())
    expected = exact_gradient(X, y, coef, intercept, weights)
    found = kernels.gradient(X, y, coef, intercept, weights)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b.astype(float), rtol=1e-11, atol=1e-12)
    loss = kernels.mse(X, y, coef, intercept, weights)
    np.testing.assert_allclose(loss, float(expected[0]), rtol=1e-12)


@pytest.mark.parametrize("rung", RUNGS)
def test_many_blocks_and_strides(rng, rung):
    """Enough rows for several blocks; every second row and column, so no layout is contiguous.

    Two targets, in F order, and one of them as every second number.
    """
    X = frozen(rng.normal(5, 2, (24_000, 12))[::2, ::2])
    Y = frozen(np.asfortranarray(rng.normal(size=(12_000, 2))))
    kernels = RUNGS[rung].kernels
    assert_moments(kernels.moments(X, Y), exact_moments(X, Y, None), rtol=1e-11)
    coef = rng.normal(size=6)
    y = frozen(np.repeat(Y[:, 0], 2)[::2])
    expected = exact_gradient(X, y, coef, 0.5, None)
    for a, b in zip(kernels.gradient(X, y, coef, 0.5), expected, strict=True):
        np.testing.assert_allclose(a, b.astype(float), rtol=1e-10)
    assert kernels.mse(X, y, coef, 0.5) == pytest.approx(float(expected[0]), rel=1e-10)


@pytest.mark.parametrize("offset", [1e4, 1e8, -1e9])
@pytest.mark.parametrize("rung", RUNGS)
def test_moments_do_not_mind_an_offset(rng, rung, offset):
    X = frozen(rng.normal(size=(2000, 3)) + offset)
    Y = frozen(rng.normal(size=(2000, 1)) - 2 * offset)
    assert_moments(RUNGS[rung].kernels.moments(X, Y), exact_moments(X, Y, None), rtol=1e-11)


@pytest.mark.parametrize("rung", RUNGS)
def test_a_constant_column_varies_by_exactly_nothing(rng, rung):
    X = rng.normal(size=(9000, 3))
    X[:, 1] = rng.normal() * 1e5
    _, _, mean, comoment = RUNGS[rung].kernels.moments(frozen(X), frozen(X[:, :1]))
    assert not comoment[:, 1].any()
    assert mean[0, 1] == X[0, 1]


@pytest.mark.parametrize("rung", RUNGS)
def test_a_row_of_weight_zero_is_not_looked_at(rng, rung):
    X, y, weights = rng.normal(size=(50, 3)), rng.normal(size=50), rng.uniform(1, 2, 50)
    gone = rng.random(50) < 0.4
    gone[0], gone[1] = True, False
    weights[gone] = 0.0
    weights = frozen(weights)
    X[gone], y[gone] = 1e300, -1e300  # their squares overflow
    kernels, coef = RUNGS[rung].kernels, rng.normal(size=3)
    left = frozen(X[~gone]), frozen(y[~gone])
    moments = kernels.moments(frozen(X), frozen(y[:, None]), weights)
    assert_moments(moments, exact_moments(left[0], left[1][:, None], weights[~gone]))
    for name in ("mse", "gradient"):
        kernel = getattr(kernels, name)
        found = kernel(frozen(X), frozen(y), coef, 0.5, weights)
        expected = kernel(*left, coef, 0.5, weights[~gone])
        for a, b in (
            zip(np.atleast_1d(found), np.atleast_1d(expected), strict=True)
            if (name == "mse")
            else zip(found, expected, strict=True)
        ):
            np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rung", RUNGS)
def test_what_is_not_finite_comes_out_as_not_finite(rng, rung, value):
    X, Y = rng.normal(size=(40, 3)), rng.normal(size=(40, 1))
    X[rng.integers(40), rng.integers(3)] = value
    kernels = RUNGS[rung].kernels
    with np.errstate(all="ignore"):
        assert not np.isfinite(kernels.moments(frozen(X), frozen(Y))[3]).all()
        assert not np.isfinite(kernels.mse(frozen(X), frozen(Y[:, 0]), np.ones(3), 0.0))
        assert not np.isfinite(
            kernels.gradient(frozen(X), frozen(Y[:, 0]), np.ones(3), 0.0)[1]
        ).all()


def results(rung, X, Y, weights):
    kernels = RUNGS[rung].kernels
    coef = np.linspace(-1, 1, X.shape[1])
    parts = (
        *kernels.moments(X, Y, weights),
        kernels.mse(X, Y[:, 0], coef, 0.5, weights),
        *kernels.gradient(X, Y[:, 0], coef, 0.5, weights),
    )
    return b"".join(np.asarray(part).tobytes() for part in parts)


@pytest.mark.parametrize("rung", ["parallel", "tiled", "compensated"])
@pytest.mark.parametrize("shape", [(30_000, 1), (30_000, 7), (3000, 120)])
def test_same_bits_with_any_number_of_threads(rng, shape, rung, monkeypatch):
    X, Y, weights = draw(rng, *shape, 2, np.float64, "C")
    assert launch.count_blocks(shape[0], shape[1] + 2, (shape[1] + 2) ** 2) > 1 or shape[1] == 1
    found = set()
    for threads in range(1, numba.config.NUMBA_NUM_THREADS + 1):
        with launch.threads(threads):
            found.add(results(rung, X, Y, weights))
    with monkeypatch.context() as patched:  # as in a forked child or beside another thread
        patched.setattr(launch, "_threads", lambda blocks: 1)
        found.add(results(rung, X, Y, weights))
    assert len(found) == 1


@pytest.mark.parametrize("rung", ["tiled", "compensated"])
def test_same_bits_however_many_turns_a_pass_takes(rng, rung, monkeypatch):
    X, Y, weights = draw(rng, 60_000, 7, 2, np.float64, "C")
    found = set()
    for turn in (10**9, 2_000_000, 300_000):
        monkeypatch.setattr(launch, "TURN_PRODUCTS", turn)
        moments = RUNGS[rung].kernels.moments(X, Y, weights)
        found.add(b"".join(np.asarray(part).tobytes() for part in moments))
    assert len(found) == 1


@pytest.mark.needs_jit
@pytest.mark.parametrize("rung", JITTED)
def test_jitted_rungs_allocate_nothing_as_long_as_the_data(rng, rung):
    """Numba's own allocations are counted by its runtime; NumPy's by tracemalloc."""
    import tracemalloc

    from numba.core.runtime import _nrt_python, rtsys

    kernels = RUNGS[rung].kernels

    def peak(n):
        X, y = frozen(rng.normal(size=(n, 4))), frozen(rng.normal(size=n))
        calls = (
            lambda: kernels.mse(X, y, np.ones(4), 0.0),
            lambda: kernels.gradient(X, y, np.ones(4), 0.0),
            lambda: kernels.moments(X, y[:, None]),
        )
        for call in calls:
            call()
        _nrt_python.memsys_enable_stats()
        tracemalloc.start()
        before = rtsys.get_allocation_stats().alloc
        for call in calls:
            call()
        allocations = rtsys.get_allocation_stats().alloc - before
        bytes_ = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        _nrt_python.memsys_disable_stats()
        return bytes_, allocations

    n = 200_000
    bytes_, allocations = peak(n)
    assert bytes_ < n  # an eighth of one column
    assert allocations <= 3 * launch.MOST_BLOCKS  # scratch of a block, not of a row


def test_the_contract_holds_for_every_rung():
    for rung, kernel in itertools.product(RUNGS.values(), KERNELS):
        assert callable(getattr(rung.kernels, kernel))
        assert len(rung.reads) == len(KERNELS)


def test_threads_are_left_as_found():
    before = numba.get_num_threads()
    for n_jobs in (None, 1, -1, 10_000, -10_000):
        with launch.threads(n_jobs):
            assert 1 <= numba.get_num_threads() <= numba.config.NUMBA_NUM_THREADS
        assert numba.get_num_threads() == before


@pytest.mark.parametrize("p", [2, 7, 8, 21])
@pytest.mark.parametrize(
    ("dtype", "layout", "weighted"), [*KINDS, (np.float64, "strided target", True)]
)
def test_steps_in_vectors_and_what_is_left_of_them(rng, dtype, layout, weighted, p):
    """Several blocks and pieces, whole vectors of rows or not, some with a row to leave out."""
    n = int(rng.integers(70_000, 70_020))
    X = np.asarray(rng.normal(3, 1, (n, p)), dtype=dtype, order="F" if layout == "F" else "C")
    y = rng.normal(size=n).astype(dtype)
    if layout == "strided target":
        y = np.repeat(y, 2)[::2]
    coef, weights = rng.normal(size=p), None
    if weighted:
        weights = rng.uniform(0.5, 2, n)
        weights[rng.integers(0, n, 3)] = 0.0
        X[weights == 0], y[weights == 0] = np.nan, np.nan
        weights = frozen(weights)
    found = RUNGS["tiled"].kernels.gradient(frozen(X), frozen(y), coef, 0.5, weights)
    expected = exact_gradient(X, y, coef, 0.5, weights)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b.astype(float), rtol=1e-10, atol=1e-12)
    loss = RUNGS["tiled"].kernels.mse(frozen(X), frozen(y), coef, 0.5, weights)
    assert loss == pytest.approx(float(expected[0]), rel=1e-12)


OVER_THE_EDGE = """
import ctypes, mmap
import numpy as np
from linreg_fast.data.gate import frozen
from linreg_fast.kernels import RUNGS

libc = ctypes.CDLL(None, use_errno=True)
held = []

def at_the_edge(array):
    "A copy whose last number is the last before memory that nobody may read."
    pages = -(-array.nbytes // mmap.PAGESIZE)
    memory = mmap.mmap(-1, (pages + 1) * mmap.PAGESIZE)
    held.append(memory)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    end = pages * mmap.PAGESIZE
    assert not libc.mprotect(ctypes.c_void_p(start + end), mmap.PAGESIZE, 0)
    flat = np.frombuffer(memory, array.dtype, array.size, end - array.nbytes)
    copy = flat.reshape(array.shape, order="C" if array.flags.c_contiguous else "F")
    copy[...] = array
    return frozen(copy)

rng = np.random.default_rng()
for p in (1, 2, 3, 5, 6, 7, 8, 10, 14, 15, 16, 31):
    for n in (1, 2, 9, 16, 17, 24, 41, 300, 8192 // (2 * p)):
        for dtype, order, weighted in KINDS:
            X = np.asarray(rng.normal(size=(n, p)), order=order, dtype=dtype)
            y = rng.normal(size=n).astype(X.dtype)
            X_edge, y_edge, w, w_edge = at_the_edge(X), at_the_edge(y), None, None
            if weighted:
                w = frozen(rng.random(n))
                w_edge = at_the_edge(w)
            for name in ("jit", "parallel", "tiled", "compensated"):
                kernels = RUNGS[name].kernels
                assert np.isfinite(kernels.moments(X_edge, y_edge[:, None], w_edge)[3]).all()
                assert np.isfinite(kernels.gradient(X_edge, y_edge, np.ones(p), 0.5, w_edge)[0])
                assert np.isfinite(kernels.mse(X_edge, y_edge, np.ones(p), 0.5, w_edge))
            kernels = RUNGS["tiled"].kernels
            found = kernels.moments(X_edge, y_edge[:, None], w_edge)
            expected = kernels.moments(frozen(X), frozen(y[:, None]), w)
            for a, b in zip(found[1:], expected[1:]):
                np.testing.assert_array_equal(a, b)
print("read no further")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="protects a page of memory, as Linux does it")
def test_nothing_is_read_behind_the_data():
    kinds = [(np.dtype(dtype).name, *kind) for dtype, *kind in KINDS]
    program = f"KINDS = {kinds!r}\n{OVER_THE_EDGE}"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.stdout == "read no further\n", (found.returncode, found.stderr)


@pytest.mark.needs_jit  # hundreds of millions of products are too many for plain Python
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_so_many_columns_that_threads_share_the_sums(rng, order, weighted):
    n, p = (
        int(rng.integers(2, 3 * tuning.SHARED_ROWS)),
        tuning.SHARED_FEWEST_COLUMNS + int(rng.integers(40)),
    )
    X = frozen(np.asarray(rng.normal(3, 1, (n, p)), order=order))
    Y = frozen(rng.normal(size=(n, int(rng.integers(1, 3)))))
    weights = None
    if weighted:
        weights = rng.uniform(0, 2, n)
        weights[rng.integers(n)] = 0.0
    found = []
    for n_jobs in (1, None):
        with launch.threads(n_jobs):
            found.append(
                RUNGS["tiled"].kernels.moments(X, Y, None if weights is None else frozen(weights))
            )
    assert_moments(found[0], exact_moments(X, Y, weights))
    for a, b in zip(*(moments[1:] for moments in found), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "rows",
    [
        tuning.PACKED_ROWS,
        tuning.LONG_PACKED_ROWS,
        tuning.SHARED_ROWS,
        tuning.SHARED_PART_ROWS,
        tuning.FLOAT32_ROWS,
    ],
)
def test_a_piece_is_whole_rounds(rows):
    """The zeros behind rows that are none would stand in the next panel, or the next part."""
    assert rows % ROUND_ROWS == 0


@pytest.mark.parametrize("order", ["C", "F"])
def test_any_number_of_panels(rng, order):
    """Whole groups of tiles, cut ones, and triangles at every end."""
    for p in range(1, (tuning.PANELS_IN_L2 + 3) * tuning.WIDE):
        n = int(rng.integers(12, 30))
        X, Y = rng.normal(3, 1, (n, p)), rng.normal(size=(n, 1))
        Z = np.hstack([X, Y])
        Z -= Z.mean(axis=0)
        found = RUNGS["tiled"].kernels.moments(frozen(np.asarray(X, order=order)), frozen(Y))
        np.testing.assert_allclose(found[3][0], Z.T @ Z, rtol=0, atol=1e-12 * n)


@pytest.mark.needs_jit  # so many rows take plain Python minutes
def test_rows_so_many_that_pieces_are_long(rng):
    n, p = tuning.LONG_FEWEST_ROWS + int(rng.integers(1, 2000)), int(rng.integers(9, 25))
    assert (
        packed.scratch_size(n, macrokernel.padded(p + 2), False)
        > macrokernel.padded(p + 2) * tuning.LONG_PACKED_ROWS
    )
    X, Y = frozen(rng.normal(3, 1, (n, p))), frozen(rng.normal(size=(n, 1)))
    assert_moments(RUNGS["tiled"].kernels.moments(X, Y), exact_moments(X, Y, None))


@pytest.mark.parametrize("columns", [1, 6, 300])
def test_the_provisional_centre_is_the_median_of_some_rows(rng, columns):
    n, exponents = int(rng.integers(1, 5000)), np.zeros(columns + 1, dtype=np.int64)
    X = np.round(rng.normal(3, 1, (n, columns)), int(rng.integers(0, 9)))  # with ties
    y = rng.normal(size=(n, 1))
    found = provisional_centre(frozen(X), frozen(y), None, exponents)
    rows = (n * STEPS).astype(int)
    np.testing.assert_array_equal(found, np.median(np.hstack([X, y])[rows], axis=0))
    heavy = int(rng.integers(n))
    weights = np.where(np.arange(n) == heavy, 1.0, 0.0)
    found = provisional_centre(frozen(X), frozen(y), frozen(weights), exponents)
    np.testing.assert_array_equal(found, np.append(X[heavy], y[heavy]))


@pytest.mark.parametrize("columns", [1, 5, 7 * tuning.WIDE, 11 * tuning.WIDE + 3])
def test_sums_in_blocks_are_those_in_rows(rng, columns):
    """`centred` takes both; the two orders are written by the same tiles."""
    size = macrokernel.padded(columns + 1)
    panels = size // tuning.WIDE
    square = rng.normal(size=(2, size, size))
    square[0, columns, columns] = 100.0  # the sum of the weights
    blocks = square.reshape(2, panels, tuning.WIDE, panels, tuning.WIDE).transpose(0, 3, 1, 2, 4)
    shift = rng.normal(size=columns)
    for a, b in zip(centred(*square, shift), centred(*blocks.copy(), shift), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("panels", [*range(1, 30), 126, 251])
def test_groups_of_tiles_cover_the_panels(panels):
    """Each once, none of one panel where there are more, and at most as wide as a tile."""
    count = python(macrokernel.count_groups)
    parts = [python(macrokernel.panels_of_group)(g, 0, panels) for g in range(count(panels))]
    assert [0, *(stop for _, stop in parts)] == [*(start for start, _ in parts), panels]
    sizes = {stop - start for start, stop in parts}
    assert sizes <= ({2, 3} if panels > 1 else {1})


def python(function):
    """The function that was compiled, unless nothing is (NUMBA_DISABLE_JIT)."""
    return getattr(function, "py_func", function)


CALLED_BY_ANOTHER = """
import numba, numpy as np
from linreg_fast.kernels.arithmetic import doubledouble
from linreg_fast.kernels.moments import centre

@numba.njit
def heaviest(weights):
    return centre.heaviest_of(weights), doubledouble.two_sum(weights[0], weights[1])[0]

print(heaviest(np.array([1.0, 3.0, 2.0])))
"""


@pytest.mark.needs_jit
def test_compiled_functions_of_others_may_call_ours():
    found = subprocess.run(
        [sys.executable, "-c", CALLED_BY_ANOTHER], capture_output=True, text=True, timeout=300
    )
    assert found.stdout == "(1, 4.0)\n", (found.returncode, found.stderr)
