"""Fits that wait until they are as many as a vector has lanes, and are then solved together."""

from typing import Any, NamedTuple

import numpy as np

from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.systems import abreast, lanes, one_of_many
from linreg_fast.kernels.systems.one_of_many import SAMPLES, SOLVED, TOO_FEW, TSS, solve_one
from linreg_fast.kernels.tuning import WIDE
from linreg_fast.runtime.compile import kernel_part


class Held(NamedTuple):
    """What waits, and scratch."""

    places: Any  # (WIDE,) int64: rows of the results
    done: Any  # (WIDE,) of bool: which were solved together; the others were by themselves
    live: Any  # (p,) int64
    mean: Any  # (2, q)
    products: Any  # (2, q, q)
    room: Any
    abreast: Any


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
    return 2 * q + 2 * q * q + abreast.room_size(p) + one_of_many.room_size(p)


@kernel_part
def held(p, scratch):
    """Room for fits, of which there are none yet."""
    q = p + 1
    at = 2 * q + 2 * q * q
    end = at + abreast.room_size(p)
    return Held(
        np.empty(WIDE, np.int64),
        np.empty(WIDE, np.bool_),
        np.empty(p, np.int64),
        scratch[: 2 * q].reshape((2, q)),
        scratch[2 * q : at].reshape((2, q, q)),
        scratch[end:],
        scratch[at:end],
    )


@kernel_part
def refused(n, to, results):
    """Whether n rows are too few for a fit, whose row of the results is NaN then."""
    if n >= results.fewest and n > 0:
        return False
    results.coef[to, :] = np.nan
    results.errors[to, :] = np.nan
    results.numbers[to, :] = np.nan
    results.numbers[to, SAMPLES] = n
    results.states[to] = TOO_FEW
    return True


@kernel_part
def enter(own, count, weight, n, mean, products, total, to, results):
    """Take one more fit; how many wait then: none where all have been solved.

    The moments are as `solve_one` takes them. total: the target's sum of squares about its mean;
    to: the row of the results.
    """
    # what waits, the moments of one fit, and where it goes
    own.places[count] = to
    results.numbers[to, TSS] = total
    lanes.set_system(count, weight, n, mean, products, own.abreast)
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
            own.abreast, len(own.live), results.centred, count, own.places,
            results.coef, results.errors, results.numbers, own.done,
        )  # fmt: skip
    for k in range(count):
        to = own.places[k]
        if own.done[k]:
            results.states[to] = SOLVED
            continue
        weight = lanes.get_system(k, own.mean, own.products, own.abreast)
        n = np.int64(own.abreast[WIDE + k])
        results.states[to] = solve_one(
            weight, own.mean, own.products, n, results.centred, own.live, own.room,
            results.coef[to], results.errors[to], results.numbers[to],
        )  # fmt: skip
