"""`residual_products` of rows in C order without weights: read where they are, along the rows."""

import math

import numpy as np

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.kernels.arithmetic import memory, simd
from linreg_fast.kernels.steps.doubled_row_products import add_doubled_rows, doubled_dots
from linreg_fast.kernels.tiles.packing_columns import norm_of, turn
from linreg_fast.kernels.tiles.prefetch import is_c_order
from linreg_fast.kernels.tuning import DOUBLED_ROWS, REFINED_ELEMENTS, WIDE
from linreg_fast.runtime.compile import inlined_part, kernel_part

STATE = 4  # numbers a target: a bound of residuals' norm, that norm, the size of terms, padding


@kernel_part
def _power_above(size):
    return math.ldexp(1.0, math.frexp(size)[1]) if size < np.inf else size


@inlined_part
def _residuals(X, at, p, line, first, constant, rest, y, to, r, r_lo):
    """Write to r + r_lo, from `to` on, y - x . line - constant - rest of a vector of rows."""
    # the rows, the line, the targets, and where the residuals go
    high, low = doubled_dots(X, at, p, line, first)
    target = simd.load(y, to)
    total = simd.add(first, target)
    low = simd.add(low, simd.subtract(target, simd.subtract(total, first)))
    after = simd.subtract(total, constant)
    low = simd.subtract(low, simd.add(constant, simd.subtract(after, total)))
    high = simd.add(high, simd.subtract(after, first))
    low = simd.subtract(low, rest)
    total = simd.add(high, low)
    simd.store(r, to, total)
    simd.store(r_lo, to, simd.subtract(low, simd.subtract(total, high)))


@kernel_part
def _add_up(rows, r, r_lo, sums, lows, p):
    """Add the residuals, a whole number of vectors, to the sum behind those of the columns."""
    total, low = simd.zeros(), simd.zeros()
    for i in range(0, rows, WIDE):
        total, lost = dd.two_sum_of_vectors(total, simd.load(r, i))
        low = simd.add(low, simd.add(lost, simd.load(r_lo, i)))
    found, more = sums[p], lows[p] + simd.total(low)
    for k in range(WIDE):
        found, lost = dd.two_sum(found, simd.lane(total, k))
        more += lost
    sums[p], lows[p] = dd.quick_two_sum(found, more)


@kernel_part
def _join(p, bound, bounds, highs, own_lows, sums, lows):
    """Add sums, less what they started from, and begin new ones for another bound."""
    # what the sums started from, they themselves, and where they go
    for j in range(p):
        total, lost = dd.two_sum(sums[j], highs[j] - 3.0 * bound * bounds[j])
        sums[j], lows[j] = dd.quick_two_sum(total, (lows[j] + lost) + own_lows[j])


@kernel_part
def _begin(p, bound, bounds, highs, own_lows):
    for j in range(p):
        highs[j] = 3.0 * bound * bounds[j]
        own_lows[j] = 0.0


@kernel_part
def _copy(X, row, rows, last):
    """The last rows, with zeros behind them: a vector of them is read beyond their end."""
    p = X.shape[1]
    last[:] = 0.0
    for c in range(rows):
        for j in range(p):
            last[c * p + j] = X[row + c, j]


@kernel_part
def _pack(Y, begin, end, targets):
    """Rows begin..end of the targets, one behind the other."""
    if is_c_order(Y) and Y.shape[1] == 1 and end + WIDE <= len(Y):
        for i in range(0, end - begin, WIDE):
            simd.store(targets, i, simd.load(Y, begin + i))
    else:
        turn(Y, 0, begin, end, targets)


@kernel_part
def _residuals_of_piece(X, begin, rows, last, line, offset, size, y, r, r_lo, ahead):
    """Write r + r_lo of rows begin..begin + rows, zeros behind them; the next rows are prefetched.

    size: of the terms of a residual. ahead: how many lines are requested with each vector.
    """
    # the rows, the line, and where the residuals go
    n, p = X.shape
    inside = n - WIDE - -(-WIDE // p)  # a vector of rows from here on would be read beyond the end
    constant, rest = simd.broadcast(offset[0]), simd.broadcast(offset[1])
    first, soon = simd.broadcast(12.0 * _power_above(size)), (begin + rows) * p
    for i in range(0, rows, WIDE):
        row, k = begin + i, i // WIDE
        memory.prefetch_lines(X, soon, k * ahead, (k + 1) * ahead)
        if row <= inside and i + WIDE <= rows:
            _residuals(X, row * p, p, line, first, constant, rest, y, i, r, r_lo)
            continue
        _copy(X, row, min(WIDE, rows - i), last)
        _residuals(last, 0, p, line, first, constant, rest, y, i, r, r_lo)
        for c in range(rows - i, WIDE):
            r[i + c], r_lo[i + c] = 0.0, 0.0


@kernel_part
def _products_of_piece(X, begin, rows, last, r, r_lo, highs, own_lows, ahead):
    """Add the residuals times their rows to sums; the rest of the next rows is prefetched."""
    # the rows, the residuals, and where the sums go
    n, p = X.shape
    inside = n - WIDE - -(-WIDE // p)
    soon = (begin + rows) * p
    for i in range(0, rows, WIDE):
        row, k = begin + i, (rows + i) // WIDE
        memory.prefetch_lines(X, soon, k * ahead, (k + 1) * ahead)
        factors, factors_lo = simd.load(r, i), simd.load(r_lo, i)
        if row <= inside and i + WIDE <= rows:
            add_doubled_rows(X, row * p, p, factors, factors_lo, highs, own_lows)
            continue
        _copy(X, row, min(WIDE, rows - i), last)
        add_doubled_rows(last, 0, p, factors, factors_lo, highs, own_lows)


def scratch_of_rows(p, t):
    """How many numbers of scratch `add_products_by_rows` needs."""
    wide = -(-p // WIDE) * WIDE
    return (1 + WIDE + 3 * t) * wide + 2 * WIDE + STATE * t + (t + 2) * DOUBLED_ROWS + memory.LINE


def add_products_by_rows(X, Y, weights, coef, offset, norms, start, stop, scratch, sums, lows):
    """As `residual_products.add_products`, without weights."""
    # as `residual_products.add_products`
    n, p, t = len(X), X.shape[1], Y.shape[1]
    wide = -(-p // WIDE) * WIDE
    piece = min(max(REFINED_ELEMENTS // p // WIDE * WIDE, 2 * WIDE), DOUBLED_ROWS)
    room = math.sqrt(DOUBLED_ROWS / piece)  # sums are joined after about so many rows
    scratch = scratch[memory.line_start(scratch) :]  # where a vector spans two lines, sums wait
    bounds, scratch = scratch[:p], scratch[wide:]
    lines, scratch = scratch[: 3 * t * wide], scratch[3 * t * wide :]
    r, r_lo = scratch[:DOUBLED_ROWS], scratch[DOUBLED_ROWS : 2 * DOUBLED_ROWS]
    targets, scratch = scratch[2 * DOUBLED_ROWS :], scratch[(t + 2) * DOUBLED_ROWS :]
    last, state = scratch[: (wide + 2) * WIDE], scratch[(wide + 2) * WIDE :]
    lines[:] = 0.0
    for j in range(p):
        bounds[j] = math.ldexp(1.0, math.frexp(norms[j])[1] + 1)
    for k in range(t):
        size = abs(offset[k, 0])
        for j in range(p):
            lines[3 * k * wide + j] = -coef[k, j]
            size += abs(coef[k, j]) * bounds[j]
        state[STATE * k], state[STATE * k + 1], state[STATE * k + 2] = 0.0, 0.0, size
    for begin in range(start, stop, piece):
        end = min(begin + piece, stop)
        rows = end - begin
        _pack(Y, begin, end, targets)
        # lines of the next rows, with each vector of these: half of them in each loop
        ahead = (min(end + piece, n) - end) * p * X.itemsize // memory.LINE_BYTES
        ahead = ahead * WIDE // (2 * rows) + 1
        for k in range(t):
            y = targets[k * DOUBLED_ROWS : (k + 1) * DOUBLED_ROWS]
            own, known = lines[3 * k * wide : 3 * (k + 1) * wide], state[STATE * k :]
            line, highs, own_lows = own[:wide], own[wide : 2 * wide], own[2 * wide :]
            size, asked = known[2] + norm_of(y[:rows]), ahead if k == 0 else 0
            _residuals_of_piece(X, begin, rows, last, line, offset[k], size, y, r, r_lo, asked)
            norm = norm_of(r[:rows])
            bound, so_far = known[0], math.hypot(known[1], norm)
            if not so_far <= bound:  # nor what is not finite
                _join(p, bound, bounds, highs, own_lows, sums[k], lows[k])
                bound, so_far = _power_above(room * norm), norm
                _begin(p, bound, bounds, highs, own_lows)
            known[0], known[1] = bound, so_far
            _add_up(rows, r, r_lo, sums[k], lows[k], p)
            _products_of_piece(X, begin, rows, last, r, r_lo, highs, own_lows, asked)
    for k in range(t):
        own = lines[3 * k * wide : 3 * (k + 1) * wide]
        highs, own_lows = own[wide : 2 * wide], own[2 * wide :]
        _join(p, state[STATE * k], bounds, highs, own_lows, sums[k], lows[k])
