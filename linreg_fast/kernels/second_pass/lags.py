"""Newey and West's weighted sum of the products of scores up to some rows apart.

f_t = sum over l of (1 - l / (L + 1)) s_(t-l) is added up, lag after lag, for a piece of rows at a
time; of many lags it is kept by two running sums, which are made anew at the start of each block of
rows, so that the cost does not depend on the lag. What is left are products of s_t with f_t.
Source: Newey and West 1987.
"""

import numpy as np

from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.second_pass import panel, products
from linreg_fast.kernels.second_pass.products import WIDE
from linreg_fast.kernels.tuning import SECOND_PASS_LAGS as FEW
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part

STEP = 4 * WIDE

_padded = kernel_part(panel.padded)


@kernel_part
def _weigh_vectors(scores, stride, lags, weighted):
    """Into weighted (size, ROWS), flat: f of each row, from the scores before it in `scores`."""
    share, half, back = 1.0 / (lags + 1), simd.broadcast(0.5), stride - ROWS
    for j in range(len(weighted) // ROWS):
        to, of = j * ROWS, j * stride + back
        for i in range(0, ROWS, STEP):
            at = of + i
            a = simd.multiply(half, simd.load(scores, at))
            b = simd.multiply(half, simd.load(scores, at + WIDE))
            c = simd.multiply(half, simd.load(scores, at + 2 * WIDE))
            d = simd.multiply(half, simd.load(scores, at + 3 * WIDE))
            for lag in range(1, lags + 1):
                factor, at = simd.broadcast(1.0 - lag * share), at - 1
                a = simd.fma_vectors(factor, simd.load(scores, at), a)
                b = simd.fma_vectors(factor, simd.load(scores, at + WIDE), b)
                c = simd.fma_vectors(factor, simd.load(scores, at + 2 * WIDE), c)
                d = simd.fma_vectors(factor, simd.load(scores, at + 3 * WIDE), d)
            simd.store(weighted, to + i, a)
            simd.store(weighted, to + i + WIDE, b)
            simd.store(weighted, to + i + 2 * WIDE, c)
            simd.store(weighted, to + i + 3 * WIDE, d)


@kernel_part
def _weigh_numbers(scores, stride, lags, weighted):
    share, back = 1.0 / (lags + 1), stride - ROWS
    for j in range(len(weighted) // ROWS):
        to, of = j * ROWS, j * stride + back
        for i in range(ROWS):
            total = 0.5 * scores[of + i]
            for lag in range(1, lags + 1):
                total += (1.0 - lag * share) * scores[of + i - lag]
            weighted[to + i] = total


_weigh_each = _weigh_vectors if simd.VECTORS else _weigh_numbers


@kernel_part
def _copy_vectors(source, of, out, to, count):
    for i in range(0, count, WIDE):
        simd.store(out, to + i, simd.load(source, of + i))


@kernel_part
def _copy_numbers(source, of, out, to, count):
    for i in range(count):
        out[to + i] = source[of + i]


_copy = _copy_vectors if simd.VECTORS else _copy_numbers


@kernel_part
def _scores_of_vectors(own, flat, size, scores, stride):
    """The scores of a piece, behind the last ones of that before."""
    back = stride - ROWS
    for j in range(size):
        for i in range(0, ROWS, WIDE):
            score = simd.multiply(simd.load(own, i), simd.load(flat, j * ROWS + i))
            simd.store(scores, j * stride + back + i, score)


@kernel_part
def _scores_of_numbers(own, flat, size, scores, stride):
    back = stride - ROWS
    for j in range(size):
        for i in range(ROWS):
            scores[j * stride + back + i] = own[i] * flat[j * ROWS + i]


_scores_of = _scores_of_vectors if simd.VECTORS else _scores_of_numbers


@kernel_part
def _weigh_running(scores, rows, lags, running, place, weighted):
    """Likewise by running sums: recent ones, bent ones, and the last scores, from `place` on."""
    size, share = len(weighted) // ROWS, 1.0 / (lags + 1)
    ring = 2 * size
    for i in range(rows):
        old = ring + place * size
        for j in range(size):
            score, at = scores[j * ROWS + i], j * ROWS + i
            weighted[at] = 0.5 * score + running[size + j]
            recent = running[j] + (score - running[old + j])
            running[j], running[old + j] = recent, score
            running[size + j] += score - recent * share
        place = place + 1 if place < lags else 0
    return place


@kernel_part
def _block(b, start, stop, scratch, *arguments):
    X, Y, target, weights, fit = panel.given(arguments)
    lags, sums = arguments[panel.GIVEN :]
    size, rank = panel.sizes(fit)
    columns, coordinates, vectors, raw, rest = panel.parts(scratch, X.shape[1], rank, size)
    residual, weight = vectors[0], vectors[2]
    flat, piece = coordinates.reshape(size * ROWS), size * ROWS
    few = lags <= FEW
    stride = ROWS + (_padded(lags) if few else 0)
    own, weighted = rest[:ROWS], rest[ROWS : ROWS + piece]
    parts = rest[ROWS + piece : ROWS + piece + size * size * WIDE]
    rest = rest[ROWS + piece + size * size * WIDE :]
    scores, running = rest[: size * stride], rest[size * stride :]
    parts[:] = 0.0
    scores[:] = 0.0
    if not few:
        running[: (lags + 3) * size] = 0.0
    place, back = 0, stride - ROWS
    for begin in range(max(start - lags, 0), stop, ROWS):
        end = min(begin + ROWS, stop)
        panel.read(X, Y, target, weights, fit, begin, end, columns, vectors, raw)
        panel.orthonormal(fit, columns, coordinates, vectors)
        for i in range(ROWS):
            own[i] = weight[i] * residual[i]
        _scores_of(own, flat, size, scores, stride)
        if few:
            _weigh_each(scores, stride, lags, weighted)
        else:
            place = _weigh_running(scores, end - begin, lags, running, place, weighted)
            for j in range(size):
                for i in range(end - begin, ROWS):
                    weighted[j * ROWS + i] = 0.0
        if begin < start:  # rows of the block before, whose sums are not of this one
            for j in range(size):
                for i in range(start - begin if start < end else end - begin):
                    weighted[j * ROWS + i] = 0.0
        for j in range(size):
            _copy(scores, j * stride + back, own, 0, ROWS)
            products.add_dots(own, weighted, size, parts, j * size * WIDE)
            _copy(scores, j * stride + ROWS, scores, j * stride, back)
    products.add_up(parts, size * size, sums[b])


_blocks = over_blocks(_block)


def meat(X, Y, target, weights, fit, lags):
    """(k, k): the sum over the rows of w_l (s_t s_(t-l)' + s_(t-l) s_t'), once for l = 0."""
    size, rank = len(fit[0]) + (fit[4] > 0), len(fit[0])
    n = len(X)
    blocks = min(launch.count_blocks(n, max(X.shape[1], 1)), max(n // (4 * (lags + 1)), 1))
    sums = np.zeros((blocks, size * size))
    kept = panel.padded(lags) if lags <= FEW else lags + 3
    more = ROWS + 2 * size * ROWS + kept * size + size * size * WIDE
    scratch = panel.scratch_size(X.shape[1], rank, size) + more
    work = n * (size + 2) ** 2
    launch.run(_blocks, n, blocks, work, scratch, X, Y, target, weights, *fit, lags, sums)
    half = sums.sum(axis=0).reshape(size, size)
    return half + half.T
