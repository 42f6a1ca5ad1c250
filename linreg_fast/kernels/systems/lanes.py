"""Numbers of `WIDE` fits side by side: number k of fit l stands at k * WIDE + l."""

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.tuning import WIDE
from linreg_fast.runtime.compile import inlined_part, kernel_part


@inlined_part
def get(numbers, place):
    return simd.load(numbers, place * WIDE)


@inlined_part
def put(numbers, place, vector):
    simd.store(numbers, place * WIDE, vector)


@inlined_part
def less_product(total, low, a, a_lo, x):
    """total + low - (a + a_lo) x, its low part not yet made small."""
    product = simd.multiply(a, x)
    error = simd.fma_vectors(a, x, simd.negative(product))
    total, more = dd.two_sum_of_vectors(total, simd.negative(product))
    error = simd.fma_vectors(a_lo, x, error)
    return total, simd.add(low, simd.subtract(more, error))


@kernel_part
def set_system(at, weight, count, mean, products, room):
    """Write one fit's moments, mean (2, q) and products (2, q, q), to lane `at` of the room."""
    q = mean.shape[1]
    room[at], room[WIDE + at] = weight, count
    place = 2 * WIDE + at
    for part in range(2):
        for j in range(q):
            room[place] = mean[part, j]
            place += WIDE
    for part in range(2):
        for j in range(q):
            for k in range(q):
                room[place] = products[part, j, k]
                place += WIDE


@kernel_part
def get_system(at, mean, products, room):
    """The inverse: lane `at` of the room is written to mean and products; its weight."""
    q = mean.shape[1]
    place = 2 * WIDE + at
    for part in range(2):
        for j in range(q):
            mean[part, j] = room[place]
            place += WIDE
    for part in range(2):
        for j in range(q):
            for k in range(q):
                products[part, j, k] = room[place]
                place += WIDE
    return room[at]
