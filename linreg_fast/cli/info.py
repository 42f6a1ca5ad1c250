"""The command info."""

from linreg_fast.cli.common import Command, patience
from linreg_fast.cli.explain import limits_lines

EXAMPLES = """\
  linreg-fast info
  linreg-fast info --limits
"""


def add_options(command):
    command.add_argument("--limits", action="store_true", help="and how fast it reads and computes")


def run(options):
    import numpy as np

    from linreg_fast.bench.machine import machine
    from linreg_fast.data.gate import frozen
    from linreg_fast.kernels import RUNGS
    from linreg_fast.kernels.rungs import jit

    # Numba knows its threading layer, and we the cache folder, once a parallel kernel has run.
    one = frozen(np.ones((1, 1)))
    with patience("compiling"):
        RUNGS["parallel"].kernels.mse(one, one[0], one[0], 1.0)
    for name, value in machine().items():
        print(f"{name:17}{value}")
    stats = getattr(jit.mse_rows, "stats", None)  # None where NUMBA_DISABLE_JIT is set
    print(f"{'cache folder':17}{stats and stats.cache_path}")
    if options.limits:
        with patience("measuring"):
            lines = list(limits_lines())
        print("\n".join(lines))
    return 0


COMMAND = Command(
    "info", "versions, threads, cache: what a bug report needs", EXAMPLES, add_options, run
)
