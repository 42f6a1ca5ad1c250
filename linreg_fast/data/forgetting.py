"""Weights that fade: a row that is k rows old counts decay**k, in moments as in a weighted fit."""

import numpy as np

SPLIT = 2.0**27 + 1  # Dekker's: the upper half of a double's digits

NOTHING_LEFT = 1e-200  # Below this share of their weight, rows are gone for good.


def times(parts, factor):
    """Numbers in double-double (2, ...) times a double, to 32 digits (Dekker 1971)."""
    hi, lo = parts
    product = hi * factor
    upper, upper_factor = _upper_half(hi), _upper_half(factor)
    lower, lower_factor = hi - upper, factor - upper_factor
    lost = upper * upper_factor - product + upper * lower_factor + lower * upper_factor
    low = lost + lower * lower_factor + lo * factor
    total = product + low
    return np.array([total, low - (total - product)])


def _upper_half(number):
    large = SPLIT * number
    return large - (large - number)


def fading_weights(weights, n_samples, decay):
    """(weights of the rows of one call at its end, what it multiplies the weights of earlier ones).

    Rows of weight zero are no rows: they make no other row older.
    """
    if decay is None or decay == 1.0:
        return weights, 1.0
    live = np.ones(n_samples, dtype=bool) if weights is None else weights > 0
    count = int(live.sum())
    ages = count - np.cumsum(live)
    faded = decay**ages
    return (faded if weights is None else faded * weights), float(decay**count)


def rows_left(count, decay):
    """The sum of the weights of `count` rows, where each weighs decay**(rows after it)."""
    return count if decay is None or decay == 1 else (1 - decay**count) / (1 - decay)


def joined(earlier, moments, share):
    """`moments` and, with `share` of their weight, those of earlier rows (None: there are none)."""
    if earlier is None or share < NOTHING_LEFT:
        return moments
    return (earlier if share == 1.0 else earlier * share) + moments
