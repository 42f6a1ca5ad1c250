"""The vectors of `simd` as arrays of NumPy, for NUMBA_DISABLE_JIT."""

import numpy as np

from linreg_fast.kernels.tuning import WIDE

NAMES = (
    *("load", "store", "zeros", "broadcast", "larger", "add", "subtract", "multiply", "divide"),
    *("negative", "absolute", "root"),
)


def load(array, index):
    return array.reshape(-1)[index : index + WIDE].astype(np.float64)


def store(array, index, vector):
    array.reshape(-1)[index : index + WIDE] = vector


def zeros():
    return np.zeros(WIDE)


def broadcast(value):
    return np.full(WIDE, value)


def larger(a, b):
    return np.where(a > b, a, b)


add, subtract, multiply, divide = np.add, np.subtract, np.multiply, np.divide
negative, absolute, root = np.negative, np.abs, np.sqrt
