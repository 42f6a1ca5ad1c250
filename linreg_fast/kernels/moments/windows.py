"""A fit for each of many windows of rows that move forward.

A window is joined from two records: its older rows, for which the moments from each row to the last
older one are kept, and its newer rows, to which rows are added. Nothing is subtracted, so that an
outlier that has left a window leaves nothing in it. (Two stacks as a queue; van Herk 1992 for
maxima.)
"""

from linreg_fast.kernels.moments import held as waiting
from linreg_fast.kernels.moments.grouped import Rows
from linreg_fast.kernels.moments.merge import about_zero
from linreg_fast.kernels.moments.one_call import clear
from linreg_fast.kernels.moments.records import (
    add_row,
    copy,
    join,
    record_size,
    unpack,
)
from linreg_fast.kernels.moments.rows_in_lanes import target, value, weight_of
from linreg_fast.kernels.tuning import WINDOW_CHUNK
from linreg_fast.runtime.blocks import over_blocks
from linreg_fast.runtime.compile import kernel_part


def chunks_of(longest):
    """Records beside those of one chunk, for windows of at most so many rows."""
    return longest // WINDOW_CHUNK + 4


def scratch_size(p, records):
    """float64 numbers that a thread needs, with room for so many records."""
    q = p + 1
    return records * record_size(q) + 5 * q + 2 * q * q + waiting.scratch_size(p)


@kernel_part
def parts_of(q, scratch):
    """A row (q,), scratch (2 q,) for adding it, a mean (2, q), products (2, q, q), and the rest."""
    at = 5 * q + 2 * q * q
    mean, comoment = scratch[3 * q : 5 * q].reshape((2, q)), scratch[5 * q : at].reshape((2, q, q))
    return scratch[:q], scratch[q : 3 * q], mean, comoment, scratch[at:]


@kernel_part
def read_row(rows, i, z):
    """Write row i to z (q,); its weight."""
    p, w = len(z) - 1, weight_of(rows, i)
    if w > 0.0:
        for j in range(p):
            z[j] = value(rows, i, j)
        z[p] = target(rows, i)
    return w


@kernel_part
def enter(own, count, record, n, mean, comoment, to, results):
    """Take the fit of a record's rows, n of which have a weight; how many wait then."""
    # what waits, the record, scratch for its moments, and where the fit goes
    if waiting.refused(n, to, results):
        return count
    unpack(record, mean, comoment)
    total = comoment[0, -1, -1]
    products = comoment if results.centred else about_zero(record[:2], mean, comoment)
    return waiting.enter(own, count, record[0], n, mean, products, total, to, results)


@kernel_part
def _stack(rows, order, begin, middle, kept, detail, chunk, z, work):
    """Write the records of the rows from each place up to `middle`; return the chunk of `begin`.

    Chunks are counted back from middle. kept[c] is the record of all rows in the c chunks before
    middle. Only the chunk of `begin` has a record for each of its rows, in `detail`; the others are
    made when windows come to them. chunk: which one to detail, or -1 to make kept as well.
    """
    # the rows, which of them, the two tables of records, and scratch
    size = len(detail)
    first = (middle - begin + size - 1) // size if chunk < 0 else chunk
    if chunk < 0:  # all of them, from the last row on
        running = kept[0]
        clear(running)
        for c in range(1, first):
            copy(kept[c], kept[c - 1])
            for place in range(middle - (c - 1) * size - 1, middle - c * size - 1, -1):
                w = read_row(rows, order[place], z)
                add_row(kept[c], kept[c], z, w, work)
    last = middle - (first - 1) * size
    before = kept[first - 1]
    for place in range(last - 1, max(last - size, begin) - 1, -1):
        at = last - 1 - place
        w = read_row(rows, order[place], z)
        add_row(detail[at], before if at == 0 else detail[at - 1], z, w, work)
    return first


@kernel_part
def _windows(
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
    begins,
    ends,
    counts,
    places,
    chunks,
    tables,
    marks,
    centred,
    fewest,
    coef,
    errors,
    numbers,
    states,
):
    """Fit the windows start..stop: the rows order[begins[k] : ends[k]], neither going back.

    counts (n + 1,): how many of the first rows have a weight. places[k]: where the fit goes.
    tables (blocks, size), marks (blocks, 3): where a block's records stay from one turn to the
    next, and which they are, -1 before the first; empty if there is one turn only.
    """
    # four from `over_blocks`, the rows one by one, the windows, and the four results
    if start == stop:
        return
    rows = Rows(flat, row_step, column_step, scale, y, weights)
    q = len(scale)
    size, many = 2 + 2 * q + 2 * q * q, WINDOW_CHUNK + chunks
    stays = len(tables) > 0
    table = tables[b] if stays else scratch[: many * size]
    records = table.reshape((many, size))
    detail, kept = records[:WINDOW_CHUNK], records[WINDOW_CHUNK : many - 2]
    newer, whole = records[many - 2], records[many - 1]
    z, work, mean, comoment, rest = parts_of(q, scratch[0 if stays else many * size :])
    own, count = waiting.held(q - 1, rest), 0
    results = waiting.Results(coef, errors, numbers, states, centred, fewest)
    # The older rows are begin..middle, the newer ones middle..end.
    if stays and marks[b, 0] >= 0:
        middle, end, chunk = marks[b, 0], marks[b, 1], marks[b, 2]
    else:
        middle = end = begins[start]
        chunk = 0
        clear(newer)
    for k in range(start, stop):
        begin = begins[k]
        if begin >= middle:
            middle = ends[k]
            if begin < middle:
                chunk = _stack(rows, order, begin, middle, kept, detail, -1, z, work)
            end = middle
            clear(newer)
        while end < ends[k]:
            w = read_row(rows, order[end], z)
            add_row(newer, newer, z, w, work)
            end += 1
        if begin < middle:
            due = (middle - begin + WINDOW_CHUNK - 1) // WINDOW_CHUNK
            if due != chunk:
                chunk = _stack(rows, order, begin, middle, kept, detail, due, z, work)
            older = detail[middle - (chunk - 1) * WINDOW_CHUNK - 1 - begin]
            join(whole, older, newer, work)
        else:
            clear(whole)
        n = counts[ends[k]] - counts[begin]
        count = enter(own, count, whole, n, mean, comoment, places[k], results)
    waiting.solve(own, count, results)
    if stays:
        marks[b, 0], marks[b, 1], marks[b, 2] = middle, end, chunk


windows = over_blocks(_windows)
