"""The gate in front of every parallel kernel: how many blocks, and whether threads may start here.

A parallel kernel comes as two compiled drivers over the same blocks, one with threads and one
without. How the rows are cut depends on the shape alone, and blocks are joined in order, so the
result has the same bits whichever driver runs and with any number of threads.
"""

import contextlib
import os
import sys
import threading

import numba

MOST_BLOCKS = 64
BLOCK_ELEMENTS = 1 << 16  # 0.5 MB of float64: about 30 us of work, some ten times a thread launch

_in_forked_child = False
_one_at_a_time = threading.Lock()


def _mark_child():
    global _in_forked_child, _one_at_a_time
    _in_forked_child = True
    _one_at_a_time = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mark_child)


def count_blocks(n_rows, n_columns, block_output=0):
    """Into how many blocks of rows the work is cut: a function of the shape alone.

    block_output: numbers that each block writes. All blocks together stay below a quarter of the
    data, or half a megabyte where that is more.
    """
    blocks = min(MOST_BLOCKS, n_rows * n_columns // BLOCK_ELEMENTS)
    if block_output:
        allowed = max(n_rows * n_columns // 4, BLOCK_ELEMENTS)
        blocks = min(blocks, allowed // block_output)
    return max(blocks, 1)


def threading_layer():
    """Numba's threading layer, or None before the first parallel kernel has run."""
    try:
        return numba.threading_layer()
    except ValueError:
        return None


def run(blocks, parallel_driver, serial_driver, *args):
    """Call the parallel driver where there are blocks to share and threads are safe.

    GNU OpenMP kills a forked child that starts threads after its parent did, and the workqueue
    layer aborts the process when two Python threads are inside it at once.
    """
    layer = threading_layer()
    if (
        blocks == 1
        or numba.get_num_threads() == 1
        or (_in_forked_child and layer in ("omp", None) and sys.platform.startswith("linux"))
    ):
        return serial_driver(*args)
    if layer not in ("workqueue", None):
        return parallel_driver(*args)
    lock = _one_at_a_time
    if not lock.acquire(blocking=False):
        return serial_driver(*args)
    try:
        return parallel_driver(*args)
    finally:
        lock.release()


@contextlib.contextmanager
def threads(n_jobs):
    """Numba's thread count for the length of a call: None as it is, -1 all, k at most k."""
    if n_jobs is None:
        yield
        return
    before = numba.get_num_threads()
    most = numba.config.NUMBA_NUM_THREADS
    wanted = most + 1 + n_jobs if n_jobs < 0 else n_jobs
    numba.set_num_threads(min(max(wanted, 1), most))
    try:
        yield
    finally:
        numba.set_num_threads(before)
