"""The kinds of rows that kernels are compiled for, which takes some seconds for each.

float64 is there in each order, with weights and without. Of the four kinds of float32 each run has
two, so that both orders, weights and none are there; which two changes with the seed, from run to
run, as the random numbers do.
"""

import os

import numpy as np

SEED = int(os.environ["LINREG_FAST_SEED"])
ODD = bool(SEED % 2)

# (dtype, order, weighted)
FLOAT32 = [(np.float32, "C", ODD), (np.float32, "F", not ODD)]
FLOAT64 = [(np.float64, order, weighted) for order in "CF" for weighted in (False, True)]
KINDS = FLOAT64 + FLOAT32
# With one kind of float32 in a run: for what compiles each kind with threads and without.
FEWER_KINDS = [*FLOAT64, FLOAT32[SEED // 2 % 2]]
