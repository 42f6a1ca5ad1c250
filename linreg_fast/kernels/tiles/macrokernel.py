"""Cross-products in plain doubles: rows packed into panels of columns, tiles of their products.

Pieces of rows are joined in double-double, which costs a few percent and keeps the error of
millions of rows that of a hundred.
"""

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.tiles import microkernel, prefetch
from linreg_fast.kernels.tuning import PANELS_IN_L2, TILE_PANELS, TILE_ROWS
from linreg_fast.runtime.compile import inlined_part, kernel_part


def padded(columns):
    """Columns of the sums: a whole number of panels."""
    return -(-columns // tuning.WIDE) * tuning.WIDE


@inlined_part
def tile_of_vectors(data, vectors, corner):
    """Add the products of BROADCASTS columns with so many panels: data is what `registers` takes.

    A part of its caller: passed on the stack, the fields of five arrays take 5 to 10% of a tile.
    """
    if corner:
        microkernel.tile_corner(*data)
    elif vectors == 3:
        microkernel.tile_three(*data)
    elif vectors == 2:
        microkernel.tile_two(*data)
    else:
        microkernel.tile_one(*data)


@inlined_part
def _tile_of_numbers(data, vectors, corner):
    """The same, a number at a time."""
    a, at, z, to, stride, rows, sums, _, place, *_ = data
    down, across, panel_down = sums.shape[1], tuning.WIDE, sums.shape[1] * tuning.WIDE
    if sums.ndim == 4:
        down, across, panel_down = tuning.WIDE, sums[0].size, tuning.WIDE * tuning.WIDE
    found = sums.reshape(-1)
    for panel in range(1 + corner):
        for r in range(TILE_ROWS):
            for c in range(panel * tuning.WIDE, vectors * tuning.WIDE):
                row = at + panel * stride + r
                column = to + c // tuning.WIDE * stride + c % tuning.WIDE
                product = 0.0
                for i in range(rows):
                    product += a[row + i * tuning.WIDE] * z[column + i * tuning.WIDE]
                to_sum = place + panel * panel_down + r * down
                found[to_sum + c // tuning.WIDE * across + c % tuning.WIDE] += product


_tile = tile_of_vectors if simd.VECTORS else _tile_of_numbers


@inlined_part
def count_groups(panels):
    """How many tiles cover so many panels side by side."""
    return -(-panels // TILE_PANELS)


@inlined_part
def panels_of_group(g, first, panels):
    """(from, to): the panels of the g-th tile side by side, from panel `first` on.

    In the end two and two, not three and one: one vector waits for its loads (30 columns: 7%).
    """
    start, stop = first + g * TILE_PANELS, first + (g + 1) * TILE_PANELS
    stop = stop if stop < panels else panels
    alone = panels - first > TILE_PANELS and (panels - first) % TILE_PANELS == 1
    if alone and panels - start == 1:
        start -= 1
    elif alone and panels - stop == 1:
        stop -= 1
    return start, stop


@inlined_part
def _last_row(stop, first, last):
    """(to, corner): up to which panel the rows of a group go, and whether the tile of the last one
    does those of the next as well."""
    if last <= stop:
        return (last - 1, True) if last - first > 1 else (last, False)
    return stop, False


@kernel_part
def tiles_of_group(
    a, z, width, stride, rows, start, stop, first, last, sums, lows, X, ahead, step, asked, pace
):
    """Tiles of the panels start..stop, `width` columns each, with the panels first..last.

    Those on and above the diagonal. How many lines have been asked for in the end.
    """
    end, corner = _last_row(stop, first, last)
    for j in range(start * width, end * width, TILE_ROWS):
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


@inlined_part
def count_tiles_of_group(start, stop, first, last, width):
    """How many tiles a group has; see `tiles_of_group`."""
    end, _ = _last_row(stop, first, last)
    return (end - start) * (width // TILE_ROWS)


@inlined_part
def about_tiles(panels, width):
    """How many tiles so many panels have, within some percent: counting takes half a second more to
    compile."""
    found = panels * (panels + TILE_PANELS - 1) // (2 * TILE_PANELS)
    return (found if found > 0 else 1) * (width // TILE_ROWS)


@kernel_part
def tiles_of_piece(a, z, width, stride, rows, panels, sums, lows, X, coming, after, asked):
    """All tiles of so many panels, while the lines of rows coming..after of X are asked for.

    Some of them have been asked for before.
    """
    lines = prefetch.lines_of(X, coming, after) << prefetch.FRACTION
    ahead, step = prefetch.first_and_step(X, coming)
    pace = (lines - asked) // (about_tiles(panels, width) * rows)
    for low in range(0, panels, PANELS_IN_L2):
        for g in range(count_groups(panels - low)):
            first, last = panels_of_group(g, low, panels)
            data = (a, z, width, stride, rows, low, low + PANELS_IN_L2, first, last, sums, lows)
            asked = tiles_of_group(*data, X, ahead, step, asked, pace)
