"""What bounds a rung on given data: the memory, the loads of its loop, or its multiply-adds.

The rates are measured in the same rounds as the rung itself: to read X and y where they lie, to
read a first cache again and again, and multiply-adds in registers.
"""

import numba
import numpy as np

from linreg_fast.bench import limits, verdict
from linreg_fast.bench.cases import bytes_of
from linreg_fast.bench.rounds import Rounds
from linreg_fast.kernels.arithmetic import memory
from linreg_fast.kernels.tuning import WIDE
from linreg_fast.wording import amount, seconds

SECONDS = 0.12  # of samples for each row
CACHE_BYTES = limits.SIZES["first cache"]
CLOSE = 0.5  # of the bound: what takes longer still waits for something else
ON_ONE_CORE = ("loops", "vectorized", "jit")


def of(rung, call, X, y, reads, work, facts):
    """Seconds by bound, what was measured, and the arithmetic in words: a dict.

    Parameters
    ----------
    rung : str
    call : callable
        The rung on this data.
    X, y : arrays
    reads : int
        Times that the rung reads X.
    work : int
        Flops that the problem takes.
    facts : dict or None
        Of the loop over the rows, see `listing.Loop.facts`.
    """
    calls = limits.calls(X, y)
    if not calls:
        return {"sentence": "bound by the interpreter: NUMBA_DISABLE_JIT is set", "seconds": {}}
    sums = np.zeros((1, 2 + memory.LINE))
    raw = np.ones(CACHE_BYTES // 8 + 8)
    cache = raw[-raw.ctypes.data % 64 // 8 :][: CACHE_BYTES // 8]
    cache.setflags(write=False)
    again, moved = limits._again(cache, len(cache), 1, sums)
    rounds = Rounds({**calls, "cache": again, "rung": call}).run(SECONDS)
    least = limits.of(rounds, X, y)
    threads = 1 if rung in ON_ONE_CORE else numba.get_num_threads()
    together = threads > 1 and least.together
    cores = threads if together else 1
    cache_rate = cores * moved / verdict.best(*rounds.scaled("cache"))[0]
    rate = least.flops_all if together else least.flops_one
    read = reads * bytes_of(X, y)
    read_rate = least.bytes_per_second(None if together else 1)
    found = {"memory": read / read_rate, "multiply-adds": work / rate}
    told = {
        "memory": f"{amount(read)}B at {amount(read_rate)}B/s, where they lie",
        "multiply-adds": f"{amount(work)}flop at {amount(rate)}flop/s",
    }
    if facts and facts["flops"]:
        _of_loop(facts, work, X, rate, cache_rate, found, told)
    measured, seen = verdict.best(*rounds.scaled("rung"))
    return {
        "seconds": found,
        "measured": measured,
        "busy": not seen,
        "cores": cores,
        "sentence": _sentence(rung, found, told, measured, seen, threads, cores, facts),
    }


def _of_loop(facts, work, X, rate, cache_rate, found, told):
    """Add what the loop's own instructions take: its products, if they are of vectors, and loads.

    Scalar ones are issued faster than vectors, by how much no rate here tells.
    """
    per_flop = facts["products"] / facts["flops"] if facts["vector"] > facts["scalar"] else 0.0
    count, issued = work * per_flop, rate / (2 * WIDE)
    if X.dtype == np.float64 and count / issued > found["multiply-adds"]:
        found["multiply-adds"] = count / issued
        told["multiply-adds"] = (
            f"{amount(work)}flop, {1 / per_flop:.1f} to a product of vectors, at "
            f"{amount(issued)}of them/s"
        )
    loaded = work * facts["bytes loaded"] / facts["flops"]
    if loaded:
        found["loads"] = loaded / cache_rate
        told["loads"] = f"{amount(loaded)}B from the first cache at {amount(cache_rate)}B/s"


def _sentence(rung, found, told, measured, seen, threads, cores, facts):
    """``bound by the memory: 4.4 MB at 90 GB/s take 49 us; multiply-adds ...; measured 60 us``."""
    order = sorted(found, key=found.__getitem__, reverse=True)
    most = order[0]
    share = found[most] / measured
    name = "the memory" if most == "memory" else most
    parts = [f"{told[most]}, take {seconds(found[most])}"]
    parts += [f"{other} {seconds(found[other])} ({told[other]})" for other in order[1:]]
    end = f"measured: {seconds(measured)}{'' if seen else ' while others used the machine'}"
    by = "one core's rates" if cores == 1 else f"the rates of {cores} cores"
    if cores < threads:
        by += f", since {threads} were never seen at work together"
    arithmetic = "; ".join(parts)
    if share >= CLOSE:
        return f"bound by {name}: {arithmetic}. {end}; the bound is {share:.0%} of it, at {by}"
    times = f"{measured / found[most]:.1f} times"
    rest = _rest(rung, facts)
    if rest:
        return f"bound by {rest}. {end}, {times} its nearest limit, {name}: {arithmetic}; {by}"
    return (
        f"bound by {name}: {arithmetic}; {by}. {end}, {times} that: the rest is instructions "
        "beside the arithmetic, the call, and waiting for a core"
    )


def _rest(rung, facts):
    """What takes the time where no limit is near, as far as it has a name."""
    if rung == "loops":
        return "the interpreter"
    if rung == "vectorized":
        return "its temporaries, written to memory and read again, and the calls of NumPy"
    if facts and facts["scalar"] > facts["vector"]:
        return "latency: a sum in one number waits for its own last addition"
    return ""
