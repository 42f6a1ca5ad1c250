"""Double-double sums against rational arithmetic, and the arithmetic that they are made of."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linreg_fast.data.gate import frozen
from linreg_fast.kernels import RUNGS
from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic.simd import fma
from linreg_fast.kernels.moments import sparse
from linreg_fast.kernels.rungs import compensated
from linreg_fast.kernels.systems import doubled_cholesky
from linreg_fast.runtime.compile import fast_kernel, kernel

numbers = st.floats(-1e100, 1e100, allow_subnormal=False).filter(
    lambda x: x == 0 or abs(x) > 1e-100
)


def exact_moments(Z, weights=None):
    weights = [Fraction(1)] * len(Z) if weights is None else list(map(Fraction, weights.tolist()))
    columns = [list(map(Fraction, column)) for column in Z.T.tolist()]
    total = sum(weights)
    means = [sum(map(lambda w, x: w * x, weights, c)) / total for c in columns]
    centred = [[x - m for x in c] for c, m in zip(columns, means, strict=True)]
    return means, [
        [sum(w * a * b for w, a, b in zip(weights, x, y, strict=True)) for y in centred]
        for x in centred
    ]


def assert_doubled(found, Z, weights=None, rtol=1e-27):
    means, comoment = exact_moments(Z, weights)
    _, (_, _), mean, products = found
    for j, expected in enumerate(means):
        value = Fraction(float(mean[0, j])) + Fraction(float(mean[1, j]))
        spread = math.sqrt(comoment[j][j] / len(Z))
        assert abs(value - expected) <= rtol * (abs(expected) + Fraction(spread))
        for k, product in enumerate(comoment[j]):
            value = Fraction(float(products[0, j, k])) + Fraction(float(products[1, j, k]))
            size = math.sqrt(comoment[j][j]) * math.sqrt(comoment[k][k])
            assert abs(value - product) <= rtol * size


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("offset", [0.0, 3.0, 1e6, 1e12])
@pytest.mark.parametrize("n", [1, 2, 5, 255, 257, 700])
def test_moments_have_27_digits(rng, n, offset, weighted):
    Z = rng.normal(size=(n, 5)) * [1, 1e-3, 1e5, 1, 1] + offset
    Z[rng.integers(n), 1] *= 1e6  # an outlier
    weights = rng.uniform(0.1, 3, n) if weighted else None
    if weighted and n > 2:
        weights[rng.random(n) < 0.3] = 0.0
        weights[0] = 2.0
    X, Y = frozen(Z[:, :4]), frozen(Z[:, 4:])
    if weighted:
        weights = frozen(weights)
    kept = slice(None) if weights is None else weights > 0
    some = None if weights is None else weights[kept]
    assert_doubled(compensated.moments(X, Y, weights), Z[kept], some)


def test_large_pieces_of_wide_rows(rng):
    """More columns than are handled together, several blocks, and every layout."""
    Z = rng.normal(size=(900, 61)) + 2
    expected = compensated.moments(frozen(Z[:, :60].copy()), frozen(Z[:, 60:].copy()))
    assert_doubled(
        (
            *expected[:2],
            *(part[..., :7, :7] if part.ndim == 3 else part[:, :7] for part in expected[2:]),
        ),
        Z[:, :7],
    )
    for X in (np.asfortranarray(Z[:, :60]), np.repeat(Z, 2, axis=1)[:, :120:2], Z[::-1][::-1, :60]):
        found = compensated.moments(frozen(X), frozen(Z[:, 60:]))
        for a, b in zip(found[1:], expected[1:], strict=True):
            np.testing.assert_array_equal(a, b)
    tiled = RUNGS["tiled"].kernels.moments(frozen(Z[:, :60].copy()), frozen(Z[:, 60:].copy()))
    np.testing.assert_allclose(tiled[3][0], expected[3][0], atol=1e-15 * 900 * 4)
    np.testing.assert_allclose(tiled[2][0], expected[2][0], rtol=1e-15)


@pytest.mark.parametrize("exponents", [[0, 0, 0], [600, -600, 3], [-1000, 900, 0]])
def test_scaled_columns(rng, exponents):
    Z = rng.normal(size=(50, 3)) + 1
    found = compensated.moments(
        frozen(np.ldexp(Z[:, :2], exponents[:2])),
        frozen(np.ldexp(Z[:, 2:], exponents[2])),
        None,
        np.array(exponents),
    )
    assert_doubled(found, Z)


def test_sparse_rows(rng):
    import scipy.sparse

    X = scipy.sparse.random(80, 4, 0.4, format="csr", random_state=rng)
    Y, weights = rng.normal(size=(80, 1)), rng.uniform(0.5, 1, 80)
    assert_doubled(sparse.moments(X, Y, weights), np.hstack([X.toarray(), Y]), weights)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_gradient_of_a_tiny_residual(rng, weighted):
    X, coef = rng.normal(size=(300, 4)), rng.normal(size=4)
    y = X @ coef + 0.5  # what is left is rounding: plain sums have no digit of it right
    weights = frozen(rng.uniform(0.5, 2, 300)) if weighted else None
    found = compensated.gradient(frozen(X), frozen(y), coef, 0.5, weights)
    w = [Fraction(1)] * 300 if weights is None else list(map(Fraction, weights))
    r = [
        sum(Fraction(a) * Fraction(b) for a, b in zip(row, coef.tolist(), strict=True))
        + Fraction(1, 2)
        - Fraction(target)
        for row, target in zip(X.tolist(), y.tolist(), strict=True)
    ]
    total = sum(w)
    expected = [
        2 * sum(a * b * Fraction(x) for a, b, x in zip(w, r, c, strict=True)) / total
        for c in X.T.tolist()
    ]
    # A sum may be a small difference of its parts.
    parts = (np.array([float(a * abs(b)) for a, b in zip(w, r, strict=True)]) @ abs(X)) / float(
        total
    )
    assert (abs(found[1] - np.array(list(map(float, expected)))) <= 1e-14 * parts).all()
    loss = float(sum(a * b * b for a, b in zip(w, r, strict=True)) / total)
    assert found[0] == pytest.approx(loss, rel=1e-13)
    assert compensated.mse(frozen(X), frozen(y), coef, 0.5, weights) == found[0]


def test_a_strict_function_stays_strict_in_a_fast_caller():
    """Compiled for the first time by the caller: Numba would hand on the caller's flags."""

    @kernel
    def lost(a, b):
        total = a + b
        return b - (total - a)

    @fast_kernel
    def caller(a, b):
        return lost(a, b)

    assert caller(1.0, 1e-17) == 1e-17


def from_python(function):
    """A function that compiled ones alone can call, for a test to call."""
    return kernel(getattr(function, "py_func", function))


two_sum, two_product = from_python(dd.two_sum), from_python(dd.two_product)
add, multiply, divide = map(from_python, (dd.add, dd.multiply, dd.divide))
square_root = from_python(dd.square_root)


@settings(deadline=None)
@given(a=numbers, b=numbers, c=numbers)
def test_error_free_transformations(a, b, c):
    total, lost = two_sum(a, b)
    assert Fraction(total) + Fraction(lost) == Fraction(a) + Fraction(b)
    product, lost = two_product(a, b)
    if product == 0 or abs(product) > 1e-250:
        assert Fraction(product) + Fraction(lost) == Fraction(a) * Fraction(b)
    expected = float(Fraction(a) * Fraction(b) + Fraction(c))
    assert fma(a, b, c) == expected


@settings(deadline=None)
@given(a=st.floats(1e-50, 1e50), b=st.floats(1e-50, 1e50), part=st.floats(-1e-17, 1e-17))
def test_double_double_operations(a, b, part):
    low = a * part
    exact_a, exact_b = Fraction(a) + Fraction(low), Fraction(b)
    for found, exact in (
        (add(a, low, -b, 0.0), exact_a - exact_b),
        (multiply(a, low, b, 0.0), exact_a * exact_b),
        (divide(a, low, b, 0.0), exact_a / exact_b),
    ):
        value = Fraction(found[0]) + Fraction(found[1])
        assert abs(value - exact) <= abs(exact) * Fraction(1, 2**98) + Fraction(
            1, 2**104
        ) * exact_b * (exact == exact_a - exact_b)
    root = square_root(a, low)
    value = Fraction(root[0]) + Fraction(root[1])
    assert abs(value * value - exact_a) <= exact_a / 2**98


def test_cholesky_in_double_double(rng):
    A = rng.normal(size=(40, 6)) * np.logspace(0, -9, 6)
    right = rng.normal(size=40)
    Z = np.column_stack([A / np.linalg.norm(A, axis=0), right])
    _, _, _, products = compensated.moments(frozen(Z[:, :6].copy()), frozen(Z[:, 6:].copy()))
    system = products.copy()
    order, rank = doubled_cholesky.cholesky(system, 6, 1e-28)
    assert rank == 6
    assert sorted(order) == list(range(7))
    found = np.empty((2, 6, 1))
    found[:, order[:6]] = doubled_cholesky.back_substitute(system, 6)
    assert np.abs(doubled_cholesky.residual(products, found, 6)).max() < 1e-28 * np.abs(found).max()
