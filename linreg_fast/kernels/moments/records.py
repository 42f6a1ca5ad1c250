"""Moments of some rows as one flat record, to which rows are added and records are joined.

A record is [weight sum, lo, means, lo, centred cross-products (q, q), lo]; of the cross-products
only what is on and above the diagonal counts. All of it is in double-double, and nothing is ever
subtracted: a row that is not in a record has left no trace in it.
"""

from linreg_fast.kernels.arithmetic import doubledouble as dd
from linreg_fast.runtime.compile import kernel_part


def record_size(q):
    return 2 + 2 * q + 2 * q * q


@kernel_part
def copy(to, record):
    for i in range(len(record)):
        to[i] = record[i]


@kernel_part
def decay(record, q, factor, factor_lo):
    """Multiply the weights of all rows in a record: the means stay."""
    record[0], record[1] = dd.multiply(record[0], record[1], factor, factor_lo)
    hi, lo = record[2 + 2 * q : 2 + 2 * q + q * q], record[2 + 2 * q + q * q :]
    for j in range(q):
        for i in range(j * q + j, j * q + q):  # the upper triangle, as in `add_row`
            hi[i], lo[i] = dd.multiply(hi[i], lo[i], factor, factor_lo)


@kernel_part
def add_row(to, record, z, w, work):
    """to = record + a row z (q,) of weight w. to may be the record. work (2 q): scratch."""
    q = len(z)
    at = 2 + 2 * q
    step, step_lo = work[:q], work[q : 2 * q]
    mean, mean_lo = record[2 : 2 + q], record[2 + q : at]
    new, new_lo = to[2 : 2 + q], to[2 + q : at]
    before, before_lo = record[0], record[1]
    if before == 0.0 or w == 0.0:
        if before != 0.0:
            if w == 0.0:
                copy(to, record)
            return
        for i in range(len(to)):
            to[i] = 0.0
        to[0] = w
        for j in range(q):
            new[j] = z[j] if w > 0.0 else 0.0
        return
    total, total_lo = dd.add(before, before_lo, w, 0.0)
    share, share_lo = dd.divide(w, 0.0, total, total_lo)
    lever, lever_lo = dd.multiply(before, before_lo, share, share_lo)
    for j in range(q):
        step[j], step_lo[j] = dd.add(z[j], 0.0, -mean[j], -mean_lo[j])
    _add_apart(to, record, record, False, step, step_lo, lever, lever_lo)
    for j in range(q):
        moved, moved_lo = dd.multiply(step[j], step_lo[j], share, share_lo)
        new[j], new_lo[j] = dd.add(mean[j], mean_lo[j], moved, moved_lo)
    to[0], to[1] = total, total_lo


@kernel_part
def _add_apart(to, a, b, both, step, step_lo, lever, lever_lo):
    """Cross-products of a, and of b too if `both`, with lever * step step'."""
    q = len(step)
    at, end = 2 + 2 * q, 2 + 2 * q + q * q
    for j in range(q):
        arm, arm_lo = dd.multiply(step[j], step_lo[j], lever, lever_lo)
        here, there = slice(at + j * q + j, at + j * q + q), slice(end + j * q + j, end + j * q + q)
        hi, lo, old, old_lo = to[here], to[there], a[here], a[there]
        more, more_lo, other, other_lo = b[here], b[there], step[j:], step_lo[j:]
        for k in range(len(hi)):
            apart, apart_lo = dd.multiply(arm, arm_lo, other[k], other_lo[k])
            if both:
                apart, apart_lo = dd.add(apart, apart_lo, more[k], more_lo[k])
            hi[k], lo[k] = dd.add(old[k], old_lo[k], apart, apart_lo)


@kernel_part
def join(to, a, b, work):
    """to = a + b; to is neither."""
    q = len(work) // 2
    if b[0] == 0.0:
        copy(to, a)
        return
    if a[0] == 0.0:
        copy(to, b)
        return
    at = 2 + 2 * q
    step, step_lo = work[:q], work[q:]
    total, total_lo = dd.add(a[0], a[1], b[0], b[1])
    share, share_lo = dd.divide(b[0], b[1], total, total_lo)
    lever, lever_lo = dd.multiply(a[0], a[1], share, share_lo)
    mean, mean_lo, new, new_lo = a[2 : 2 + q], a[2 + q : at], to[2 : 2 + q], to[2 + q : at]
    other, other_lo = b[2 : 2 + q], b[2 + q : at]
    for j in range(q):
        step[j], step_lo[j] = dd.add(other[j], other_lo[j], -mean[j], -mean_lo[j])
    _add_apart(to, a, b, True, step, step_lo, lever, lever_lo)
    for j in range(q):
        moved, moved_lo = dd.multiply(step[j], step_lo[j], share, share_lo)
        new[j], new_lo[j] = dd.add(mean[j], mean_lo[j], moved, moved_lo)
    to[0], to[1] = total, total_lo


@kernel_part
def unpack(record, mean, comoment):
    """Write mean (2, q) and the whole comoment (2, q, q)."""
    q = mean.shape[1]
    at = 2 + 2 * q
    for part in range(2):
        for j in range(q):
            mean[part, j] = record[2 + part * q + j]
            for k in range(j, q):
                value = record[at + part * q * q + j * q + k]
                comoment[part, j, k] = comoment[part, k, j] = value
