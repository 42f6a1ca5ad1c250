"""Whether signed sums of columns of whole numbers are the same in every row, exactly.

The dummies of a factor add up to one in every row. Sums of products cannot tell such a dependence
from a near one of 1e-8, unless they are in double-double, at three times their cost; whole numbers
add up without rounding, so that one read of the columns in question proves it.
"""

import numpy as np

from linreg_fast.kernels.arithmetic.columns import column_part, for_kernels, is_table
from linreg_fast.kernels.tiles.prefetch import is_f_order
from linreg_fast.kernels.tuning import WHOLE_ROWS
from linreg_fast.runtime import launch
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import by_type, kernel_part

LARGEST = 1e9  # of the whole numbers: a million of them add up without rounding


@kernel_part
def _odd_rows(X, columns, signs, total, start, stop):
    """Whether a row of an array breaks the relation, four rows at a time."""
    bad = False
    for i in range(start, stop, 4):
        second, third, fourth = min(i + 1, stop - 1), min(i + 2, stop - 1), min(i + 3, stop - 1)
        a = b = c = d = total
        for k in range(len(columns)):
            j, sign = columns[k], signs[k]
            u, v = np.float64(X[i, j]), np.float64(X[second, j])
            w, x = np.float64(X[third, j]), np.float64(X[fourth, j])
            a, b, c, d = a - sign * u, b - sign * v, c - sign * w, d - sign * x
            bad |= (np.rint(u) != u) | (np.rint(v) != v) | (np.rint(w) != w) | (np.rint(x) != x)
        bad |= (a != 0.0) | (b != 0.0) | (c != 0.0) | (d != 0.0)
    return bad


@kernel_part
def _odd_columns(X, columns, signs, total, start, stop, totals):
    """The same of columns, one after the other. totals (2, stop - start): scratch."""
    sums, odds = totals[0], totals[1]
    for i in range(stop - start):
        sums[i], odds[i] = total, 0.0
    for k in range(len(columns)):
        column, sign = column_part(X, columns[k], start, stop), signs[k]
        for i in range(stop - start):
            number = np.float64(column[i])
            sums[i] -= sign * number
            odds[i] += abs(number - np.rint(number))
    bad = False
    for i in range(stop - start):
        bad |= (sums[i] != 0.0) | (odds[i] != 0.0)
    return bad


def _odd_piece(X, columns, signs, total, start, stop, totals):
    if is_f_order(X):
        return _odd_columns(X, columns, signs, total, start, stop, totals)
    return _odd_rows(X, columns, signs, total, start, stop)


@by_type(_odd_piece)
def _odd_piece_by_layout(X, columns, signs, total, start, stop, totals):
    if is_table(X) or X.layout == "F":
        return lambda X, columns, signs, total, start, stop, totals: _odd_columns(
            X, columns, signs, total, start, stop, totals
        )
    return lambda X, columns, signs, total, start, stop, totals: _odd_rows(
        X, columns, signs, total, start, stop
    )


@kernel_part
def _block(b, start, stop, scratch, X, columns, signs, ends, sums, broken):
    # four from `over_blocks`, X, the columns and signs of all relations, and what they find
    totals = scratch.reshape(2, WHOLE_ROWS)
    for begin in range(start, stop, WHOLE_ROWS):
        end, first = min(begin + WHOLE_ROWS, stop), 0
        for r in range(len(sums)):
            of, sign = columns[first : ends[r]], signs[first : ends[r]]
            if _odd_piece(X, of, sign, sums[r], begin, end, totals):
                broken[b] = True
                return
            first = ends[r]


_blocks = over_blocks(_block)


def are_constant(X, signs, sums):
    """Whether X (n, p) @ signs[r] is the whole number sums[r] in every row, for every relation r.

    Parameters
    ----------
    X : ndarray or Columns of shape (n, p)
    signs : ndarray of shape (k, p)
        1, -1 or 0. Columns that take part have no numbers above LARGEST; where one of them is not
        whole the answer is False.
    sums : float64 ndarray of shape (k,)
    """
    relations, columns = np.nonzero(signs)
    ends = np.bincount(relations).cumsum()
    of_columns = signs[relations, columns].astype(np.float64)
    blocks, work = launch.count_blocks(len(X), len(columns)), len(X) * len(columns)
    broken = np.zeros(blocks, dtype=np.bool_)
    parts = for_kernels(X), columns, of_columns, ends, sums, broken
    launch.run(_blocks, len(X), blocks, work, 2 * WHOLE_ROWS, *parts)
    return not broken.any()
