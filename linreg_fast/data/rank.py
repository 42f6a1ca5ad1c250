"""Which singular values count: the rank of columns that are stored in floating point."""

import numpy as np


def above_rounding(values, Vt, roundings):
    """Which singular values of columns of unit norm are more than rounding the columns can do.

    roundings (p,) are relative to the norms. What they can do to a singular value depends on its
    direction, a row of Vt: the sum of two columns, stored, differs from the sum by the rounding of
    the three.
    """
    return values > np.sqrt((Vt**2) @ (roundings**2))
