"""The kinds of rows that kernels are compiled for, which takes some seconds for each.

float64 is there in each order, with weights and without. Of the four kinds of float32 each run has
two, so that both orders, weights and none are there; which two changes with the seed, from run to
run, as the random numbers do.
"""

import os

import numpy as np

ODD = bool(int(os.environ["LINREG_FAST_SEED"]) % 2)

# (dtype, order, weighted)
FLOAT32 = [(np.float32, "C", ODD), (np.float32, "F", not ODD)]
KINDS = [(np.float64, order, weighted) for order in "CF" for weighted in (False, True)] + FLOAT32
