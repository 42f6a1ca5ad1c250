"""BLAS on one thread while we factor small matrices, or tall ones block by block.

Two threads wait for each other at every column, which takes long when another process has one of
the cores. And OpenBLAS keeps its workers spinning for some 20 ms after a call: they slow our next
pass down, and the caller's next product. A fit of 1000 columns took 1.4 times as long, and a
product of two 1024 x 1024 matrices after it twice as long. A factor is a small part of a fit.
"""

import contextlib
import functools
import os
import threading

import threadpoolctl

from linreg_fast.kernels.interrupt import interruptible, signals_wait

FEWEST_COLUMNS = 48  # of a square matrix: below, OpenBLAS takes one thread by itself
MOST_COLUMNS = 2500  # above, a factor takes longer than a second on one core

_lock = threading.Lock()
_inside: set[int] = set()  # threads of Python; one that was interrupted on its way out may be left
_before: list[tuple] = []  # (library, its threads)


@functools.cache
def _libraries():
    found = threadpoolctl.ThreadpoolController()  # 10 ms: looks through the loaded libraries
    return found.select(user_api="blas").lib_controllers


def _forget():
    """In a forked child: the threads that were in here are not there to leave."""
    global _lock
    _lock = threading.Lock()
    _inside.clear()
    _put_back()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@contextlib.contextmanager
def one_thread(columns, fewest=FEWEST_COLUMNS):
    """One BLAS thread for the whole process until the last of all that are in here leaves.

    Not one inside another. For nothing where columns are fewer than `fewest`, or too many for one.
    """
    entered = False
    if not fewest <= columns <= MOST_COLUMNS:
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
            try:
                with signals_wait():
                    _leave()
            except BaseException:  # a signal that another thread took: the mask is of one thread
                _leave()
                raise


def factored(columns, function, *args, **kwargs):
    """function(*args, **kwargs), a factor of so many columns: on one thread, and interruptible.

    With another process on one of two cores, singular values of 100 columns take five times as long
    on two threads as on one.
    """
    with one_thread(columns):
        return interruptible(columns, function, *args, **kwargs)


def _enter(libraries):
    with _lock:
        if not _before:  # by hand: a limit of threadpoolctl's asks for names and versions too
            for library in libraries:
                _before.append((library, library.get_num_threads()))
                library.set_num_threads(1)
        _inside.add(threading.get_ident())


def _leave():
    """Of a thread that is in here or not."""
    with _lock:
        _inside.discard(threading.get_ident())
        if not _inside:
            _put_back()


def _put_back():
    while _before:
        library, threads = _before[-1]
        library.set_num_threads(threads)
        _before.pop()
