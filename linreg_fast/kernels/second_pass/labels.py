"""Labels of rows as codes, in the order in which they first occur.

A hash table of open addresses; sorting a million labels, as `np.unique` does, takes ten times as
long as a fit to them. Labels are one word or several, each row's one after the other, and are
compared whole, so that equal hashes do no harm.
"""

import numpy as np

from linreg_fast.runtime.compile import kernel, kernel_part

FEWEST = 1 << 12  # places of the first table: 32 kB
ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio, as Knuth has it
HALF = np.uint64(32)


@kernel_part
def _hashed(words, row, width):
    found = np.uint64(0)
    for j in range(width):
        found = (found ^ words[row, j]) * ODD
        found ^= found >> HALF
    return found


@kernel_part
def _twice(keys, count, width):
    """The table and the keys, with room for twice as many."""
    places = 4 * len(keys)
    table, mask = np.full(places, -1, np.int64), np.uint64(places - 1)
    more = np.empty((2 * len(keys), width), np.uint64)
    for code in range(count):
        for j in range(width):
            more[code, j] = keys[code, j]
        at = _hashed(keys, code, width) & mask
        while table[at] >= 0:
            at = (at + np.uint64(1)) & mask
        table[at] = code
    return table, more


@kernel
def number(words, codes):
    """Into codes (n,) of words (n, width); returns (count, width), the words of each code."""
    n, width = words.shape
    table, count = np.full(FEWEST, -1, np.int64), 0
    keys, mask = np.empty((FEWEST // 2, width), np.uint64), np.uint64(FEWEST - 1)
    for i in range(n):
        at = _hashed(words, i, width) & mask
        code = table[at]
        while code >= 0:
            same = True
            for j in range(width):
                same = same and keys[code, j] == words[i, j]
            if same:
                break
            at = (at + np.uint64(1)) & mask
            code = table[at]
        if code < 0:
            code = count
            table[at] = code
            for j in range(width):
                keys[code, j] = words[i, j]
            count += 1
            if count == len(keys):
                table, keys = _twice(keys, count, width)
                mask = np.uint64(len(table) - 1)
        codes[i] = code
    return keys[:count].copy()
