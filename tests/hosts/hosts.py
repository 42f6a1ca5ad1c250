"""The ways in which other programs call us; each runs in a process of its own (see test_safety).

python tests/hosts/hosts.py NAME...: exits with 0 when every fit gave the expected bits.
"""

import multiprocessing
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from linreg_fast import LinearRegression

SHAPES = [
    (60, 3),
    (442, 10),
    (80_000, 6),
    (3_000, 90),
    (200_000, 1),
]  # small, parallel, wide, tiny p


def data(which):
    rng = np.random.default_rng(which)
    n, p = SHAPES[which]
    X = rng.normal(3, 1, (n, p))
    # Not X @ w: OpenBLAS, forked while another thread is inside it, hangs in the child.
    return X, (X * np.arange(1.0, p + 1)).sum(axis=1) + rng.normal(size=n)


def fit(which, rows=None):
    model = LinearRegression().fit(*(rows or data(which)))
    return np.append(model.coef_, model.intercept_).tobytes()


WORK = [k % len(SHAPES) for k in range(20)]


def check(found, expected):
    if list(found) != [expected[k] for k in WORK]:
        sys.exit("other bits than in the main thread")


def threads(expected):
    found = [None] * len(WORK)

    def work(k):
        found[k] = fit(WORK[k])

    all_of_them = [threading.Thread(target=work, args=(k,)) for k in range(len(WORK))]
    for thread in all_of_them:
        thread.start()
    for thread in all_of_them:
        thread.join()
    check(found, expected)


def executor(expected):
    with ThreadPoolExecutor(8) as pool:
        check(pool.map(fit, WORK), expected)


def _joblib(backend, expected, n_jobs=3):
    import joblib

    with joblib.parallel_backend(backend, n_jobs=n_jobs):
        check(joblib.Parallel()(joblib.delayed(fit)(k) for k in WORK), expected)


def joblib_threading(expected):
    _joblib("threading", expected)


def joblib_loky(expected):
    _joblib("loky", expected, 2)  # each starts afresh, which takes seconds


def joblib_multiprocessing(expected):
    _joblib("multiprocessing", expected)


def fork_pool(expected):
    with multiprocessing.get_context("fork").Pool(3) as pool:
        check(pool.map(fit, WORK), expected)


def spawn_pool(expected):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        check(pool.map(fit, WORK), expected)


def fork_of_a_fork(expected):
    child = os.fork()
    if child == 0:
        grandchild = os.fork()
        if grandchild == 0:
            check(map(fit, WORK), expected)
            os._exit(0)
        check(map(fit, WORK), expected)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        sys.exit(f"the child ended with {status}")
    check(map(fit, WORK), expected)  # and the parent as before


def fork_in_c(expected):
    """As uWSGI and R fork: nothing of Python's is called in the child."""
    import ctypes

    fork = ctypes.PyDLL(None).fork
    for _ in range(3):
        child = fork()
        if child == 0:
            check(map(fit, WORK), expected)
            again = os.fork()
            if again == 0:
                check(map(fit, WORK), expected)
                os._exit(0)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(again, 0)[1]))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status:
            sys.exit(f"the child ended with {status}")
    check(map(fit, WORK), expected)


def fork_beside_threads(expected):
    """Children forked while other threads are in the middle of a fit."""
    stop = threading.Event()

    def keep_fitting():
        while not stop.is_set():
            fit(2)

    busy = [threading.Thread(target=keep_fitting) for _ in range(2)]
    for thread in busy:
        thread.start()
    try:
        for _ in range(5):
            child = os.fork()
            if child == 0:
                check(map(fit, WORK), expected)
                os._exit(0)
            if os.waitpid(child, 0)[1]:
                sys.exit("a child failed")
    finally:
        stop.set()
        for thread in busy:
            thread.join()


def dask_threads(expected):
    import dask

    check(dask.compute(*(dask.delayed(fit)(k) for k in WORK), scheduler="threads"), expected)


def dask_processes(expected):
    import dask

    check(dask.compute(*(dask.delayed(fit)(k) for k in WORK), scheduler="processes"), expected)


def _dask_cluster(processes, expected):
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=2, processes=processes, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        check(client.gather(client.map(fit, WORK, pure=False)), expected)


def dask_worker_threads(expected):
    _dask_cluster(False, expected)


def dask_worker_processes(expected):
    _dask_cluster(True, expected)


def nested_in_prange(expected):
    """Fits called back from the threads of somebody else's parallel loop."""
    import numba
    from numba import prange

    found = [None] * len(WORK)

    def call_back(k):
        found[k] = fit(WORK[k])

    @numba.njit(parallel=True)
    def loop(n):
        done = np.zeros(n)
        for k in prange(n):
            with numba.objmode():
                call_back(k)
            done[k] = 1.0
        return done

    if not loop(len(WORK)).all():
        sys.exit("the loop did not finish")
    check(found, expected)


def many_fits(expected):
    """1000 fits from 8 threads, and no memory kept."""
    import resource

    def measure():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    drawn = [data(which) for which in range(len(SHAPES))]  # to draw takes longer than to fit

    def again(which):
        return fit(which, drawn[which])

    with ThreadPoolExecutor(8) as pool:
        for k, found in zip(WORK * 10, pool.map(again, WORK * 10), strict=True):
            if found != expected[k]:
                sys.exit("other bits")
        before = measure()
        for k, found in zip(WORK * 40, pool.map(again, WORK * 40), strict=True):
            if found != expected[k]:
                sys.exit("other bits")
    grown = measure() - before
    print(f"resident memory has grown by {grown / 1e6:.1f} MB in 800 fits")
    if grown > 50e6:  # what eight threads work with at most, and no more for more fits
        sys.exit("memory grows")


HOSTS = {
    host.__name__: host
    for host in (
        threads,
        executor,
        joblib_threading,
        joblib_loky,
        joblib_multiprocessing,
        fork_pool,
        spawn_pool,
        fork_of_a_fork,
        fork_in_c,
        fork_beside_threads,
        dask_threads,
        dask_processes,
        dask_worker_threads,
        dask_worker_processes,
        nested_in_prange,
        many_fits,
    )
}


if __name__ == "__main__":
    bits = [fit(which) for which in range(len(SHAPES))]
    for name in sys.argv[1:]:
        print(name, flush=True)
        HOSTS[name](bits)
