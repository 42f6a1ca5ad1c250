"""The macrokernel: which tiles of the cross-products are computed, and in which order.

`PANELS_IN_L2` panels of a packed piece stay in the second cache while all others stream past them.
Within those, a group is a column of tiles: up to three panels side by side, against every panel on
and above the diagonal.
"""

from linreg_fast.kernels import tuning
from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.tiles import microkernel, prefetch
from linreg_fast.kernels.tiles.prefetch import Prefetch
from linreg_fast.kernels.tuning import PANELS_IN_L2, TILE_PANELS, TILE_ROWS
from linreg_fast.runtime.compile import inlined_part, kernel_part


def padded(columns):
    """Columns of the sums: a whole number of panels."""
    return -(-columns // tuning.WIDE) * tuning.WIDE


@inlined_part
def tile_of_vectors(piece, at, to, sums, lows, place, ahead, vectors, corner):
    """Add the products of TILE_ROWS columns with `vectors` panels; see `microkernel.tile_one`.

    Inlined: passing five array descriptors on the stack costs 5 to 10% of a tile.
    """
    # what the microkernel is given, and which of its forms
    if corner:
        microkernel.tile_corner(piece, at, to, sums, lows, place, ahead)
    elif vectors == 3:
        microkernel.tile_three(piece, at, to, sums, lows, place, ahead)
    elif vectors == 2:
        microkernel.tile_two(piece, at, to, sums, lows, place, ahead)
    else:
        microkernel.tile_one(piece, at, to, sums, lows, place, ahead)


@inlined_part
def _tile_of_numbers(piece, at, to, sums, lows, place, ahead, vectors, corner):
    """The same number by number, where nothing is compiled.

    Of Python's floats: NumPy's would warn where padding, which nobody reads, overflows.
    """
    # as `tile_of_vectors`
    wide, stride = tuning.WIDE, piece.stride
    down, across, panel_down = sums.shape[1], wide, sums.shape[1] * wide
    if sums.ndim == 4:
        down, across, panel_down = wide, sums[0].size, wide * wide
    found = sums.reshape(-1)
    for panel in range(1 + corner):
        for r in range(TILE_ROWS):
            for c in range(panel * wide, vectors * wide):
                row = at + panel * stride + r
                column = to + c // wide * stride + c % wide
                product = 0.0
                for i in range(piece.rows):
                    product += float(piece.a[row + i * wide]) * float(piece.z[column + i * wide])
                to_sum = place + panel * panel_down + r * down + c // wide * across + c % wide
                found[to_sum] = float(found[to_sum]) + product


_tile = tile_of_vectors if simd.VECTORS else _tile_of_numbers


@inlined_part
def count_groups(panels):
    """How many groups so many panels make."""
    return -(-panels // TILE_PANELS)


@inlined_part
def panels_of_group(g, first, panels):
    """(from, to): the panels side by side in the g-th group, from panel `first` on.

    The last four are split two and two, not three and one: a tile of one vector waits for its loads
    (30 columns, AVX2: 7%).
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
    """(to, corner): the panel at which the rows of a group end, and whether the last tile is a
    corner tile, which computes the triangle of the next panel as well."""
    if last <= stop:
        return (last - 1, True) if last - first > 1 else (last, False)
    return stop, False


@kernel_part
def tiles_of_group(piece, group, sums, lows, ahead):
    """The tiles of one group; returns how many lines have been requested then, fixed-point.

    group: (start, stop, first, last), the panels start..stop against the panels first..last, of
    which those on and above the diagonal are computed.
    """
    start, stop, first, last = group
    width, requested = piece.width, ahead.requested
    end, corner = _last_row(stop, first, last)
    for j in range(start * width, end * width, TILE_ROWS):
        own = j // width
        panel, corner_here = first if own < first else own, corner and own == end - 1
        at, to = own * piece.stride + j % width, panel * piece.stride
        if sums.ndim == 4:  # in blocks, see `moments.shared`
            place = (panel * len(sums) + own) * width * width
        else:
            place = j * sums.shape[1] + panel * width
        now = Prefetch(ahead.X, ahead.first, ahead.step, requested, ahead.pace)
        _tile(piece, at, to, sums, lows, place, now, last - panel, corner_here)
        requested += piece.rows * ahead.pace
    return requested


@inlined_part
def count_tiles_of_group(start, stop, first, last, width):
    """How many tiles a group has; see `tiles_of_group`."""
    end, _ = _last_row(stop, first, last)
    return (end - start) * (width // TILE_ROWS)


@inlined_part
def about_tiles(panels, width):
    """How many tiles so many panels have, within some percent.

    To count them exactly takes half a second more to compile.
    """
    found = panels * (panels + TILE_PANELS - 1) // (2 * TILE_PANELS)
    return (found if found > 0 else 1) * (width // TILE_ROWS)


@kernel_part
def tiles_of_piece(piece, panels, sums, lows, X, coming, after, requested):
    """All tiles of a piece, while the lines of rows coming..after of X are requested.

    `requested` of them (fixed-point) have been requested before.
    """
    lines = prefetch.lines_of(X, coming, after) << prefetch.FRACTION
    first_line, step = prefetch.first_and_step(X, coming)
    pace = (lines - requested) // (about_tiles(panels, piece.width) * piece.rows)
    for low in range(0, panels, PANELS_IN_L2):
        for g in range(count_groups(panels - low)):
            first, last = panels_of_group(g, low, panels)
            group = (low, low + PANELS_IN_L2, first, last)
            ahead = Prefetch(X, first_line, step, requested, pace)
            requested = tiles_of_group(piece, group, sums, lows, ahead)
