"""The Numba decorators. Every compiled function of the package uses one of them.

The three fast-math flags let LLVM use vector instructions and fused multiply-adds, and leave NaN
and infinity alone: plain ``fastmath=True`` assumes that there are none and turns ``x * 0`` into 0.
Compensated sums take `strict`, without any: reassociation turns the error of a sum into 0. It says
`fastmath=False` in so many words, since a function without the option takes over the flags of
whatever calls it first.

No signatures (they would compile at import). No global that can change is read inside a compiled
function, ``numba.get_num_threads()`` included: either would switch the on-disk cache off.
"""

import functools

import numba

_flags = {"cache": True, "nogil": True, "error_model": "numpy"}
_fastmath = {"reassoc", "contract", "nsz"}

compiled = functools.partial(numba.njit, fastmath=_fastmath, **_flags)
compiled_parallel = functools.partial(numba.njit, parallel=True, fastmath=_fastmath, **_flags)
strict = functools.partial(numba.njit, fastmath=False, **_flags)
strict_parallel = functools.partial(numba.njit, parallel=True, fastmath=False, **_flags)
