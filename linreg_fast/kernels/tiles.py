"""Cross-products in plain doubles: rows packed into panels of columns, tiles of their products.

Pieces of `PIECE` rows are joined in double-double, which costs a few percent and keeps the error
of millions of rows that of a hundred.
"""

from linreg_fast.kernels import registers, simd
from linreg_fast.kernels.compile import inner
from linreg_fast.kernels.panels import pack, weighted
from linreg_fast.kernels.registers import BROADCASTS

VECTORS = 3  # side by side in a tile
MANY, DEPTH = 700, 2  # columns, pieces: see `depth`
PIECE = 256  # rows: with 128 sums are joined too often; 192 are no faster (AVX-512)


def padded(columns):
    """Columns of the sums: a whole number of panels."""
    return -(-columns // simd.WIDE) * simd.WIDE


@inner
def tile_vectors(a, at, z, to, vectors, stride, rows, sums, lows, place, X, ahead, line, step):
    """Add the products of BROADCASTS columns of a with panels of z, as `registers` does."""
    if vectors == 3:
        registers.tile_three(a, at, z, to, stride, rows, sums, lows, place, X, ahead, line, step)
    elif vectors == 2:
        registers.tile_two(a, at, z, to, stride, rows, sums, lows, place, X, ahead, line, step)
    else:
        registers.tile_one(a, at, z, to, stride, rows, sums, lows, place, X, ahead, line, step)


@inner
def _tile_numbers(a, at, z, to, vectors, stride, rows, sums, lows, place, X, ahead, line, step):
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


def depth(size):
    """How many pieces are packed at once, for sums of so many columns.

    Many sums do not stay in a cache from piece to piece: with two at once they are read and written
    half as often (1000 columns: 165 to 148 ms; 500: no gain).
    """
    return DEPTH if size >= MANY else 1


def room(size, has_weights):
    """How many numbers of scratch `moments_block` needs for sums of `size` columns."""
    return depth(size) * size * (PIECE + 1) * (2 if has_weights else 1) + simd.LINE


@inner
def moments_block(X, Y, weights, shift, start, stop, scratch, sums, lows):
    """Add to sums + lows the products of the columns of [X, Y, 1], on and above the diagonal.

    shift comes off the columns first. Both sums and shift have `padded(q + 1)` columns; what is
    added to the others, and below the diagonal, means nothing.
    scratch: `room` numbers, none of them NaN.
    """
    panels, stride = len(sums) // simd.WIDE, (PIECE + 1) * simd.WIDE
    scratch = scratch[simd.line_start(scratch) :]  # what crosses lines is loaded 3% slower
    pieces = DEPTH if len(sums) >= MANY else 1
    z = a = scratch[: pieces * panels * stride]
    if weights is not None:
        a = scratch[pieces * panels * stride :]
    for begin in range(start, stop, pieces * PIECE):
        end = min(begin + pieces * PIECE, stop)
        for piece in range(begin, end, PIECE):
            last_row, at = min(piece + PIECE, end), (piece - begin) // PIECE * panels * stride
            pack(X, Y, shift, piece, last_row, stride, z[at:])
            if weights is not None:
                weighted(weights, piece, last_row, panels, stride, z[at:], a[at:])
        # The next rows of C order lie behind each other, those of F order a column apart.
        ahead, far = end * X.shape[1], min(end + pieces * PIECE, stop) * X.shape[1]
        run = registers.RUN * simd.LINE
        if not X.flags.c_contiguous:
            ahead, far, run = end, end + X.size, len(X)
        if end == stop or not (X.flags.c_contiguous or X.flags.f_contiguous):
            far = ahead
        first = 0
        while first < panels:
            # Two and two, not three and one: one vector waits for its loads (30 columns: 7%).
            last = first + 2 if panels - first == 4 else min(first + VECTORS, panels)
            for j in range(0, last * simd.WIDE, BROADCASTS):
                panel = max(first, j // simd.WIDE)
                vectors, place = last - panel, j * len(sums) + panel * simd.WIDE
                at, to = j // simd.WIDE * stride + j % simd.WIDE, panel * stride
                for piece in range(begin, end, PIECE):
                    rows, line, step = min(PIECE, end - piece), 0, 0
                    if ahead < far:
                        line, step = simd.LINE, run
                    _tile(
                        a, at, z, to, vectors, stride, rows, sums, lows, place, X, ahead, line, step
                    )
                    ahead += rows // registers.RUN * step
                    at, to = at + panels * stride, to + panels * stride
            first = last
