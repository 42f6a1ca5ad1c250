"""What is between the two inverses of a robust covariance; sums that tell whose rows these are.

Sources: MacKinnon and White 1985 (HC1 to HC3), Cribari-Neto 2004 (HC4).
"""

import numpy as np

from linreg_fast.kernels.second_pass import panel, products
from linreg_fast.kernels.second_pass.products import WIDE
from linreg_fast.kernels.tuning import SECOND_PASS_ROWS as ROWS
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part

SUMS, PLAIN, ONCE, TWICE, POWER = range(5)  # no meat; times 1, 1/(1-h), 1/(1-h)^2, (1-h)^-min(4,.)
RSS, WEIGHT, COUNT, LEVERAGE, LOST, FIRST_LOST = range(6)  # places of the sums
HEAD = 6


@kernel_part
def _factors(vectors, rows, kind, repeated, most, per, factor, lost):
    """factor (ROWS,): what the product of each row's coordinates counts; lost: leverage 1."""
    residual, leverage, weight = vectors[0], vectors[1], vectors[2]
    found = 0
    for i in range(ROWS):
        e, w = residual[i], weight[i]
        factor[i] = (w if repeated else w * w) * e * e
        lost[i] = 0.0
    if kind >= ONCE:
        for i in range(rows):
            h, w = leverage[i], weight[i]
            if repeated and w > 0:
                h /= w
            left = 1.0 - h
            if h > most:
                factor[i], lost[i] = 0.0, 1.0
                found += 1
            elif kind == ONCE:
                factor[i] /= left
            elif kind == TWICE:
                factor[i] /= left * left
            else:
                factor[i] *= left ** -min(4.0, h * per)
    return found


@kernel_part
def _block(b, start, stop, scratch, *arguments):
    X, Y, target, weights, fit = panel.given(arguments)
    kind, repeated, most, per, found = arguments[panel.GIVEN :]
    size, rank = panel.sizes(fit)
    columns, coordinates, vectors, raw, rest = panel.parts(scratch, X.shape[1], rank, size)
    factor, lost, own = rest[:ROWS], rest[ROWS : 2 * ROWS], rest[2 * ROWS : 3 * ROWS]
    flat, parts = coordinates.reshape(size * ROWS), rest[3 * ROWS :]
    half = size * (size + 1) // 2
    sums = found[b]
    for begin in range(start, stop, ROWS):
        end = min(begin + ROWS, stop)
        panel.read(X, Y, target, weights, fit, begin, end, columns, vectors, raw)
        panel.orthonormal(fit, columns, coordinates, vectors)
        residual, leverage, weight = vectors[0], vectors[1], vectors[2]
        rss, total, trace, count = 0.0, 0.0, 0.0, 0
        for i in range(ROWS):
            own[i] = weight[i] * residual[i]
            rss += own[i] * residual[i]
            total += weight[i]
            trace += leverage[i]
            count += weight[i] > 0.0
        sums[RSS] += rss
        sums[WEIGHT] += total
        sums[COUNT] += count
        sums[LEVERAGE] += trace
        products.add_dots(own, flat, size, parts, 0)
        if kind == SUMS:
            continue
        if _factors(vectors, end - begin, kind, repeated, most, per, factor, lost):
            for i in range(end - begin):
                if lost[i] > 0.0:
                    if sums[LOST] == 0.0:
                        sums[FIRST_LOST] = begin + i
                    sums[LOST] += 1.0
            products.add_products(lost, flat, size, own, parts, (size + half) * WIDE)
        products.add_products(factor, flat, size, own, parts, size * WIDE)
    products.add_up(parts, size + 2 * half, sums[HEAD:])


_blocks = over_blocks(_block)


def sums(X, Y, target, weights, fit, kind, repeated, most, per):
    """(sums (HEAD,), scores (k,), meat (k, k), products of coordinates of rows with leverage 1).

    weights: of length 0 for none. repeated: a weight of w is w equal rows. most: a larger leverage
    counts as 1. per: n / k, for HC4.
    """
    # what `panel.given` takes, and which meat: see `_factors`
    size, rank = len(fit[0]) + (fit[4] > 0), len(fit[0])
    half = size * (size + 1) // 2
    length = HEAD + size + 2 * half
    blocks = launch.count_blocks(len(X), max(X.shape[1], 1), length)
    found = np.zeros((blocks, length))
    scratch = panel.scratch_size(X.shape[1], rank, size) + 3 * ROWS + (size + 2 * half) * WIDE
    work = len(X) * (size + 2) ** 2
    arguments = (X, Y, target, weights, *fit, kind, repeated, most, per, found)
    launch.run(_blocks, len(X), blocks, work, scratch, *arguments)
    total = found.sum(axis=0)
    with_lost = found[:, LOST] > 0
    total[FIRST_LOST] = found[with_lost, FIRST_LOST][0] if with_lost.any() else -1
    squares = np.zeros((2, size, size))
    rows, columns = np.tril_indices(size)
    squares[:, rows, columns] = squares[:, columns, rows] = total[HEAD + size :].reshape(2, half)
    return total[:HEAD], total[HEAD : HEAD + size], *squares
