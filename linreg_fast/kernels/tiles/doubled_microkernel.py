"""The innermost loops of double-double cross-products: one column by four columns."""

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.arithmetic.simd import fma
from linreg_fast.kernels.tuning import DOUBLED_ROWS
from linreg_fast.runtime.compile import inlined_part, kernel_part


@kernel_part
def _start(bounds_a, bounds, j, k):
    """Where the sums of entry (j, k) start from (see `tile_of_vectors`)."""
    return simd.broadcast(3.0 * bounds_a[j] * bounds[k])


@kernel_part
def _join(sums, lows, j, k, bounds_a, bounds, vector, vector_lo):
    """Add the lanes, less what they started from, to entry (j, k), in double-double.

    Any sum of lanes is a multiple of the last bit of what they started from, and no larger than
    2**52 of these: exact in plain additions.
    """
    own = simd.total(simd.subtract(vector, _start(bounds_a, bounds, j, k)))
    total, lost = dd.two_sum(sums[j, k], own)
    low = (lows[j, k] + lost) + simd.total(vector_lo)
    sums[j, k], lows[j, k] = dd.quick_two_sum(total, low)


@kernel_part
def _add_product(h, low, a, b):
    """h + low plus a * b, exactly but for 2**-106 of what h began with (see `tile_of_vectors`)."""
    total = simd.fma_vectors(a, b, h)
    taken = simd.subtract(total, h)  # exact: all three are multiples of h's last bit
    return total, simd.add(low, simd.fma_vectors(a, b, simd.negative(taken)))


@inlined_part
def exact_tile_of_vectors(a, z, j, k, rows, bounds_a, bounds, sums, lows):
    """As `tile_of_vectors`, where all lo parts are zero."""
    # inlined: a record would change nothing
    h0, h1 = _start(bounds_a, bounds, j, k), _start(bounds_a, bounds, j, k + 1)
    h2, h3 = _start(bounds_a, bounds, j, k + 2), _start(bounds_a, bounds, j, k + 3)
    l0 = l1 = l2 = l3 = simd.zeros()
    at, to = j * DOUBLED_ROWS, k * DOUBLED_ROWS
    for i in range(0, rows, tuning.WIDE):
        x = simd.load(a, at + i)
        h0, l0 = _add_product(h0, l0, x, simd.load(z, to + i))
        h1, l1 = _add_product(h1, l1, x, simd.load(z, to + DOUBLED_ROWS + i))
        h2, l2 = _add_product(h2, l2, x, simd.load(z, to + 2 * DOUBLED_ROWS + i))
        h3, l3 = _add_product(h3, l3, x, simd.load(z, to + 3 * DOUBLED_ROWS + i))
    _join(sums, lows, j, k, bounds_a, bounds, h0, l0)
    _join(sums, lows, j, k + 1, bounds_a, bounds, h1, l1)
    _join(sums, lows, j, k + 2, bounds_a, bounds, h2, l2)
    _join(sums, lows, j, k + 3, bounds_a, bounds, h3, l3)


@inlined_part
def tile_of_vectors(a, a_lo, z, z_lo, j, k, rows, bounds_a, bounds, sums, lows):
    """Add to sums[j, k : k + 4] the products of column j of a with four columns of z.

    Each sum h starts from a number so large that it stays in one binade whatever is added. Adding
    a product then rounds it to a fixed last bit, and what that loses is found exactly by one more
    fused multiply-add: four instructions for what TwoProduct and TwoSum take ten. Inlined into its
    caller, as in `macrokernel`: 3 to 5%.
    """
    # inlined: a record would change nothing
    h0, h1 = _start(bounds_a, bounds, j, k), _start(bounds_a, bounds, j, k + 1)
    h2, h3 = _start(bounds_a, bounds, j, k + 2), _start(bounds_a, bounds, j, k + 3)
    l0 = l1 = l2 = l3 = simd.zeros()
    at, to = j * DOUBLED_ROWS, k * DOUBLED_ROWS
    for i in range(0, rows, tuning.WIDE):
        x, x_lo = simd.load(a, at + i), simd.load(a_lo, at + i)
        y = simd.load(z, to + i)
        l0 = simd.fma_vectors(x, simd.load(z_lo, to + i), simd.fma_vectors(x_lo, y, l0))
        h0, l0 = _add_product(h0, l0, x, y)
        y = simd.load(z, to + DOUBLED_ROWS + i)
        l1 = simd.fma_vectors(
            x, simd.load(z_lo, to + DOUBLED_ROWS + i), simd.fma_vectors(x_lo, y, l1)
        )
        h1, l1 = _add_product(h1, l1, x, y)
        y = simd.load(z, to + 2 * DOUBLED_ROWS + i)
        l2 = simd.fma_vectors(
            x, simd.load(z_lo, to + 2 * DOUBLED_ROWS + i), simd.fma_vectors(x_lo, y, l2)
        )
        h2, l2 = _add_product(h2, l2, x, y)
        y = simd.load(z, to + 3 * DOUBLED_ROWS + i)
        l3 = simd.fma_vectors(
            x, simd.load(z_lo, to + 3 * DOUBLED_ROWS + i), simd.fma_vectors(x_lo, y, l3)
        )
        h3, l3 = _add_product(h3, l3, x, y)
    _join(sums, lows, j, k, bounds_a, bounds, h0, l0)
    _join(sums, lows, j, k + 1, bounds_a, bounds, h1, l1)
    _join(sums, lows, j, k + 2, bounds_a, bounds, h2, l2)
    _join(sums, lows, j, k + 3, bounds_a, bounds, h3, l3)


@inlined_part
def tile_with_exact_columns(a, a_lo, z, at, apart, k, rows, bound_a, bounds, sums, lows):
    """As `tile_of_vectors`, for the one column a + a_lo and columns of z whose lo parts are zero.

    Column k begins at z[at + k * apart]. sums, lows (1, m): the products of a with column k and on.
    """
    # inlined: a record would change nothing
    h0, h1 = _start(bound_a, bounds, 0, k), _start(bound_a, bounds, 0, k + 1)
    h2, h3 = _start(bound_a, bounds, 0, k + 2), _start(bound_a, bounds, 0, k + 3)
    l0 = l1 = l2 = l3 = simd.zeros()
    to = at + k * apart
    for i in range(0, rows, tuning.WIDE):
        x, x_lo = simd.load(a, i), simd.load(a_lo, i)
        y = simd.load(z, to + i)
        h0, l0 = _add_product(h0, simd.fma_vectors(x_lo, y, l0), x, y)
        y = simd.load(z, to + apart + i)
        h1, l1 = _add_product(h1, simd.fma_vectors(x_lo, y, l1), x, y)
        y = simd.load(z, to + 2 * apart + i)
        h2, l2 = _add_product(h2, simd.fma_vectors(x_lo, y, l2), x, y)
        y = simd.load(z, to + 3 * apart + i)
        h3, l3 = _add_product(h3, simd.fma_vectors(x_lo, y, l3), x, y)
    _join(sums, lows, 0, k, bound_a, bounds, h0, l0)
    _join(sums, lows, 0, k + 1, bound_a, bounds, h1, l1)
    _join(sums, lows, 0, k + 2, bound_a, bounds, h2, l2)
    _join(sums, lows, 0, k + 3, bound_a, bounds, h3, l3)


@kernel_part
def tile_of_numbers(a, a_lo, z, z_lo, j, k, rows, sums, lows):
    """The same number by number, by TwoProduct and TwoSum: one digit more."""
    # as `tile_of_vectors`
    for c in range(k, k + 4):
        total, low = sums[j, c], lows[j, c]
        for i in range(rows):
            x, x_lo = a[j * DOUBLED_ROWS + i], a_lo[j * DOUBLED_ROWS + i]
            b, b_lo = z[c * DOUBLED_ROWS + i], z_lo[c * DOUBLED_ROWS + i]
            product, lost = dd.two_product(x, b)
            total, more = dd.two_sum(total, product)
            low += more + fma(x, b_lo, fma(x_lo, b, lost))
        sums[j, c], lows[j, c] = dd.quick_two_sum(total, low)
