"""The gate in front of every parallel kernel: whether threads may start here, and how many.

A kernel is a `Driver`: one function over blocks of rows, compiled with threads and without. How the
rows are cut depends on the shape alone, and blocks are joined in order, so the result has the same
bits whichever is called and with any number of threads.
"""

import contextlib
import functools
import multiprocessing
import os
import sys
import threading
from _thread import RLock

import numba
import numpy as np

from linreg_fast.runtime import forks, lateness
from linreg_fast.runtime.numba_internals import threads_started
from linreg_fast.runtime.tuning import BLOCK_ELEMENTS, FEW_SPINS, MOST_BLOCKS, TURN_PRODUCTS

SPINS = "GOMP_SPINCOUNT"
WAITING = (SPINS, "OMP_WAIT_POLICY")  # what else decides it

MASKED = ("omp", "tbb")  # layers where a loop on one thread is done by the one that calls

_in_forked_child = False
_one_at_a_time = RLock()  # which knows whose it is: see `run`
# .threads: the caller asked for a number of them; .alone: for none; .whole: for rows in one block
_asked = threading.local()


@forks.in_children
def _mark_child(by_python):
    """A server that forks its workers in C before it computes leaves them their threads."""
    global _in_forked_child, _one_at_a_time
    _in_forked_child = by_python or threads_started()
    _one_at_a_time = RLock()
    _in_worker_process.cache_clear()


def count_blocks(n_rows, n_columns, block_output=0):
    """Into how many blocks of rows the work is cut: a function of the shape alone.

    A power of two, or one of a few cores would wait for another at the end: two take longer for
    three blocks than for two.
    block_output: numbers that each block writes. All blocks together stay below a fiftieth of the
    data, or half a megabyte where that is more: to clear and to join twice as many takes 3% of
    500,000 x 100. Four may take a twenty-fifth, and two a quarter.
    """
    if getattr(_asked, "whole", False):
        return 1
    blocks = min(MOST_BLOCKS, n_rows * n_columns // BLOCK_ELEMENTS)
    if block_output:

        def within(share):
            return max(n_rows * n_columns // share, BLOCK_ELEMENTS) // block_output

        blocks = min(blocks, max(within(50), min(within(25), 4), min(within(4), 2)))
    return 1 << max(blocks, 1).bit_length() - 1


@functools.cache
def _start_threads():
    """Start Numba's threads, with OpenMP's told not to wait in a loop for the next launch.

    By default they spin for some milliseconds after each launch, and a matrix product that the
    caller starts then takes 1.4 times as long; our own launches are no slower without. The variable
    is read when the library is loaded, and then put back.
    """
    mine = not any(name in os.environ for name in WAITING)
    if mine:
        os.environ[SPINS] = FEW_SPINS
    try:
        with forks.native_lock:
            numba.get_num_threads()
    finally:
        if mine:
            del os.environ[SPINS]


def threading_layer():
    """Numba's threading layer, or None before the first parallel kernel has run."""
    try:
        return numba.threading_layer()
    except ValueError:
        return None


@functools.cache
def _in_worker_process():
    """Whether this is a child of multiprocessing: its siblings have the other cores."""
    return multiprocessing.parent_process() is not None


def _in_worker_thread():
    """Whether this is a Dask worker's thread, or one that Python did not start.

    The latter may be one of another parallel loop, which must not start a second one inside.
    """
    dask = sys.modules.get("distributed.worker")
    if dask is not None and hasattr(dask.thread_state, "start_time"):
        return True
    this = threading._active.get(threading.get_ident())
    return this is None or isinstance(this, threading._DummyThread)


def _threads(blocks):
    """How many threads may share the blocks here."""
    forks.look()
    if blocks == 1 or _in_forked_child or getattr(_asked, "alone", False):
        # GNU OpenMP kills a child that starts threads after its parent did; the other layers hang
        # in one that was forked in the middle of a launch.
        return 1
    _start_threads()
    threads = numba.get_num_threads()
    if threads == 1 or (not getattr(_asked, "threads", False) and _in_worker_process()):
        return 1
    return 1 if _in_worker_thread() else threads


def run(driver, n_rows, blocks, work, scratch, *args):
    """Have all blocks of rows summed, with threads where they help and are safe.

    Only one Python thread at a time gets them: the workqueue layer aborts the process when two are
    inside, and on the others they would only get in each other's way.

    Parameters
    ----------
    driver : Driver
        Of `blocks.over_blocks`.
    n_rows, blocks : int
    work : int
        Multiply-adds in all, from which follows in how many turns they are done.
    scratch : int
        float64 numbers that each thread needs for itself, zeros at first.
    args
        What the driver's block takes beside its rows and its scratch.
    """
    in_turns(driver, n_rows, blocks, work // TURN_PRODUCTS + 1, scratch, *args)


def in_turns(driver, n_rows, blocks, turns, scratch, *args):
    """As `run`, with the number of turns given. Between two of them threads wait for each other."""
    threads = _threads(blocks)
    lock = _one_at_a_time
    inside = lock._is_owned()  # a launch from within a launch
    short = turns == 1 and blocks < MOST_BLOCKS
    try:
        alone = threads > 1 and not inside and lock.acquire(blocking=False)
        late = alone and short and lateness.expected(blocks)
        function = driver.parallel if alone and not late else driver.serial
        if late and threading_layer() in MASKED:  # so that nothing else needs to be compiled
            function = functools.partial(_on_one_thread, driver.parallel)
        room = np.zeros((threads if alone and not late else 1, scratch))
        taken = np.zeros(1, dtype=np.int64)
        before = lateness.clocks() if alone and short and not late else None
        for turn in range(turns):
            taken[0] = 0
            function(n_rows, blocks, turn, turns, taken, room, *args)
        if before is not None:
            lateness.learn(blocks, before)
    finally:  # asked of the lock: a signal may have come before `alone` was set
        if not inside and lock._is_owned():
            lock.release()


def _on_one_thread(function, *args):
    """A function with threads, called without the others."""
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        function(*args)
    finally:
        numba.set_num_threads(before)


@contextlib.contextmanager
def alone():
    """No threads for the length of a call: the caller's own threads have the other cores."""
    before = getattr(_asked, "alone", False)
    _asked.alone = True
    try:
        yield
    finally:
        _asked.alone = before


@contextlib.contextmanager
def whole():
    """As `alone`, and rows are not cut: for callers that always ask for it, as bits follow the cut.

    A cut that nobody shares costs, since the last piece of each block is not full: of 16 times
    250,000 x 11 in double-double, 64 blocks each take 1.01 to 1.07 times the processor time of one
    (AMD EPYC, znver4, two threads).
    """
    before = getattr(_asked, "whole", False)
    _asked.whole = True
    try:
        with alone():
            yield
    finally:
        _asked.whole = before


AS_IT_IS = contextlib.nullcontext()


def threads(n_jobs):
    """Numba's thread count for the length of a call: None as it is, -1 all, k at most k.

    Raises
    ------
    ValueError
        For what says no number of threads: by this call, and not by the `with` that it is for.
    """
    if n_jobs is None:
        return AS_IT_IS
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, (int, np.integer)) or n_jobs == 0:
        raise ValueError(
            f"n_jobs must be None, -1 for all threads, or a number of them; got {n_jobs!r}"
        )
    return _threads_of(n_jobs)


@contextlib.contextmanager
def _threads_of(n_jobs):
    _start_threads()
    before, asked = numba.get_num_threads(), getattr(_asked, "threads", False)
    most = numba.config.NUMBA_NUM_THREADS
    wanted = most + 1 + n_jobs if n_jobs < 0 else n_jobs
    try:
        numba.set_num_threads(min(max(wanted, 1), most))
        _asked.threads = True
        yield
    finally:
        numba.set_num_threads(before)
        _asked.threads = asked
