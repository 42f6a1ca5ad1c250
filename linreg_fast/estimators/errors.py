"""What is said of coefficients that have lost digits, or that no float holds."""

import warnings

import numpy as np
from scipy.linalg import LinAlgWarning

from linreg_fast.data.gate import listed

NAMED = 6  # columns at the most


def warn_of_lost_digits(inflation, dtype, names):
    """Warn when fewer than half of the input's digits remain in a coefficient.

    inflation: feature -> how many times the variance of its coefficient is what it would be if the
    column were orthogonal to the others. The rounding of the input counts by the root of that.
    """
    worst = max(inflation.values())
    digits = -np.log10(np.finfo(dtype).eps)
    left = digits - np.log10(worst) / 2
    if left >= digits / 2:
        return
    columns = [j for j, value in inflation.items() if value >= worst / 100]
    warnings.warn(LostDigitsWarning(columns, digits, max(left, 0), names), stacklevel=4)


class LostDigitsWarning(LinAlgWarning):
    """Of the digits of the data few remain in the coefficients of these columns."""

    def __init__(self, columns, digits, left, names):
        self._facts, self._names = (columns, digits, left), names
        which = listed([str(names[j]) for j in columns], NAMED)
        super().__init__(
            f"columns {which} of X nearly depend on each other: of the {digits:.0f} digits "
            f"of the data about {left:.0f} remain in their coefficients. Drop some of the "
            "columns, or centre them before taking powers of them"
        )

    def named(self, names):
        """The same of columns with such names."""
        return LostDigitsWarning(*self._facts, names)

    def __reduce__(self):  # raised in a worker process: not with the message for the columns
        return LostDigitsWarning, (*self._facts, self._names)


class TooLargeError(ValueError):
    """Coefficients that no float can hold, or only the intercept where `columns` are none."""

    def __init__(self, columns, names=None):
        self.columns, self._names = columns, names
        which = [f"column {j}" if names is None else str(names[j]) for j in columns]
        of = f" of {listed(which, NAMED)}" if which else ""
        super().__init__(f"the coefficients{of} are too large for a float: use other units")

    def __reduce__(self):  # from a worker process: not with the message for the columns
        return TooLargeError, (self.columns, self._names)
