"""A foreign row is tried before it is timed: wrong answers, remembered ones, what fails later.

Each is told in a sentence. What hangs, exits or crashes is told by the process that waits for this
one, see `apart`.
"""

import time
import zlib

import numpy as np

from linreg_fast.bench.agreement import compared
from linreg_fast.bench.watch import NOBODY
from linreg_fast.data.gate import frozen

AGAIN, LONG_ENOUGH = 30, 1.0  # calls more in the trial, or seconds
CHANGED = " when y's numbers change (does it remember answers?)"
LATER = " in a later call"


def _sum_of_bits(X):
    """Tells whether an array was changed."""
    numbers = X.ravel(order="K") if isinstance(X, np.ndarray) else X.data
    return zlib.crc32(numbers.view(np.uint8))


def views(X, y):
    """(X, y) that cannot be written to; sparse rows as they are."""
    return frozen(X) if isinstance(X, np.ndarray) else X, frozen(y)


def sentence(problem, row, data, own, expected, when=""):
    """What is wrong with an answer, or "". data: views of X and of own, the target that is ours."""
    before, bits = own.copy(), _sum_of_bits(data[0])
    try:
        result = row.solve(*data)
    except np.linalg.LinAlgError as error:
        return "" if not when else f"not solvable{when}: {error}"
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}{when}: {error}"
    if not np.array_equal(before, own, equal_nan=True):
        return "wrote to y"
    if _sum_of_bits(data[0]) != bits:
        return "wrote to X"
    found = compared(problem, row, *data, result, expected)
    if isinstance(found, str) or found[0] <= found[1]:
        return ""
    return f"WRONG{when}: differs by {found[0]:.0e}, allowed {found[1]:.0e}"


def _change(X, own):
    """Other numbers at the same place."""
    first = X[:, [0]] @ np.ones(1)  # of sparse rows, too
    along = (first - first.mean()).reshape(-1, *[1] * (own.ndim - 1))
    own += along + own.std() * np.sign(own - own.mean())


def remembered(problem, row, data, own, watch=NOBODY):
    """What is wrong after y has other numbers at the same place, or "": none may be remembered."""
    _change(data[0], own)
    expected = row.reference(*data)
    watch.at(row.name, CHANGED)
    return sentence(problem, row, data, own, expected, CHANGED)


def tried(problem, row, X, y, expected, watch=NOBODY):
    """What is wrong with a foreign row on copies of this data, or "" if it may be timed.

    expected: of this X and y.
    """
    X, own = X.copy(order="K") if isinstance(X, np.ndarray) else X.copy(), y.copy()
    data = views(X, own)  # the very same objects twice: one may remember them by that
    watch.at(row.name)
    told = sentence(problem, row, data, own, expected)
    if told:
        return told
    _change(X, own)
    expected = row.reference(*data)
    watch.at(row.name, CHANGED)
    told = sentence(problem, row, data, own, expected, CHANGED)
    started = time.monotonic()
    for _ in range(AGAIN):  # what tires, hangs or exits after some calls does so here
        if told or time.monotonic() - started > LONG_ENOUGH:
            break
        watch.at(row.name, LATER)
        told = sentence(problem, row, data, own, expected, LATER)
    return told
