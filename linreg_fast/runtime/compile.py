"""The Numba decorators. Every compiled function of the package uses one of them.

- `kernel`: Python calls it. No fast-math flag: sums keep their order, so that they have the same
  bits with threads and without (LLVM makes other vectors of one function in each of two drivers),
  and compensated sums keep their errors (reassociation would turn the error of a sum into 0).
- `fast_kernel`: Python calls it, and its sums may be reordered and fused. The three flags leave NaN
  and infinity alone; plain ``fastmath=True`` assumes that there are none, and turns x * 0 into 0.
- `kernel_part`, `inlined_part`: only compiled functions call them; see `link`.
- `driver`: a loop over blocks of rows, compiled with threads and without; see `blocks.over_blocks`.
- `by_type`: Numba's `overload`, for a choice by the types of the arguments.

`fastmath=False` is said in so many words, since a function without the option takes over the flags
of whatever calls it first. There are no signatures (they would compile at import), and no compiled
function reads a global that can change, ``numba.get_num_threads()`` included: either would keep it
from being cached on disk.
"""

import functools
import gc
from typing import Any, NamedTuple

import numba
from numba.extending import overload

from linreg_fast.runtime import forks
from linreg_fast.runtime.cache import Cache
from linreg_fast.runtime.interrupt import interruptible
from linreg_fast.runtime.link import Called, Linked
from linreg_fast.runtime.numba_internals import global_compiler_lock
from linreg_fast.runtime.tuning import ALWAYS

FASTMATH = {"reassoc", "contract", "nsz"}

COMMON: dict = {
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,  # for calls from C, of which there are none: a tenth of compiling
}

# For functions that only compiled ones call.
INNER: dict = {**COMMON, "fastmath": False, "no_cpython_wrapper": True, "pipeline_class": Linked}


def _jit(function, **options):
    found = numba.njit(function, **{"pipeline_class": Called, **options})
    if found is not function:  # with NUMBA_DISABLE_JIT it is
        found._cache = Cache(found)
        found.compile = functools.partial(_compile, found.compile)
    return found


def _compile(compile_it, *args):
    """Compile in a thread of its own, since Ctrl-C is lost in a call from LLVM back to Python.

    Where somebody else's compiled function calls one of ours the compiler is locked until that one
    is done, so there is no thread: it would wait for ever.

    Python's collector of cycles is off meanwhile. A compiler makes many objects and few cycles, and
    a ninth of the time went into looking through all that is imported.
    """
    if global_compiler_lock.is_locked():
        return compile_it(*args)

    def alone():
        with forks.native_lock:
            return compile_it(*args)

    forks.look()
    collecting = gc.isenabled()
    gc.disable()
    try:
        return interruptible(ALWAYS, alone)
    finally:
        if collecting:
            gc.enable()


def fast_kernel(function):
    return _jit(function, fastmath=FASTMATH, **COMMON)


def kernel(function):
    return _jit(function, fastmath=False, **COMMON)


def kernel_part(function):
    """Like `kernel`, for functions that only compiled functions call: see `link`."""
    return _jit(function, **INNER)


def inlined_part(function):
    """Like `kernel_part`, for what is short or called once: inlined before it is typed."""
    return _jit(function, inline="always", **INNER)


def by_type(function):
    """Numba's `overload`, for choices that are compiled like a `kernel_part`."""
    return overload(function, jit_options=INNER)


class Driver(NamedTuple):
    """One function over blocks of rows, compiled twice. `launch.run` calls one of them."""

    parallel: Any
    serial: Any


def driver(function):
    options = {"fastmath": False, **COMMON}
    return Driver(_jit(function, parallel=True, **options), _jit(function, **options))
