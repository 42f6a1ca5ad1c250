"""Cross-products in plain doubles: rows packed into panels of columns, tiles of their products.

Pieces of rows are joined in double-double, which costs a few percent and keeps the error of
millions of rows that of a hundred.
"""

from linreg_fast.kernels import near, registers, simd
from linreg_fast.kernels.compile import inlined, inner
from linreg_fast.kernels.panels import fill_round, pack, weighted
from linreg_fast.kernels.registers import BROADCASTS

VECTORS = 3  # side by side in a tile
# Panels that stay in the second cache while the others go by (300 columns: 6%); whole groups.
NEAR = 24
PIECE = 256  # rows: with 128 sums are joined too often; 192 are no faster
# Twice as many where they still leave half of the second cache, if there are so many rows that the
# error of the sums, k / sqrt(n) for k rows in each, is no larger than elsewhere (10 columns: 8%).
LONG, FEW_COLUMNS, MANY_ROWS = 2 * PIECE, 48, 1 << 16


def padded(columns):
    """Columns of the sums: a whole number of panels."""
    return -(-columns // simd.WIDE) * simd.WIDE


@inlined
def tile_vectors(data, vectors, corner):
    """Add the products of BROADCASTS columns with so many panels: data is what `registers` takes.

    A part of its caller: passed on the stack, the fields of five arrays take 5 to 10% of a tile.
    """
    if corner:
        registers.tile_corner(*data)
    elif vectors == 3:
        registers.tile_three(*data)
    elif vectors == 2:
        registers.tile_two(*data)
    else:
        registers.tile_one(*data)


@inlined
def _tile_numbers(data, vectors, corner):
    """The same, a number at a time."""
    a, at, z, to, stride, rows, sums, _, place, *_ = data
    down, across, panel_down = sums.shape[1], simd.WIDE, sums.shape[1] * simd.WIDE
    if sums.ndim == 4:
        down, across, panel_down = simd.WIDE, sums[0].size, simd.WIDE * simd.WIDE
    found = sums.reshape(-1)
    for panel in range(1 + corner):
        for r in range(BROADCASTS):
            for c in range(panel * simd.WIDE, vectors * simd.WIDE):
                row = at + panel * stride + r
                column = to + c // simd.WIDE * stride + c % simd.WIDE
                product = 0.0
                for i in range(rows):
                    product += a[row + i * simd.WIDE] * z[column + i * simd.WIDE]
                to_sum = place + panel * panel_down + r * down
                found[to_sum + c // simd.WIDE * across + c % simd.WIDE] += product


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
    start, stop = first + g * VECTORS, first + (g + 1) * VECTORS
    stop = stop if stop < panels else panels
    alone = panels - first > VECTORS and (panels - first) % VECTORS == 1
    if alone and panels - start == 1:
        start -= 1
    elif alone and panels - stop == 1:
        stop -= 1
    return start, stop


@inlined
def _last_row(stop, first, last):
    """(to, corner): up to which panel the rows of a group go, and whether the tile of the last one
    does those of the next as well."""
    if last <= stop:
        return (last - 1, True) if last - first > 1 else (last, False)
    return stop, False


@inner
def tiles_of_group(
    a, z, width, stride, rows, start, stop, first, last, sums, lows, X, ahead, step, asked, pace
):
    """Tiles of the panels start..stop, `width` columns each, with the panels first..last.

    Those on and above the diagonal. How many lines have been asked for in the end.
    """
    end, corner = _last_row(stop, first, last)
    for j in range(start * width, end * width, BROADCASTS):
        own = j // width
        panel, corner_here = first if own < first else own, corner and own == end - 1
        at, to = own * stride + j % width, panel * stride
        if sums.ndim == 4:  # in blocks, see `shared`
            place = (panel * len(sums) + own) * width * width
        else:
            place = j * sums.shape[1] + panel * width
        data = (a, at, z, to, stride, rows, sums, lows, place, X, ahead, step, asked, pace)
        _tile(data, last - panel, corner_here)
        asked += rows * pace
    return asked


@inlined
def count_tiles_of_group(start, stop, first, last, width):
    """How many tiles a group has; see `tiles_of_group`."""
    end, _ = _last_row(stop, first, last)
    return (end - start) * (width // BROADCASTS)


@inlined
def about_tiles(panels, width):
    """How many tiles so many panels have, within some percent: counting takes half a second more to
    compile."""
    found = panels * (panels + VECTORS - 1) // (2 * VECTORS)
    return (found if found > 0 else 1) * (width // BROADCASTS)


@inner
def tiles_of_piece(a, z, width, stride, rows, panels, sums, lows, X, coming, after, asked):
    """All tiles of so many panels, while the lines of rows coming..after of X are asked for.

    Some of them have been asked for before.
    """
    lines = near.lines_of(X, coming, after) << near.FRACTION
    ahead, step = near.first_and_step(X, coming)
    pace = (lines - asked) // (about_tiles(panels, width) * rows)
    for low in range(0, panels, NEAR):
        for g in range(groups(panels - low)):
            first, last = group(g, low, panels)
            data = (a, z, width, stride, rows, low, low + NEAR, first, last, sums, lows)
            asked = tiles_of_group(*data, X, ahead, step, asked, pace)


def room(n_samples, size, has_weights):
    """How many numbers of scratch `moments_block` is given for sums of `size` columns."""
    piece = LONG if size <= FEW_COLUMNS and n_samples >= MANY_ROWS else PIECE
    return size * (piece + 1) * (2 if has_weights else 1) + simd.LINE


@inner
def moments_block(X, Y, weights, shift, start, stop, scratch, sums, lows):
    """Add to sums + lows the products of the columns of [X, Y, 1], on and above the diagonal.

    shift comes off the columns first. Both sums and shift have `padded(q + 1)` columns; what is
    added to the others, and below the diagonal, means nothing.
    scratch: `room` numbers, none of them NaN; how many decides how long a piece is.
    """
    panels, copies = len(sums) // simd.WIDE, 1 if weights is None else 2
    piece = LONG if len(scratch) >= len(sums) * (LONG + 1) * copies + simd.LINE else PIECE
    stride, tiles = (piece + 1) * simd.WIDE, about_tiles(panels, simd.WIDE)
    scratch = scratch[simd.line_start(scratch) :]  # what crosses lines is loaded 3% slower
    z, a = scratch, scratch[(copies - 1) * panels * stride :]
    for begin in range(start, stop, piece):
        end, after = begin + piece, begin + 2 * piece
        end, after = end if end < stop else stop, after if after < stop else stop
        rows = end - begin
        asked = near.in_packing(X, end, after, panels, tiles)
        pack(X, Y, shift, begin, end, stride, z, asked // rows)
        if weights is not None:
            weighted(weights, begin, end, panels, stride, z, a)
        rows = fill_round(rows, copies * panels, simd.WIDE, stride, z)
        tiles_of_piece(a, z, simd.WIDE, stride, rows, panels, sums, lows, X, end, after, asked)
