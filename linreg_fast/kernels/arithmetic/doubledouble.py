"""Numbers as unevaluated sums hi + lo of two doubles: 32 digits. Scalars, for compiled loops.

Sources: Dekker 1971; Knuth, TAOCP 2, 4.2.2; Hida, Li and Bailey 2001; Joldes, Muller and Popescu
2017 (error bounds; the operations here are good to a few units of 2**-104).
"""

import math

from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.arithmetic.simd import fma
from linreg_fast.runtime.compile import inlined_part, kernel_part


@kernel_part
def two_sum(a, b):
    """a + b as (rounded, what rounding lost), for any a and b."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


@inlined_part
def two_sum_of_vectors(a, b):
    """The same of vectors, lane by lane."""
    total = simd.add(a, b)
    part = simd.subtract(total, a)
    lost = simd.subtract(a, simd.subtract(total, part))
    return total, simd.add(lost, simd.subtract(b, part))


@kernel_part
def quick_two_sum(a, b):
    """The same for |a| >= |b|."""
    total = a + b
    return total, b - (total - a)


@kernel_part
def two_product(a, b):
    """a * b as (rounded, what rounding lost)."""
    product = a * b
    return product, fma(a, b, -product)


@kernel_part
def add(a, a_lo, b, b_lo):
    total, lost = two_sum(a, b)
    low, low_lost = two_sum(a_lo, b_lo)
    total, lost = quick_two_sum(total, lost + low)
    return quick_two_sum(total, lost + low_lost)


@kernel_part
def multiply(a, a_lo, b, b_lo):
    product, lost = two_product(a, b)
    return quick_two_sum(product, lost + fma(a, b_lo, a_lo * b))


@kernel_part
def divide(a, a_lo, b, b_lo):
    first = a / b
    product, product_lo = multiply(first, 0.0, b, b_lo)
    rest, rest_lo = add(a, a_lo, -product, -product_lo)
    second = rest / b
    product, product_lo = multiply(second, 0.0, b, b_lo)
    rest, rest_lo = add(rest, rest_lo, -product, -product_lo)
    first, second = quick_two_sum(first, second)
    return quick_two_sum(first, second + rest / b)


@kernel_part
def square_root(a, a_lo):
    """Of a number above zero."""
    root = math.sqrt(a)
    square, square_lo = two_product(root, root)
    rest, _ = add(a, a_lo, -square, -square_lo)
    return quick_two_sum(root, rest / (2.0 * root))
