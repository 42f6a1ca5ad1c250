"""Columns of a piece of rows times factors, added up: four vectors of rows at a time."""

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime.compile import inlined_part, kernel_part

WIDE = tuning.WIDE
STEP = 4 * WIDE


@kernel_part
def _subtract_vectors(columns, factors, out):
    """out (ROWS,) -= the columns (flat), each times its factor."""
    for i in range(0, ROWS, STEP):
        a, b = simd.load(out, i), simd.load(out, i + WIDE)
        c, d = simd.load(out, i + 2 * WIDE), simd.load(out, i + 3 * WIDE)
        for j in range(len(factors)):
            factor, at = simd.broadcast(-factors[j]), j * ROWS + i
            a = simd.fma_vectors(simd.load(columns, at), factor, a)
            b = simd.fma_vectors(simd.load(columns, at + WIDE), factor, b)
            c = simd.fma_vectors(simd.load(columns, at + 2 * WIDE), factor, c)
            d = simd.fma_vectors(simd.load(columns, at + 3 * WIDE), factor, d)
        simd.store(out, i, a)
        simd.store(out, i + WIDE, b)
        simd.store(out, i + 2 * WIDE, c)
        simd.store(out, i + 3 * WIDE, d)


@inlined_part
def _combine_vectors(columns, factors, row, start, out, to, squares):
    """out[to : to + ROWS] = start + the first columns times factors[row]; squares += its square."""
    for i in range(0, ROWS, STEP):
        a = simd.broadcast(start)
        b, c, d = a, a, a
        for j in range(row + 1):
            factor, at = simd.broadcast(factors[row, j]), j * ROWS + i
            a = simd.fma_vectors(simd.load(columns, at), factor, a)
            b = simd.fma_vectors(simd.load(columns, at + WIDE), factor, b)
            c = simd.fma_vectors(simd.load(columns, at + 2 * WIDE), factor, c)
            d = simd.fma_vectors(simd.load(columns, at + 3 * WIDE), factor, d)
        _keep(a, out, to + i, squares, i)
        _keep(b, out, to + i + WIDE, squares, i + WIDE)
        _keep(c, out, to + i + 2 * WIDE, squares, i + 2 * WIDE)
        _keep(d, out, to + i + 3 * WIDE, squares, i + 3 * WIDE)


@inlined_part
def _keep(part, out, to, squares, place):
    simd.store(out, to, part)
    total = simd.load(squares, place)
    simd.store(squares, place, simd.fma_vectors(part, part, total))


@kernel_part
def _subtract_numbers(columns, factors, out):
    for j in range(len(factors)):
        for i in range(ROWS):
            out[i] -= columns[j * ROWS + i] * factors[j]


@kernel_part
def _combine_numbers(columns, factors, row, start, out, to, squares):
    for i in range(ROWS):
        total = start
        for j in range(row + 1):
            total += columns[j * ROWS + i] * factors[row, j]
        out[to + i] = total
        squares[i] += total * total


subtract_multiples = _subtract_vectors if simd.VECTORS else _subtract_numbers
combine = _combine_vectors if simd.VECTORS else _combine_numbers
