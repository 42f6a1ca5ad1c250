"""BLAS on one thread while we factor small matrices, or tall ones block by block.

Two threads wait for each other at every column, which takes long when another process has one of
the cores. And OpenBLAS keeps its workers spinning for some 20 ms after a call: they slow our next
pass down, and the caller's next product. A fit of 1000 columns took 1.4 times as long, and a
product of two 1024 x 1024 matrices after it twice as long. A factor is a small part of a fit.
"""

import contextlib
import functools
import threading

import threadpoolctl

from linreg_fast.runtime import forks
from linreg_fast.runtime.interrupt import interruptible, signals_wait
from linreg_fast.runtime.tuning import BLAS_FEWEST_COLUMNS, BLAS_MOST_COLUMNS

# Held by the thread that has set the libraries' threads; it may come in again, where an interrupt
# kept it from letting go.
_inside = threading.RLock()
_before: list[tuple] = []  # (library, its threads)


@functools.cache
def _libraries():
    found = threadpoolctl.ThreadpoolController()  # 10 ms: looks through the loaded libraries
    return found.select(user_api="blas").lib_controllers


def _set(library, threads):
    # threadpoolctl 3.8 lets the first thread that sets a number keep all others from it, for as
    # long as it lives: our callers' own limits would do nothing.
    getattr(library, "_real_set_num_threads", library.set_num_threads)(threads)


def _put_back():
    while _before:
        _set(*_before[-1])
        _before.pop()


@forks.in_children
def _forget(by_python):
    """In a forked child: the thread that was in here is not there to leave."""
    global _inside
    _inside = threading.RLock()
    _put_back()


@contextlib.contextmanager
def one_thread(columns, fewest=BLAS_FEWEST_COLUMNS):
    """One BLAS thread, for the whole process, until the block ends.

    For nothing where columns are fewer than `fewest`, or too many for one, or where another thread
    is in here: only who has set the numbers puts them back, since some libraries have one for each
    thread.
    """
    forks.look()
    if not fewest <= columns <= BLAS_MOST_COLUMNS or not _inside.acquire(blocking=False):
        yield
        return
    try:
        with signals_wait():
            _put_back()  # what one that was interrupted on its way out has left
            for library in _libraries():
                # By hand: a limit of threadpoolctl's asks for names and versions too.
                _before.append((library, library.get_num_threads()))
                _set(library, 1)
        yield
    finally:
        try:
            with signals_wait():
                _put_back()
        except BaseException:  # a signal that another thread took: the mask is of one thread
            _put_back()
            raise
        finally:
            _inside.release()


def factored(columns, function, *args, **kwargs):
    """function(*args, **kwargs), a factor of so many columns: on one thread, and interruptible.

    With another process on one of two cores, singular values of 100 columns take five times as long
    on two threads as on one.
    """
    with one_thread(columns):
        return interruptible(columns, function, *args, **kwargs)
