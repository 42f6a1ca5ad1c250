"""Residuals and their products with the columns, in double-double, in one pass over the rows.

They are what a solution leaves of the normal equations: the right side of a correction. A pass
makes 2 p long products a row, where double-double cross-products make p^2 / 2. Pieces of rows are
packed into columns, as in `moments.doubled`; nothing is subtracted from them, so that they have no
lo parts.
"""

import math

import numpy as np
from numba.core import types

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import memory, simd
from linreg_fast.kernels.arithmetic.columns import for_kernels, is_table
from linreg_fast.kernels.steps.residuals_by_rows import add_products_by_rows, scratch_of_rows
from linreg_fast.kernels.systems.refining import add_blocks
from linreg_fast.kernels.tiles import prefetch
from linreg_fast.kernels.tiles.doubled_microkernel import tile_of_numbers, tile_with_exact_columns
from linreg_fast.kernels.tiles.packing_columns import bound, mask, turn
from linreg_fast.kernels.tuning import DOUBLED_ROWS, WIDE
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import by_type, inlined_part, kernel_part


@kernel_part
def padded_columns(p):
    """Columns of X and the ones, up to a whole number of tiles."""
    return -(-(p + 1) // 4) * 4


@kernel_part
def _start_of(y, b, bounds, offset, rows):
    """A number so large that the sums of a residual stay in one binade when they start from it."""
    size = abs(offset[0])
    for i in range(rows):
        size = max(size, abs(y[i]))
    for j in range(len(b)):
        size += abs(b[j]) * bounds[j]
    return 3.0 * math.ldexp(1.0, math.frexp(size)[1] + 2) if size < np.inf else size


@inlined_part
def _subtract_product(h, low, slope, x):
    """(h, low) - slope x, exactly but for what the lo part rounds."""
    total = simd.fma_vectors(slope, x, h)
    lost = simd.fma_vectors(slope, x, simd.subtract(h, total))
    return total, simd.add(low, lost)


@inlined_part
def _begin(y, at, start, offset):
    """(start + y - offset, what that lost), the sums of a vector of rows before the products."""
    target = simd.load(y, at)
    total = simd.add(start, target)
    low = simd.subtract(target, simd.subtract(total, start))
    after = simd.subtract(total, offset)
    return after, simd.subtract(low, simd.add(offset, simd.subtract(after, total)))


@inlined_part
def _end(h, low, start, at, r, r_lo):
    """Write h + low - start, as hi and lo."""
    h = simd.subtract(h, start)
    total = simd.add(h, low)
    simd.store(r, at, total)
    simd.store(r_lo, at, simd.subtract(low, simd.subtract(total, h)))


@kernel_part
def _residual_vectors(X, direct, at_row, z, y, b, start, offset, rows, r, r_lo):
    """Write to r + r_lo the residuals y - b . x - offset of a piece, four vectors at a time.

    The first `direct` columns are read from X in F order, from row at_row on, the others from z.
    Adding to sums that start from a large number loses what one more fused multiply-add finds (see
    `doubled_microkernel.tile_of_vectors`). Rows beyond the last are computed, and mean nothing.
    """
    # the piece, the line, and where the residuals go
    first, constant, n = simd.broadcast(start), simd.broadcast(offset[0]), len(X)
    for i in range(0, rows, 4 * WIDE):
        i1, i2, i3 = i + WIDE, i + 2 * WIDE, i + 3 * WIDE
        h0, l0 = _begin(y, i, first, constant)
        h1, l1 = _begin(y, i1, first, constant)
        h2, l2 = _begin(y, i2, first, constant)
        h3, l3 = _begin(y, i3, first, constant)
        for j in range(direct):
            at = j * n + at_row
            slope = simd.broadcast(-b[j])
            h0, l0 = _subtract_product(h0, l0, slope, simd.load(X, at + i))
            h1, l1 = _subtract_product(h1, l1, slope, simd.load(X, at + i1))
            h2, l2 = _subtract_product(h2, l2, slope, simd.load(X, at + i2))
            h3, l3 = _subtract_product(h3, l3, slope, simd.load(X, at + i3))
        for j in range(direct, len(b)):
            at = (j - direct) * DOUBLED_ROWS
            slope = simd.broadcast(-b[j])
            h0, l0 = _subtract_product(h0, l0, slope, simd.load(z, at + i))
            h1, l1 = _subtract_product(h1, l1, slope, simd.load(z, at + i1))
            h2, l2 = _subtract_product(h2, l2, slope, simd.load(z, at + i2))
            h3, l3 = _subtract_product(h3, l3, slope, simd.load(z, at + i3))
        _end(h0, l0, first, i, r, r_lo)
        _end(h1, l1, first, i1, r, r_lo)
        _end(h2, l2, first, i2, r, r_lo)
        _end(h3, l3, first, i3, r, r_lo)
    for i in range(rows):
        r[i], r_lo[i] = dd.quick_two_sum(r[i], r_lo[i] - offset[1])


@kernel_part
def _residual_numbers(X, direct, at_row, z, y, b, start, offset, rows, r, r_lo):
    """The same number by number."""
    # as `_residual_vectors`
    for i in range(rows):
        total, low = dd.two_sum(y[i], -offset[0])
        low -= offset[1]
        for j in range(len(b)):
            product, lost = dd.two_product(b[j], z[j * DOUBLED_ROWS + i])
            total, more = dd.two_sum(total, -product)
            low += more - lost
        r[i], r_lo[i] = dd.two_sum(total, low)


_residual = _residual_vectors if simd.VECTORS else _residual_numbers


def _in_place(X, scratch):
    """X, whose columns can be read where they are; of a table, which is packed, the scratch."""
    return X


@by_type(_in_place)
def _compiled_in_place(X, scratch):
    if is_table(X):
        return lambda X, scratch: scratch
    return lambda X, scratch: X


def scratch_size(p, t):
    """How many numbers of scratch `add_products` needs."""
    m = -(-(p + 1) // 4) * 4
    return max((m + t + 2) * DOUBLED_ROWS + m + 1, scratch_of_rows(p, t))


def add_products(X, Y, weights, coef, offset, norms, start, stop, scratch, sums, lows):
    """Add to sums + lows (t, padded_columns(p) or more) what `residual_products` returns.

    scratch: `scratch_size` numbers.
    """
    # the rows, the lines, which rows, and where the sums go
    _add_products(X, Y, weights, coef, offset, norms, start, stop, scratch, sums, lows)


@by_type(add_products)
def _add_products_by_layout(X, Y, weights, coef, offset, norms, start, stop, scratch, sums, lows):
    # as `add_products`, whose types they are
    by_rows = simd.VECTORS and weights == types.none and not is_table(X) and X.layout == "C"
    return add_products_by_rows if by_rows else _add_products


def _add_products(X, Y, weights, coef, offset, norms, start, stop, scratch, sums, lows):
    """The same of any rows, in columns."""
    # as `add_products`
    n, p, t, raw = len(X), X.shape[1], Y.shape[1], _in_place(X, scratch)
    m = padded_columns(p)
    z = scratch[: m * DOUBLED_ROWS]
    targets = scratch[m * DOUBLED_ROWS : (m + t) * DOUBLED_ROWS]
    rest = scratch[(m + t) * DOUBLED_ROWS :]
    r, r_lo = rest[:DOUBLED_ROWS], rest[DOUBLED_ROWS : 2 * DOUBLED_ROWS]
    # Parts of the scratch, since arrays made here would take a third of a second to compile.
    bounds, bound_r = rest[2 * DOUBLED_ROWS : 2 * DOUBLED_ROWS + m], rest[2 * DOUBLED_ROWS + m :]
    bounds[:] = 1.0
    bound_r[0] = 1.0
    for j in range(p):
        bounds[j] = math.ldexp(1.0, math.frexp(norms[j])[1] + 1)
    bounds[p] = 2.0 * math.sqrt(DOUBLED_ROWS)
    for begin in range(start, stop, DOUBLED_ROWS):
        end = min(begin + DOUBLED_ROWS, stop)
        rows = end - begin
        direct = 0
        if simd.VECTORS and weights is None and prefetch.is_f_order(raw) and rows == DOUBLED_ROWS:
            direct = p // 4 * 4  # columns that are read where they are
        turn(X, direct, begin, end, z)
        turn(Y, 0, begin, end, targets)
        for j in range(direct, p):
            at = (j - direct) * DOUBLED_ROWS
            mask(weights, at, begin, end, z)
            if weights is not None:  # norms are those of weighted rows
                bound(z[at:], 1, rows, bounds[j:])
        ones = (p - direct) * DOUBLED_ROWS
        z[ones : ones + rows] = 1.0
        mask(None, ones, begin, end, z)
        lines = prefetch.lines_of(X, end, min(end + DOUBLED_ROWS, stop))
        for k in range(t):
            y = targets[k * DOUBLED_ROWS : (k + 1) * DOUBLED_ROWS]
            mask(weights, np.int64(0), begin, end, y)
            slopes, constant = coef[k], offset[k]
            first = _start_of(y, slopes, bounds, constant, rows)
            _residual(raw, direct, begin, z, y, slopes, first, constant, rows, r, r_lo)
            if weights is not None:
                for i in range(rows):
                    r[i], r_lo[i] = dd.multiply(r[i], r_lo[i], weights[begin + i], 0.0)
            mask(weights, np.int64(0), begin, end, r)
            mask(weights, np.int64(0), begin, end, r_lo)
            bound(r, 1, rows, bound_r)
            S, L = sums[k : k + 1], lows[k : k + 1]
            if not simd.VECTORS:
                zeros = np.zeros(len(z))
                for c in range(0, m, 4):
                    tile_of_numbers(r, r_lo, z, zeros, 0, c, rows, S, L)
                continue
            for c in range(0, direct, 4):
                tile_with_exact_columns(r, r_lo, raw, begin, n, c, rows, bound_r, bounds, S, L)
            for c in range(direct, m, 4):
                back = -direct * DOUBLED_ROWS
                tile_with_exact_columns(
                    r, r_lo, z, back, DOUBLED_ROWS, c, rows, bound_r, bounds, S, L
                )
                if k == 0 and prefetch.is_c_order(X):  # the next rows, meanwhile
                    memory.prefetch_lines(X, end * p, lines * c // m, lines * (c + 4) // m)


@kernel_part
def _block(b, start, stop, scratch, X, Y, weights, coef, offset, norms, sums, lows):
    # four from `over_blocks`, then the arrays: a record would be taken apart at each call
    add_products(X, Y, weights, coef, offset, norms, start, stop, scratch, sums[b], lows[b])


_blocks = over_blocks(_block)


def residual_products(X, Y, weights, coef, offset, norms):
    """sum(w r x_j) for each target and column, and last sum(w r): (2, t, p + 1), hi and lo.

    r = y - x . coef - offset, for coef (t, p) and offset (t, 2), hi and lo. norms (p,): without
    weights, at least the Euclidean norms of the columns; the nearer, the more digits are kept.
    """
    (n, p), t = X.shape, Y.shape[1]
    m = -(-(p + 1) // 4) * 4
    blocks = launch.count_blocks(n, 4 * p)
    sums, lows = np.zeros((2, blocks, t, m + memory.LINE))
    scratch = scratch_size(p, t)
    arguments = (for_kernels(X), Y, weights, coef, offset, norms, sums, lows)
    launch.run(_blocks, n, blocks, 16 * n * p * t, scratch, *arguments)
    found = np.empty((2, t, p + 1))
    add_blocks(sums, lows, found)
    return found
