"""Cross-products in plain doubles: rows packed into panels of columns, tiles of their products.

Pieces of `PIECE` rows are joined in double-double, which costs a few percent and keeps the error
of millions of rows that of a hundred.
"""

from linreg_fast.kernels import near, registers, simd
from linreg_fast.kernels.compile import inlined, inner
from linreg_fast.kernels.panels import pack, weighted
from linreg_fast.kernels.registers import BROADCASTS

VECTORS = 3  # side by side in a tile
# Panels that stay in the second cache while the others go by (300 columns: 6%); whole groups.
NEAR = 24
PIECE = 256  # rows: with 128 sums are joined too often; 192 are no faster


def padded(columns):
    """Columns of the sums: a whole number of panels."""
    return -(-columns // simd.WIDE) * simd.WIDE


@inner
def tile_vectors(
    a, at, z, to, vectors, stride, rows, sums, lows, place, X, ahead, step, asked, slower
):
    """Add the products of BROADCASTS columns of a with panels of z, as `registers` does."""
    if vectors == 3:
        registers.tile_three(
            a, at, z, to, stride, rows, sums, lows, place, X, ahead, step, asked, slower
        )
    elif vectors == 2:
        registers.tile_two(
            a, at, z, to, stride, rows, sums, lows, place, X, ahead, step, asked, slower
        )
    else:
        registers.tile_one(
            a, at, z, to, stride, rows, sums, lows, place, X, ahead, step, asked, slower
        )


@inner
def _tile_numbers(
    a, at, z, to, vectors, stride, rows, sums, lows, place, X, ahead, step, asked, slower
):
    """The same, a number at a time."""
    found = sums.reshape(-1)
    for r in range(BROADCASTS):
        for c in range(vectors * simd.WIDE):
            column = to + c // simd.WIDE * stride + c % simd.WIDE
            product = 0.0
            for i in range(rows):
                product += a[at + r + i * simd.WIDE] * z[column + i * simd.WIDE]
            found[place + r * sums.shape[1] + c] += product


_tile = tile_vectors if simd.VECTORS else _tile_numbers


@inlined
def groups(panels):
    """How many tiles cover so many panels side by side."""
    return -(-panels // VECTORS)


@inlined
def group(g, first, panels):
    """(from, to): the panels of the g-th tile side by side, from panel `first` on.

    In the end two and two, not three and one: one vector waits for its loads (30 columns: 7%).
    """
    start, stop = first + g * VECTORS, min(first + (g + 1) * VECTORS, panels)
    alone = panels - first > VECTORS and (panels - first) % VECTORS == 1
    if alone and panels - start == 1:
        start -= 1
    elif alone and panels - stop == 1:
        stop -= 1
    return start, stop


@inner
def tiles_of_group(
    a, z, width, stride, rows, start, stop, first, last, sums, lows, X, ahead, step, asked, slower
):
    """Tiles of the panels start..stop, `width` columns each, with the panels first..last.

    Those on and above the diagonal. How many lines have been asked for in the end.
    """
    for j in range(start * width, min(stop, last) * width, BROADCASTS):
        panel = max(first, j // width)
        at, to = j // width * stride + j % width, panel * stride
        count, place = last - panel, j * sums.shape[1] + panel * width
        _tile(a, at, z, to, count, stride, rows, sums, lows, place, X, ahead, step, asked, slower)
        asked += rows >> slower
    return asked


@inlined
def rows_of_tiles(panels, width, rows):
    """How many rows all tiles of so many panels have, about, a row counting for each of them."""
    return panels * (panels + VECTORS) // (2 * VECTORS) * (width // BROADCASTS) * rows


@inner
def tiles_of_piece(a, z, width, stride, rows, panels, sums, lows, X, coming, after):
    """All tiles of so many panels, while the lines of rows coming..after of X are asked for."""
    lines, asked = near.lines_of(X, coming, after), 0
    ahead, step = near.first_and_step(X, coming)
    slower = near.halvings(rows_of_tiles(panels, width, rows), lines)
    for low in range(0, panels, NEAR):
        for g in range(groups(panels - low)):
            if asked >= lines:  # that is all: from now on for lines that are near
                ahead, step, asked = 0, 0, 0
            first, last = group(g, low, panels)
            data = (a, z, width, stride, rows, low, low + NEAR, first, last, sums, lows)
            asked = tiles_of_group(*data, X, ahead, step, asked, slower)


def room(size, has_weights):
    """How many numbers of scratch `moments_block` needs for sums of `size` columns."""
    return size * (PIECE + 1) * (2 if has_weights else 1) + simd.LINE


@inner
def moments_block(X, Y, weights, shift, start, stop, scratch, sums, lows):
    """Add to sums + lows the products of the columns of [X, Y, 1], on and above the diagonal.

    shift comes off the columns first. Both sums and shift have `padded(q + 1)` columns; what is
    added to the others, and below the diagonal, means nothing.
    scratch: `room` numbers, none of them NaN.
    """
    panels, stride = len(sums) // simd.WIDE, (PIECE + 1) * simd.WIDE
    scratch = scratch[simd.line_start(scratch) :]  # what crosses lines is loaded 3% slower
    z = a = scratch[: panels * stride]
    if weights is not None:
        a = scratch[panels * stride :]
    for begin in range(start, stop, PIECE):
        end = min(begin + PIECE, stop)
        rows = end - begin
        pack(X, Y, shift, begin, end, stride, z)
        if weights is not None:
            weighted(weights, begin, end, panels, stride, z, a)
        coming = (end, min(end + PIECE, stop))
        tiles_of_piece(a, z, simd.WIDE, stride, rows, panels, sums, lows, X, *coming)
