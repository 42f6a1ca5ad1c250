"""Rows in the order of their groups: counted and placed, one pass each."""

from linreg_fast.runtime.compile import kernel


@kernel
def count_codes(codes, low, counts):
    """Add to counts how often low, low + 1, ... stand in codes (n,)."""
    for i in range(len(codes)):
        counts[codes[i] - low] += 1


@kernel
def place_rows(codes, low, place, order):
    """Write to order (n,) the rows in the order of their codes, and of rows in each.

    place: where the first row of each code goes; where the next one would go, afterwards.
    """
    for i in range(len(codes)):
        code = codes[i] - low
        order[place[code]] = i
        place[code] += 1
