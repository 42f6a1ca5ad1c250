"""Newey and West's weighted sum of the products of scores up to some rows apart.

The cost does not depend on the lag: f_t = sum over l of (1 - l / (L + 1)) s_(t-l) is kept by two
running sums, which are made anew at the start of each block of rows. What is left are products of
s_t with f_t, taken a piece of rows at a time. Source: Newey and West 1987.
"""

import numpy as np

from linreg_fast.kernels.second_pass import panel, products
from linreg_fast.kernels.second_pass.products import WIDE
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


@kernel_part
def _block(b, start, stop, scratch, *arguments):
    X, Y, target, weights, fit = panel.given(arguments)
    lags, sums = arguments[panel.GIVEN :]
    size, rank = panel.sizes(fit)
    columns, coordinates, vectors, raw, rest = panel.parts(scratch, X.shape[1], rank, size)
    residual, weight = vectors[0], vectors[2]
    flat, piece, share = coordinates.reshape(size * ROWS), size * ROWS, 1.0 / (lags + 1)
    own, scores, weighted = rest[:ROWS], rest[ROWS : ROWS + piece], rest[ROWS + piece :]
    running = rest[ROWS + 2 * piece :]  # recent sums, bent ones, and the last scores
    parts = rest[ROWS + 2 * piece + (lags + 3) * size :]
    ring, place = 2 * size, 0
    running[: (lags + 3) * size] = 0.0
    parts[: size * size * WIDE] = 0.0
    for begin in range(max(start - lags, 0), stop, ROWS):
        end = min(begin + ROWS, stop)
        panel.read(X, Y, target, weights, fit, begin, end, columns, vectors, raw)
        panel.orthonormal(fit, columns, coordinates, vectors)
        for i in range(ROWS):
            own[i] = weight[i] * residual[i]
        for j in range(size):
            for i in range(ROWS):
                scores[j * ROWS + i] = own[i] * flat[j * ROWS + i]
        for i in range(end - begin):
            counts = 1.0 if begin + i >= start else 0.0
            old = ring + place * size
            for j in range(size):
                score, at = scores[j * ROWS + i], j * ROWS + i
                weighted[at] = counts * (0.5 * score + running[size + j])
                recent = running[j] + (score - running[old + j])
                running[j], running[old + j] = recent, score
                running[size + j] += score - recent * share
            place = place + 1 if place < lags else 0
        for j in range(size):
            for i in range(end - begin, ROWS):
                weighted[j * ROWS + i] = 0.0
        for j in range(size):
            for i in range(ROWS):
                own[i] = scores[j * ROWS + i]
            products.add_dots(own, weighted, size, parts, j * size * WIDE)
    products.add_up(parts, size * size, sums[b])


_blocks = over_blocks(_block)


def meat(X, Y, target, weights, fit, lags):
    """(k, k): the sum over the rows of w_l (s_t s_(t-l)' + s_(t-l) s_t'), once for l = 0."""
    size, rank = len(fit[0]) + (fit[4] > 0), len(fit[0])
    n = len(X)
    blocks = min(launch.count_blocks(n, max(X.shape[1], 1)), max(n // (4 * (lags + 1)), 1))
    sums = np.zeros((blocks, size * size))
    more = ROWS + 2 * size * ROWS + (lags + 3) * size + size * size * WIDE
    scratch = panel.scratch_size(X.shape[1], rank, size) + more
    work = n * (size + 2) ** 2
    launch.run(_blocks, n, blocks, work, scratch, X, Y, target, weights, *fit, lags, sums)
    half = sums.sum(axis=0).reshape(size, size)
    return half + half.T
