"""The sizes of the runtime: how much work pays for a thread, and how long a call may last.

Those of the kernels stand in `linreg_fast.kernels.tuning`; `benchmarks/tune.py` measures each row
of both again.
"""

MOST_BLOCKS = 64  # of rows, so that the joins of blocks stay few on any number of cores
# 0.5 MB of float64: about 30 us of work, some ten times what it takes to start threads.
BLOCK_ELEMENTS = 1 << 16
# Seconds for which work of fewer blocks than MOST_BLOCKS stays on one thread after threads came
# late to it (runtime/lateness.py): a probe waits some 4 ms, so that even the first pause makes the
# median that of one thread, and the longest makes probes a hundredth of the time.
LATE_FIRST_PAUSE, LATE_LONGEST_PAUSE = 0.05, 0.8
# Multiply-adds of plain sums between two looks at Ctrl-C: 20 ms on two cores (AVX2).
TURN_PRODUCTS = 1_000_000_000
GRAIN_ROWS = 1024  # a multiple of every kernel's piece of rows, so that a turn never cuts one
FEW_SPINS = "3000"  # rounds that an OpenMP thread waits before it sleeps (by default milliseconds)

# Columns of a square matrix that is factored on one BLAS thread. OpenBLAS takes one by itself below
# the first; above the second a factor takes longer than a second on one core.
BLAS_FEWEST_COLUMNS, BLAS_MOST_COLUMNS = 48, 2500

INTERRUPTIBLE_COLUMNS = 300  # singular values of so many columns take some 50 ms
ALWAYS = 1 << 30  # "columns" of a call that is long for another reason
GLANCE_SECONDS = 0.1  # between two looks, where waiting is not interrupted by itself
