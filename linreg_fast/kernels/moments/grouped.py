"""Thousands of groups of rows: the rows in the order of their groups, and a fit for each group.

Sums are in double-double about the means of a group's first rows, see `rows_in_lanes`, so that
neither offsets nor units cost digits; a group whose first rows lie far from the others is left to
the caller. Every group is one thread's, so bits depend on the group's rows alone.
"""

from typing import Any, NamedTuple

import numpy as np

from linreg_fast.kernels import tuning
from linreg_fast.kernels.moments import held as waiting
from linreg_fast.kernels.moments import rows_in_lanes
from linreg_fast.kernels.moments.merge import about_zero
from linreg_fast.kernels.moments.rows_in_lanes import value, weight_of
from linreg_fast.kernels.systems import lanes
from linreg_fast.kernels.systems.one_of_many import EXTREME, LEFT, TSS
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


class Rows(NamedTuple):
    """Rows of X (n, p) in any order of memory, y (n,) and weights (n,), or none of them."""

    flat: Any  # the numbers of X, contiguous
    row_step: int
    column_step: int
    scale: Any  # (p + 1,): what the columns of [X, y] are multiplied with, powers of two
    y: Any
    weights: Any  # float64, (0,) for none


def scratch_size(p):
    """float64 numbers that `fit` needs for each thread."""
    q = p + 1
    return rows_in_lanes.scratch_size(p) + 2 * q + 2 * q * q + waiting.scratch_size(p)


@kernel_part
def _varies(rows, order, j, centred):
    """Whether a column, whose sum of squares is zero, has numbers apart, or from zero."""
    first, near = centred, 0.0
    for i in order:
        if weight_of(rows, i) > 0.0:
            if first:
                first, near = False, value(rows, i, j)
            if value(rows, i, j) != near:
                return True
    return False


@kernel_part
def _look_at(rows, order, starts, own, count, results):
    """Call those extreme whose squares are no numbers, or are zero of numbers that are not."""
    p = results.coef.shape[1]
    for k in range(count):
        if own.done[k]:
            continue
        g = own.places[k]
        if not abs(results.numbers[g, TSS]) < np.inf:
            results.states[g] = EXTREME
        lanes.get_system(k, own.mean, own.products, own.abreast)
        of_group = order[starts[g] : starts[g + 1]]
        for j in range(p):
            if own.products[0, j, j] == 0.0 and _varies(rows, of_group, j, results.centred):
                results.states[g] = EXTREME


@kernel_part
def _group(
    b,
    start,
    stop,
    scratch,
    flat,
    row_step,
    column_step,
    scale,
    y,
    weights,
    order,
    starts,
    centred,
    fewest,
    coef,
    errors,
    numbers,
    states,
):
    """Fit the groups start..stop; group g has the rows order[starts[g] : starts[g + 1]].

    Written are a row of coef and errors (groups, p), of numbers (groups, NUMBERS), and its state.
    """
    # four from `over_blocks`, the rows one by one, which of them, and the four results
    rows = Rows(flat, row_step, column_step, scale, y, weights)
    q = len(scale)
    p, at = q - 1, rows_in_lanes.size_of_scratch(q - 1)
    room, weight = scratch[:at], np.empty(2)
    mean = scratch[at : at + 2 * q].reshape((2, q))
    at += 2 * q
    comoment = scratch[at : at + 2 * q * q].reshape((2, q, q))
    own, count = waiting.held(p, scratch[at + 2 * q * q :]), 0
    results = waiting.Results(coef, errors, numbers, states, centred, fewest)
    for g in range(start, stop):
        n, is_far = rows_in_lanes.moments_of(
            rows, order, starts[g], starts[g + 1], room, weight, mean, comoment
        )
        if waiting.refused(n, g, results):
            continue
        if is_far:
            states[g] = LEFT
            continue
        total = comoment[0, p, p]
        products = comoment if centred else about_zero(weight, mean, comoment)
        count = waiting.enter(own, count, weight[0], n, mean, products, total, g, results)
        if count == 0:
            _look_at(rows, order, starts, own, tuning.WIDE, results)
    waiting.solve(own, count, results)
    _look_at(rows, order, starts, own, count, results)


fit = over_blocks(_group)
