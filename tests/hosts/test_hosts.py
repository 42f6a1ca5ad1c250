"""Inside other people's programs: each case for real, in a process of its own."""

import os
import sys
from pathlib import Path

import pytest
from processes import posix, run

HOSTS = Path(__file__).with_name("hosts.py")
LAYERS = ["omp", "workqueue", "tbb"]
GROUPS = {
    "threads": "threads executor joblib_threading dask_threads nested_in_prange many_fits",
    "children": "fork_pool fork_of_a_fork fork_in_c fork_beside_threads joblib_multiprocessing",
    "dask threads": "dask_worker_threads",
    "processes": "spawn_pool joblib_loky dask_processes dask_worker_processes",
}


# What shares a process, or was forked from one with threads, meets the threads of each layer.
# Children that start afresh take one thread each and meet none.
CASES = [(group, layer) for group in ("threads", "children", "dask threads") for layer in LAYERS]
CASES += [("processes", "omp")]


@posix
@pytest.mark.slow
@pytest.mark.parametrize(("group", "layer"), CASES)
def test_right_in_every_host(group, layer):
    libraries = os.path.join(sys.prefix, "lib")  # where a wheel puts tbb, and no loader looks
    path = os.pathsep.join(filter(None, (libraries, os.environ.get("LD_LIBRARY_PATH"))))
    names = GROUPS[group].split()
    done = run(HOSTS, *names, NUMBA_THREADING_LAYER=layer, LD_LIBRARY_PATH=path)
    if "No threading layer could be loaded" in done.stderr:
        pytest.skip(f"numba finds no {layer} threading layer here")
    last = done.stdout.split("\n")[-2:]
    assert done.returncode == 0, f"{layer}, {last}: {done.returncode}\n{done.stderr[-2000:]}"


@pytest.mark.needs_jit
def test_the_environment_and_the_threads_are_left_as_found():
    code = """
import os
import numba
import numpy as np
import sklearn.linear_model  # puts variables of its own there
before = dict(os.environ)
from linreg_fast import LinearRegression
X = np.random.rand(90_000, 70)
LinearRegression(n_jobs=1).fit(X, X[:, 0])
LinearRegression().fit(X, X[:, 0])
assert dict(os.environ) == before
assert numba.get_num_threads() == numba.config.NUMBA_NUM_THREADS
import threadpoolctl
blas = [i for i in threadpoolctl.threadpool_info() if i["user_api"] == "blas"]
assert {i["num_threads"] for i in blas} == {os.cpu_count()}
"""
    done = run("-c", code, OPENBLAS_NUM_THREADS=str(os.cpu_count()))
    assert done.returncode == 0, done.stderr
