"""Records of rows that wait until they are as many as a vector has lanes, and are then solved."""

from typing import Any, NamedTuple

import numpy as np

from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.moments.merge import about_zero
from linreg_fast.kernels.moments.records import record_size, unpack
from linreg_fast.kernels.systems import abreast, one_of_many
from linreg_fast.kernels.systems.one_of_many import SAMPLES, SOLVED, TOO_FEW, TSS, solve_one
from linreg_fast.kernels.tuning import WIDE
from linreg_fast.runtime.compile import kernel_part


class Held(NamedTuple):
    """What waits, how it is solved, and where the results go."""

    records: Any  # (WIDE, size)
    counts: Any  # (WIDE,) int64: rows with a weight of each
    places: Any  # (WIDE,) int64: rows of the results
    done: Any  # (WIDE,) of bool: scratch, as all that follows
    live: Any
    room: Any
    lanes: Any


class Results(NamedTuple):
    """The arrays that fits are written to, and what they are to be."""

    coef: Any
    errors: Any
    numbers: Any
    states: Any
    centred: bool
    fewest: int


def scratch_size(p):
    """float64 numbers of scratch for `held`."""
    q = p + 1
    own = 2 * q + 2 * q * q + one_of_many.room_size(p)
    return WIDE * record_size(q) + own + abreast.room_size(p)


@kernel_part
def held(p, scratch):
    """Room for records, of which there are none yet."""
    q = p + 1
    size = record_size(q)
    at = WIDE * size
    lanes = at + abreast.room_size(p)
    return Held(
        scratch[:at].reshape((WIDE, size)),
        np.empty(WIDE, np.int64),
        np.empty(WIDE, np.int64),
        np.empty(WIDE, np.bool_),
        np.empty(p, np.int64),
        scratch[lanes:],
        scratch[at:lanes],
    )


@kernel_part
def _moments(record, room, centred):
    """(mean (2, q), products (2, q, q), the target's sum of squares about the mean) of a record."""
    q = int((np.sqrt(2.0 * len(record) - 3.0) - 1.0) / 2.0 + 0.5)
    mean = room[: 2 * q].reshape((2, q))
    comoment = room[2 * q : 2 * q + 2 * q * q].reshape((2, q, q))
    unpack(record, mean, comoment)
    total = comoment[0, q - 1, q - 1]
    return mean, comoment if centred else about_zero(record[:2], mean, comoment), total


@kernel_part
def _alone(own, k, results):
    """Solve one record by itself."""
    q, to, record = len(own.live) + 1, own.places[k], own.records[k]
    mean, products, total = _moments(record, own.room, results.centred)
    rest = own.room[2 * q + 2 * q * q :]
    results.numbers[to, TSS] = total
    results.states[to] = solve_one(
        record[0], mean, products, own.counts[k], results.centred, own.live, rest,
        results.coef[to], results.errors[to], results.numbers[to],
    )  # fmt: skip


@kernel_part
def enter(own, count, n, to, results):
    """Take the record that was written to own.records[count]; how many wait then.

    n: its rows with a weight; to: the row of the results.
    """
    if n < results.fewest or n == 0:
        results.coef[to, :] = np.nan
        results.errors[to, :] = np.nan
        results.numbers[to, :] = np.nan
        results.numbers[to, SAMPLES] = n
        results.states[to] = TOO_FEW
        return count
    own.counts[count], own.places[count] = n, to
    if simd.VECTORS:
        record = own.records[count]
        mean, products, total = _moments(record, own.room, results.centred)
        results.numbers[to, TSS] = total
        abreast.set_system(count, record[0], n, mean, products, own.lanes)
    if count + 1 < WIDE:
        return count + 1
    solve(own, WIDE, results)
    return 0


@kernel_part
def solve(own, count, results):
    """Solve those that wait."""
    own.done[:] = False
    if simd.VECTORS and count:
        abreast.solve(
            own.lanes, len(own.live), results.centred, count, own.places,
            results.coef, results.errors, results.numbers, own.done,
        )  # fmt: skip
    for k in range(count):
        if own.done[k]:
            results.states[own.places[k]] = SOLVED
        else:
            _alone(own, k, results)
