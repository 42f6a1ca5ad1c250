"""Which process this is: a child has its parent's memory, and none of its parent's threads.

Python tells of the forks that it makes itself. uWSGI, R's mclapply and others fork in C, where
nothing of Python's is called: those children are known by the process id, whenever somebody asks.
"""

import os
from _thread import RLock

from linreg_fast.runtime.numba_internals import global_compiler_lock

_process = os.getpid()
_in_c = False
_resets: list = []
_arriving = RLock()

# Held around whatever Numba does behind a lock of its own. gevent, where it has patched Python,
# makes Numba's locks its own: two threads of its pool that wait for one of them wait for ever. It
# leaves the type of this one alone.
native_lock = RLock()


def in_children(reset):
    """Have reset(by_python) called in every forked child, before it does anything of ours.

    by_python : whether Python made the fork.
    """
    _resets.append(reset)
    return reset


def look():
    """Notice a fork that was made in C. 50 ns where there was none."""
    if os.getpid() == _process:
        return
    with _arriving:
        if os.getpid() != _process:
            _arrive(by_python=False)


def made_in_c():
    """Whether this process came from a fork that Python knows nothing of.

    Such a child starts no threads: what they would wait for may be held by one that is not there.
    """
    return _in_c


def _arrive(by_python=True):
    global _process, native_lock, _in_c
    _in_c = not by_python
    if not by_python:
        native_lock = RLock()  # perhaps a thread that is not there holds the old one
    for reset in _resets:
        reset(by_python)
    _process = os.getpid()


def _hold():
    native_lock.acquire()
    global_compiler_lock.acquire()


def _let_go():
    global_compiler_lock.release()
    native_lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_arrive)
    # A child that is forked while another thread compiles would wait for ever to compile itself.
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_let_go)
