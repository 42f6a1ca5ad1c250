"""Which process this is: a child has its parent's memory, and none of its parent's threads.

Python tells of the forks that it makes itself. uWSGI, R's mclapply and others fork in C, where
nothing of Python's is called: those children are known by the process id, whenever somebody asks.
"""

import os
import threading

from linreg_fast.runtime.numba_internals import global_compiler_lock

_process = os.getpid()
_resets: list = []
_one_at_a_time = threading.Lock()


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
    with _one_at_a_time:
        if os.getpid() != _process:
            _arrive(by_python=False)


def _arrive(by_python=True):
    global _process
    for reset in _resets:
        reset(by_python)
    _process = os.getpid()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_arrive)
    # A child that is forked while another thread compiles would wait for ever to compile itself.
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )
