"""A fit of all rows up to each row, in stretches that go on from the record of the rows before."""

import numpy as np

from linreg_fast.kernels.moments import held as waiting
from linreg_fast.kernels.moments.grouped import Rows
from linreg_fast.kernels.moments.records import add_row, copy, decay
from linreg_fast.kernels.moments.windows import enter, parts_of, read_row
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel, kernel_part


@kernel
def states_before(
    flat, row_step, column_step, scale, y, weights, order, decays, decays_lo, every, record, kept
):
    """Write to kept (m, size) the record of the rows before every so many-th one.

    record (size,): of the rows before the first, and on return of all. decays (n,): what the
    weights of all earlier rows are multiplied with when a row comes.
    """
    # the rows one by one, how they fade, and where the records go
    rows = Rows(flat, row_step, column_step, scale, y, weights)
    q = len(scale)
    z, work = np.empty(q), np.empty(2 * q)
    for place in range(len(order)):
        if place % every == 0:
            copy(kept[place // every], record)
        if decays[place] != 1.0:
            decay(record, q, decays[place], decays_lo[place])
        w = read_row(rows, order[place], z)
        add_row(record, record, z, w, work)


@kernel_part
def _growing(
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
    decays,
    decays_lo,
    every,
    kept,
    counts,
    places,
    centred,
    fewest,
    coef,
    errors,
    numbers,
    states,
):
    """Fit all rows up to each row of the stretches start..stop, of `every` rows.

    counts (n,): rows with a weight so far. places (n,): where a fit goes, -1 for nowhere.
    """
    # four from `over_blocks`, the rows one by one, how they fade, and the four results
    rows = Rows(flat, row_step, column_step, scale, y, weights)
    q = len(scale)
    size = kept.shape[1]
    record = scratch[:size]
    z, work, mean, comoment, rest = parts_of(q, scratch[size:])
    own, count = waiting.held(q - 1, rest), 0
    results = waiting.Results(coef, errors, numbers, states, centred, fewest)
    for stretch in range(start, stop):
        copy(record, kept[stretch])
        for place in range(stretch * every, min(stretch * every + every, len(order))):
            if decays[place] != 1.0:
                decay(record, q, decays[place], decays_lo[place])
            w = read_row(rows, order[place], z)
            add_row(record, record, z, w, work)
            to = places[place]
            if to >= 0:
                n = counts[place]
                count = enter(own, count, record, n, mean, comoment, to, results)
    waiting.solve(own, count, results)


growing = over_blocks(_growing)
