"""BLAS on one thread while we factor small matrices.

OpenBLAS keeps its workers spinning for some 20 ms after a call. They slow our next pass down, and
the caller's next product: a fit of 1000 columns took 1.4 times as long, and a product of two
1024 x 1024 matrices after it twice as long. A factor of cross-products is a small part of a fit.
"""

import contextlib
import functools
import os
import threading

import threadpoolctl

from linreg_fast.kernels.interrupt import signals_wait

FEWEST_COLUMNS = 48  # below, OpenBLAS takes one thread by itself
MOST_COLUMNS = 2500  # above, a factor takes longer than a second on one core

_lock = threading.Lock()
_inside = 0
_before: list[tuple] = []  # (library, its threads)


@functools.cache
def _libraries():
    found = threadpoolctl.ThreadpoolController()  # 10 ms: looks through the loaded libraries
    return found.select(user_api="blas").lib_controllers


def _forget():
    """In a forked child: the threads that were in here are not there to leave."""
    global _lock, _inside
    _lock = threading.Lock()
    _inside = 0
    _put_back()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@contextlib.contextmanager
def one_thread(columns):
    """One BLAS thread for the whole process until the last of all that are in here leaves."""
    entered = False
    if not FEWEST_COLUMNS <= columns <= MOST_COLUMNS:
        yield
        return
    libraries = _libraries()
    try:
        with signals_wait():
            _enter(libraries)
            entered = True
        yield
    finally:
        if entered:
            with signals_wait():
                _leave()


def _enter(libraries):
    global _inside
    with _lock:
        if _inside == 0:  # by hand: a limit of threadpoolctl's asks for names and versions too
            for library in libraries:
                _before.append((library, library.get_num_threads()))
                library.set_num_threads(1)
        _inside += 1


def _leave():
    global _inside
    with _lock:
        _inside -= 1
        if _inside == 0:
            _put_back()


def _put_back():
    while _before:
        library, threads = _before.pop()
        library.set_num_threads(threads)
