"""What the numbers were measured on, and how busy it was."""

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version

from linreg_fast.bench.accounting import Accounts, load

PACKAGES = ("linreg_fast", "numba", "numpy", "scipy", "scikit-learn")
BUSY_SHARE = 0.10  # of the samples that were disturbed, from which a machine is called busy
# What two runs must have alike to be compared; the rest is told.
SAME = ("model", "processor", "cores", "threads", "system", "vector")


def _model():
    """The processor's name as its maker writes it, or its architecture."""
    try:
        with open("/proc/cpuinfo") as file:
            found = re.search(r"^model name\s*:\s*(.+)$", file.read(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1).strip() if found else platform.processor() or platform.machine()


def blas():
    """(name and version, threads) of the BLAS that NumPy calls."""
    try:
        from threadpoolctl import threadpool_info

        pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
        # SciPy's wheels bring another BLAS, and which of them is listed first varies by process.
        pools.sort(key=lambda pool: "numpy" not in (pool.get("filepath") or ""))
        if pools:
            pool = pools[0]
            kind = f" ({pool['architecture']})" if pool.get("architecture") else ""
            return f"{pool['internal_api']} {pool['version']}{kind}", pool["num_threads"]
    except Exception:
        pass
    return "unknown", None


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def machine():
    """Facts by name: text and whole numbers."""
    import llvmlite.binding
    import numba

    from linreg_fast.kernels.arithmetic.simd import VECTORS
    from linreg_fast.kernels.tuning import WIDE
    from linreg_fast.runtime import launch

    blas_name, blas_threads = blas()
    return {
        **{name: _version(name) for name in PACKAGES},
        "model": _model(),
        "processor": llvmlite.binding.get_host_cpu_name(),
        "vector": f"{WIDE} doubles" if VECTORS else "none: NUMBA_DISABLE_JIT is set",
        "cores": os.cpu_count(),
        "threads": numba.get_num_threads(),
        "layer": launch.threading_layer(),
        "blas": blas_name,
        "blas threads": blas_threads,
        "system": platform.system(),
        "python": platform.python_version(),
        "llvm": ".".join(map(str, llvmlite.binding.llvm_version_info)),
        "waiting told by": Accounts().source,
    }


def weather(disturbed):
    """How busy the machine was: facts, and a sentence where it matters.

    disturbed: the share of all samples.
    """
    told = load()
    busy = disturbed > BUSY_SHARE
    sentence = ""
    if busy:
        by = f" (load {told:.1f} on {os.cpu_count()} cores)" if told is not None else ""
        sentence = (
            f"a busy machine{by}: {disturbed:.0%} of the samples waited for a core and were set "
            "aside; rows marked 'busy' had too few others, and are compared more coarsely"
        )
    return {"disturbed": disturbed, "load": told, "busy": busy, "sentence": sentence}
