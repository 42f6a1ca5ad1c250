"""The Numba decorators. Every compiled function of the package uses one of them.

The three fast-math flags let LLVM use vector instructions and fused multiply-adds, and leave NaN
and infinity alone: plain ``fastmath=True`` assumes that there are none and turns ``x * 0`` into 0.
Compensated sums take `strict`, without any: reassociation turns the error of a sum into 0. So does
every sum over rows that must have the same bits with threads and without: LLVM makes other vectors
of one function in each of the two drivers. `strict` says
`fastmath=False` in so many words, since a function without the option takes over the flags of
whatever calls it first.

No signatures (they would compile at import). No global that can change is read inside a compiled
function, ``numba.get_num_threads()`` included: either would keep it from being cached on disk.
"""

import functools
import gc
from typing import Any, NamedTuple

import numba
from numba.core.compiler_lock import global_compiler_lock
from numba.extending import overload

from linreg_fast.runtime.cache import Cache
from linreg_fast.runtime.interrupt import interruptible
from linreg_fast.runtime.link import Called, Linked
from linreg_fast.runtime.tuning import ALWAYS

FASTMATH = {"reassoc", "contract", "nsz"}

COMMON: dict = {
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,  # for calls from C, of which there are none: a tenth of compiling
}

# Of functions that compiled ones alone call.
INNER: dict = {**COMMON, "fastmath": False, "no_cpython_wrapper": True, "pipeline_class": Linked}


def _jit(function, **options):
    found = numba.njit(function, **{"pipeline_class": Called, **options})
    if found is not function:  # as it is with NUMBA_DISABLE_JIT
        found._cache = Cache(found)
        found.compile = functools.partial(_compile, found.compile)
    return found


def _compile(compile_it, *args):
    """In a thread of its own: Ctrl-C would be lost in a call that LLVM makes back to Python.

    Not for somebody else's compiled function that calls one of ours: the compiler is theirs until
    it is done, and a thread would wait for it for ever.

    Without Python's collector of cycles: a compiler makes many objects and few cycles, and a ninth
    of the time went to looking through all that is imported.
    """
    if global_compiler_lock.is_locked():
        return compile_it(*args)
    collecting = gc.isenabled()
    gc.disable()
    try:
        return interruptible(ALWAYS, compile_it, *args)
    finally:
        if collecting:
            gc.enable()


def fast_kernel(function):
    return _jit(function, fastmath=FASTMATH, **COMMON)


def kernel(function):
    return _jit(function, fastmath=False, **COMMON)


def kernel_part(function):
    """As `strict`, for what compiled functions alone call: see `link`."""
    return _jit(function, **INNER)


def inlined_part(function):
    """As `inner`, for what is short or called in one place: a part of its caller from the start."""
    return _jit(function, inline="always", **INNER)


def by_type(function):
    """As Numba's `overload`, for choices that are compiled like `inner` functions."""
    return overload(function, jit_options=INNER)


class Driver(NamedTuple):
    """One function over blocks of rows, compiled twice. `launch.run` calls one of them."""

    parallel: Any
    serial: Any


def driver(function):
    options = {"fastmath": False, **COMMON}
    return Driver(_jit(function, parallel=True, **options), _jit(function, **options))
