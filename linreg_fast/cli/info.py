"""The command info."""

from linreg_fast.cli.common import Command, patience

EXAMPLES = """\
  linreg-fast info
"""


def add_options(command):
    """It has none."""


def run(options):
    import numpy as np

    from linreg_fast.bench.report import machine
    from linreg_fast.data.gate import frozen
    from linreg_fast.kernels import RUNGS
    from linreg_fast.kernels.rungs import jit
    from linreg_fast.runtime import launch

    # Numba knows its threading layer, and we the cache folder, once a parallel kernel has run.
    one = frozen(np.ones((1, 1)))
    with patience("compiling"):
        RUNGS["parallel"].kernels.mse(one, one[0], one[0], 1.0)
    for name, value in machine().items():
        print(f"{name:16}{value}")
    print(f"{'layer':16}{launch.threading_layer()}")
    stats = getattr(jit.mse_rows, "stats", None)  # None where NUMBA_DISABLE_JIT is set
    print(f"{'cache folder':16}{stats and stats.cache_path}")
    return 0


COMMAND = Command(
    "info", "versions, threads, cache: what a bug report needs", EXAMPLES, add_options, run
)
